use std::sync::Arc;

use s3s::dto::{ETag, PutObjectInput, PutObjectOutput};
use s3s::{S3Request, S3Response, S3Result};

use super::body::UploadBody;
use super::bucket::{bucket_in, bucket_mut, context};
use super::checksum::{Checksum, ChecksumAlgorithm, with_checksum};
use super::conditions::{Write, check_write};
use super::description::{Description, describe};
use super::error::not_implemented;
use super::notifications::{Happening, tell};
use super::object::Object;
use super::post::OfForm;
use super::wire::expires_of;
use crate::fake::Shared;

pub(crate) async fn put_object(
    shared: &Shared,
    request: S3Request<PutObjectInput>,
) -> S3Result<S3Response<PutObjectOutput>> {
    let context = context(&request);
    let (request_headers, extensions) = (request.headers, request.extensions);
    let mut input = request.input;
    let default =
        bucket_in(&shared.store.lock(), &input.bucket)?.configuration.default_encryption(shared, &context);
    if input.write_offset_bytes.is_some() {
        return Err(not_implemented("appending to an object"));
    }
    let Description { headers, tags, encryption, acl, lock } =
        describe!(input, expires_of(&extensions), shared, &context, default);
    let body = UploadBody {
        headers: &request_headers,
        extensions: &extensions,
        body: input.body.take(),
        content_length: input.content_length,
        content_md5: input.content_md5.take(),
    };
    let (body, checksum) = body.receive().await?;
    let checksum = checksum.unwrap_or_else(|| Checksum::of(ChecksumAlgorithm::Crc64Nvme, &body));
    let mut object = Object::new(body, headers, checksum, shared.clock.now()).encrypted(encryption);
    object.tags = tags;

    let mut buckets = shared.store.lock();
    // Looked up again: the bucket may have gone while the body came.
    let bucket = bucket_mut(&mut buckets, &input.bucket)?;
    object.acl = acl.of_object(&context.caller, bucket)?.map(Arc::new);
    object.lock = bucket.lock_of(lock, object.last_modified)?;
    check_write(
        Write::Put,
        input.if_match.as_ref(),
        input.if_none_match.as_ref(),
        bucket.object(&input.key),
    )?;
    let object = bucket.put(&input.key, object, &shared.ids);
    let event = if extensions.get::<OfForm>().is_some() { "ObjectCreated:Post" } else { "ObjectCreated:Put" };
    let happening = Happening::created(event, &input.key, &object);
    tell(shared, &context, &input.bucket, bucket, &happening);
    Ok(S3Response::new(with_checksum!(PutObjectOutput, Some(&object.checksum), {
        checksum_type: Some(object.checksum.type_of()),
        e_tag: Some(ETag::Strong(object.etag.clone())),
        expiration: bucket.configuration.expiration_of(&input.key, &object),
        server_side_encryption: object.encryption.header(),
        sse_customer_algorithm: object.encryption.customer_algorithm(),
        sse_customer_key_md5: object.encryption.customer_key_md5.clone(),
        ssekms_key_id: object.encryption.kms_key_id.clone(),
        bucket_key_enabled: object.encryption.bucket_key(),
        // While versioning is suspended the answer to a write names no version, though the object has the version `null`.
        version_id: object.version_id.clone(),
        ..PutObjectOutput::default()
    })))
}
