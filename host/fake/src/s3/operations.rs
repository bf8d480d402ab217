use std::sync::Arc;

use async_trait::async_trait;
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput, CreateBucketInput, CreateBucketOutput,
    CreateMultipartUploadInput, CreateMultipartUploadOutput, DeleteBucketAnalyticsConfigurationInput,
    DeleteBucketAnalyticsConfigurationOutput, DeleteBucketCorsInput, DeleteBucketCorsOutput,
    DeleteBucketEncryptionInput, DeleteBucketEncryptionOutput, DeleteBucketInput,
    DeleteBucketIntelligentTieringConfigurationInput, DeleteBucketIntelligentTieringConfigurationOutput,
    DeleteBucketInventoryConfigurationInput, DeleteBucketInventoryConfigurationOutput,
    DeleteBucketLifecycleInput, DeleteBucketLifecycleOutput, DeleteBucketMetricsConfigurationInput,
    DeleteBucketMetricsConfigurationOutput, DeleteBucketOutput, DeleteBucketOwnershipControlsInput,
    DeleteBucketOwnershipControlsOutput, DeleteBucketPolicyInput, DeleteBucketPolicyOutput,
    DeleteBucketReplicationInput, DeleteBucketReplicationOutput, DeleteBucketTaggingInput,
    DeleteBucketTaggingOutput, DeleteBucketWebsiteInput, DeleteBucketWebsiteOutput, DeleteObjectInput,
    DeleteObjectOutput, DeleteObjectTaggingInput, DeleteObjectTaggingOutput, DeleteObjectsInput,
    DeleteObjectsOutput, DeletePublicAccessBlockInput, DeletePublicAccessBlockOutput,
    GetBucketAccelerateConfigurationInput, GetBucketAccelerateConfigurationOutput, GetBucketAclInput,
    GetBucketAclOutput, GetBucketAnalyticsConfigurationInput, GetBucketAnalyticsConfigurationOutput,
    GetBucketCorsInput, GetBucketCorsOutput, GetBucketEncryptionInput, GetBucketEncryptionOutput,
    GetBucketIntelligentTieringConfigurationInput, GetBucketIntelligentTieringConfigurationOutput,
    GetBucketInventoryConfigurationInput, GetBucketInventoryConfigurationOutput,
    GetBucketLifecycleConfigurationInput, GetBucketLifecycleConfigurationOutput, GetBucketLocationInput,
    GetBucketLocationOutput, GetBucketLoggingInput, GetBucketLoggingOutput,
    GetBucketMetricsConfigurationInput, GetBucketMetricsConfigurationOutput,
    GetBucketNotificationConfigurationInput, GetBucketNotificationConfigurationOutput,
    GetBucketOwnershipControlsInput, GetBucketOwnershipControlsOutput, GetBucketPolicyInput,
    GetBucketPolicyOutput, GetBucketPolicyStatusInput, GetBucketPolicyStatusOutput,
    GetBucketReplicationInput, GetBucketReplicationOutput, GetBucketRequestPaymentInput,
    GetBucketRequestPaymentOutput, GetBucketTaggingInput, GetBucketTaggingOutput, GetBucketVersioningInput,
    GetBucketVersioningOutput, GetBucketWebsiteInput, GetBucketWebsiteOutput, GetObjectAclInput,
    GetObjectAclOutput, GetObjectAttributesInput, GetObjectAttributesOutput, GetObjectInput,
    GetObjectLegalHoldInput, GetObjectLegalHoldOutput, GetObjectLockConfigurationInput,
    GetObjectLockConfigurationOutput, GetObjectOutput, GetObjectRetentionInput, GetObjectRetentionOutput,
    GetObjectTaggingInput, GetObjectTaggingOutput, GetPublicAccessBlockInput, GetPublicAccessBlockOutput,
    HeadBucketInput, HeadBucketOutput, HeadObjectInput, HeadObjectOutput,
    ListBucketAnalyticsConfigurationsInput, ListBucketAnalyticsConfigurationsOutput,
    ListBucketIntelligentTieringConfigurationsInput, ListBucketIntelligentTieringConfigurationsOutput,
    ListBucketInventoryConfigurationsInput, ListBucketInventoryConfigurationsOutput,
    ListBucketMetricsConfigurationsInput, ListBucketMetricsConfigurationsOutput, ListBucketsInput,
    ListBucketsOutput, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectVersionsInput,
    ListObjectVersionsOutput, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output,
    ListPartsInput, ListPartsOutput, PutBucketAccelerateConfigurationInput,
    PutBucketAccelerateConfigurationOutput, PutBucketAclInput, PutBucketAclOutput,
    PutBucketAnalyticsConfigurationInput, PutBucketAnalyticsConfigurationOutput, PutBucketCorsInput,
    PutBucketCorsOutput, PutBucketEncryptionInput, PutBucketEncryptionOutput,
    PutBucketIntelligentTieringConfigurationInput, PutBucketIntelligentTieringConfigurationOutput,
    PutBucketInventoryConfigurationInput, PutBucketInventoryConfigurationOutput,
    PutBucketLifecycleConfigurationInput, PutBucketLifecycleConfigurationOutput, PutBucketLoggingInput,
    PutBucketLoggingOutput, PutBucketMetricsConfigurationInput, PutBucketMetricsConfigurationOutput,
    PutBucketNotificationConfigurationInput, PutBucketNotificationConfigurationOutput,
    PutBucketOwnershipControlsInput, PutBucketOwnershipControlsOutput, PutBucketPolicyInput,
    PutBucketPolicyOutput, PutBucketReplicationInput, PutBucketReplicationOutput,
    PutBucketRequestPaymentInput, PutBucketRequestPaymentOutput, PutBucketTaggingInput,
    PutBucketTaggingOutput, PutBucketVersioningInput, PutBucketVersioningOutput, PutBucketWebsiteInput,
    PutBucketWebsiteOutput, PutObjectAclInput, PutObjectAclOutput, PutObjectInput, PutObjectLegalHoldInput,
    PutObjectLegalHoldOutput, PutObjectLockConfigurationInput, PutObjectLockConfigurationOutput,
    PutObjectOutput, PutObjectRetentionInput, PutObjectRetentionOutput, PutObjectTaggingInput,
    PutObjectTaggingOutput, PutPublicAccessBlockInput, PutPublicAccessBlockOutput, RestoreObjectInput,
    RestoreObjectOutput, UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::{S3, S3Request, S3Response, S3Result};

use super::{
    acl, attributes, bucket, configuration, copy, delete, list_objects, list_versions, lock, multipart,
    notifications, put, read, restore, tags, versioning,
};
use crate::fake::Shared;

/// The operations that the fake has, each in the file of its family. All others answer `NotImplemented`, by s3s.
pub(crate) struct Operations {
    pub(crate) shared: Arc<Shared>,
}

/// The implementation of s3s's trait: `method: Input -> Output = function`. How the function takes its request is said in front of it:
/// whole (`value`), as a `reference`, or whole by one that is waited for (`future`).
macro_rules! operations {
    ($($method:ident: $input:ident -> $output:ident = $how:ident $function:path;)*) => {
        #[async_trait]
        impl S3 for Operations {
            $(async fn $method(&self, request: S3Request<$input>) -> S3Result<S3Response<$output>> {
                let answer = operations!(@$how $function, self, request);
                notifications::deliver(&self.shared);
                answer
            })*
        }
    };
    (@value $function:path, $this:ident, $request:ident) => { $function(&$this.shared, $request) };
    (@reference $function:path, $this:ident, $request:ident) => { $function(&$this.shared, &$request) };
    (@future $function:path, $this:ident, $request:ident) => { $function(&$this.shared, $request).await };
}

operations! {
    create_bucket: CreateBucketInput -> CreateBucketOutput = value bucket::create;
    delete_bucket: DeleteBucketInput -> DeleteBucketOutput = reference bucket::delete;
    head_bucket: HeadBucketInput -> HeadBucketOutput = reference bucket::head;
    list_buckets: ListBucketsInput -> ListBucketsOutput = value bucket::list;
    get_bucket_location: GetBucketLocationInput -> GetBucketLocationOutput = reference bucket::location;
    put_object: PutObjectInput -> PutObjectOutput = future put::put_object;
    copy_object: CopyObjectInput -> CopyObjectOutput = value copy::copy_object;
    get_object: GetObjectInput -> GetObjectOutput = value read::get_object;
    head_object: HeadObjectInput -> HeadObjectOutput = value read::head_object;
    delete_object: DeleteObjectInput -> DeleteObjectOutput = value delete::delete_object;
    delete_objects: DeleteObjectsInput -> DeleteObjectsOutput = value delete::delete_objects;
    list_objects: ListObjectsInput -> ListObjectsOutput = value list_objects::list_objects;
    list_objects_v2: ListObjectsV2Input -> ListObjectsV2Output = value list_objects::list_objects_v2;
    create_multipart_upload: CreateMultipartUploadInput -> CreateMultipartUploadOutput = value multipart::create;
    upload_part: UploadPartInput -> UploadPartOutput = future multipart::upload_part;
    upload_part_copy: UploadPartCopyInput -> UploadPartCopyOutput = value multipart::upload_part_copy;
    complete_multipart_upload: CompleteMultipartUploadInput -> CompleteMultipartUploadOutput = value multipart::complete;
    abort_multipart_upload: AbortMultipartUploadInput -> AbortMultipartUploadOutput = value multipart::abort;
    list_parts: ListPartsInput -> ListPartsOutput = value multipart::list_parts;
    list_multipart_uploads: ListMultipartUploadsInput -> ListMultipartUploadsOutput = value multipart::list_uploads;
    get_object_tagging: GetObjectTaggingInput -> GetObjectTaggingOutput = value tags::get;
    put_object_tagging: PutObjectTaggingInput -> PutObjectTaggingOutput = value tags::put;
    delete_object_tagging: DeleteObjectTaggingInput -> DeleteObjectTaggingOutput = value tags::delete;
    get_object_attributes: GetObjectAttributesInput -> GetObjectAttributesOutput = value attributes::get_object_attributes;
    restore_object: RestoreObjectInput -> RestoreObjectOutput = value restore::restore_object;
    put_bucket_versioning: PutBucketVersioningInput -> PutBucketVersioningOutput = value versioning::put;
    get_bucket_versioning: GetBucketVersioningInput -> GetBucketVersioningOutput = reference versioning::get;
    list_object_versions: ListObjectVersionsInput -> ListObjectVersionsOutput = value list_versions::list_object_versions;
    put_bucket_tagging: PutBucketTaggingInput -> PutBucketTaggingOutput = value configuration::put_tagging;
    get_bucket_tagging: GetBucketTaggingInput -> GetBucketTaggingOutput = reference configuration::get_tagging;
    delete_bucket_tagging: DeleteBucketTaggingInput -> DeleteBucketTaggingOutput = reference configuration::delete_tagging;
    put_bucket_cors: PutBucketCorsInput -> PutBucketCorsOutput = value configuration::put_cors;
    get_bucket_cors: GetBucketCorsInput -> GetBucketCorsOutput = reference configuration::get_cors;
    delete_bucket_cors: DeleteBucketCorsInput -> DeleteBucketCorsOutput = reference configuration::delete_cors;
    put_bucket_lifecycle_configuration: PutBucketLifecycleConfigurationInput -> PutBucketLifecycleConfigurationOutput = value configuration::put_lifecycle;
    get_bucket_lifecycle_configuration: GetBucketLifecycleConfigurationInput -> GetBucketLifecycleConfigurationOutput = reference configuration::get_lifecycle;
    delete_bucket_lifecycle: DeleteBucketLifecycleInput -> DeleteBucketLifecycleOutput = reference configuration::delete_lifecycle;
    put_bucket_policy: PutBucketPolicyInput -> PutBucketPolicyOutput = value configuration::put_policy;
    get_bucket_policy: GetBucketPolicyInput -> GetBucketPolicyOutput = reference configuration::get_policy;
    delete_bucket_policy: DeleteBucketPolicyInput -> DeleteBucketPolicyOutput = reference configuration::delete_policy;
    put_public_access_block: PutPublicAccessBlockInput -> PutPublicAccessBlockOutput = value configuration::put_public_access_block;
    get_public_access_block: GetPublicAccessBlockInput -> GetPublicAccessBlockOutput = reference configuration::get_public_access_block;
    delete_public_access_block: DeletePublicAccessBlockInput -> DeletePublicAccessBlockOutput = reference configuration::delete_public_access_block;
    put_bucket_ownership_controls: PutBucketOwnershipControlsInput -> PutBucketOwnershipControlsOutput = value configuration::put_ownership_controls;
    get_bucket_ownership_controls: GetBucketOwnershipControlsInput -> GetBucketOwnershipControlsOutput = reference configuration::get_ownership_controls;
    delete_bucket_ownership_controls: DeleteBucketOwnershipControlsInput -> DeleteBucketOwnershipControlsOutput = reference configuration::delete_ownership_controls;
    put_bucket_encryption: PutBucketEncryptionInput -> PutBucketEncryptionOutput = value configuration::put_encryption;
    get_bucket_encryption: GetBucketEncryptionInput -> GetBucketEncryptionOutput = reference configuration::get_encryption;
    delete_bucket_encryption: DeleteBucketEncryptionInput -> DeleteBucketEncryptionOutput = reference configuration::delete_encryption;
    get_bucket_acl: GetBucketAclInput -> GetBucketAclOutput = reference acl::get_bucket_acl;
    get_object_acl: GetObjectAclInput -> GetObjectAclOutput = reference acl::get_object_acl;
    put_bucket_acl: PutBucketAclInput -> PutBucketAclOutput = value acl::put_bucket_acl;
    put_object_acl: PutObjectAclInput -> PutObjectAclOutput = value acl::put_object_acl;
    put_bucket_logging: PutBucketLoggingInput -> PutBucketLoggingOutput = value configuration::put_logging;
    put_bucket_notification_configuration: PutBucketNotificationConfigurationInput -> PutBucketNotificationConfigurationOutput = value configuration::put_notification;
    put_bucket_accelerate_configuration: PutBucketAccelerateConfigurationInput -> PutBucketAccelerateConfigurationOutput = value configuration::put_accelerate;
    put_bucket_request_payment: PutBucketRequestPaymentInput -> PutBucketRequestPaymentOutput = value configuration::put_request_payment;
    put_bucket_website: PutBucketWebsiteInput -> PutBucketWebsiteOutput = value configuration::put_website;
    delete_bucket_website: DeleteBucketWebsiteInput -> DeleteBucketWebsiteOutput = reference configuration::delete_website;
    put_bucket_replication: PutBucketReplicationInput -> PutBucketReplicationOutput = value configuration::put_replication;
    get_bucket_replication: GetBucketReplicationInput -> GetBucketReplicationOutput = reference configuration::get_replication;
    delete_bucket_replication: DeleteBucketReplicationInput -> DeleteBucketReplicationOutput = reference configuration::delete_replication;
    get_bucket_policy_status: GetBucketPolicyStatusInput -> GetBucketPolicyStatusOutput = reference configuration::get_policy_status;
    put_object_lock_configuration: PutObjectLockConfigurationInput -> PutObjectLockConfigurationOutput = value lock::put_configuration;
    get_object_lock_configuration: GetObjectLockConfigurationInput -> GetObjectLockConfigurationOutput = reference lock::get_configuration;
    put_object_retention: PutObjectRetentionInput -> PutObjectRetentionOutput = value lock::put_retention;
    get_object_retention: GetObjectRetentionInput -> GetObjectRetentionOutput = reference lock::get_retention;
    put_object_legal_hold: PutObjectLegalHoldInput -> PutObjectLegalHoldOutput = value lock::put_legal_hold;
    get_object_legal_hold: GetObjectLegalHoldInput -> GetObjectLegalHoldOutput = reference lock::get_legal_hold;
    get_bucket_logging: GetBucketLoggingInput -> GetBucketLoggingOutput = reference configuration::get_logging;
    get_bucket_notification_configuration: GetBucketNotificationConfigurationInput -> GetBucketNotificationConfigurationOutput = reference configuration::get_notification;
    get_bucket_accelerate_configuration: GetBucketAccelerateConfigurationInput -> GetBucketAccelerateConfigurationOutput = reference configuration::get_accelerate;
    get_bucket_request_payment: GetBucketRequestPaymentInput -> GetBucketRequestPaymentOutput = reference configuration::get_request_payment;
    put_bucket_analytics_configuration: PutBucketAnalyticsConfigurationInput -> PutBucketAnalyticsConfigurationOutput = value configuration::put_analytics;
    get_bucket_analytics_configuration: GetBucketAnalyticsConfigurationInput -> GetBucketAnalyticsConfigurationOutput = reference configuration::get_analytics;
    delete_bucket_analytics_configuration: DeleteBucketAnalyticsConfigurationInput -> DeleteBucketAnalyticsConfigurationOutput = reference configuration::delete_analytics;
    list_bucket_analytics_configurations: ListBucketAnalyticsConfigurationsInput -> ListBucketAnalyticsConfigurationsOutput = reference configuration::list_analytics;
    put_bucket_intelligent_tiering_configuration: PutBucketIntelligentTieringConfigurationInput -> PutBucketIntelligentTieringConfigurationOutput = value configuration::put_tiering;
    get_bucket_intelligent_tiering_configuration: GetBucketIntelligentTieringConfigurationInput -> GetBucketIntelligentTieringConfigurationOutput = reference configuration::get_tiering;
    delete_bucket_intelligent_tiering_configuration: DeleteBucketIntelligentTieringConfigurationInput -> DeleteBucketIntelligentTieringConfigurationOutput = reference configuration::delete_tiering;
    list_bucket_intelligent_tiering_configurations: ListBucketIntelligentTieringConfigurationsInput -> ListBucketIntelligentTieringConfigurationsOutput = reference configuration::list_tiering;
    put_bucket_inventory_configuration: PutBucketInventoryConfigurationInput -> PutBucketInventoryConfigurationOutput = value configuration::put_inventory;
    get_bucket_inventory_configuration: GetBucketInventoryConfigurationInput -> GetBucketInventoryConfigurationOutput = reference configuration::get_inventory;
    delete_bucket_inventory_configuration: DeleteBucketInventoryConfigurationInput -> DeleteBucketInventoryConfigurationOutput = reference configuration::delete_inventory;
    list_bucket_inventory_configurations: ListBucketInventoryConfigurationsInput -> ListBucketInventoryConfigurationsOutput = reference configuration::list_inventories;
    put_bucket_metrics_configuration: PutBucketMetricsConfigurationInput -> PutBucketMetricsConfigurationOutput = value configuration::put_metrics;
    get_bucket_metrics_configuration: GetBucketMetricsConfigurationInput -> GetBucketMetricsConfigurationOutput = reference configuration::get_metrics;
    delete_bucket_metrics_configuration: DeleteBucketMetricsConfigurationInput -> DeleteBucketMetricsConfigurationOutput = reference configuration::delete_metrics;
    list_bucket_metrics_configurations: ListBucketMetricsConfigurationsInput -> ListBucketMetricsConfigurationsOutput = reference configuration::list_metrics;
    get_bucket_website: GetBucketWebsiteInput -> GetBucketWebsiteOutput = reference configuration::get_website;
}
