use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Stream;
use http::{Extensions, HeaderValue, StatusCode};
use s3s::dto::{
    ChecksumMode, ETag, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput, StorageClass,
    StreamingBlob,
};
use s3s::stream::{ByteStream, RemainingLength};
use s3s::{S3ErrorCode, S3Request, S3Response, S3Result, StdError};

use super::bucket::bucket_in;
use super::checksum::{Checksum, ChecksumKind, with_checksum};
use super::conditions::ReadConditions;
use super::customer_key::customer_key_headers;
use super::details::with_details;
use super::error::{custom, deleted, error, error_with};
use super::object::{Object, ObjectPart};
use super::restore::{check_active, restore_header};
use super::store::Bucket;
use super::versions::{Version, is_version_id};
use super::wire::{answered_expires, with_status};
use crate::fake::Shared;

/// How much of a body is sent at once. About what a socket would give.
const CHUNK: usize = 64 * 1024;

/// What the answers to GET and HEAD say about an object and the part of it that is asked for.
macro_rules! described {
    ($output:ident, $found:expr, $part:expr, $mode:expr, $now:expr) => {{
        let (object, part): (&Object, &Part<'_>) = (&$found.object, &$part);
        let headers = object.headers.clone();
        let checksum = part.checksum(object, $mode.as_ref());
        with_checksum!($output, checksum, {
            accept_ranges: Some("bytes".to_owned()),
            checksum_type: checksum.map(|_| object.checksum.type_of()),
            content_length: i64::try_from(part.bytes.len()).ok(),
            content_range: part.content_range.clone(),
            content_type: Some(object.content_type().to_owned()),
            content_encoding: headers.content_encoding,
            content_language: headers.content_language,
            content_disposition: headers.content_disposition,
            cache_control: headers.cache_control,
            website_redirect_location: headers.website_redirect_location,
            storage_class: headers
                .storage_class
                .filter(|class| class != StorageClass::STANDARD)
                .map(StorageClass::from),
            metadata: Some(headers.metadata.into_iter().collect()),
            e_tag: Some(ETag::Strong(object.etag.clone())),
            last_modified: Some(object.last_modified.into()),
            object_lock_mode: object.lock.mode(),
            object_lock_retain_until_date: object.lock.until(),
            object_lock_legal_hold_status: object.lock.legal_hold(),
            parts_count: part.parts_count,
            restore: restore_header(object, $now),
            server_side_encryption: object.encryption.header(),
            sse_customer_algorithm: object.encryption.customer_algorithm(),
            sse_customer_key_md5: object.encryption.customer_key_md5.clone(),
            ssekms_key_id: object.encryption.kms_key_id.clone(),
            bucket_key_enabled: object.encryption.bucket_key(),
            version_id: $found.version_id.clone(),
            expiration: $found.expiration.clone(),
            ..$output::default()
        })
    }};
}

pub(crate) fn get_object(
    shared: &Shared,
    request: S3Request<GetObjectInput>,
) -> S3Result<S3Response<GetObjectOutput>> {
    let (input, extensions) = (request.input, request.extensions);
    let key = customer_key_headers!(input).key()?;
    let found = find(shared, &input.bucket, &input.key, input.version_id.as_deref())?;
    found.object.check_key(key.as_ref())?;
    let now = shared.clock.now();
    check_active(&found.object, now)?;
    let conditions = ReadConditions {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
        if_modified_since: input.if_modified_since,
        if_unmodified_since: input.if_unmodified_since,
    };
    conditions.check(&found.object)?;
    let part = Part::of(&found.object, input.range, input.part_number)?;
    let body = found.object.body.slice(part.bytes.clone());
    let mut output = described!(GetObjectOutput, found, part, input.checksum_mode, now);
    output.body = Some(StreamingBlob::new(Chunks(body)));
    output.tag_count = i32::try_from(found.object.tags.len()).ok().filter(|count| *count > 0);
    Ok(with_expires(S3Response::new(output), &extensions, &found.object))
}

pub(crate) fn head_object(
    shared: &Shared,
    request: S3Request<HeadObjectInput>,
) -> S3Result<S3Response<HeadObjectOutput>> {
    let (input, extensions) = (request.input, request.extensions);
    let key = customer_key_headers!(input).key()?;
    let found = find(shared, &input.bucket, &input.key, input.version_id.as_deref())?;
    found.object.check_key(key.as_ref())?;
    let conditions = ReadConditions {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
        if_modified_since: input.if_modified_since,
        if_unmodified_since: input.if_unmodified_since,
    };
    conditions.check(&found.object)?;
    let part = Part::of(&found.object, input.range, input.part_number)?;
    let mut output = described!(HeadObjectOutput, found, part, input.checksum_mode, shared.clock.now());
    // Those of a GET are the doing of s3s.
    output.content_type = input.response_content_type.or(output.content_type);
    output.content_encoding = input.response_content_encoding.or(output.content_encoding);
    output.content_language = input.response_content_language.or(output.content_language);
    output.content_disposition = input.response_content_disposition.or(output.content_disposition);
    output.cache_control = input.response_cache_control.or(output.cache_control);
    let status = if part.content_range.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let mut response = with_expires(with_status(output, status), &extensions, &found.object);
    if !found.object.tags.is_empty() {
        response.headers.insert("x-amz-tagging-count", HeaderValue::from(found.object.tags.len()));
    }
    Ok(response)
}

fn with_expires<T>(mut response: S3Response<T>, extensions: &Extensions, object: &Object) -> S3Response<T> {
    if let Some(expires) = answered_expires(extensions, object.headers.expires.as_ref()) {
        response.headers.insert(http::header::EXPIRES, expires);
    }
    response
}

/// The object that a request names.
pub(crate) struct Found {
    pub(crate) object: Arc<Object>,
    /// Its version id as the answer shows it.
    pub(crate) version_id: Option<String>,
    /// `x-amz-expiration`, of the current version where none is named.
    pub(crate) expiration: Option<String>,
}

/// The object that a request names, or why there is none.
pub(crate) fn find(shared: &Shared, bucket: &str, key: &str, version: Option<&str>) -> S3Result<Found> {
    let buckets = shared.store.lock();
    let bucket = bucket_in(&buckets, bucket)?;
    let object = find_in(bucket, key, version)?;
    let expiration = match version {
        None => bucket.configuration.expiration_of(key, &object),
        Some(_) => None,
    };
    Ok(Found { version_id: bucket.shown_id(object.version_id.as_ref()), expiration, object })
}

/// [`find`] in a bucket.
pub(crate) fn find_in(bucket: &Bucket, key: &str, version: Option<&str>) -> S3Result<Arc<Object>> {
    let Some(id) = version else {
        return match bucket.versions(key).next() {
            Some(Version::Object(object)) => Ok(object),
            Some(Version::DeleteMarker(marker)) => Err(deleted(S3ErrorCode::NoSuchKey, &marker)),
            None => Err(error(S3ErrorCode::NoSuchKey)),
        };
    };
    check_version_id(id)?;
    match bucket.versions(key).find(|version| version.id() == id) {
        Some(Version::Object(object)) => Ok(object),
        Some(Version::DeleteMarker(marker)) => Err(deleted(S3ErrorCode::MethodNotAllowed, &marker)),
        None => Err(error(S3ErrorCode::NoSuchVersion)),
    }
}

pub(crate) fn check_version_id(id: &str) -> S3Result {
    if is_version_id(id) {
        Ok(())
    } else {
        Err(error_with(S3ErrorCode::InvalidArgument, "Invalid version id specified"))
    }
}

/// The part of an object that is asked for, by range or by number.
struct Part<'a> {
    bytes: Range<usize>,
    /// Only if a part was asked for.
    content_range: Option<String>,
    /// Only if a part of an object in parts was asked for by number.
    parts_count: Option<i32>,
    numbered: Option<&'a ObjectPart>,
}

impl<'a> Part<'a> {
    fn of(object: &'a Object, range: Option<s3s::dto::Range>, number: Option<i32>) -> S3Result<Self> {
        let size = object.size();
        let mut numbered = None;
        let bytes = match (range, number) {
            (Some(_), Some(_)) => {
                let message = "Cannot specify both Range header and partNumber query parameter";
                return Err(error_with(S3ErrorCode::InvalidRequest, message));
            }
            // Nothing in an empty object satisfies a range, not even its last bytes.
            (Some(_), None) if size == 0 => return Err(unsatisfiable(size)),
            (Some(range), None) => range.check(size).map_err(|_| unsatisfiable(size))?,
            (None, Some(number)) if !object.parts.is_empty() => {
                let (bytes, part) = numbered_part(object, number)?;
                numbered = Some(part);
                bytes
            }
            // An object that came in one piece is its own first part.
            (None, None | Some(1)) => 0..size,
            (None, Some(_)) => return Err(invalid_part_number()),
        };
        let partial = size > 0 && (range.is_some() || number.is_some());
        let content_range =
            partial.then(|| format!("bytes {}-{}/{size}", bytes.start, bytes.end.saturating_sub(1)));
        let index = |byte: u64| usize::try_from(byte).unwrap_or(object.body.len());
        let parts_count = numbered.and_then(|_| i32::try_from(object.parts.len()).ok());
        Ok(Self { bytes: index(bytes.start)..index(bytes.end), content_range, parts_count, numbered })
    }

    /// The checksum of a numbered part is its own. That of the object is over the whole, and so goes only with the whole.
    fn checksum(&self, object: &'a Object, mode: Option<&ChecksumMode>) -> Option<&'a Checksum> {
        mode.filter(|mode| mode.as_str() == ChecksumMode::ENABLED)?;
        match self.numbered {
            Some(part) if object.parts.len() > 1 || object.checksum.kind == ChecksumKind::Composite => {
                part.checksum.as_ref()
            }
            _ => (self.bytes.len() == object.body.len()).then_some(&object.checksum),
        }
    }
}

fn numbered_part(object: &Object, number: i32) -> S3Result<(Range<u64>, &ObjectPart)> {
    let mut start = 0;
    for part in &object.parts {
        if i32::from(part.number) == number {
            return Ok((start..start + part.size, part));
        }
        start += part.size;
    }
    Err(invalid_part_number())
}

fn unsatisfiable(size: u64) -> s3s::S3Error {
    with_details(error(S3ErrorCode::InvalidRange), &[("ActualObjectSize", &size.to_string())])
}

fn invalid_part_number() -> s3s::S3Error {
    custom("InvalidPartNumber", StatusCode::RANGE_NOT_SATISFIABLE)
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
