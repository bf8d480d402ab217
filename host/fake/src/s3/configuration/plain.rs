//! Configurations that are only kept: nothing is logged, accelerated, replicated or served because of them. Notifications alone are
//! [delivered](crate::s3::notifications).

use std::sync::Arc;

use s3s::dto::{
    BucketAccelerateStatus, BucketVersioningStatus, DeleteBucketReplicationInput,
    DeleteBucketReplicationOutput, DeleteBucketWebsiteInput, DeleteBucketWebsiteOutput,
    DeleteMarkerReplication, DeleteMarkerReplicationStatus, Event, GetBucketAccelerateConfigurationInput,
    GetBucketAccelerateConfigurationOutput, GetBucketLoggingInput, GetBucketLoggingOutput,
    GetBucketNotificationConfigurationInput, GetBucketNotificationConfigurationOutput,
    GetBucketReplicationInput, GetBucketReplicationOutput, GetBucketRequestPaymentInput,
    GetBucketRequestPaymentOutput, GetBucketWebsiteInput, GetBucketWebsiteOutput, NotificationConfiguration,
    PartitionDateSource, Payer, PutBucketAccelerateConfigurationInput,
    PutBucketAccelerateConfigurationOutput, PutBucketLoggingInput, PutBucketLoggingOutput,
    PutBucketNotificationConfigurationInput, PutBucketNotificationConfigurationOutput,
    PutBucketReplicationInput, PutBucketReplicationOutput, PutBucketRequestPaymentInput,
    PutBucketRequestPaymentOutput, PutBucketWebsiteInput, PutBucketWebsiteOutput, TargetObjectKeyFormat,
};
use s3s::{S3ErrorCode, S3Request, S3Response, S3Result};

use super::{Answer, change, look, missing};
use crate::fake::Shared;
use crate::s3::bucket::{bucket_in, bucket_mut, context};
use crate::s3::details::with_details;
use crate::s3::error::{custom_with, error, error_with, invalid_argument};
use crate::s3::notifications::{self, Teller};
use crate::s3::versions::Versioning;

/// What a bucket tells of, by the names of S3's API. s3s takes any text.
const EVENTS: &[&str] = &[
    "s3:IntelligentTiering",
    "s3:LifecycleExpiration:*",
    "s3:LifecycleExpiration:Delete",
    "s3:LifecycleExpiration:DeleteMarkerCreated",
    "s3:LifecycleTransition",
    "s3:ObjectAcl:Put",
    "s3:ObjectAnnotation:*",
    "s3:ObjectAnnotation:Delete",
    "s3:ObjectAnnotation:Put",
    "s3:ObjectCreated:*",
    "s3:ObjectCreated:CompleteMultipartUpload",
    "s3:ObjectCreated:Copy",
    "s3:ObjectCreated:Post",
    "s3:ObjectCreated:Put",
    "s3:ObjectRemoved:*",
    "s3:ObjectRemoved:Delete",
    "s3:ObjectRemoved:DeleteMarkerCreated",
    "s3:ObjectRestore:*",
    "s3:ObjectRestore:Completed",
    "s3:ObjectRestore:Delete",
    "s3:ObjectRestore:Post",
    "s3:ObjectRetention:Put",
    "s3:ObjectTagging:*",
    "s3:ObjectTagging:Delete",
    "s3:ObjectTagging:Put",
    "s3:ReducedRedundancyLostObject",
    "s3:Replication:*",
    "s3:Replication:OperationFailedReplication",
    "s3:Replication:OperationMissedThreshold",
    "s3:Replication:OperationNotTracked",
    "s3:Replication:OperationReplicatedAfterThreshold",
];

pub(crate) fn put_logging(
    shared: &Shared,
    request: S3Request<PutBucketLoggingInput>,
) -> Answer<PutBucketLoggingOutput> {
    let input = request.input;
    if let Some(logging) = &input.bucket_logging_status.logging_enabled {
        check_key_format(logging.target_object_key_format.as_ref())?;
    }
    let mut buckets = shared.store.lock();
    let owner = bucket_in(&buckets, &input.bucket)?.owner.clone();
    let logging = input.bucket_logging_status.logging_enabled;
    if let Some(logging) = &logging
        && buckets.get(&logging.target_bucket).is_none_or(|target| target.owner != owner)
    {
        return Err(custom_with(
            "InvalidTargetBucketForLogging",
            http::StatusCode::BAD_REQUEST,
            "The target bucket for logging does not exist",
        ));
    }
    bucket_mut(&mut buckets, &input.bucket)?.configuration.logging = logging;
    Ok(S3Response::new(PutBucketLoggingOutput {}))
}

/// The names of logs are plain, or begin with a date that is one of two.
fn check_key_format(format: Option<&TargetObjectKeyFormat>) -> S3Result {
    let Some(format) = format else { return Ok(()) };
    let source = format.partitioned_prefix.as_ref().and_then(|prefix| prefix.partition_date_source.as_ref());
    let known = source.is_none_or(|source| {
        [PartitionDateSource::EVENT_TIME, PartitionDateSource::DELIVERY_TIME].contains(&source.as_str())
    });
    if known && format.partitioned_prefix.is_some() != format.simple_prefix.is_some() {
        Ok(())
    } else {
        Err(error(S3ErrorCode::MalformedXML))
    }
}

pub(crate) fn get_logging(
    shared: &Shared,
    request: &S3Request<GetBucketLoggingInput>,
) -> Answer<GetBucketLoggingOutput> {
    let logging_enabled = look(shared, &request.input.bucket, |configuration| configuration.logging.clone())?;
    Ok(S3Response::new(GetBucketLoggingOutput { logging_enabled }))
}

pub(crate) fn put_notification(
    shared: &Shared,
    request: S3Request<PutBucketNotificationConfigurationInput>,
) -> Answer<PutBucketNotificationConfigurationOutput> {
    let context = context(&request);
    let PutBucketNotificationConfigurationInput {
        bucket: name,
        notification_configuration: mut given,
        skip_destination_validation,
        ..
    } = request.input;
    let events = given
        .queue_configurations
        .iter()
        .flatten()
        .flat_map(|queue| &queue.events)
        .chain(given.topic_configurations.iter().flatten().flat_map(|topic| &topic.events))
        .chain(given.lambda_function_configurations.iter().flatten().flat_map(|function| &function.events));
    if let Some(event) = events.map(<Event as AsRef<str>>::as_ref).find(|event| !EVENTS.contains(event)) {
        return Err(invalid_argument("Event", event, "The event is not supported for notifications"));
    }
    let new_id = || shared.ids.uuid("notification");
    // S3 names what has no name.
    for queue in given.queue_configurations.iter_mut().flatten() {
        queue.id.get_or_insert_with(new_id);
    }
    for topic in given.topic_configurations.iter_mut().flatten() {
        topic.id.get_or_insert_with(new_id);
    }
    for function in given.lambda_function_configurations.iter_mut().flatten() {
        function.id.get_or_insert_with(new_id);
    }
    // Queues and functions are looked at without a hold on the buckets.
    let (owner, region) = {
        let buckets = shared.store.lock();
        let bucket = bucket_in(&buckets, &name)?;
        (Arc::clone(&bucket.owner), bucket.region.clone().unwrap_or_else(|| context.region.clone()))
    };
    let teller = Teller { bucket: &name, account_id: &owner.id, region: &region };
    let skip = skip_destination_validation == Some(true);
    let queues = notifications::check(shared, &teller, &mut given, skip)?;
    change(shared, &name, |configuration| configuration.notification = Some(given))?;
    for queue in queues {
        shared.store.add_notification(notifications::test_event(shared, &context, &teller, queue));
    }
    Ok(S3Response::new(PutBucketNotificationConfigurationOutput {}))
}

pub(crate) fn get_notification(
    shared: &Shared,
    request: &S3Request<GetBucketNotificationConfigurationInput>,
) -> Answer<GetBucketNotificationConfigurationOutput> {
    let kept = look(shared, &request.input.bucket, |configuration| configuration.notification.clone())?;
    let NotificationConfiguration {
        event_bridge_configuration,
        lambda_function_configurations,
        queue_configurations,
        topic_configurations,
    } = kept.unwrap_or_default();
    Ok(S3Response::new(GetBucketNotificationConfigurationOutput {
        event_bridge_configuration,
        lambda_function_configurations,
        queue_configurations,
        topic_configurations,
    }))
}

pub(crate) fn put_accelerate(
    shared: &Shared,
    request: S3Request<PutBucketAccelerateConfigurationInput>,
) -> Answer<PutBucketAccelerateConfigurationOutput> {
    let PutBucketAccelerateConfigurationInput { bucket, accelerate_configuration, .. } = request.input;
    let status = accelerate_configuration.status.ok_or_else(|| error(S3ErrorCode::MalformedXML))?;
    let enabled = match status.as_str() {
        BucketAccelerateStatus::ENABLED => true,
        BucketAccelerateStatus::SUSPENDED => false,
        _ => return Err(error(S3ErrorCode::MalformedXML)),
    };
    if bucket.contains('.') {
        let message = "S3 Transfer Acceleration is not supported for buckets with periods (.) in their names";
        return Err(error_with(S3ErrorCode::InvalidRequest, message));
    }
    change(shared, &bucket, |configuration| {
        // Suspending what was never enabled leaves it so.
        if enabled || configuration.accelerate.is_some() {
            configuration.accelerate = Some(status);
        }
    })?;
    Ok(S3Response::new(PutBucketAccelerateConfigurationOutput {}))
}

pub(crate) fn get_accelerate(
    shared: &Shared,
    request: &S3Request<GetBucketAccelerateConfigurationInput>,
) -> Answer<GetBucketAccelerateConfigurationOutput> {
    let status = look(shared, &request.input.bucket, |configuration| configuration.accelerate.clone())?;
    Ok(S3Response::new(GetBucketAccelerateConfigurationOutput {
        status,
        ..GetBucketAccelerateConfigurationOutput::default()
    }))
}

pub(crate) fn put_request_payment(
    shared: &Shared,
    request: S3Request<PutBucketRequestPaymentInput>,
) -> Answer<PutBucketRequestPaymentOutput> {
    let PutBucketRequestPaymentInput { bucket, request_payment_configuration, .. } = request.input;
    let payer = request_payment_configuration.payer;
    if ![Payer::BUCKET_OWNER, Payer::REQUESTER].contains(&payer.as_str()) {
        return Err(error(S3ErrorCode::MalformedXML));
    }
    change(shared, &bucket, |configuration| configuration.payer = Some(payer))?;
    Ok(S3Response::new(PutBucketRequestPaymentOutput {}))
}

pub(crate) fn get_request_payment(
    shared: &Shared,
    request: &S3Request<GetBucketRequestPaymentInput>,
) -> Answer<GetBucketRequestPaymentOutput> {
    let payer = look(shared, &request.input.bucket, |configuration| configuration.payer.clone())?;
    let payer = payer.unwrap_or_else(|| Payer::from_static(Payer::BUCKET_OWNER));
    Ok(S3Response::new(GetBucketRequestPaymentOutput { payer: Some(payer) }))
}

pub(crate) fn put_website(
    shared: &Shared,
    request: S3Request<PutBucketWebsiteInput>,
) -> Answer<PutBucketWebsiteOutput> {
    let PutBucketWebsiteInput { bucket, website_configuration, .. } = request.input;
    let redirects = website_configuration.redirect_all_requests_to.is_some();
    let others = website_configuration.index_document.is_some()
        || website_configuration.error_document.is_some()
        || website_configuration.routing_rules.is_some();
    if redirects && others {
        let message = "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.";
        return Err(invalid_argument("RedirectAllRequestsTo", "not null", message));
    }
    if !redirects && website_configuration.index_document.is_none() {
        let message = "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty";
        return Err(error_with(S3ErrorCode::InvalidArgument, message));
    }
    let suffix = website_configuration.index_document.as_ref().map(|index| index.suffix.as_str());
    if let Some(suffix) = suffix.filter(|suffix| suffix.is_empty() || suffix.contains('/')) {
        let message = "The IndexDocument Suffix is not well formed";
        return Err(invalid_argument("IndexDocument", suffix, message));
    }
    change(shared, &bucket, |configuration| configuration.website = Some(website_configuration))?;
    Ok(S3Response::new(PutBucketWebsiteOutput {}))
}

pub(crate) fn get_website(
    shared: &Shared,
    request: &S3Request<GetBucketWebsiteInput>,
) -> Answer<GetBucketWebsiteOutput> {
    let website = look(shared, &request.input.bucket, |configuration| configuration.website.clone())?;
    let website = website.ok_or_else(|| {
        missing("NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration")
    })?;
    Ok(S3Response::new(GetBucketWebsiteOutput {
        error_document: website.error_document,
        index_document: website.index_document,
        redirect_all_requests_to: website.redirect_all_requests_to,
        routing_rules: website.routing_rules,
    }))
}

pub(crate) fn delete_website(
    shared: &Shared,
    request: &S3Request<DeleteBucketWebsiteInput>,
) -> Answer<DeleteBucketWebsiteOutput> {
    change(shared, &request.input.bucket, |configuration| configuration.website = None)?;
    Ok(S3Response::new(DeleteBucketWebsiteOutput {}))
}

pub(crate) fn put_replication(
    shared: &Shared,
    request: S3Request<PutBucketReplicationInput>,
) -> Answer<PutBucketReplicationOutput> {
    let PutBucketReplicationInput { bucket: name, replication_configuration: mut given, .. } = request.input;
    let mut buckets = shared.store.lock();
    let bucket = bucket_mut(&mut buckets, &name)?;
    if bucket.versioning != Versioning::Enabled {
        let message = format!(
            "Versioning must be '{}' on the bucket to apply a replication configuration",
            BucketVersioningStatus::ENABLED
        );
        let error = error_with(S3ErrorCode::InvalidRequest, message);
        return Err(with_details(error, &[("BucketName", &name)]));
    }
    for rule in &mut given.rules {
        rule.id.get_or_insert_with(|| shared.ids.uuid("replication-rule"));
        // A rule of the newer form, which says nothing about delete markers, does not replicate them.
        if rule.filter.is_some() {
            rule.delete_marker_replication.get_or_insert_with(|| DeleteMarkerReplication {
                status: Some(DeleteMarkerReplicationStatus::from_static(
                    DeleteMarkerReplicationStatus::DISABLED,
                )),
            });
        }
    }
    bucket.configuration.replication = Some(given);
    Ok(S3Response::new(PutBucketReplicationOutput {}))
}

pub(crate) fn get_replication(
    shared: &Shared,
    request: &S3Request<GetBucketReplicationInput>,
) -> Answer<GetBucketReplicationOutput> {
    let kept = look(shared, &request.input.bucket, |configuration| configuration.replication.clone())?;
    let kept = kept.ok_or_else(|| {
        missing("ReplicationConfigurationNotFoundError", "The replication configuration was not found")
    })?;
    Ok(S3Response::new(GetBucketReplicationOutput { replication_configuration: Some(kept) }))
}

pub(crate) fn delete_replication(
    shared: &Shared,
    request: &S3Request<DeleteBucketReplicationInput>,
) -> Answer<DeleteBucketReplicationOutput> {
    change(shared, &request.input.bucket, |configuration| configuration.replication = None)?;
    Ok(S3Response::new(DeleteBucketReplicationOutput {}))
}
