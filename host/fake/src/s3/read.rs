use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Stream;
use http::StatusCode;
use s3s::dto::{
    ChecksumMode, ChecksumType, ETag, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput,
    ServerSideEncryption, StorageClass, StreamingBlob, Timestamp,
};
use s3s::stream::{ByteStream, RemainingLength};
use s3s::{S3ErrorCode, S3Request, S3Response, S3Result, StdError};

use super::checksum::{Checksum, ChecksumAlgorithm};
use super::conditions::ReadConditions;
use super::error::{custom, error, error_with, not_implemented};
use super::object::Object;
use crate::fake::Shared;

/// How much of a body is sent at once. About what a socket would give.
const CHUNK: usize = 64 * 1024;

pub(crate) fn get_object(
    shared: &Shared,
    request: S3Request<GetObjectInput>,
) -> S3Result<S3Response<GetObjectOutput>> {
    let input = request.input;
    if input.sse_customer_key.is_some() {
        return Err(not_implemented("encryption with customer keys"));
    }
    let object = find(shared, &input.bucket, &input.key, input.version_id.as_deref())?;
    check_active(&object)?;
    let conditions = ReadConditions {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
        if_modified_since: input.if_modified_since,
        if_unmodified_since: input.if_unmodified_since,
    };
    conditions.check(&object)?;
    let part = Part::of(&object, input.range, input.part_number)?;
    let checksum = part.checksum(&object, input.checksum_mode.as_ref());
    let body = object.body.slice(part.bytes.clone());
    let headers = object.headers.clone();
    Ok(S3Response::new(GetObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        content_length: i64::try_from(body.len()).ok(),
        content_range: part.content_range,
        body: Some(StreamingBlob::new(Chunks(body))),
        checksum_crc32: value(checksum, ChecksumAlgorithm::Crc32),
        checksum_crc32c: value(checksum, ChecksumAlgorithm::Crc32c),
        checksum_crc64nvme: value(checksum, ChecksumAlgorithm::Crc64Nvme),
        checksum_sha1: value(checksum, ChecksumAlgorithm::Sha1),
        checksum_sha256: value(checksum, ChecksumAlgorithm::Sha256),
        checksum_type: checksum.map(|_| ChecksumType::from_static(ChecksumType::FULL_OBJECT)),
        content_type: Some(object.content_type().to_owned()),
        content_encoding: headers.content_encoding,
        content_language: headers.content_language,
        content_disposition: headers.content_disposition,
        cache_control: headers.cache_control,
        expires: headers.expires.map(Timestamp::from),
        website_redirect_location: headers.website_redirect_location,
        storage_class: headers
            .storage_class
            .filter(|class| class != StorageClass::STANDARD)
            .map(StorageClass::from),
        metadata: Some(headers.metadata.into_iter().collect()),
        e_tag: Some(ETag::Strong(object.etag.clone())),
        last_modified: Some(object.last_modified.into()),
        server_side_encryption: Some(ServerSideEncryption::from_static(ServerSideEncryption::AES256)),
        ..GetObjectOutput::default()
    }))
}

pub(crate) fn head_object(
    shared: &Shared,
    request: S3Request<HeadObjectInput>,
) -> S3Result<S3Response<HeadObjectOutput>> {
    let input = request.input;
    let object = find(shared, &input.bucket, &input.key, input.version_id.as_deref())?;
    let conditions = ReadConditions {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
        if_modified_since: input.if_modified_since,
        if_unmodified_since: input.if_unmodified_since,
    };
    conditions.check(&object)?;
    let part = Part::of(&object, input.range, input.part_number)?;
    let checksum = part.checksum(&object, input.checksum_mode.as_ref());
    let headers = object.headers.clone();
    let status = if part.content_range.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let output = HeadObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        content_length: i64::try_from(part.bytes.len()).ok(),
        content_range: part.content_range.clone(),
        checksum_crc32: value(checksum, ChecksumAlgorithm::Crc32),
        checksum_crc32c: value(checksum, ChecksumAlgorithm::Crc32c),
        checksum_crc64nvme: value(checksum, ChecksumAlgorithm::Crc64Nvme),
        checksum_sha1: value(checksum, ChecksumAlgorithm::Sha1),
        checksum_sha256: value(checksum, ChecksumAlgorithm::Sha256),
        checksum_type: checksum.map(|_| ChecksumType::from_static(ChecksumType::FULL_OBJECT)),
        content_type: Some(input.response_content_type.unwrap_or_else(|| object.content_type().to_owned())),
        content_encoding: input.response_content_encoding.or(headers.content_encoding),
        content_language: input.response_content_language.or(headers.content_language),
        content_disposition: input.response_content_disposition.or(headers.content_disposition),
        cache_control: input.response_cache_control.or(headers.cache_control),
        expires: input.response_expires.or(headers.expires.map(Timestamp::from)),
        website_redirect_location: headers.website_redirect_location,
        storage_class: headers
            .storage_class
            .filter(|class| class != StorageClass::STANDARD)
            .map(StorageClass::from),
        metadata: Some(headers.metadata.into_iter().collect()),
        e_tag: Some(ETag::Strong(object.etag.clone())),
        last_modified: Some(object.last_modified.into()),
        server_side_encryption: Some(ServerSideEncryption::from_static(ServerSideEncryption::AES256)),
        ..HeadObjectOutput::default()
    };
    Ok(S3Response::with_status(output, status))
}

/// The object that a request names, or why there is none.
pub(crate) fn find(shared: &Shared, bucket: &str, key: &str, version: Option<&str>) -> S3Result<Arc<Object>> {
    let buckets = shared.store.lock();
    let bucket = buckets.get(bucket).ok_or_else(|| error(S3ErrorCode::NoSuchBucket))?;
    check_version(version)?;
    bucket.objects.get(key).cloned().ok_or_else(|| error(S3ErrorCode::NoSuchKey))
}

/// Without versioning there is one version, and its id is `null`.
pub(crate) fn check_version(version: Option<&str>) -> S3Result {
    match version {
        None | Some("null") => Ok(()),
        Some(_) => Err(error_with(S3ErrorCode::InvalidArgument, "Invalid version id specified")),
    }
}

/// An archived object cannot be read before it is restored.
pub(crate) fn check_active(object: &Object) -> S3Result {
    match object.headers.storage_class.as_deref() {
        Some(StorageClass::GLACIER | StorageClass::DEEP_ARCHIVE) => {
            Err(error(S3ErrorCode::InvalidObjectState))
        }
        _ => Ok(()),
    }
}

/// The part of an object that is asked for.
struct Part {
    bytes: Range<usize>,
    /// Only if a part was asked for.
    content_range: Option<String>,
}

impl Part {
    fn of(object: &Object, range: Option<s3s::dto::Range>, part_number: Option<i32>) -> S3Result<Self> {
        let size = object.size();
        let bytes = match (range, part_number) {
            (Some(_), Some(_)) => {
                let message = "Cannot specify both Range header and partNumber query parameter";
                return Err(error_with(S3ErrorCode::InvalidRequest, message));
            }
            // Nothing in an empty object satisfies a range, not even its last bytes.
            (Some(_), None) if size == 0 => return Err(error(S3ErrorCode::InvalidRange)),
            (Some(range), None) => range.check(size).map_err(|_| error(S3ErrorCode::InvalidRange))?,
            // An object of one upload is its own first part.
            (None, Some(1)) if size > 0 => 0..size,
            (None, None | Some(1)) => return Ok(Self { bytes: 0..object.body.len(), content_range: None }),
            (None, Some(_)) => {
                return Err(custom("InvalidPartNumber", StatusCode::RANGE_NOT_SATISFIABLE));
            }
        };
        let content_range = Some(format!("bytes {}-{}/{size}", bytes.start, bytes.end.saturating_sub(1)));
        let index = |byte: u64| usize::try_from(byte).unwrap_or(object.body.len());
        Ok(Self { bytes: index(bytes.start)..index(bytes.end), content_range })
    }

    /// The checksum is over the whole object, and so goes only with the whole.
    fn checksum<'a>(&self, object: &'a Object, mode: Option<&ChecksumMode>) -> Option<&'a Checksum> {
        let enabled = mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED);
        (enabled && self.bytes.len() == object.body.len()).then_some(&object.checksum)
    }
}

fn value(checksum: Option<&Checksum>, algorithm: ChecksumAlgorithm) -> Option<String> {
    checksum.and_then(|checksum| checksum.value_of(algorithm))
}

/// Bytes that go out piece by piece, none of them copied.
struct Chunks(Bytes);

impl Stream for Chunks {
    type Item = Result<Bytes, StdError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.0.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.0.len().min(CHUNK);
        Poll::Ready(Some(Ok(self.0.split_to(length))))
    }
}

impl ByteStream for Chunks {
    fn remaining_length(&self) -> RemainingLength {
        RemainingLength::new_exact(self.0.len())
    }
}
