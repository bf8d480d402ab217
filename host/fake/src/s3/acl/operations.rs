use std::sync::Arc;

use s3s::dto::{
    AccessControlPolicy, GetBucketAclInput, GetBucketAclOutput, GetObjectAclInput, GetObjectAclOutput, Grant,
    PutBucketAclInput, PutBucketAclOutput, PutObjectAclInput, PutObjectAclOutput, Type,
};
use s3s::{S3ErrorCode, S3Request, S3Response, S3Result};

use super::request::{Of, by_id, by_uri, check_id, unresolvable};
use super::{Acl, AclGrant, AclRequest, Permission, acl_request, grants_of, owner_of};
use crate::fake::Shared;
use crate::s3::bucket::{bucket_in, bucket_mut, context};
use crate::s3::error::{error, error_with};
use crate::s3::notifications::{Happening, tell};
use crate::s3::read::find_in;
use crate::s3::store::Bucket;

/// The most grants of a list.
const MAX_GRANTS: usize = 100;
/// What errors call the ids and the groups of a document.
const USER_ID: &str = "CanonicalUser/ID";
const GROUP_URI: &str = "Group/URI";

pub(crate) fn get_bucket_acl(
    shared: &Shared,
    request: &S3Request<GetBucketAclInput>,
) -> S3Result<S3Response<GetBucketAclOutput>> {
    let acl = bucket_in(&shared.store.lock(), &request.input.bucket)?.acl();
    Ok(S3Response::new(GetBucketAclOutput {
        grants: Some(grants_of(&shared.accounts, &acl)),
        owner: Some(owner_of(&shared.accounts, &acl.owner)),
    }))
}

pub(crate) fn get_object_acl(
    shared: &Shared,
    request: &S3Request<GetObjectAclInput>,
) -> S3Result<S3Response<GetObjectAclOutput>> {
    let input = &request.input;
    let buckets = shared.store.lock();
    let bucket = bucket_in(&buckets, &input.bucket)?;
    let object = find_in(bucket, &input.key, input.version_id.as_deref())?;
    let acl = bucket.acl_of(object.acl.as_deref());
    let mut response = S3Response::new(GetObjectAclOutput {
        grants: Some(grants_of(&shared.accounts, &acl)),
        owner: Some(owner_of(&shared.accounts, &acl.owner)),
        ..GetObjectAclOutput::default()
    });
    if let Some(id) = bucket.shown_id(object.version_id.as_ref()).and_then(|id| id.parse().ok()) {
        response.headers.insert("x-amz-version-id", id);
    }
    Ok(response)
}

pub(crate) fn put_bucket_acl(
    shared: &Shared,
    request: S3Request<PutBucketAclInput>,
) -> S3Result<S3Response<PutBucketAclOutput>> {
    let input = request.input;
    let said = acl_request!(input, grant_write);
    let mut buckets = shared.store.lock();
    let bucket = bucket_mut(&mut buckets, &input.bucket)?;
    let acl = new_acl(bucket, None, Of::Bucket, &said, input.access_control_policy)?;
    bucket.acl = Some(acl);
    Ok(S3Response::new(PutBucketAclOutput {}))
}

pub(crate) fn put_object_acl(
    shared: &Shared,
    request: S3Request<PutObjectAclInput>,
) -> S3Result<S3Response<PutObjectAclOutput>> {
    let context = context(&request);
    let input = request.input;
    let said = acl_request!(input, grant_write);
    let mut buckets = shared.store.lock();
    let bucket = bucket_mut(&mut buckets, &input.bucket)?;
    let mut object = (*find_in(bucket, &input.key, input.version_id.as_deref())?).clone();
    let acl = new_acl(bucket, object.acl.as_deref(), Of::Object, &said, input.access_control_policy)?;
    object.acl = Some(acl).filter(|acl| *acl != Acl::private(&bucket.owner.canonical_id)).map(Arc::new);
    let version_id = bucket.shown_id(object.version_id.as_ref());
    let happening = Happening::changed("ObjectAcl:Put", &input.key, &object);
    bucket.replace(&input.key, object);
    tell(shared, &context, &input.bucket, bucket, &happening);
    let mut response = S3Response::new(PutObjectAclOutput::default());
    if let Some(id) = version_id.and_then(|id| id.parse().ok()) {
        response.headers.insert("x-amz-version-id", id);
    }
    Ok(response)
}

/// The list that a request sets, by name, by headers or by a document. The owner stays who it is.
fn new_acl(
    bucket: &Bucket,
    own: Option<&Acl>,
    of: Of,
    said: &AclRequest,
    policy: Option<AccessControlPolicy>,
) -> S3Result<Acl> {
    let bucket_owner = &bucket.owner.canonical_id;
    let owner = match of {
        Of::Bucket => bucket_owner.clone(),
        Of::Object => bucket.acl_of(own).owner,
    };
    let acl = match (policy, said.is_empty()) {
        (Some(_), false) => {
            let message = "This request does not support content";
            return Err(error_with(S3ErrorCode::UnexpectedContent, message));
        }
        (Some(policy), true) => of_document(policy, &owner)?,
        (None, false) => said.acl(of, &owner, bucket_owner)?,
        (None, true) => {
            let message = "Your request was missing a required header";
            return Err(error_with(S3ErrorCode::MissingSecurityHeader, message));
        }
    };
    if bucket.has_acls_disabled() {
        // Only what is so already may be said.
        let given_away = said.canned.as_deref() == Some("bucket-owner-full-control");
        let unchanged = given_away || (said.is_empty() && acl == Acl::private(bucket_owner));
        return if unchanged { Ok(acl) } else { Err(error(S3ErrorCode::AccessControlListNotSupported)) };
    }
    bucket.check_public(&acl)?;
    Ok(acl)
}

fn of_document(policy: AccessControlPolicy, owner: &str) -> S3Result<Acl> {
    let named = policy.owner.and_then(|owner| owner.id);
    let named = named.ok_or_else(|| error(S3ErrorCode::MalformedACLError))?;
    check_id(USER_ID, &named)?;
    if named != owner {
        return Err(error(S3ErrorCode::AccessDenied));
    }
    let grants = policy.grants.unwrap_or_default();
    if grants.len() > MAX_GRANTS {
        return Err(error(S3ErrorCode::MalformedACLError));
    }
    let grants = grants.into_iter().map(of_grant).collect::<S3Result<_>>()?;
    Ok(Acl { owner: owner.to_owned(), grants })
}

fn of_grant(grant: Grant) -> S3Result<AclGrant> {
    let malformed = || error(S3ErrorCode::MalformedACLError);
    let permission =
        grant.permission.and_then(|name| Permission::parse(name.as_str())).ok_or_else(malformed)?;
    let grantee = grant.grantee.ok_or_else(malformed)?;
    let grantee = match grantee.type_.as_str() {
        Type::CANONICAL_USER => by_id(USER_ID, &grantee.id.ok_or_else(malformed)?)?,
        Type::GROUP => by_uri(GROUP_URI, &grantee.uri.ok_or_else(malformed)?)?,
        Type::AMAZON_CUSTOMER_BY_EMAIL => return Err(unresolvable()),
        _ => return Err(malformed()),
    };
    Ok(AclGrant { grantee, permission })
}
