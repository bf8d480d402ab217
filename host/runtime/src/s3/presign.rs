//! Presigned URLs: requests that somebody else sends, with the host's signature.
//!
//! They are signed for what the guest may do itself, now, and for no longer than the manifest says. The account that a bucket is
//! expected to belong to is not bound in, since it would have to be told to whoever sends the request.

use std::time::{Duration, UNIX_EPOCH};

use aws_sdk_s3::presigning::{PresignedRequest as Signed, PresigningConfig};
use innkeeper_policy::S3Operation;
use innkeeper_policy::arn::ObjectKey;

use crate::bindings::common_types::Timestamp;
use crate::bindings::s3_types::{Error, PresignGetOptions, PresignPutOptions, PresignedRequest};
use crate::context::AwsCtx;
use crate::s3::bucket::Bucket;
use crate::s3::stored::{WriteConditions, check_checksum, with_checksum};
use crate::s3::{convert, settle};

/// The longest body of a put.
const MAX_PUT: u64 = 5 << 30;

/// The longest that a signature is good for, whatever the manifest says.
const MAX_EXPIRY: Duration = Duration::from_hours(168);

pub(crate) async fn get(
    ctx: &AwsCtx,
    bucket: &Bucket,
    key: &ObjectKey,
    options: PresignGetOptions,
) -> Result<PresignedRequest, Error> {
    let response = options.response_headers;
    for (name, value) in [
        ("content-type", &response.content_type),
        ("cache-control", &response.cache_control),
        ("content-disposition", &response.content_disposition),
        ("content-encoding", &response.content_encoding),
        ("content-language", &response.content_language),
    ] {
        convert::check_header(name, value.as_ref())?;
    }
    let expires = response.expires.map(|time| convert::date("expires", time)).transpose()?;
    let version = convert::version_id(options.version_id)?;
    let config = config(ctx, options.expires_in)?;

    let operation = S3Operation::PresignGetObject { bucket: bucket.arn(), key, version: version.as_deref() };
    let mut permit = ctx.gate().s3(operation).await?;
    let signed = permit
        .client
        .get_object()
        .bucket(bucket.name())
        .key(key.as_str())
        .set_version_id(version)
        .set_response_content_type(response.content_type)
        .set_response_cache_control(response.cache_control)
        .set_response_content_disposition(response.content_disposition)
        .set_response_content_encoding(response.content_encoding)
        .set_response_content_language(response.content_language)
        .set_response_expires(expires)
        .presigned(config.clone())
        .await;
    match signed {
        Ok(signed) => {
            permit.call.succeed();
            Ok(request(&signed, &config))
        }
        Err(error) => Err(settle(&mut permit.call, &error)),
    }
}

pub(crate) async fn put(
    ctx: &AwsCtx,
    bucket: &Bucket,
    key: &ObjectKey,
    options: PresignPutOptions,
) -> Result<PresignedRequest, Error> {
    convert::check_header("content-type", options.content_type.as_ref())?;
    let conditions = WriteConditions::new(None, options.if_none_match)?;
    if options.content_length.is_some_and(|length| length > MAX_PUT) {
        return Err(Error::EntityTooLarge);
    }
    let checksum = options.checksum.map(check_checksum).transpose()?;
    let config = config(ctx, options.expires_in)?;

    let content_length = options.content_length;
    let operation = S3Operation::PresignPutObject { bucket: bucket.arn(), key, content_length };
    let mut permit = ctx.gate().s3(operation).await?;
    let unsigned = permit
        .client
        .put_object()
        .bucket(bucket.name())
        .key(key.as_str())
        .set_content_type(options.content_type)
        .set_content_length(content_length.and_then(|length| i64::try_from(length).ok()))
        .set_if_none_match(conditions.if_none_match);
    let unsigned = match checksum {
        Some(checksum) => with_checksum!(unsigned, checksum),
        None => unsigned,
    };
    match unsigned.presigned(config.clone()).await {
        Ok(signed) => {
            permit.call.succeed();
            Ok(request(&signed, &config))
        }
        Err(error) => Err(settle(&mut permit.call, &error)),
    }
}

/// From now on, and for as long as was asked for.
fn config(ctx: &AwsCtx, expires_in: Option<u32>) -> Result<PresigningConfig, Error> {
    let limit = ctx.presigned_url_expiry().min(MAX_EXPIRY);
    let asked = expires_in.map_or(limit, |seconds| Duration::from_secs(seconds.into()));
    if asked.is_zero() || asked > limit {
        return Err(Error::InvalidArgument(format!(
            "a URL can be good for 1 to {} seconds",
            limit.as_secs()
        )));
    }
    PresigningConfig::builder()
        .start_time(ctx.gate().now())
        .expires_in(asked)
        .build()
        .map_err(|_| Error::InvalidArgument("a URL cannot be good for so long".to_owned()))
}

fn request(signed: &Signed, config: &PresigningConfig) -> PresignedRequest {
    let expires = (config.start_time() + config.expires()).duration_since(UNIX_EPOCH).unwrap_or_default();
    let headers = signed.headers().map(|(name, value)| (name.to_owned(), value.to_owned()));
    PresignedRequest {
        method: signed.method().to_owned(),
        url: signed.uri().to_owned(),
        headers: headers.collect(),
        expires: Timestamp {
            seconds: i64::try_from(expires.as_secs()).unwrap_or(i64::MAX),
            nanoseconds: expires.subsec_nanos(),
        },
    }
}
