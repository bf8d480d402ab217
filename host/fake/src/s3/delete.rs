use http::StatusCode;
use s3s::dto::{
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject,
    ETagCondition, Error, ObjectIdentifier,
};
use s3s::path::check_key;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use super::conditions::check_write;
use super::error::{error, not_implemented};
use super::read::check_version;
use super::store::Bucket;
use crate::fake::Shared;

/// The most keys of one `DeleteObjects`.
const MAX_KEYS: usize = 1000;

pub(crate) fn delete_object(
    shared: &Shared,
    request: S3Request<DeleteObjectInput>,
) -> S3Result<S3Response<DeleteObjectOutput>> {
    let input = request.input;
    if input.if_match_last_modified_time.is_some() || input.if_match_size.is_some() {
        return Err(not_implemented("deletes on condition of size or time"));
    }
    let mut buckets = shared.store.lock();
    let bucket = buckets.get_mut(&input.bucket).ok_or_else(|| error(S3ErrorCode::NoSuchBucket))?;
    check_version(input.version_id.as_deref())?;
    remove(bucket, &input.key, input.if_match.as_ref())?;
    Ok(S3Response::with_status(DeleteObjectOutput::default(), StatusCode::NO_CONTENT))
}

pub(crate) fn delete_objects(
    shared: &Shared,
    request: S3Request<DeleteObjectsInput>,
) -> S3Result<S3Response<DeleteObjectsOutput>> {
    let input = request.input;
    let mut buckets = shared.store.lock();
    let bucket = buckets.get_mut(&input.bucket).ok_or_else(|| error(S3ErrorCode::NoSuchBucket))?;
    if input.delete.objects.is_empty() || input.delete.objects.len() > MAX_KEYS {
        return Err(error(S3ErrorCode::MalformedXML));
    }
    let quiet = input.delete.quiet.unwrap_or(false);
    let (mut deleted, mut errors) = (Vec::new(), Vec::new());
    for object in input.delete.objects {
        match delete_one(bucket, &object) {
            Ok(()) if quiet => {}
            Ok(()) => deleted.push(DeletedObject {
                key: Some(object.key),
                version_id: object.version_id,
                ..DeletedObject::default()
            }),
            Err(reason) => errors.push(Error {
                code: Some(reason.code().as_str().to_owned()),
                message: reason.message().map(str::to_owned),
                key: Some(object.key),
                version_id: object.version_id,
            }),
        }
    }
    Ok(S3Response::new(DeleteObjectsOutput {
        deleted: Some(deleted),
        errors: Some(errors),
        ..Default::default()
    }))
}

fn delete_one(bucket: &mut Bucket, object: &ObjectIdentifier) -> Result<(), S3Error> {
    if object.last_modified_time.is_some() || object.size.is_some() {
        return Err(not_implemented("deletes on condition of size or time"));
    }
    if !check_key(&object.key) {
        return Err(error(S3ErrorCode::KeyTooLongError));
    }
    check_version(object.version_id.as_deref())?;
    remove(bucket, &object.key, object.e_tag.clone().map(ETagCondition::ETag).as_ref())
}

/// Deleting what is not there succeeds, unless a condition asks for it.
fn remove(bucket: &mut Bucket, key: &str, if_match: Option<&ETagCondition>) -> Result<(), S3Error> {
    check_write(if_match, None, bucket.objects.get(key).map(AsRef::as_ref))?;
    if bucket.objects.contains_key(key) {
        bucket.objects_mut().remove(key);
    }
    Ok(())
}
