use s3s::dto::{
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject,
    ETagCondition, Error, ObjectIdentifier,
};
use s3s::path::check_key;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use super::access::{Thing, check_delete};
use super::bucket::{bucket_mut, context};
use super::conditions::{Write, check_write, matches};
use super::details::with_details;
use super::error::error;
use super::facts::Asked;
use super::lock::Bypass;
use super::notifications::{Happening, tell};
use super::read::check_version_id;
use super::store::Bucket;
use super::versions::{NULL, Version};
use crate::fake::Shared;
use crate::layer::RequestContext;

/// The most keys of one `DeleteObjects`.
const MAX_KEYS: usize = 1000;

pub(crate) fn delete_object(
    shared: &Shared,
    request: S3Request<DeleteObjectInput>,
) -> S3Result<S3Response<DeleteObjectOutput>> {
    let context = context(&request);
    let input = request.input;
    // Of general purpose buckets only the current version can be deleted on condition, and of its ETag alone.
    let refused = [
        ("If-Match", input.if_match.is_some() && input.version_id.is_some()),
        ("x-amz-if-match-size", input.if_match_size.is_some()),
        ("x-amz-if-match-last-modified-time", input.if_match_last_modified_time.is_some()),
    ];
    if let Some((header, _)) = refused.into_iter().find(|(_, is_there)| *is_there) {
        return Err(with_details(error(S3ErrorCode::NotImplemented), &[("Header", header)]));
    }
    let mut buckets = shared.store.lock();
    let bucket = bucket_mut(&mut buckets, &input.bucket)?;
    let bypass = Bypass::of(input.bypass_governance_retention);
    let version = input.version_id.as_deref();
    let deleted = remove(shared, bucket, &input.key, version, input.if_match.as_ref(), bypass)?;
    deleted.tell(shared, &context, &input.bucket, bucket);
    let output = DeleteObjectOutput {
        delete_marker: deleted.marker.then_some(true),
        version_id: deleted.version_id,
        ..DeleteObjectOutput::default()
    };
    Ok(S3Response::new(output))
}

pub(crate) fn delete_objects(
    shared: &Shared,
    request: S3Request<DeleteObjectsInput>,
) -> S3Result<S3Response<DeleteObjectsOutput>> {
    let context = context(&request);
    let asked = Asked { shared, context: &context, headers: &request.headers, query: request.uri.query() };
    let input = request.input;
    let mut buckets = shared.store.lock();
    let bucket = bucket_mut(&mut buckets, &input.bucket)?;
    if input.delete.objects.is_empty() || input.delete.objects.len() > MAX_KEYS {
        return Err(error(S3ErrorCode::MalformedXML));
    }
    let bypass = Bypass::of(input.bypass_governance_retention);
    let quiet = input.delete.quiet.unwrap_or(false);
    let (mut deleted, mut errors) = (Vec::new(), Vec::new());
    for object in input.delete.objects {
        match delete_one(asked, &input.bucket, bucket, &object, bypass) {
            Ok(_) if quiet => {}
            Ok(one) => deleted.push(DeletedObject {
                delete_marker: one.marker.then_some(true),
                delete_marker_version_id: one.version_id.filter(|_| one.marker),
                key: Some(object.key),
                version_id: object.version_id,
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

/// What a delete did, as its answer says it.
struct Deleted {
    /// Whether it made a delete marker, or removed one.
    marker: bool,
    /// The version that it made or removed.
    version_id: Option<String>,
    /// None where nothing was there.
    happening: Option<Happening>,
}

impl Deleted {
    fn tell(&self, shared: &Shared, context: &RequestContext, name: &str, bucket: &Bucket) {
        if let Some(happening) = &self.happening {
            tell(shared, context, name, bucket, happening);
        }
    }
}

fn delete_one(
    asked: Asked<'_>,
    name: &str,
    bucket: &mut Bucket,
    object: &ObjectIdentifier,
    bypass: Bypass,
) -> Result<Deleted, S3Error> {
    if object.last_modified_time.is_some() || object.size.is_some() {
        return Err(error(S3ErrorCode::NotImplemented));
    }
    if !check_key(&object.key) {
        return Err(error(S3ErrorCode::KeyTooLongError));
    }
    let if_match = object.e_tag.clone().map(ETagCondition::ETag);
    // An empty element is none.
    let version = object.version_id.as_deref().filter(|id| !id.is_empty());
    check_delete(asked, Thing { bucket, name, key: Some(&object.key), version, prefix: None })?;
    let deleted = remove(asked.shared, bucket, &object.key, version, if_match.as_ref(), bypass)?;
    deleted.tell(asked.shared, asked.context, name, bucket);
    Ok(deleted)
}

/// Deleting what is not there succeeds, unless a condition asks for it.
fn remove(
    shared: &Shared,
    bucket: &mut Bucket,
    key: &str,
    version: Option<&str>,
    if_match: Option<&ETagCondition>,
    bypass: Bypass,
) -> Result<Deleted, S3Error> {
    let Some(id) = version else {
        check_write(Write::Delete, if_match, None, bucket.object(key))?;
        let was_there = bucket.object(key).is_some();
        let marker = bucket.delete(key, shared.clock.now(), &shared.ids);
        let version_id =
            marker.as_ref().map(|marker| marker.version_id.clone().unwrap_or_else(|| NULL.to_owned()));
        let happening = match &marker {
            Some(_) => Some(Happening::marked(key, version_id.clone())),
            None => was_there.then(|| Happening::removed(key, None)),
        };
        return Ok(Deleted { marker: marker.is_some(), version_id, happening });
    };
    check_version_id(id)?;
    if let Some(condition) = if_match {
        match bucket.versions(key).find(|version| version.id() == id) {
            Some(Version::Object(object)) if matches(condition, &object) => {}
            Some(_) => return Err(error(S3ErrorCode::PreconditionFailed)),
            None => return Err(error(S3ErrorCode::NoSuchVersion)),
        }
    }
    if let Some(Version::Object(object)) = bucket.versions(key).find(|version| version.id() == id) {
        object.lock.check_delete(shared.clock.now(), bypass)?;
    }
    let removed = bucket.delete_version(key, id);
    Ok(Deleted {
        happening: removed.is_some().then(|| Happening::removed(key, Some(id.to_owned()))),
        marker: removed.is_some_and(|version| version.is_delete_marker()),
        version_id: Some(id.to_owned()),
    })
}
