use http::{HeaderMap, Method};
use url::form_urlencoded;

/// What a path of S3 names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Service,
    Bucket,
    Object,
}

/// The name of the S3 operation that a request is. S3 has no field for it: the method, the path and the presence of
/// query parameters decide.
pub(crate) fn s3_operation(
    method: &Method,
    level: Level,
    query: Option<&str>,
    headers: &HeaderMap,
) -> &'static str {
    let parameters: Vec<_> = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).collect();
    let has = |name: &str| parameters.iter().any(|(key, _)| key == name);
    let copy = headers.contains_key("x-amz-copy-source");
    let found = table(level)
        .iter()
        .find(|(verb, parameter, _)| *verb == method.as_str() && (parameter.is_empty() || has(parameter)));
    match found.map_or("Unknown", |(_, _, name)| *name) {
        "PutObject" if copy => "CopyObject",
        "UploadPart" if copy => "UploadPartCopy",
        name if !has("id") => LISTS.iter().find(|(one, _)| *one == name).map_or(name, |(_, all)| all),
        name => name,
    }
}

/// What reads one of several configurations, and without an id lists them.
const LISTS: [(&str, &str); 4] = [
    ("GetBucketAnalyticsConfiguration", "ListBucketAnalyticsConfigurations"),
    ("GetBucketIntelligentTieringConfiguration", "ListBucketIntelligentTieringConfigurations"),
    ("GetBucketInventoryConfiguration", "ListBucketInventoryConfigurations"),
    ("GetBucketMetricsConfiguration", "ListBucketMetricsConfigurations"),
];

/// The names of all operations, each once.
pub(crate) fn s3_operations() -> impl Iterator<Item = &'static str> {
    let tables = [SERVICE, BUCKET, OBJECT].into_iter().flatten().map(|(_, _, name)| *name);
    let names: std::collections::BTreeSet<_> =
        tables.chain(["CopyObject", "UploadPartCopy"]).chain(LISTS.map(|(_, list)| list)).collect();
    names.into_iter()
}

/// Whether a parameter makes an operation of its own of a request.
pub(super) fn has_operation(method: &Method, level: Level, parameter: &str) -> bool {
    table(level).iter().any(|(verb, needed, _)| *verb == method.as_str() && *needed == parameter)
}

fn table(level: Level) -> Table {
    match level {
        Level::Service => SERVICE,
        Level::Bucket => BUCKET,
        Level::Object => OBJECT,
    }
}

/// What a browser asks before it sends a request to another origin.
pub(super) const PREFLIGHT: &str = "Preflight";

/// Method, the parameter that must be there (none, if empty), operation; the first that fits.
type Table = &'static [(&'static str, &'static str, &'static str)];

const SERVICE: Table = &[("GET", "", "ListBuckets")];

const BUCKET: Table = &[
    ("GET", "list-type", "ListObjectsV2"),
    ("GET", "versions", "ListObjectVersions"),
    ("GET", "location", "GetBucketLocation"),
    ("GET", "uploads", "ListMultipartUploads"),
    ("GET", "versioning", "GetBucketVersioning"),
    ("GET", "acl", "GetBucketAcl"),
    ("GET", "policy", "GetBucketPolicy"),
    ("GET", "policyStatus", "GetBucketPolicyStatus"),
    ("GET", "tagging", "GetBucketTagging"),
    ("GET", "cors", "GetBucketCors"),
    ("GET", "encryption", "GetBucketEncryption"),
    ("GET", "lifecycle", "GetBucketLifecycleConfiguration"),
    ("GET", "logging", "GetBucketLogging"),
    ("GET", "notification", "GetBucketNotificationConfiguration"),
    ("GET", "object-lock", "GetObjectLockConfiguration"),
    ("GET", "ownershipControls", "GetBucketOwnershipControls"),
    ("GET", "publicAccessBlock", "GetPublicAccessBlock"),
    ("GET", "replication", "GetBucketReplication"),
    ("GET", "requestPayment", "GetBucketRequestPayment"),
    ("GET", "website", "GetBucketWebsite"),
    ("GET", "accelerate", "GetBucketAccelerateConfiguration"),
    ("GET", "session", "CreateSession"),
    ("GET", "analytics", "GetBucketAnalyticsConfiguration"),
    ("GET", "intelligent-tiering", "GetBucketIntelligentTieringConfiguration"),
    ("GET", "inventory", "GetBucketInventoryConfiguration"),
    ("GET", "metrics", "GetBucketMetricsConfiguration"),
    ("GET", "", "ListObjects"),
    ("HEAD", "", "HeadBucket"),
    ("PUT", "versioning", "PutBucketVersioning"),
    ("PUT", "acl", "PutBucketAcl"),
    ("PUT", "policy", "PutBucketPolicy"),
    ("PUT", "tagging", "PutBucketTagging"),
    ("PUT", "cors", "PutBucketCors"),
    ("PUT", "encryption", "PutBucketEncryption"),
    ("PUT", "lifecycle", "PutBucketLifecycleConfiguration"),
    ("PUT", "logging", "PutBucketLogging"),
    ("PUT", "notification", "PutBucketNotificationConfiguration"),
    ("PUT", "object-lock", "PutObjectLockConfiguration"),
    ("PUT", "ownershipControls", "PutBucketOwnershipControls"),
    ("PUT", "publicAccessBlock", "PutPublicAccessBlock"),
    ("PUT", "replication", "PutBucketReplication"),
    ("PUT", "requestPayment", "PutBucketRequestPayment"),
    ("PUT", "website", "PutBucketWebsite"),
    ("PUT", "accelerate", "PutBucketAccelerateConfiguration"),
    ("PUT", "analytics", "PutBucketAnalyticsConfiguration"),
    ("PUT", "intelligent-tiering", "PutBucketIntelligentTieringConfiguration"),
    ("PUT", "inventory", "PutBucketInventoryConfiguration"),
    ("PUT", "metrics", "PutBucketMetricsConfiguration"),
    ("PUT", "", "CreateBucket"),
    ("POST", "delete", "DeleteObjects"),
    ("POST", "", "PostObject"),
    ("DELETE", "policy", "DeleteBucketPolicy"),
    ("DELETE", "tagging", "DeleteBucketTagging"),
    ("DELETE", "cors", "DeleteBucketCors"),
    ("DELETE", "encryption", "DeleteBucketEncryption"),
    ("DELETE", "lifecycle", "DeleteBucketLifecycle"),
    ("DELETE", "ownershipControls", "DeleteBucketOwnershipControls"),
    ("DELETE", "publicAccessBlock", "DeletePublicAccessBlock"),
    ("DELETE", "replication", "DeleteBucketReplication"),
    ("DELETE", "website", "DeleteBucketWebsite"),
    ("DELETE", "analytics", "DeleteBucketAnalyticsConfiguration"),
    ("DELETE", "intelligent-tiering", "DeleteBucketIntelligentTieringConfiguration"),
    ("DELETE", "inventory", "DeleteBucketInventoryConfiguration"),
    ("DELETE", "metrics", "DeleteBucketMetricsConfiguration"),
    ("DELETE", "", "DeleteBucket"),
    ("OPTIONS", "", PREFLIGHT),
];

const OBJECT: Table = &[
    ("GET", "uploadId", "ListParts"),
    ("GET", "acl", "GetObjectAcl"),
    ("GET", "attributes", "GetObjectAttributes"),
    ("GET", "legal-hold", "GetObjectLegalHold"),
    ("GET", "retention", "GetObjectRetention"),
    ("GET", "tagging", "GetObjectTagging"),
    ("GET", "torrent", "GetObjectTorrent"),
    ("GET", "", "GetObject"),
    ("HEAD", "", "HeadObject"),
    ("PUT", "uploadId", "UploadPart"),
    ("PUT", "acl", "PutObjectAcl"),
    ("PUT", "legal-hold", "PutObjectLegalHold"),
    ("PUT", "retention", "PutObjectRetention"),
    ("PUT", "tagging", "PutObjectTagging"),
    ("PUT", "", "PutObject"),
    ("POST", "uploads", "CreateMultipartUpload"),
    ("POST", "uploadId", "CompleteMultipartUpload"),
    ("POST", "restore", "RestoreObject"),
    ("POST", "select", "SelectObjectContent"),
    ("DELETE", "uploadId", "AbortMultipartUpload"),
    ("DELETE", "tagging", "DeleteObjectTagging"),
    ("DELETE", "", "DeleteObject"),
    ("OPTIONS", "", PREFLIGHT),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_operations_by_method_level_and_parameters() {
        let mut copy = HeaderMap::new();
        copy.insert("x-amz-copy-source", "b/k".parse().unwrap());
        let name =
            |method: Method, level, query, headers: &HeaderMap| s3_operation(&method, level, query, headers);
        let none = HeaderMap::new();
        assert_eq!(name(Method::GET, Level::Service, None, &none), "ListBuckets");
        assert_eq!(name(Method::GET, Level::Bucket, Some("list-type=2&prefix=acl"), &none), "ListObjectsV2");
        assert_eq!(name(Method::GET, Level::Bucket, Some("prefix=a"), &none), "ListObjects");
        assert_eq!(name(Method::POST, Level::Bucket, Some("delete"), &none), "DeleteObjects");
        assert_eq!(name(Method::PUT, Level::Object, Some("x-id=PutObject"), &none), "PutObject");
        assert_eq!(name(Method::PUT, Level::Object, None, &copy), "CopyObject");
        assert_eq!(
            name(Method::PUT, Level::Object, Some("partNumber=1&uploadId=u"), &copy),
            "UploadPartCopy"
        );
        assert_eq!(name(Method::PATCH, Level::Object, None, &none), "Unknown");
    }
}
