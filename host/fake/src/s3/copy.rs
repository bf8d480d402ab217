use std::sync::Arc;

use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, ETag, MetadataDirective,
    TaggingDirective,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use super::access::{Thing, check_source};
use super::body::MAX_BODY;
use super::bucket::{bucket_in, bucket_mut, context};
use super::checksum::{Checksum, ChecksumAlgorithm, ChecksumKind, with_checksum};
use super::conditions::{ReadConditions, Write, check_write, conditions_of_destination};
use super::customer_key::{CustomerKey, customer_key_headers};
use super::description::{Description, describe};
use super::details::with_details;
use super::error::{error, error_with, not_implemented};
use super::facts::Asked;
use super::notifications::{Happening, tell};
use super::object::{Object, ObjectHeaders};
use super::read::{Found, find_in};
use super::restore::check_active;
use super::wire::expires_of;
use crate::fake::Shared;

pub(crate) fn copy_object(
    shared: &Shared,
    request: S3Request<CopyObjectInput>,
) -> S3Result<S3Response<CopyObjectOutput>> {
    let (context, expires) = (context(&request), expires_of(&request.extensions));
    let mut input = request.input;
    let (default, is_encryption_set) = {
        let buckets = shared.store.lock();
        let configuration = &bucket_in(&buckets, &input.bucket)?.configuration;
        (configuration.default_encryption(shared, &context), configuration.is_encryption_set())
    };
    let changes = input.storage_class.is_some()
        || input.website_redirect_location.is_some()
        || input.server_side_encryption.is_some()
        || input.sse_customer_key.is_some()
        // The same default, if somebody has set it, is a change to S3.
        || is_encryption_set;
    let described = describe!(input, expires, shared, &context, default);
    let replace_metadata =
        directive("metadata", input.metadata_directive.as_ref().map(MetadataDirective::as_str))?;
    let replace_tags = directive("tagging", input.tagging_directive.as_ref().map(TaggingDirective::as_str))?;
    let conditions = ReadConditions {
        if_match: input.copy_source_if_match.take(),
        if_none_match: input.copy_source_if_none_match.take(),
        if_modified_since: input.copy_source_if_modified_since.take(),
        if_unmodified_since: input.copy_source_if_unmodified_since.take(),
    };
    let owner = input.expected_source_bucket_owner.as_deref();
    let key = customer_key_headers!(input, source).key()?;
    let asked = Asked { shared, context: &context, headers: &request.headers, query: request.uri.query() };
    let source = source_of(asked, &input.copy_source, owner, key.as_ref(), conditions)?;
    if source.object.size() > MAX_BODY {
        return Err(error_with(
            S3ErrorCode::InvalidRequest,
            format!(
                "The specified copy source is larger than the maximum allowable size for a copy source: {MAX_BODY}"
            ),
        ));
    }
    if is_onto_itself(&input) && !replace_metadata && !changes {
        return Err(error_with(
            S3ErrorCode::InvalidRequest,
            "This copy request is illegal because it is trying to copy an object to itself without changing the \
             object's metadata, storage class, website redirect location or encryption attributes.",
        ));
    }
    let checksum = checksum_of(
        &source.object,
        input.checksum_algorithm.as_ref().map(s3s::dto::ChecksumAlgorithm::as_str),
    )?;
    let (acl, lock) = (described.acl.clone(), described.lock);
    let mut object = copied(&source.object, described, replace_metadata, replace_tags, checksum, shared);

    let mut buckets = shared.store.lock();
    let bucket = bucket_mut(&mut buckets, &input.bucket)?;
    object.acl = acl.of_object(&context.caller, bucket)?.map(Arc::new);
    object.lock = bucket.lock_of(lock, object.last_modified)?;
    let (if_match, if_none_match) = conditions_of_destination(&request.headers)?;
    check_write(Write::Put, if_match.as_ref(), if_none_match.as_ref(), bucket.object(&input.key))?;
    let object = bucket.put(&input.key, object, &shared.ids);
    let happening = Happening::created("ObjectCreated:Copy", &input.key, &object);
    tell(shared, &context, &input.bucket, bucket, &happening);
    Ok(S3Response::new(CopyObjectOutput {
        copy_object_result: Some(with_checksum!(CopyObjectResult, Some(&object.checksum), {
            checksum_type: Some(object.checksum.type_of()),
            e_tag: Some(ETag::Strong(object.etag.clone())),
            last_modified: Some(object.last_modified.into()),
        })),
        copy_source_version_id: source.object.version_id.clone(),
        server_side_encryption: object.encryption.header(),
        sse_customer_algorithm: object.encryption.customer_algorithm(),
        sse_customer_key_md5: object.encryption.customer_key_md5.clone(),
        ssekms_key_id: object.encryption.kms_key_id.clone(),
        bucket_key_enabled: object.encryption.bucket_key(),
        expiration: bucket.configuration.expiration_of(&input.key, &object),
        version_id: object.version_id.clone(),
        ..CopyObjectOutput::default()
    }))
}

/// The object that a copy reads, held to its conditions. `customer_key` is that of the source.
pub(crate) fn source_of(
    asked: Asked<'_>,
    source: &CopySource,
    expected_owner: Option<&str>,
    customer_key: Option<&CustomerKey>,
    conditions: ReadConditions,
) -> S3Result<Found> {
    let shared = asked.shared;
    let alias;
    let (name, key, version) = match source {
        CopySource::Bucket { bucket, key, version_id } => (&**bucket, key, version_id),
        CopySource::AccessPoint { account_id, access_point_name, key, version_id, .. } => {
            alias = shared.store.bucket_of(&format!("{access_point_name}-{account_id}"));
            (alias.as_str(), key, version_id)
        }
        CopySource::Outpost { .. } => return Err(not_implemented("S3 on Outposts")),
    };
    let found = {
        let buckets = shared.store.lock();
        let bucket =
            bucket_in(&buckets, name).map_err(|error| with_details(error, &[("BucketName", name)]))?;
        if expected_owner.is_some_and(|owner| owner != bucket.owner.id) {
            return Err(error(S3ErrorCode::AccessDenied));
        }
        check_source(
            asked,
            Thing { bucket, name, key: Some(key), version: version.as_deref(), prefix: None },
        )?;
        let object =
            find_in(bucket, key, version.as_deref()).map_err(|error| with_details(error, &[("Key", key)]))?;
        Found { version_id: bucket.shown_id(object.version_id.as_ref()), expiration: None, object }
    };
    found.object.check_key(customer_key)?;
    check_active(&found.object, shared.clock.now()).map_err(|_| archived(&found.object))?;
    conditions.check_copy(&found.object)?;
    Ok(found)
}

/// What a copy of an archived object is answered with.
fn archived(object: &Object) -> S3Error {
    let message = "Operation is not valid for the source object's storage class";
    with_details(
        error_with(S3ErrorCode::InvalidObjectState, message),
        &[("StorageClass", object.storage_class())],
    )
}

fn is_onto_itself(input: &CopyObjectInput) -> bool {
    // Of a version, it makes that version current again.
    matches!(&input.copy_source, CopySource::Bucket { bucket, key, version_id: None } if **bucket == *input.bucket && **key == *input.key)
}

/// Whether a directive says `REPLACE`.
fn directive(what: &str, directive: Option<&str>) -> S3Result<bool> {
    match directive {
        None | Some("COPY") => Ok(false),
        Some("REPLACE") => Ok(true),
        Some(_) => Err(error_with(S3ErrorCode::InvalidArgument, format!("Unknown {what} directive."))),
    }
}

/// The checksum of the copy: the source's, unless another one is asked for, or the source's is of parts that the copy
/// does not have.
fn checksum_of(source: &Object, algorithm: Option<&str>) -> S3Result<Checksum> {
    let algorithm = match algorithm {
        None if source.checksum.kind == ChecksumKind::FullObject => return Ok(source.checksum.clone()),
        None => source.checksum.algorithm,
        Some(name) => ChecksumAlgorithm::parse(name).ok_or_else(|| {
            error_with(S3ErrorCode::InvalidRequest, "Checksum algorithm provided is unsupported.")
        })?,
    };
    Ok(Checksum::of(algorithm, &source.body))
}

/// The headers come along or are replaced, all at once, and so do the tags; the storage class, the redirect and the
/// encryption are always the request's.
fn copied(
    source: &Object,
    described: Description,
    replace_metadata: bool,
    replace_tags: bool,
    checksum: Checksum,
    shared: &Shared,
) -> Object {
    let Description { headers, tags, encryption, acl: _, lock: _ } = described;
    let headers = if replace_metadata {
        headers
    } else {
        ObjectHeaders {
            storage_class: headers.storage_class,
            website_redirect_location: headers.website_redirect_location,
            ..source.headers.clone()
        }
    };
    let mut object =
        Object::new(source.body.clone(), headers, checksum, shared.clock.now()).encrypted(encryption);
    object.tags = if replace_tags { tags } else { source.tags.clone() };
    object
}
