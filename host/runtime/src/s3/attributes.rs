//! An object's attributes, and the restoring of an archived one.

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::types::{GlacierJobParameters, ObjectAttributes as Attribute, RestoreRequest, Tier};
use innkeeper_policy::S3Operation;
use innkeeper_policy::arn::ObjectKey;

use crate::bindings::s3_types::{
    Error, ObjectAttributes, ObjectAttributesOptions, ObjectPart, ObjectParts, RestoreObjectOptions,
    RestoreOutcome, RestoreTier,
};
use crate::context::AwsCtx;
use crate::s3::bucket::Bucket;
use crate::s3::convert::{self, checksum_of};
use crate::s3::object::hide_absence;
use crate::s3::settle;

/// The most parts that S3 lists at once.
const MAX_PARTS: u32 = 1_000;

pub(crate) async fn get(
    ctx: &AwsCtx,
    bucket: &Bucket,
    key: &ObjectKey,
    options: ObjectAttributesOptions,
) -> Result<ObjectAttributes, Error> {
    let version = convert::version_id(options.version_id)?;
    if options.max_parts.is_some_and(|most| !(1..=MAX_PARTS).contains(&most)) {
        return Err(Error::InvalidArgument(format!("the parts to list are 1 to {MAX_PARTS}")));
    }
    let behind = convert::part_number(options.part_number_marker)?;

    let operation =
        S3Operation::GetObjectAttributes { bucket: bucket.arn(), key, version: version.as_deref() };
    let mut permit = ctx.gate().s3(operation).await?;
    let request = permit
        .client
        .get_object_attributes()
        .bucket(bucket.name())
        .set_expected_bucket_owner(bucket.owner())
        .key(key.as_str())
        .set_version_id(version)
        .set_max_parts(options.max_parts.and_then(|most| i32::try_from(most).ok()))
        .set_part_number_marker(behind.map(|number| number.to_string()))
        .set_object_attributes(Some(vec![
            Attribute::Checksum,
            Attribute::Etag,
            Attribute::ObjectParts,
            Attribute::ObjectSize,
            Attribute::StorageClass,
        ]))
        .send();
    let answer = permit.call.observe(request).await;
    let output = match answer {
        Ok(output) => output,
        Err(error) => return Err(hide_absence(ctx, bucket, settle(&mut permit.call, &error))),
    };
    permit.call.succeed();
    let number =
        |number: Option<i32>| number.and_then(|number| u32::try_from(number).ok()).unwrap_or_default();
    Ok(ObjectAttributes {
        size: convert::length(output.object_size),
        etag: output.e_tag,
        last_modified: output.last_modified.as_ref().map(convert::timestamp),
        version_id: output.version_id,
        storage_class: output.storage_class.map(|class| class.as_str().to_owned()),
        checksum: output.checksum.as_ref().and_then(|checksum| checksum_of!(checksum)),
        checksum_type: output
            .checksum
            .as_ref()
            .and_then(|checksum| convert::checksum_type(checksum.checksum_type.as_ref())),
        parts: output.object_parts.map(|parts| ObjectParts {
            total: number(parts.total_parts_count),
            next_part_number_marker: parts
                .next_part_number_marker
                .filter(|_| parts.is_truncated == Some(true))
                .and_then(|marker| marker.parse().ok()),
            parts: parts
                .parts
                .iter()
                .flatten()
                .map(|part| ObjectPart {
                    part_number: number(part.part_number),
                    size: convert::length(part.size),
                    checksum: checksum_of!(part),
                })
                .collect(),
        }),
    })
}

pub(crate) async fn restore(
    ctx: &AwsCtx,
    bucket: &Bucket,
    key: &ObjectKey,
    options: RestoreObjectOptions,
) -> Result<RestoreOutcome, Error> {
    let version = convert::version_id(options.version_id)?;
    let days = i32::try_from(options.days).ok().filter(|days| *days > 0);
    let days =
        days.ok_or_else(|| Error::InvalidArgument("the days of a restore are 1 or more".to_owned()))?;
    let tier = match options.tier {
        None | Some(RestoreTier::Standard) => Tier::Standard,
        Some(RestoreTier::Bulk) => Tier::Bulk,
        Some(RestoreTier::Expedited) => Tier::Expedited,
    };
    let incomplete = |_| Error::InvalidArgument("the request cannot be made of these arguments".to_owned());
    let parameters = GlacierJobParameters::builder().tier(tier).build().map_err(incomplete)?;
    let request = RestoreRequest::builder().days(days).glacier_job_parameters(parameters).build();

    let operation = S3Operation::RestoreObject { bucket: bucket.arn(), key, version: version.as_deref() };
    let mut permit = ctx.gate().s3(operation).await?;
    let request = permit
        .client
        .restore_object()
        .bucket(bucket.name())
        .set_expected_bucket_owner(bucket.owner())
        .key(key.as_str())
        .set_version_id(version)
        .restore_request(request)
        .send();
    let answer = permit.call.observe(request).await;
    match answer {
        Ok(_) => {
            permit.call.succeed();
            Ok(RestoreOutcome::Accepted)
        }
        Err(error) if error.as_service_error().and_then(|e| e.code()) == Some("RestoreAlreadyInProgress") => {
            permit.call.succeed();
            Ok(RestoreOutcome::InProgress)
        }
        Err(error) => Err(hide_absence(ctx, bucket, settle(&mut permit.call, &error))),
    }
}
