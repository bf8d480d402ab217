//! Who may do what: the owner of a bucket everything that its policy does not deny, and everybody else what the policy or an ACL allows.

use http::StatusCode;
use http::request::Parts;
use s3s::S3Result;

use super::acl::{Acl, Permission};
use super::actions::actions;
use super::error::{error, message};
use super::facts::{Asked, RequestFacts};
use super::read::find_in;
use super::store::Bucket;
use super::tags::Tags;
use crate::account::Caller;
use crate::fake::Shared;
use crate::layer::{AwsError, RequestContext, Target};
use crate::resource_policy::{Question, Verdict};
use crate::sts;

const PUT_TAGS: &str = "PutObjectTagging";

/// What an operation needs of those who do not own the bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// An account, whichever.
    Account,
    /// A permission in the ACL of the bucket.
    Bucket(Permission),
    /// A permission in the ACL of the object.
    Object(Permission),
    /// There is no permission for it.
    Ownership,
}

impl Need {
    fn of(operation: &str) -> Self {
        match operation {
            "ListBuckets" | "CreateBucket" => Self::Account,
            "ListObjects"
            | "ListObjectsV2"
            | "ListObjectVersions"
            | "ListMultipartUploads"
            | "HeadBucket" => Self::Bucket(Permission::Read),
            "PutObject"
            | "CopyObject"
            | "CreateMultipartUpload"
            | "UploadPart"
            | "UploadPartCopy"
            | "CompleteMultipartUpload"
            | "AbortMultipartUpload"
            | "ListParts"
            | "DeleteObject"
            | "DeleteObjects"
            | "PostObject" => Self::Bucket(Permission::Write),
            "GetBucketAcl" => Self::Bucket(Permission::ReadAcp),
            "PutBucketAcl" => Self::Bucket(Permission::WriteAcp),
            "GetObject" | "HeadObject" | "GetObjectAttributes" => Self::Object(Permission::Read),
            "GetObjectAcl" => Self::Object(Permission::ReadAcp),
            "PutObjectAcl" => Self::Object(Permission::WriteAcp),
            _ => Self::Ownership,
        }
    }
}

/// `AccessDenied`, unless the caller may have the operation done.
pub(super) fn check(
    shared: &Shared,
    context: &RequestContext,
    parts: &Parts,
    target: &Target,
) -> Result<(), AwsError> {
    let need = Need::of(target.operation);
    let caller = &context.caller;
    if need == Need::Account {
        return if *caller == Caller::Anonymous { Err(denied()) } else { Ok(()) };
    }
    // What is not there is nobody's, and the operation says so.
    let buckets = shared.store.lock();
    let name = target.bucket.as_deref().unwrap_or_default();
    let Some(bucket) = buckets.get(name) else { return Ok(()) };
    // Which tags it sets stands in the body, and is asked about when that has been read.
    if target.operation == PUT_TAGS && bucket.configuration.policy().is_some() {
        return Ok(());
    }
    let asked = Asked { shared, context, headers: &parts.headers, query: parts.uri.query() };
    let version = asked.parameter("versionId");
    let thing = Thing { bucket, name, key: target.key.as_deref(), version: version.as_deref(), prefix: None };
    let says = verdict(asked, thing, target.operation);
    let is_owner = caller.is(&bucket.owner);
    // Whoever owns the bucket can always mend its policy, and nobody else ever can, even if it lets them.
    let is_about_policy =
        matches!(target.operation, "GetBucketPolicy" | "PutBucketPolicy" | "DeleteBucketPolicy");
    let allowed = match need {
        _ if says == Verdict::Deny => is_owner && is_about_policy,
        _ if says == Verdict::Allow && is_about_policy && !is_owner => return Err(not_allowed()),
        // Of many keys each is asked about by itself.
        _ if target.operation == "DeleteObjects" && bucket.configuration.policy().is_some() => true,
        Need::Bucket(permission) => {
            is_owner || says == Verdict::Allow || grants(bucket, &bucket.acl(), caller, permission)
        }
        Need::Object(permission) => may_read(asked, thing, permission, says),
        Need::Ownership | Need::Account => is_owner || says == Verdict::Allow,
    };
    if allowed { Ok(()) } else { Err(denied()) }
}

/// `AccessDenied`, unless whoever copies may read the object, as the source of the copy.
pub(super) fn check_source(asked: Asked<'_>, thing: Thing<'_>) -> S3Result {
    let says = verdict(asked, thing, "GetObject");
    if says != Verdict::Deny && may_read(asked, thing, Permission::Read, says) {
        Ok(())
    } else {
        Err(error(s3s::S3ErrorCode::AccessDenied))
    }
}

/// `AccessDenied`, unless the key, one of many, may be deleted.
pub(super) fn check_delete(asked: Asked<'_>, thing: Thing<'_>) -> S3Result {
    let bucket = thing.bucket;
    settle(verdict(asked, thing, "DeleteObject"), || {
        let caller = asked.caller();
        caller.is(&bucket.owner) || grants(bucket, &bucket.acl(), caller, Permission::Write)
    })
}

/// `AccessDenied`, unless these tags may be set, where the bucket has a policy that can say something about them.
pub(super) fn check_tags(asked: Asked<'_>, thing: Thing<'_>, tags: &Tags) -> S3Result {
    if thing.bucket.configuration.policy().is_none() {
        return Ok(());
    }
    let tags: Vec<_> = tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    settle(verdict_on(asked, thing, PUT_TAGS, &tags), || asked.caller().is(&thing.bucket.owner))
}

/// `AccessDenied`, unless the policy says yes, or says nothing and it is allowed without one.
fn settle(says: Verdict, without_policy: impl FnOnce() -> bool) -> S3Result {
    let allowed = match says {
        Verdict::Allow => true,
        Verdict::Deny => false,
        Verdict::Silent => without_policy(),
    };
    if allowed { Ok(()) } else { Err(error(s3s::S3ErrorCode::AccessDenied)) }
}

/// A bucket, or an object in it.
#[derive(Clone, Copy)]
pub(super) struct Thing<'a> {
    pub(super) bucket: &'a Bucket,
    /// The name of the bucket.
    pub(super) name: &'a str,
    pub(super) key: Option<&'a str>,
    pub(super) version: Option<&'a str>,
    /// What a listing is held to where the request does not say so.
    pub(super) prefix: Option<&'a str>,
}

/// What the policy of the bucket says of an operation: no, if to any of the actions that it needs, and yes, if to all of them.
fn verdict(asked: Asked<'_>, thing: Thing<'_>, operation: &str) -> Verdict {
    verdict_on(asked, thing, operation, &asked.tags())
}

/// The same, of an operation that sets these tags.
fn verdict_on(asked: Asked<'_>, thing: Thing<'_>, operation: &str, tags: &[(String, String)]) -> Verdict {
    let Thing { bucket, name, key, version, prefix } = thing;
    // Most buckets have none, and what is no policy has been refused.
    let Some(policy) = bucket.configuration.policy() else {
        return Verdict::Silent;
    };
    let resource = match key {
        Some(key) => format!("arn:aws:s3:::{name}/{key}"),
        None => format!("arn:aws:s3:::{name}"),
    };
    let shared = asked.shared;
    let object = key.and_then(|key| find_in(bucket, key, version).ok());
    let facts = RequestFacts {
        operation,
        asked,
        bucket,
        version,
        upload: key.filter(|_| is_of_an_upload(operation)).and_then(|key| {
            let id = asked.parameter("uploadId")?;
            Some(&bucket.uploads.unfinished.get(&(key.to_owned(), id))?.description.encryption)
        }),
        prefix,
        existing_tags: object.as_deref().filter(|_| has_existing_tags(operation)).map(|object| &object.tags),
        request_tags: tags,
        identity: asked.context.access_key_id.as_deref().map(|id| sts::caller_of(shared, id)),
    };
    let is_closed = policy.is_public() && bucket.configuration.restricts_public_policies();
    let says = |action: &&'static str| match policy.verdict(&Question {
        caller: facts.principal(),
        action,
        resource: &resource,
        facts: &facts,
    }) {
        Verdict::Allow if is_closed && !asked.caller().is(&bucket.owner) => Verdict::Silent,
        verdict => verdict,
    };
    let needed = actions(operation, version.is_some(), |header| asked.has_header(header));
    let verdicts: Vec<_> = needed.iter().map(says).collect();
    if verdicts.contains(&Verdict::Deny) {
        Verdict::Deny
    } else if verdicts.is_empty() || verdicts.contains(&Verdict::Silent) {
        Verdict::Silent
    } else {
        Verdict::Allow
    }
}

/// Whether the tags of what is there count. Whether it may be overwritten or deleted cannot hang on them:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/tagging-and-policies.html>.
fn has_existing_tags(operation: &str) -> bool {
    let needed = actions(operation, false, |_| false);
    !needed.contains(&"s3:PutObject") && !needed.contains(&"s3:DeleteObject")
}

/// Whether an operation goes on with an upload that has begun.
fn is_of_an_upload(operation: &str) -> bool {
    matches!(operation, "UploadPart" | "UploadPartCopy" | "CompleteMultipartUpload")
}

/// Whether the caller has a permission for an object, of which the policy says no no. Who may not list the bucket is not told what is not there.
fn may_read(asked: Asked<'_>, thing: Thing<'_>, permission: Permission, says: Verdict) -> bool {
    let Thing { bucket, key, version, .. } = thing;
    let caller = asked.caller();
    let Ok(object) = find_in(bucket, key.unwrap_or_default(), version) else {
        return may_list(asked, thing);
    };
    let acl = bucket.acl_of(object.acl.as_deref());
    // An owner may always read and write the list, and so give themselves what it lacks.
    caller.canonical_id() == acl.owner
        || (caller.is(&bucket.owner) && bucket.has_acls_disabled())
        // The policy is the bucket owner's, and about what the bucket owner owns.
        || (says == Verdict::Allow && acl.owner == bucket.owner.canonical_id)
        || grants(bucket, &acl, caller, permission)
}

fn may_list(asked: Asked<'_>, thing: Thing<'_>) -> bool {
    let (bucket, caller) = (thing.bucket, asked.caller());
    // As if a listing had been asked for what begins with the key.
    let listing = Thing { key: None, version: None, prefix: thing.key, ..thing };
    match verdict(asked, listing, "ListObjectsV2") {
        Verdict::Allow => true,
        Verdict::Deny => false,
        Verdict::Silent => {
            caller.is(&bucket.owner) || grants(bucket, &bucket.acl(), caller, Permission::Read)
        }
    }
}

fn grants(bucket: &Bucket, acl: &Acl, caller: &Caller, permission: Permission) -> bool {
    acl.allows(caller, permission, bucket.public_grants())
}

fn not_allowed() -> AwsError {
    AwsError::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message("MethodNotAllowed"))
}

fn denied() -> AwsError {
    AwsError::new(StatusCode::FORBIDDEN, "AccessDenied", message("AccessDenied"))
}
