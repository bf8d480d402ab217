use s3s::{S3Error, S3ErrorCode, S3Result};

use super::{Acl, AclGrant, AclGrantee, Permission};
use crate::account::Caller;
use crate::s3::error::{custom_with, error, error_with, invalid_argument};
use crate::s3::store::Bucket;

/// The account that `aws-exec-read` lets in, which fetches machine images for EC2.
const EC2: &str = "6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c";

/// What a request says about the ACL of what it writes: a canned one, or grants in headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AclRequest {
    pub(crate) canned: Option<String>,
    /// The value of each `x-amz-grant-*` header that is there.
    pub(crate) grants: Vec<(Permission, String)>,
}

/// The [`AclRequest`] in an input of s3s. Those of objects have no `grant_write`.
macro_rules! acl_request {
    ($input:expr $(, $write:ident)?) => {{
        let input = &$input;
        $crate::s3::acl::AclRequest {
            canned: input.acl.as_ref().map(|acl| acl.as_str().to_owned()),
            grants: [
                ($crate::s3::acl::Permission::FullControl, &input.grant_full_control),
                ($crate::s3::acl::Permission::Read, &input.grant_read),
                $(($crate::s3::acl::Permission::Write, &input.$write),)?
                ($crate::s3::acl::Permission::ReadAcp, &input.grant_read_acp),
                ($crate::s3::acl::Permission::WriteAcp, &input.grant_write_acp),
            ]
            .into_iter()
            .filter_map(|(permission, header)| Some((permission, header.clone()?)))
            .collect(),
        }
    }};
}
pub(crate) use acl_request;

/// What has an ACL. Some canned ones mean something else of the other, or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Bucket,
    Object,
}

impl AclRequest {
    pub(crate) fn is_empty(&self) -> bool {
        self.canned.is_none() && self.grants.is_empty()
    }

    /// Checks the request by itself, before it is known what it is about.
    pub(crate) fn check(&self) -> S3Result {
        self.acl(Of::Object, "", "").map(drop)
    }

    /// The ACL of an object that a caller writes into a bucket. None where the object is the bucket owner's, and private.
    pub(crate) fn of_object(&self, caller: &Caller, bucket: &Bucket) -> S3Result<Option<Acl>> {
        let bucket_owner = &bucket.owner.canonical_id;
        let gives_away = self.canned.as_deref() == Some("bucket-owner-full-control");
        if bucket.has_acls_disabled() {
            // `private` is an ACL like any other, though it would change nothing.
            return if self.is_empty() || (gives_away && self.grants.is_empty()) {
                Ok(None)
            } else {
                Err(error(S3ErrorCode::AccessControlListNotSupported))
            };
        }
        let owner =
            if gives_away && bucket.prefers_its_owner() { bucket_owner } else { caller.canonical_id() };
        let acl = self.acl(Of::Object, owner, bucket_owner)?;
        bucket.check_public(&acl)?;
        Ok(Some(acl).filter(|acl| *acl != Acl::private(bucket_owner)))
    }

    /// The ACL of a bucket of this owner.
    pub(crate) fn of_bucket(&self, owner: &str) -> S3Result<Acl> {
        self.acl(Of::Bucket, owner, owner)
    }

    pub(super) fn acl(&self, of: Of, owner: &str, bucket_owner: &str) -> S3Result<Acl> {
        if self.canned.is_some() && !self.grants.is_empty() {
            let message = "Specifying both Canned ACLs and Header Grants is not allowed";
            return Err(error_with(S3ErrorCode::InvalidRequest, message));
        }
        if self.grants.is_empty() {
            return canned(self.canned.as_deref().unwrap_or("private"), of, owner, bucket_owner);
        }
        let mut grants = Vec::new();
        for (permission, header) in &self.grants {
            for grantee in header.split(',') {
                grants.push(AclGrant {
                    grantee: header_grantee(grantee, *permission)?,
                    permission: *permission,
                });
            }
        }
        Ok(Acl { owner: owner.to_owned(), grants })
    }
}

impl Bucket {
    fn prefers_its_owner(&self) -> bool {
        self.configuration.object_ownership() == Some(s3s::dto::ObjectOwnership::BUCKET_OWNER_PREFERRED)
    }

    /// `BlockPublicAcls`: no new ACL may let everybody in.
    pub(in crate::s3) fn check_public(&self, acl: &Acl) -> S3Result {
        let block = self.configuration.public_access_block();
        if acl.is_public() && block.is_some_and(|block| block.block_public_acls == Some(true)) {
            return Err(error(S3ErrorCode::AccessDenied));
        }
        Ok(())
    }
}

fn canned(name: &str, of: Of, owner: &str, bucket_owner: &str) -> S3Result<Acl> {
    let grants = match (name, of) {
        ("private", _) | ("bucket-owner-read" | "bucket-owner-full-control", Of::Bucket) => Vec::new(),
        ("public-read", _) => vec![(AclGrantee::AllUsers, Permission::Read)],
        ("public-read-write", _) => {
            vec![(AclGrantee::AllUsers, Permission::Read), (AclGrantee::AllUsers, Permission::Write)]
        }
        ("authenticated-read", _) => vec![(AclGrantee::AuthenticatedUsers, Permission::Read)],
        ("aws-exec-read", _) => vec![(AclGrantee::Account(EC2.to_owned()), Permission::Read)],
        ("log-delivery-write", Of::Bucket) => {
            vec![(AclGrantee::LogDelivery, Permission::Write), (AclGrantee::LogDelivery, Permission::ReadAcp)]
        }
        ("bucket-owner-read", Of::Object) => {
            vec![(AclGrantee::Account(bucket_owner.to_owned()), Permission::Read)]
        }
        ("bucket-owner-full-control", Of::Object) => {
            vec![(AclGrantee::Account(bucket_owner.to_owned()), Permission::FullControl)]
        }
        _ => return Err(invalid_argument("x-amz-acl", name, "")),
    };
    let mut acl = Acl::private(owner);
    let own = |grantee: &AclGrantee| *grantee == AclGrantee::Account(owner.to_owned());
    let others = grants.into_iter().filter(|(grantee, _)| !own(grantee));
    acl.grants.extend(others.map(|(grantee, permission)| AclGrant { grantee, permission }));
    Ok(acl)
}

/// One grantee of an `x-amz-grant-*` header: `id="..."`, `uri="..."` or `emailAddress="..."`, with the quotes or without.
fn header_grantee(text: &str, permission: Permission) -> S3Result<AclGrantee> {
    let text = text.trim();
    let invalid = || invalid_argument(permission.header(), text, "Argument format not recognized");
    let (kind, value) = text.split_once('=').ok_or_else(invalid)?;
    let value = value.trim().trim_matches('"');
    match kind.trim() {
        "id" => by_id("id", value),
        "uri" => by_uri("uri", value),
        "emailAddress" => Err(unresolvable()),
        _ => Err(invalid()),
    }
}

/// An account by its canonical user id. One that is none of the fake's may be anybody's on AWS, and is kept.
/// `argument` is what an error calls it.
pub(super) fn by_id(argument: &str, id: &str) -> S3Result<AclGrantee> {
    check_id(argument, id)?;
    Ok(AclGrantee::Account(id.to_owned()))
}

/// Whether a text could be a canonical user id.
pub(super) fn check_id(argument: &str, id: &str) -> S3Result {
    if id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(())
    } else {
        Err(invalid_argument(argument, id, "Invalid id"))
    }
}

/// One of the groups of accounts that S3 knows.
pub(super) fn by_uri(argument: &str, uri: &str) -> S3Result<AclGrantee> {
    AclGrantee::of_group(uri).ok_or_else(|| invalid_argument(argument, uri, "Invalid group uri"))
}

/// No account of the fake has an address.
pub(super) fn unresolvable() -> S3Error {
    custom_with(
        "UnresolvableGrantByEmailAddress",
        http::StatusCode::BAD_REQUEST,
        "The e-mail address you provided does not match any account on record.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(canned: Option<&str>, grants: &[(Permission, &str)]) -> AclRequest {
        AclRequest {
            canned: canned.map(str::to_owned),
            grants: grants.iter().map(|(permission, header)| (*permission, (*header).to_owned())).collect(),
        }
    }

    fn code(request: &AclRequest) -> Option<String> {
        request.of_bucket("owner").err().map(|error| error.code().as_str().to_owned())
    }

    #[test]
    fn reads_the_grants_of_headers() {
        let id = "a".repeat(64);
        let header = format!("id=\"{id}\", uri={ALL_USERS}", ALL_USERS = super::super::ALL_USERS);
        let acl = request(None, &[(Permission::Write, &header)]).of_bucket("owner").unwrap();
        let grantees: Vec<_> =
            acl.grants.into_iter().map(|grant| (grant.grantee, grant.permission)).collect();
        assert_eq!(
            grantees,
            [(AclGrantee::Account(id), Permission::Write), (AclGrantee::AllUsers, Permission::Write)]
        );
    }

    #[test]
    fn refuses_what_names_nobody() {
        for (header, expected) in [
            ("id=_foo", "InvalidArgument"),
            ("uri=http://example.com", "InvalidArgument"),
            ("emailAddress=\"a@example.com\"", "UnresolvableGrantByEmailAddress"),
            ("somebody", "InvalidArgument"),
        ] {
            assert_eq!(
                code(&request(None, &[(Permission::Read, header)])).as_deref(),
                Some(expected),
                "{header}"
            );
        }
        assert_eq!(code(&request(Some("public-ready"), &[])).as_deref(), Some("InvalidArgument"));
        let id = format!("id={}", "a".repeat(64));
        let both = request(Some("private"), &[(Permission::Read, &id)]);
        assert_eq!(code(&both).as_deref(), Some("InvalidRequest"));
    }

    #[test]
    fn canned_lists_name_the_owner_once() {
        let acl = request(Some("bucket-owner-full-control"), &[]).acl(Of::Object, "owner", "owner").unwrap();
        assert_eq!(acl, Acl::private("owner"));
        let acl = request(Some("bucket-owner-read"), &[]).acl(Of::Object, "writer", "owner").unwrap();
        assert_eq!(acl.grants.len(), 2);
        assert_eq!(request(None, &[]).of_bucket("owner").unwrap(), Acl::private("owner"));
    }
}
