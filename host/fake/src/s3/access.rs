//! Who may do what: the owner of a bucket everything, and everybody else what ACLs grant. No policy is evaluated.

use http::StatusCode;
use http::request::Parts;
use s3s::S3Result;
use url::form_urlencoded;

use super::acl::{Acl, Permission};
use super::error::{error, message};
use super::read::find_in;
use super::store::Bucket;
use crate::account::Caller;
use crate::fake::Shared;
use crate::layer::{AwsError, Target};

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
    caller: &Caller,
    parts: &Parts,
    target: &Target,
) -> Result<(), AwsError> {
    let need = Need::of(target.operation);
    if need == Need::Account {
        return if *caller == Caller::Anonymous { Err(denied()) } else { Ok(()) };
    }
    // What is not there is nobody's, and the operation says so.
    let buckets = shared.store.lock();
    let Some(bucket) = target.bucket.as_ref().and_then(|name| buckets.get(name)) else { return Ok(()) };
    let allowed = match need {
        Need::Bucket(permission) => {
            caller.is(&bucket.owner) || grants(bucket, &bucket.acl(), caller, permission)
        }
        Need::Object(permission) => {
            let version = version_of(parts);
            let key = target.key.as_deref().unwrap_or_default();
            may_read(bucket, caller, key, version.as_deref(), permission)
        }
        Need::Ownership | Need::Account => caller.is(&bucket.owner),
    };
    if allowed { Ok(()) } else { Err(denied()) }
}

/// `AccessDenied`, unless the caller may read the object, as the source of a copy.
pub(super) fn check_source(bucket: &Bucket, caller: &Caller, key: &str, version: Option<&str>) -> S3Result {
    if may_read(bucket, caller, key, version, Permission::Read) {
        Ok(())
    } else {
        Err(error(s3s::S3ErrorCode::AccessDenied))
    }
}

/// Whether the caller has a permission for an object. Who may not list the bucket is not told what is not there.
fn may_read(
    bucket: &Bucket,
    caller: &Caller,
    key: &str,
    version: Option<&str>,
    permission: Permission,
) -> bool {
    let Ok(object) = find_in(bucket, key, version) else {
        return caller.is(&bucket.owner) || grants(bucket, &bucket.acl(), caller, Permission::Read);
    };
    let acl = bucket.acl_of(object.acl.as_deref());
    // An owner may always read and write the list, and so give themselves what it lacks.
    caller.canonical_id() == acl.owner
        || (caller.is(&bucket.owner) && bucket.has_acls_disabled())
        || grants(bucket, &acl, caller, permission)
}

fn grants(bucket: &Bucket, acl: &Acl, caller: &Caller, permission: Permission) -> bool {
    acl.allows(caller, permission, bucket.public_grants())
}

fn version_of(parts: &Parts) -> Option<String> {
    let query = parts.uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "versionId")
        .map(|(_, id)| id.into_owned())
}

fn denied() -> AwsError {
    AwsError::new(StatusCode::FORBIDDEN, "AccessDenied", message("AccessDenied"))
}
