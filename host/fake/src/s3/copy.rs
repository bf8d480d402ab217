use std::sync::Arc;

use s3s::dto::{
    ChecksumType, CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, ETag, MetadataDirective,
    ServerSideEncryption, TaggingDirective,
};
use s3s::{S3ErrorCode, S3Request, S3Response, S3Result};
use time::OffsetDateTime;

use super::checksum::{Checksum, ChecksumAlgorithm};
use super::conditions::ReadConditions;
use super::error::{error, error_with, not_implemented};
use super::object::{Object, ObjectHeaders};
use super::put::{check_acl, check_encryption, check_storage_class, metadata_of};
use super::read::{check_active, find};
use crate::fake::Shared;

pub(crate) fn copy_object(
    shared: &Shared,
    request: S3Request<CopyObjectInput>,
) -> S3Result<S3Response<CopyObjectOutput>> {
    let mut input = request.input;
    refuse_unsupported(&input)?;
    let CopySource::Bucket { bucket: source_bucket, key: source_key, version_id } = &input.copy_source else {
        return Err(not_implemented("copying from an access point"));
    };
    if !shared.store.lock().contains_key(&input.bucket) {
        return Err(error(S3ErrorCode::NoSuchBucket));
    }
    let source = find(shared, source_bucket, source_key, version_id.as_deref())?;
    check_active(&source)?;
    let conditions = ReadConditions {
        if_match: input.copy_source_if_match.take(),
        if_none_match: input.copy_source_if_none_match.take(),
        if_modified_since: input.copy_source_if_modified_since.take(),
        if_unmodified_since: input.copy_source_if_unmodified_since.take(),
    };
    conditions.check_copy(&source)?;

    let replace = match input.metadata_directive.as_ref().map(MetadataDirective::as_str) {
        None | Some(MetadataDirective::COPY) => false,
        Some(MetadataDirective::REPLACE) => true,
        Some(_) => return Err(error_with(S3ErrorCode::InvalidArgument, "Unknown metadata directive.")),
    };
    let onto_itself = **source_bucket == *input.bucket && **source_key == *input.key;
    let changes = replace
        || input.storage_class.is_some()
        || input.website_redirect_location.is_some()
        || input.server_side_encryption.is_some();
    if onto_itself && !changes {
        return Err(error_with(
            S3ErrorCode::InvalidRequest,
            "This copy request is illegal because it is trying to copy an object to itself without changing the \
             object's metadata, storage class, website redirect location or encryption attributes.",
        ));
    }
    let headers = headers_of(&mut input, &source, replace)?;
    let checksum = match input.checksum_algorithm.as_ref().map(|algorithm| algorithm.as_str().to_owned()) {
        None => source.checksum.clone(),
        Some(name) => {
            let unknown =
                || error_with(S3ErrorCode::InvalidRequest, "Checksum algorithm provided is unsupported.");
            Checksum::of(ChecksumAlgorithm::parse(&name).ok_or_else(unknown)?, &source.body)
        }
    };
    let object = Arc::new(Object::new(source.body.clone(), headers, checksum, shared.clock.now()));
    let mut buckets = shared.store.lock();
    let bucket = buckets.get_mut(&input.bucket).ok_or_else(|| error(S3ErrorCode::NoSuchBucket))?;
    bucket.objects_mut().insert(input.key, Arc::clone(&object));
    Ok(S3Response::new(CopyObjectOutput {
        copy_object_result: Some(CopyObjectResult {
            checksum_crc32: object.checksum.value_of(ChecksumAlgorithm::Crc32),
            checksum_crc32c: object.checksum.value_of(ChecksumAlgorithm::Crc32c),
            checksum_crc64nvme: object.checksum.value_of(ChecksumAlgorithm::Crc64Nvme),
            checksum_sha1: object.checksum.value_of(ChecksumAlgorithm::Sha1),
            checksum_sha256: object.checksum.value_of(ChecksumAlgorithm::Sha256),
            checksum_type: Some(ChecksumType::from_static(ChecksumType::FULL_OBJECT)),
            e_tag: Some(ETag::Strong(object.etag.clone())),
            last_modified: Some(object.last_modified.into()),
        }),
        server_side_encryption: Some(ServerSideEncryption::from_static(ServerSideEncryption::AES256)),
        ..CopyObjectOutput::default()
    }))
}

fn refuse_unsupported(input: &CopyObjectInput) -> S3Result {
    if input.sse_customer_key.is_some() || input.copy_source_sse_customer_key.is_some() {
        return Err(not_implemented("encryption with customer keys"));
    }
    check_encryption(input.server_side_encryption.as_ref())?;
    check_acl(input.acl.as_ref())?;
    let replaces_tags = input
        .tagging_directive
        .as_ref()
        .is_some_and(|directive| directive.as_str() != TaggingDirective::COPY);
    if input.tagging.is_some() || replaces_tags {
        return Err(not_implemented("object tags"));
    }
    if input.object_lock_mode.is_some() || input.object_lock_legal_hold_status.is_some() {
        return Err(not_implemented("object lock"));
    }
    check_storage_class(input.storage_class.as_ref().map(s3s::dto::StorageClass::as_str))
}

/// The headers come along or are replaced, all at once; the storage class and the redirect are always the request's.
fn headers_of(input: &mut CopyObjectInput, source: &Object, replace: bool) -> S3Result<ObjectHeaders> {
    let mut headers = if replace {
        ObjectHeaders {
            content_type: input.content_type.take(),
            content_encoding: input.content_encoding.take(),
            content_language: input.content_language.take(),
            content_disposition: input.content_disposition.take(),
            cache_control: input.cache_control.take(),
            expires: input.expires.take().map(|time| OffsetDateTime::from(time).into()),
            metadata: metadata_of(input.metadata.take())?,
            ..ObjectHeaders::default()
        }
    } else {
        source.headers.clone()
    };
    headers.storage_class = input.storage_class.take().map(|class| class.as_str().to_owned());
    headers.website_redirect_location = input.website_redirect_location.take();
    Ok(headers)
}
