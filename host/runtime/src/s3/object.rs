//! The operations on one object. Each reads: what is asked, may it be, send, answer.

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumMode;
use bytes::Bytes;
use innkeeper_policy::S3Operation;
use innkeeper_policy::arn::ObjectKey;

use crate::bindings::s3_types::{
    DeleteObjectOptions, DeleteObjectOutput, Error, GetObjectOptions, HeadObjectOptions, ObjectBytes,
    ObjectInfo, PutObjectOptions, PutObjectOutput,
};
use crate::context::AwsCtx;
use crate::gate::CallRecord;
use crate::s3::body::Body;
use crate::s3::bucket::Bucket;
use crate::s3::convert::checksum_of;
use crate::s3::download::Origin;
use crate::s3::stored::{ChecksumOfWrite, Stored, WriteConditions, with_checksum, with_stored};
use crate::s3::{convert, settle};

pub(crate) async fn get(
    ctx: &AwsCtx,
    bucket: &Bucket,
    key: ObjectKey,
    options: GetObjectOptions,
) -> Result<(ObjectInfo, Body), Error> {
    let version = options.version_id.clone();
    let (output, call) = send_get(ctx, bucket, &key, options).await?;
    Ok(body_of(ctx, bucket, key, version, output, call))
}

pub(crate) async fn read(
    ctx: &AwsCtx,
    bucket: &Bucket,
    key: ObjectKey,
    max_bytes: u64,
    options: GetObjectOptions,
) -> Result<ObjectBytes, Error> {
    let version = options.version_id.clone();
    let (output, call) = send_get(ctx, bucket, &key, options).await?;
    let length = output.content_length.and_then(|length| u64::try_from(length).ok());
    let (info, body) = body_of(ctx, bucket, key, version, output, call);
    Ok(ObjectBytes { info, bytes: body.collect(length, max_bytes, ctx.call_bytes()).await? })
}

fn body_of(
    ctx: &AwsCtx,
    bucket: &Bucket,
    key: ObjectKey,
    version: Option<String>,
    output: GetObjectOutput,
    call: CallRecord,
) -> (ObjectInfo, Body) {
    let info = convert::info_of_get(&output);
    let span = convert::span_of_get(&output);
    let origin =
        info.etag.clone().map(|etag| Origin { ctx: ctx.clone(), bucket: bucket.clone(), key, version, etag });
    let body = Body::new(output.body, call, &info, span, origin);
    (info, body)
}

async fn send_get(
    ctx: &AwsCtx,
    bucket: &Bucket,
    key: &ObjectKey,
    options: GetObjectOptions,
) -> Result<(GetObjectOutput, CallRecord), Error> {
    let response = options.response_headers;
    for (name, value) in [
        ("if-match", &options.if_match),
        ("if-none-match", &options.if_none_match),
        ("content-type", &response.content_type),
        ("cache-control", &response.cache_control),
        ("content-disposition", &response.content_disposition),
        ("content-encoding", &response.content_encoding),
        ("content-language", &response.content_language),
    ] {
        convert::check_header(name, value.as_ref())?;
    }
    if options.range.is_some() && options.part_number.is_some() {
        return Err(Error::InvalidArgument("a range and a part cannot be asked for together".to_owned()));
    }
    let range = options.range.map(convert::range_header).transpose()?;
    let part_number = convert::part_number(options.part_number)?;
    let version = convert::version_id(options.version_id)?;
    let modified =
        options.if_modified_since.map(|time| convert::date("if-modified-since", time)).transpose()?;
    let unmodified =
        options.if_unmodified_since.map(|time| convert::date("if-unmodified-since", time)).transpose()?;
    let expires = response.expires.map(|time| convert::date("expires", time)).transpose()?;

    let operation = S3Operation::GetObject { bucket: bucket.arn(), key, version: version.as_deref() };
    let mut permit = ctx.gate().s3(operation).await?;
    let request = permit
        .client
        .get_object()
        .bucket(bucket.name())
        .set_expected_bucket_owner(bucket.owner())
        .key(key.as_str())
        .set_version_id(version)
        .set_range(range)
        .set_part_number(part_number)
        .set_if_match(options.if_match)
        .set_if_none_match(options.if_none_match)
        .set_if_modified_since(modified)
        .set_if_unmodified_since(unmodified)
        .set_response_content_type(response.content_type)
        .set_response_cache_control(response.cache_control)
        .set_response_content_disposition(response.content_disposition)
        .set_response_content_encoding(response.content_encoding)
        .set_response_content_language(response.content_language)
        .set_response_expires(expires)
        .send();
    let answer = permit.call.observe(request).await;
    match answer {
        Ok(output) => Ok((output, permit.call)),
        Err(error) => Err(hide_absence(ctx, bucket, settle(&mut permit.call, &error))),
    }
}

pub(crate) async fn head(
    ctx: &AwsCtx,
    bucket: &Bucket,
    key: &ObjectKey,
    options: HeadObjectOptions,
) -> Result<ObjectInfo, Error> {
    send_head(ctx, bucket, key, options).await.map(|output| convert::info_of_head(&output))
}

pub(crate) async fn send_head(
    ctx: &AwsCtx,
    bucket: &Bucket,
    key: &ObjectKey,
    options: HeadObjectOptions,
) -> Result<aws_sdk_s3::operation::head_object::HeadObjectOutput, Error> {
    convert::check_header("if-match", options.if_match.as_ref())?;
    convert::check_header("if-none-match", options.if_none_match.as_ref())?;
    let part_number = convert::part_number(options.part_number)?;
    let version = convert::version_id(options.version_id)?;
    let modified =
        options.if_modified_since.map(|time| convert::date("if-modified-since", time)).transpose()?;
    let unmodified =
        options.if_unmodified_since.map(|time| convert::date("if-unmodified-since", time)).transpose()?;

    let operation = S3Operation::HeadObject { bucket: bucket.arn(), key, version: version.as_deref() };
    let mut permit = ctx.gate().s3(operation).await?;
    let request = permit
        .client
        .head_object()
        .bucket(bucket.name())
        .set_expected_bucket_owner(bucket.owner())
        .key(key.as_str())
        .set_version_id(version)
        .set_part_number(part_number)
        .set_if_match(options.if_match)
        .set_if_none_match(options.if_none_match)
        .set_if_modified_since(modified)
        .set_if_unmodified_since(unmodified)
        .checksum_mode(ChecksumMode::Enabled)
        .send();
    let answer = permit.call.observe(request).await;
    match answer {
        Ok(output) => {
            permit.call.succeed();
            Ok(output)
        }
        Err(error) => Err(hide_absence(ctx, bucket, settle(&mut permit.call, &error))),
    }
}

pub(crate) async fn put(
    ctx: &AwsCtx,
    bucket: &Bucket,
    key: &ObjectKey,
    body: Vec<u8>,
    options: PutObjectOptions,
) -> Result<PutObjectOutput, Error> {
    let (stored, conditions) = Stored::of_put(ctx, options)?;
    send_put(ctx, bucket, key, Bytes::from(body), &stored, conditions).await
}

pub(crate) async fn send_put(
    ctx: &AwsCtx,
    bucket: &Bucket,
    key: &ObjectKey,
    body: Bytes,
    stored: &Stored,
    conditions: WriteConditions,
) -> Result<PutObjectOutput, Error> {
    let content_length = u64::try_from(body.len()).ok();
    let operation = S3Operation::PutObject {
        bucket: bucket.arn(),
        key,
        tags: &stored.tags,
        stored: stored.storage(),
        content_length,
    };
    let mut permit = ctx.gate().s3(operation).await?;
    permit.call.sent(body.len());
    let request = with_stored!(permit.client.put_object(), stored);
    let request = match stored.checksum.clone() {
        ChecksumOfWrite::Default => request,
        ChecksumOfWrite::Computed(algorithm) => request.checksum_algorithm(algorithm),
        ChecksumOfWrite::Given(checksum) => with_checksum!(request, checksum),
    };
    let request = request
        .bucket(bucket.name())
        .set_expected_bucket_owner(bucket.owner())
        .key(key.as_str())
        .body(ByteStream::from(body))
        .set_if_match(conditions.if_match)
        .set_if_none_match(conditions.if_none_match)
        .send();
    let answer = permit.call.observe(request).await;
    match answer {
        Ok(output) => {
            permit.call.succeed();
            let checksum = checksum_of!(output);
            Ok(PutObjectOutput { etag: output.e_tag, version_id: output.version_id, checksum })
        }
        Err(error) => Err(hide_absence(ctx, bucket, settle(&mut permit.call, &error))),
    }
}

pub(crate) async fn delete(
    ctx: &AwsCtx,
    bucket: &Bucket,
    key: &ObjectKey,
    options: DeleteObjectOptions,
) -> Result<DeleteObjectOutput, Error> {
    convert::check_header("if-match", options.if_match.as_ref())?;
    let version = convert::version_id(options.version_id)?;

    let operation = S3Operation::DeleteObject { bucket: bucket.arn(), key, version: version.as_deref() };
    let mut permit = ctx.gate().s3(operation).await?;
    let request = permit
        .client
        .delete_object()
        .bucket(bucket.name())
        .set_expected_bucket_owner(bucket.owner())
        .key(key.as_str())
        .set_version_id(version)
        .set_if_match(options.if_match)
        .send();
    let answer = permit.call.observe(request).await;
    match answer {
        Ok(output) => {
            permit.call.succeed();
            Ok(DeleteObjectOutput {
                delete_marker: output.delete_marker.unwrap_or_default(),
                version_id: output.version_id,
            })
        }
        Err(error) => Err(hide_absence(ctx, bucket, settle(&mut permit.call, &error))),
    }
}

/// What S3 does: that a key does not exist is for those who may list the bucket; all others may not see it either way.
///
/// The host's role may well be allowed to list where the guest is not, so AWS does not see to it.
pub(crate) fn hide_absence(ctx: &AwsCtx, bucket: &Bucket, error: Error) -> Error {
    let listing =
        S3Operation::ListObjects { bucket: bucket.arn(), prefix: None, delimiter: None, max_keys: None };
    match error {
        Error::NoSuchKey if !ctx.gate().would_allow(&listing.into()) => Error::AccessDenied,
        other => other,
    }
}
