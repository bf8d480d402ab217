//! The actions and condition keys that a bucket policy can name:
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>.

/// What an action is done on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum On {
    Bucket,
    Object,
}

/// Those on a bucket or an object in it, without the prefix of the service.
pub(super) const ACTIONS: &[(&str, On)] = &[
    ("CreateBucket", On::Bucket),
    ("CreateBucketMetadataTableConfiguration", On::Bucket),
    ("DeleteBucket", On::Bucket),
    ("DeleteBucketMetadataTableConfiguration", On::Bucket),
    ("DeleteBucketPolicy", On::Bucket),
    ("DeleteBucketWebsite", On::Bucket),
    ("GetAccelerateConfiguration", On::Bucket),
    ("GetAnalyticsConfiguration", On::Bucket),
    ("GetBucketAbac", On::Bucket),
    ("GetBucketAcl", On::Bucket),
    ("GetBucketCORS", On::Bucket),
    ("GetBucketLocation", On::Bucket),
    ("GetBucketLogging", On::Bucket),
    ("GetBucketMetadataTableConfiguration", On::Bucket),
    ("GetBucketNotification", On::Bucket),
    ("GetBucketObjectLockConfiguration", On::Bucket),
    ("GetBucketOwnershipControls", On::Bucket),
    ("GetBucketPolicy", On::Bucket),
    ("GetBucketPolicyStatus", On::Bucket),
    ("GetBucketPublicAccessBlock", On::Bucket),
    ("GetBucketRequestPayment", On::Bucket),
    ("GetBucketTagging", On::Bucket),
    ("GetBucketVersioning", On::Bucket),
    ("GetBucketWebsite", On::Bucket),
    ("GetEncryptionConfiguration", On::Bucket),
    ("GetIntelligentTieringConfiguration", On::Bucket),
    ("GetInventoryConfiguration", On::Bucket),
    ("GetLifecycleConfiguration", On::Bucket),
    ("GetMetricsConfiguration", On::Bucket),
    ("GetReplicationConfiguration", On::Bucket),
    ("ListBucket", On::Bucket),
    ("ListBucketMultipartUploads", On::Bucket),
    ("ListBucketVersions", On::Bucket),
    ("ListTagsForResource", On::Bucket),
    ("PutAccelerateConfiguration", On::Bucket),
    ("PutAnalyticsConfiguration", On::Bucket),
    ("PutBucketAbac", On::Bucket),
    ("PutBucketAcl", On::Bucket),
    ("PutBucketCORS", On::Bucket),
    ("PutBucketLogging", On::Bucket),
    ("PutBucketNotification", On::Bucket),
    ("PutBucketObjectLockConfiguration", On::Bucket),
    ("PutBucketOwnershipControls", On::Bucket),
    ("PutBucketPolicy", On::Bucket),
    ("PutBucketPublicAccessBlock", On::Bucket),
    ("PutBucketRequestPayment", On::Bucket),
    ("PutBucketTagging", On::Bucket),
    ("PutBucketVersioning", On::Bucket),
    ("PutBucketWebsite", On::Bucket),
    ("PutEncryptionConfiguration", On::Bucket),
    ("PutIntelligentTieringConfiguration", On::Bucket),
    ("PutInventoryConfiguration", On::Bucket),
    ("PutLifecycleConfiguration", On::Bucket),
    ("PutMetricsConfiguration", On::Bucket),
    ("PutReplicationConfiguration", On::Bucket),
    ("TagResource", On::Bucket),
    ("UntagResource", On::Bucket),
    ("UpdateBucketMetadataInventoryTableConfiguration", On::Bucket),
    ("UpdateBucketMetadataJournalTableConfiguration", On::Bucket),
    ("AbortMultipartUpload", On::Object),
    ("BypassGovernanceRetention", On::Object),
    ("DeleteObject", On::Object),
    ("DeleteObjectTagging", On::Object),
    ("DeleteObjectVersion", On::Object),
    ("DeleteObjectVersionTagging", On::Object),
    ("GetObject", On::Object),
    ("GetObjectAcl", On::Object),
    ("GetObjectAttributes", On::Object),
    ("GetObjectLegalHold", On::Object),
    ("GetObjectRetention", On::Object),
    ("GetObjectTagging", On::Object),
    ("GetObjectTorrent", On::Object),
    ("GetObjectVersion", On::Object),
    ("GetObjectVersionAcl", On::Object),
    ("GetObjectVersionAttributes", On::Object),
    ("GetObjectVersionForReplication", On::Object),
    ("GetObjectVersionTagging", On::Object),
    ("GetObjectVersionTorrent", On::Object),
    ("InitiateReplication", On::Object),
    ("ListMultipartUploadParts", On::Object),
    ("ObjectOwnerOverrideToBucketOwner", On::Object),
    ("PutObject", On::Object),
    ("PutObjectAcl", On::Object),
    ("PutObjectLegalHold", On::Object),
    ("PutObjectRetention", On::Object),
    ("PutObjectTagging", On::Object),
    ("PutObjectVersionAcl", On::Object),
    ("PutObjectVersionTagging", On::Object),
    ("ReplicateDelete", On::Object),
    ("ReplicateObject", On::Object),
    ("ReplicateTags", On::Object),
    ("RestoreObject", On::Object),
    ("UpdateObjectEncryption", On::Object),
];

/// The actions that have a prefix and a page.
pub(super) const LISTING_ACTIONS: &[&str] =
    &["ListBucket", "ListBucketVersions", "ListBucketMultipartUploads"];

/// The condition keys that only they have, in lower case.
pub(super) const LISTING_KEYS: &[&str] = &["s3:prefix", "s3:delimiter", "s3:max-keys"];

/// The beginning of the condition keys for the tags of what is there, in lower case.
pub(super) const EXISTING_TAG: &str = "s3:existingobjecttag/";

/// The actions on objects that do not have them:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/tagging-and-policies.html>.
pub(super) const WITHOUT_EXISTING_TAGS: &[&str] = &["PutObject", "DeleteObject", "DeleteObjectVersion"];

/// Condition keys of S3 and of services that others know of; one that ends with a slash has the key of a tag behind it.
pub(super) const CONDITION_KEYS: &[&str] = &[
    "codebuild:BuildArn",
    "codebuild:ProjectArn",
    "ec2:RoleDelivery",
    "ec2:SourceInstanceArn",
    "glue:CredentialIssuingService",
    "glue:RoleAssumedBy",
    "identitystore:UserId",
    "lambda:SourceFunctionArn",
    "s3:AccessGrantsInstanceArn",
    "s3:AccessPointNetworkOrigin",
    "s3:AccessPointTag/",
    "s3:authType",
    "s3:BucketTag/",
    "s3:DataAccessPointAccount",
    "s3:DataAccessPointArn",
    "s3:delimiter",
    "s3:ExistingObjectTag/",
    "s3:if-match",
    "s3:if-none-match",
    "s3:InventoryAccessibleOptionalFields",
    "s3:LocationConstraint",
    "s3:max-keys",
    "s3:object-lock-legal-hold",
    "s3:object-lock-mode",
    "s3:object-lock-remaining-retention-days",
    "s3:object-lock-retain-until-date",
    "s3:ObjectCreationOperation",
    "s3:prefix",
    "s3:RequestObjectTag/",
    "s3:RequestObjectTagKeys",
    "s3:ResourceAccount",
    "s3:signatureAge",
    "s3:signatureversion",
    "s3:TlsVersion",
    "s3:versionid",
    "s3:x-amz-acl",
    "s3:x-amz-content-sha256",
    "s3:x-amz-copy-source",
    "s3:x-amz-grant-full-control",
    "s3:x-amz-grant-read",
    "s3:x-amz-grant-read-acp",
    "s3:x-amz-grant-write",
    "s3:x-amz-grant-write-acp",
    "s3:x-amz-metadata-directive",
    "s3:x-amz-object-ownership",
    "s3:x-amz-server-side-encryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "s3:x-amz-server-side-encryption-customer-algorithm",
    "s3:x-amz-storage-class",
    "s3:x-amz-website-redirect-location",
    "saml:aud",
    "ssm:SourceInstanceArn",
    "sts:ExternalId",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::s3_operations;
    use crate::s3::actions::actions;

    #[test]
    fn what_operations_need_can_be_named() {
        for operation in s3_operations() {
            for version in [false, true] {
                for needed in actions(operation, version, |_| true) {
                    let is_known = |(action, _): &(&str, On)| needed.strip_prefix("s3:") == Some(action);
                    assert!(ACTIONS.iter().any(is_known), "{operation}: {needed}");
                }
            }
        }
    }
}
