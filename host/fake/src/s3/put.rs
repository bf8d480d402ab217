use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use http::StatusCode;
use s3s::dto::{
    ChecksumType, ETag, Metadata, ObjectCannedACL, PutObjectInput, PutObjectOutput, ServerSideEncryption,
    StreamingBlob,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use super::checksum::{ChecksumAlgorithm, declared, verified};
use super::conditions::check_write;
use super::error::{custom, error, error_with, not_implemented};
use super::object::{Object, ObjectHeaders};
use super::wire::check_md5;
use crate::fake::Shared;
use crate::layer::{ChunkedError, Trailers};

/// The longest object that one `PutObject` makes: 5 GiB.
const MAX_PUT: u64 = 5 * 1024 * 1024 * 1024;
/// The most user metadata, names and values together, in bytes.
const MAX_METADATA: usize = 2 * 1024;
/// The storage classes that a general-purpose bucket takes.
const STORAGE_CLASSES: [&str; 8] = [
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER",
    "GLACIER_IR",
    "DEEP_ARCHIVE",
];

pub(crate) async fn put_object(
    shared: &Shared,
    request: S3Request<PutObjectInput>,
) -> S3Result<S3Response<PutObjectOutput>> {
    let (request_headers, extensions) = (request.headers, request.extensions);
    let mut input = request.input;
    if !shared.store.lock().contains_key(&input.bucket) {
        return Err(error(S3ErrorCode::NoSuchBucket));
    }
    refuse_unsupported(&input)?;
    let headers = headers_of(&mut input)?;
    let body = read_body(input.body.take(), input.content_length).await?;

    if let Some(md5) = &input.content_md5 {
        check_md5(md5.as_bytes(), &body).map_err(|reason| {
            let code = S3ErrorCode::from_bytes(reason.code.as_bytes()).unwrap_or(S3ErrorCode::BadDigest);
            error_with(code, reason.message)
        })?;
    }
    let digest = request_headers.get("x-amz-content-sha256").and_then(|value| value.to_str().ok());
    // Sixty-four digits are a digest; anything else says that the payload is unsigned or signed in chunks.
    if let Some(digest) = digest.filter(|digest| digest.len() == 64)
        && digest != hex::encode(Sha256::digest(&body))
    {
        return Err(custom("XAmzContentSHA256Mismatch", StatusCode::BAD_REQUEST));
    }
    let trailers = extensions.get::<Trailers>().and_then(Trailers::get);
    let checksum = verified(declared(&request_headers, trailers)?, &body)?;

    let object = Object::new(body, headers, checksum, shared.clock.now());
    let output = PutObjectOutput {
        checksum_crc32: object.checksum.value_of(ChecksumAlgorithm::Crc32),
        checksum_crc32c: object.checksum.value_of(ChecksumAlgorithm::Crc32c),
        checksum_crc64nvme: object.checksum.value_of(ChecksumAlgorithm::Crc64Nvme),
        checksum_sha1: object.checksum.value_of(ChecksumAlgorithm::Sha1),
        checksum_sha256: object.checksum.value_of(ChecksumAlgorithm::Sha256),
        checksum_type: Some(ChecksumType::from_static(ChecksumType::FULL_OBJECT)),
        e_tag: Some(ETag::Strong(object.etag.clone())),
        server_side_encryption: Some(ServerSideEncryption::from_static(ServerSideEncryption::AES256)),
        ..PutObjectOutput::default()
    };
    let mut buckets = shared.store.lock();
    // Looked up again: the bucket may have gone while the body came.
    let bucket = buckets.get_mut(&input.bucket).ok_or_else(|| error(S3ErrorCode::NoSuchBucket))?;
    let existing = bucket.objects.get(&input.key).map(Arc::as_ref);
    check_write(input.if_match.as_ref(), input.if_none_match.as_ref(), existing)?;
    bucket.objects_mut().insert(input.key, Arc::new(object));
    Ok(S3Response::new(output))
}

/// What would change the meaning of the object, and that the fake does not keep, is refused rather than dropped.
fn refuse_unsupported(input: &PutObjectInput) -> S3Result {
    if input.sse_customer_key.is_some() || input.sse_customer_algorithm.is_some() {
        return Err(not_implemented("encryption with customer keys"));
    }
    check_encryption(input.server_side_encryption.as_ref())?;
    check_acl(input.acl.as_ref())?;
    if input.tagging.is_some() {
        return Err(not_implemented("object tags"));
    }
    if input.object_lock_mode.is_some() || input.object_lock_legal_hold_status.is_some() {
        return Err(not_implemented("object lock"));
    }
    if input.write_offset_bytes.is_some() {
        return Err(not_implemented("appending to an object"));
    }
    check_storage_class(input.storage_class.as_ref().map(s3s::dto::StorageClass::as_str))
}

pub(crate) fn check_encryption(encryption: Option<&ServerSideEncryption>) -> S3Result {
    match encryption.map(ServerSideEncryption::as_str) {
        None | Some(ServerSideEncryption::AES256) => Ok(()),
        Some(_) => Err(not_implemented("encryption other than AES256")),
    }
}

/// Buckets have ACLs disabled, as AWS makes them: only those that say nothing are taken.
pub(crate) fn check_acl(acl: Option<&ObjectCannedACL>) -> S3Result {
    match acl.map(ObjectCannedACL::as_str) {
        None | Some(ObjectCannedACL::PRIVATE | ObjectCannedACL::BUCKET_OWNER_FULL_CONTROL) => Ok(()),
        Some(_) => Err(error(S3ErrorCode::AccessControlListNotSupported)),
    }
}

pub(crate) fn check_storage_class(class: Option<&str>) -> S3Result {
    if class.is_none_or(|class| STORAGE_CLASSES.contains(&class)) {
        Ok(())
    } else {
        Err(error(S3ErrorCode::InvalidStorageClass))
    }
}

fn headers_of(input: &mut PutObjectInput) -> S3Result<ObjectHeaders> {
    Ok(ObjectHeaders {
        content_type: input.content_type.take(),
        content_encoding: input.content_encoding.take(),
        content_language: input.content_language.take(),
        content_disposition: input.content_disposition.take(),
        cache_control: input.cache_control.take(),
        expires: input.expires.take().map(|time| OffsetDateTime::from(time).into()),
        website_redirect_location: input.website_redirect_location.take(),
        storage_class: input.storage_class.take().map(|class| class.as_str().to_owned()),
        metadata: metadata_of(input.metadata.take())?,
    })
}

pub(crate) fn metadata_of(metadata: Option<Metadata>) -> S3Result<BTreeMap<String, String>> {
    let metadata: BTreeMap<_, _> =
        metadata.into_iter().flatten().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    let size: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size > MAX_METADATA { Err(error(S3ErrorCode::MetadataTooLarge)) } else { Ok(metadata) }
}

async fn read_body(body: Option<StreamingBlob>, content_length: Option<i64>) -> S3Result<Bytes> {
    let expected = content_length.and_then(|length| u64::try_from(length).ok());
    if expected.is_some_and(|length| length > MAX_PUT) {
        return Err(error(S3ErrorCode::EntityTooLarge));
    }
    let Some(mut body) = body else {
        return if expected.unwrap_or(0) == 0 {
            Ok(Bytes::new())
        } else {
            Err(error(S3ErrorCode::IncompleteBody))
        };
    };
    let expected = expected.ok_or_else(|| error(S3ErrorCode::MissingContentLength))?;
    let (mut only, mut rest): (Option<Bytes>, Option<BytesMut>) = (None, None);
    let mut length = 0;
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|reason| body_error(reason.as_ref()))?;
        length += piece.len() as u64;
        if length > expected {
            return Err(error(S3ErrorCode::IncompleteBody));
        }
        // A body of one piece, which an in-memory upload is, stays where it is.
        match (&mut rest, only.take()) {
            (Some(rest), _) => rest.extend_from_slice(&piece),
            (None, None) => only = Some(piece),
            (None, Some(first)) => {
                let mut bytes = BytesMut::from(&first[..]);
                bytes.extend_from_slice(&piece);
                rest = Some(bytes);
            }
        }
    }
    if length < expected {
        return Err(error(S3ErrorCode::IncompleteBody));
    }
    Ok(rest.map(BytesMut::freeze).or(only).unwrap_or_default())
}

fn body_error(reason: &(dyn std::error::Error + Send + Sync + 'static)) -> S3Error {
    match reason.downcast_ref() {
        Some(ChunkedError::Malformed) => {
            error_with(S3ErrorCode::InvalidRequest, "The aws-chunked body of the request is malformed.")
        }
        Some(ChunkedError::Incomplete) | None => error(S3ErrorCode::IncompleteBody),
    }
}
