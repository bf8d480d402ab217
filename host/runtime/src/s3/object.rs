//! The operations on one object. Each reads: what is asked, may it be, send, answer.

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;

use innkeeper_policy::S3Operation;
use innkeeper_policy::arn::ObjectKey;

use crate::bindings::s3_types::{
    DeleteObjectOutput, Error, GetObjectOptions, ObjectBytes, ObjectInfo, PutObjectOptions, PutObjectOutput,
};
use crate::context::AwsCtx;
use crate::gate::CallRecord;
use crate::s3::body::Body;
use crate::s3::bucket::Bucket;
use crate::s3::{convert, settle};

pub(crate) async fn get(
    ctx: &AwsCtx,
    bucket: &Bucket,
    key: &ObjectKey,
    options: GetObjectOptions,
) -> Result<(ObjectInfo, Body), Error> {
    let (output, call) = send_get(ctx, bucket, key, options).await?;
    let info = convert::info_of_get(&output);
    Ok((info, Body::new(output.body, call)))
}

pub(crate) async fn read(
    ctx: &AwsCtx,
    bucket: &Bucket,
    key: &ObjectKey,
    max_bytes: u64,
    options: GetObjectOptions,
) -> Result<ObjectBytes, Error> {
    let (output, call) = send_get(ctx, bucket, key, options).await?;
    let info = convert::info_of_get(&output);
    let length = output.content_length.and_then(|length| u64::try_from(length).ok());
    let body = Body::new(output.body, call);
    Ok(ObjectBytes { info, bytes: body.collect(length, max_bytes, ctx.call_bytes()).await? })
}

async fn send_get(
    ctx: &AwsCtx,
    bucket: &Bucket,
    key: &ObjectKey,
    options: GetObjectOptions,
) -> Result<(GetObjectOutput, CallRecord), Error> {
    convert::check_header("if-match", options.if_match.as_ref())?;
    convert::check_header("if-none-match", options.if_none_match.as_ref())?;
    let range = options.range.map(convert::range_header).transpose()?;

    let mut permit = ctx.gate().s3(S3Operation::GetObject { bucket: bucket.arn(), key }).await?;
    let answer = permit
        .client
        .get_object()
        .bucket(bucket.name())
        .key(key.as_str())
        .set_range(range)
        .set_if_match(options.if_match)
        .set_if_none_match(options.if_none_match)
        .customize()
        .interceptor(permit.call.observer())
        .send()
        .await;
    match answer {
        Ok(output) => Ok((output, permit.call)),
        Err(error) => Err(hide_absence(ctx, bucket, settle(&mut permit.call, &error))),
    }
}

pub(crate) async fn head(ctx: &AwsCtx, bucket: &Bucket, key: &ObjectKey) -> Result<ObjectInfo, Error> {
    let mut permit = ctx.gate().s3(S3Operation::HeadObject { bucket: bucket.arn(), key }).await?;
    let answer = permit
        .client
        .head_object()
        .bucket(bucket.name())
        .key(key.as_str())
        .customize()
        .interceptor(permit.call.observer())
        .send()
        .await;
    match answer {
        Ok(output) => {
            permit.call.succeed();
            Ok(convert::info_of_head(&output))
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
    for (name, value) in [
        ("content-type", &options.content_type),
        ("cache-control", &options.cache_control),
        ("content-disposition", &options.content_disposition),
        ("content-encoding", &options.content_encoding),
        ("content-language", &options.content_language),
        ("if-match", &options.if_match),
        ("if-none-match", &options.if_none_match),
    ] {
        convert::check_header(name, value.as_ref())?;
    }
    if options.if_none_match.as_deref().is_some_and(|value| value != "*") {
        return Err(Error::InvalidArgument("if-none-match of a put can only be `*`".to_owned()));
    }
    let metadata = convert::metadata(&options)?;

    let mut permit = ctx.gate().s3(S3Operation::PutObject { bucket: bucket.arn(), key }).await?;
    permit.call.sent(body.len());
    let answer = permit
        .client
        .put_object()
        .bucket(bucket.name())
        .key(key.as_str())
        .body(ByteStream::from(body))
        .set_content_type(options.content_type)
        .set_cache_control(options.cache_control)
        .set_content_disposition(options.content_disposition)
        .set_content_encoding(options.content_encoding)
        .set_content_language(options.content_language)
        .set_metadata(Some(metadata.into_iter().collect()))
        .set_if_match(options.if_match)
        .set_if_none_match(options.if_none_match)
        .customize()
        .interceptor(permit.call.observer())
        .send()
        .await;
    match answer {
        Ok(output) => {
            permit.call.succeed();
            Ok(PutObjectOutput { etag: output.e_tag, version_id: output.version_id })
        }
        Err(error) => Err(hide_absence(ctx, bucket, settle(&mut permit.call, &error))),
    }
}

pub(crate) async fn delete(ctx: &AwsCtx, bucket: &Bucket, key: &ObjectKey) -> Result<DeleteObjectOutput, Error> {
    let mut permit = ctx.gate().s3(S3Operation::DeleteObject { bucket: bucket.arn(), key }).await?;
    let answer = permit
        .client
        .delete_object()
        .bucket(bucket.name())
        .key(key.as_str())
        .customize()
        .interceptor(permit.call.observer())
        .send()
        .await;
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
fn hide_absence(ctx: &AwsCtx, bucket: &Bucket, error: Error) -> Error {
    let listing = S3Operation::ListObjects { bucket: bucket.arn(), prefix: None, delimiter: None, max_keys: None };
    match error {
        Error::NoSuchKey if !ctx.gate().would_allow(&listing.into()) => Error::AccessDenied,
        other => other,
    }
}
