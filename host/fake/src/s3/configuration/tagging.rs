use http::StatusCode;
use s3s::dto::{
    DeleteBucketTaggingInput, DeleteBucketTaggingOutput, GetBucketTaggingInput, GetBucketTaggingOutput,
    PutBucketTaggingInput, PutBucketTaggingOutput,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response};

use super::{Answer, change, look, missing};
use crate::fake::Shared;
use crate::s3::error::error_with;
use crate::s3::wire::with_status;

/// The most tags of a bucket.
const MAX_TAGS: usize = 50;

pub(crate) fn put_tagging(
    shared: &Shared,
    request: S3Request<PutBucketTaggingInput>,
) -> Answer<PutBucketTaggingOutput> {
    let PutBucketTaggingInput { bucket, tagging, .. } = request.input;
    let tags = tagging.tag_set;
    let mut keys: Vec<_> = tags.iter().map(|tag| tag.key.as_deref().unwrap_or_default()).collect();
    keys.sort_unstable();
    if keys.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(invalid_tag("Cannot provide multiple Tags with the same key"));
    }
    if keys.iter().any(|key| key.to_ascii_lowercase().starts_with("aws:")) {
        return Err(invalid_tag("System tags cannot be added/updated by requester"));
    }
    if keys.iter().any(|key| key.is_empty() || key.chars().count() > 128) {
        return Err(invalid_tag("The TagKey you have provided is invalid"));
    }
    if tags.len() > MAX_TAGS {
        return Err(error_with(
            S3ErrorCode::InvalidTag,
            format!("Bucket tag count cannot be greater than {MAX_TAGS}"),
        ));
    }
    // No tags are as good as none.
    let tags = Some(tags).filter(|tags| !tags.is_empty());
    change(shared, &bucket, |configuration| configuration.tags = tags)?;
    Ok(with_status(PutBucketTaggingOutput {}, StatusCode::NO_CONTENT))
}

pub(crate) fn get_tagging(
    shared: &Shared,
    request: &S3Request<GetBucketTaggingInput>,
) -> Answer<GetBucketTaggingOutput> {
    let tags = look(shared, &request.input.bucket, |configuration| configuration.tags.clone())?;
    let tag_set = tags.ok_or_else(|| missing("NoSuchTagSet", "The TagSet does not exist"))?;
    Ok(S3Response::new(GetBucketTaggingOutput { tag_set }))
}

pub(crate) fn delete_tagging(
    shared: &Shared,
    request: &S3Request<DeleteBucketTaggingInput>,
) -> Answer<DeleteBucketTaggingOutput> {
    change(shared, &request.input.bucket, |configuration| configuration.tags = None)?;
    Ok(S3Response::new(DeleteBucketTaggingOutput {}))
}

fn invalid_tag(message: &'static str) -> S3Error {
    error_with(S3ErrorCode::InvalidTag, message)
}
