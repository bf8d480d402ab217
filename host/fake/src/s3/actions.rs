//! The actions of IAM that an operation of S3 needs, as a bucket policy names them.

/// An action, and whether one on a version has a name of its own: `GetObjectVersion`.
type Needed = (&'static str, Versions);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Versions {
    Same,
    /// With this name where a version is named.
    Named(&'static str),
}

use Versions::{Named, Same};

/// What an operation on a bucket, or on an object in it, needs. All of them; none where it is asked key by key (`DeleteObjects`) or about
/// no bucket. `version` is whether the request names one, and `sets` whether it has a header.
pub(super) fn actions(operation: &str, version: bool, sets: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let mut needed: Vec<Needed> = needs(operation).to_vec();
    if matches!(operation, "PutObject" | "CopyObject" | "CreateMultipartUpload") {
        if sets("x-amz-tagging") {
            needed.push(("s3:PutObjectTagging", Same));
        }
        if sets("x-amz-acl") || GRANTS.iter().any(|header| sets(header)) {
            needed.push(("s3:PutObjectAcl", Same));
        }
        if sets("x-amz-object-lock-mode") || sets("x-amz-object-lock-retain-until-date") {
            needed.push(("s3:PutObjectRetention", Same));
        }
        if sets("x-amz-object-lock-legal-hold") {
            needed.push(("s3:PutObjectLegalHold", Same));
        }
    }
    let named = |(plain, versions): Needed| match versions {
        Named(name) if version => name,
        _ => plain,
    };
    needed.into_iter().map(named).collect()
}

/// The headers that set an ACL.
const GRANTS: [&str; 5] = [
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write",
    "x-amz-grant-write-acp",
];

fn needs(operation: &str) -> &'static [Needed] {
    match operation {
        "ListObjects" | "ListObjectsV2" | "HeadBucket" => &[("s3:ListBucket", Same)],
        "ListObjectVersions" => &[("s3:ListBucketVersions", Same)],
        "ListMultipartUploads" => &[("s3:ListBucketMultipartUploads", Same)],
        "DeleteBucket" => &[("s3:DeleteBucket", Same)],
        "GetBucketLocation" => &[("s3:GetBucketLocation", Same)],
        "GetBucketVersioning" => &[("s3:GetBucketVersioning", Same)],
        "PutBucketVersioning" => &[("s3:PutBucketVersioning", Same)],
        "GetBucketAcl" => &[("s3:GetBucketAcl", Same)],
        "PutBucketAcl" => &[("s3:PutBucketAcl", Same)],
        "GetBucketPolicy" => &[("s3:GetBucketPolicy", Same)],
        "PutBucketPolicy" => &[("s3:PutBucketPolicy", Same)],
        "DeleteBucketPolicy" => &[("s3:DeleteBucketPolicy", Same)],
        "GetBucketPolicyStatus" => &[("s3:GetBucketPolicyStatus", Same)],
        "GetBucketTagging" => &[("s3:GetBucketTagging", Same)],
        "PutBucketTagging" | "DeleteBucketTagging" => &[("s3:PutBucketTagging", Same)],
        "GetBucketCors" => &[("s3:GetBucketCORS", Same)],
        "PutBucketCors" | "DeleteBucketCors" => &[("s3:PutBucketCORS", Same)],
        "GetBucketEncryption" => &[("s3:GetEncryptionConfiguration", Same)],
        "PutBucketEncryption" | "DeleteBucketEncryption" => &[("s3:PutEncryptionConfiguration", Same)],
        "GetBucketLifecycleConfiguration" => &[("s3:GetLifecycleConfiguration", Same)],
        "PutBucketLifecycleConfiguration" | "DeleteBucketLifecycle" => {
            &[("s3:PutLifecycleConfiguration", Same)]
        }
        "GetBucketLogging" => &[("s3:GetBucketLogging", Same)],
        "PutBucketLogging" => &[("s3:PutBucketLogging", Same)],
        "GetBucketNotificationConfiguration" => &[("s3:GetBucketNotification", Same)],
        "PutBucketNotificationConfiguration" => &[("s3:PutBucketNotification", Same)],
        "GetObjectLockConfiguration" => &[("s3:GetBucketObjectLockConfiguration", Same)],
        "PutObjectLockConfiguration" => &[("s3:PutBucketObjectLockConfiguration", Same)],
        "GetBucketOwnershipControls" => &[("s3:GetBucketOwnershipControls", Same)],
        "PutBucketOwnershipControls" | "DeleteBucketOwnershipControls" => {
            &[("s3:PutBucketOwnershipControls", Same)]
        }
        "GetPublicAccessBlock" => &[("s3:GetBucketPublicAccessBlock", Same)],
        "PutPublicAccessBlock" | "DeletePublicAccessBlock" => &[("s3:PutBucketPublicAccessBlock", Same)],
        "GetBucketReplication" => &[("s3:GetReplicationConfiguration", Same)],
        "PutBucketReplication" | "DeleteBucketReplication" => &[("s3:PutReplicationConfiguration", Same)],
        "GetBucketRequestPayment" => &[("s3:GetBucketRequestPayment", Same)],
        "PutBucketRequestPayment" => &[("s3:PutBucketRequestPayment", Same)],
        "GetBucketWebsite" => &[("s3:GetBucketWebsite", Same)],
        "PutBucketWebsite" => &[("s3:PutBucketWebsite", Same)],
        "DeleteBucketWebsite" => &[("s3:DeleteBucketWebsite", Same)],
        "GetBucketAccelerateConfiguration" => &[("s3:GetAccelerateConfiguration", Same)],
        "PutBucketAccelerateConfiguration" => &[("s3:PutAccelerateConfiguration", Same)],
        "GetBucketAnalyticsConfiguration" | "ListBucketAnalyticsConfigurations" => {
            &[("s3:GetAnalyticsConfiguration", Same)]
        }
        "PutBucketAnalyticsConfiguration" | "DeleteBucketAnalyticsConfiguration" => {
            &[("s3:PutAnalyticsConfiguration", Same)]
        }
        "GetBucketIntelligentTieringConfiguration" | "ListBucketIntelligentTieringConfigurations" => {
            &[("s3:GetIntelligentTieringConfiguration", Same)]
        }
        "PutBucketIntelligentTieringConfiguration" | "DeleteBucketIntelligentTieringConfiguration" => {
            &[("s3:PutIntelligentTieringConfiguration", Same)]
        }
        "GetBucketInventoryConfiguration" | "ListBucketInventoryConfigurations" => {
            &[("s3:GetInventoryConfiguration", Same)]
        }
        "PutBucketInventoryConfiguration" | "DeleteBucketInventoryConfiguration" => {
            &[("s3:PutInventoryConfiguration", Same)]
        }
        "GetBucketMetricsConfiguration" | "ListBucketMetricsConfigurations" => {
            &[("s3:GetMetricsConfiguration", Same)]
        }
        "PutBucketMetricsConfiguration" | "DeleteBucketMetricsConfiguration" => {
            &[("s3:PutMetricsConfiguration", Same)]
        }
        "GetObject" | "HeadObject" | "SelectObjectContent" => {
            &[("s3:GetObject", Named("s3:GetObjectVersion"))]
        }
        "GetObjectAttributes" => &[
            ("s3:GetObject", Named("s3:GetObjectVersion")),
            ("s3:GetObjectAttributes", Named("s3:GetObjectVersionAttributes")),
        ],
        "GetObjectTorrent" => &[("s3:GetObjectTorrent", Named("s3:GetObjectVersionTorrent"))],
        "PutObject"
        | "CopyObject"
        | "CreateMultipartUpload"
        | "UploadPart"
        | "UploadPartCopy"
        | "CompleteMultipartUpload" => &[("s3:PutObject", Same)],
        "AbortMultipartUpload" => &[("s3:AbortMultipartUpload", Same)],
        "ListParts" => &[("s3:ListMultipartUploadParts", Same)],
        "DeleteObject" => &[("s3:DeleteObject", Named("s3:DeleteObjectVersion"))],
        "GetObjectAcl" => &[("s3:GetObjectAcl", Named("s3:GetObjectVersionAcl"))],
        "PutObjectAcl" => &[("s3:PutObjectAcl", Named("s3:PutObjectVersionAcl"))],
        "GetObjectTagging" => &[("s3:GetObjectTagging", Named("s3:GetObjectVersionTagging"))],
        "PutObjectTagging" => &[("s3:PutObjectTagging", Named("s3:PutObjectVersionTagging"))],
        "DeleteObjectTagging" => &[("s3:DeleteObjectTagging", Named("s3:DeleteObjectVersionTagging"))],
        "GetObjectLegalHold" => &[("s3:GetObjectLegalHold", Same)],
        "PutObjectLegalHold" => &[("s3:PutObjectLegalHold", Same)],
        "GetObjectRetention" => &[("s3:GetObjectRetention", Same)],
        "PutObjectRetention" => &[("s3:PutObjectRetention", Same)],
        "RestoreObject" => &[("s3:RestoreObject", Same)],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_and_what_a_write_sets_have_actions_of_their_own() {
        let none = |_: &str| false;
        assert_eq!(actions("HeadObject", false, none), ["s3:GetObject"]);
        assert_eq!(actions("GetObject", true, none), ["s3:GetObjectVersion"]);
        assert_eq!(
            actions("GetObjectAttributes", true, none),
            ["s3:GetObjectVersion", "s3:GetObjectVersionAttributes"]
        );
        assert_eq!(actions("PutObject", false, none), ["s3:PutObject"]);
        assert_eq!(
            actions("PutObject", false, |header| ["x-amz-tagging", "x-amz-grant-read"].contains(&header)),
            ["s3:PutObject", "s3:PutObjectTagging", "s3:PutObjectAcl"]
        );
        assert!(actions("DeleteObjects", false, none).is_empty());
    }
}
