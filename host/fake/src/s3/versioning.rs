use http::StatusCode;
use s3s::dto::{
    BucketVersioningStatus, GetBucketVersioningInput, GetBucketVersioningOutput, PutBucketVersioningInput,
    PutBucketVersioningOutput,
};
use s3s::{S3ErrorCode, S3Request, S3Response, S3Result};

use super::bucket::{bucket_in, bucket_mut};
use super::error::{custom_with, error, not_implemented};
use super::versions::Versioning;
use crate::fake::Shared;

pub(crate) fn put(
    shared: &Shared,
    request: S3Request<PutBucketVersioningInput>,
) -> S3Result<S3Response<PutBucketVersioningOutput>> {
    let input = request.input;
    let configuration = input.versioning_configuration;
    if configuration.mfa_delete.is_some_and(|mfa| mfa.as_str() == "Enabled") {
        return Err(not_implemented("MFA delete"));
    }
    let versioning = match configuration.status.as_ref().map(BucketVersioningStatus::as_str) {
        Some(BucketVersioningStatus::ENABLED) => Versioning::Enabled,
        Some(BucketVersioningStatus::SUSPENDED) => Versioning::Suspended,
        _ => return Err(error(S3ErrorCode::MalformedXML)),
    };
    let mut buckets = shared.store.lock();
    let bucket = bucket_mut(&mut buckets, &input.bucket)?;
    if versioning == Versioning::Suspended && bucket.configuration.object_lock.is_some() {
        let message = "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.";
        return Err(custom_with("InvalidBucketState", StatusCode::CONFLICT, message));
    }
    bucket.versioning = versioning;
    Ok(S3Response::new(PutBucketVersioningOutput::default()))
}

pub(crate) fn get(
    shared: &Shared,
    request: &S3Request<GetBucketVersioningInput>,
) -> S3Result<S3Response<GetBucketVersioningOutput>> {
    let status = match bucket_in(&shared.store.lock(), &request.input.bucket)?.versioning {
        Versioning::Unversioned => None,
        Versioning::Enabled => Some(BucketVersioningStatus::ENABLED),
        Versioning::Suspended => Some(BucketVersioningStatus::SUSPENDED),
    };
    let status = status.map(BucketVersioningStatus::from_static);
    Ok(S3Response::new(GetBucketVersioningOutput { status, ..GetBucketVersioningOutput::default() }))
}
