use http::StatusCode;
use s3s::dto::{
    DeleteBucketTaggingInput, DeleteBucketTaggingOutput, GetBucketTaggingInput, GetBucketTaggingOutput,
    PutBucketTaggingInput, PutBucketTaggingOutput, Tag,
};
use s3s::xml::{DeResult, Deserialize, DeserializeContent, Deserializer};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use super::{Answer, Configuration, change, look, missing};
use crate::fake::Shared;
use crate::s3::error::{error, error_with};
use crate::s3::wire::with_status;

/// The most tags of a bucket.
const MAX_TAGS: usize = 50;

/// `Tags` of a `CreateBucketConfiguration`, which s3s passes over.
#[derive(Clone, Debug, Default)]
pub(crate) struct TagsOfNewBucket(Vec<Tag>);

impl TagsOfNewBucket {
    /// What the document of a `CreateBucket` says of tags. There need not be one.
    pub(crate) fn read(document: &[u8]) -> S3Result<Self> {
        if document.is_empty() {
            return Ok(Self::default());
        }
        Self::deserialize(&mut Deserializer::new(document)).map_err(|_| error(S3ErrorCode::MalformedXML))
    }
}

impl<'xml> Deserialize<'xml> for TagsOfNewBucket {
    fn deserialize(d: &mut Deserializer<'xml>) -> DeResult<Self> {
        d.element(|d, _| d.content())
    }
}

impl<'xml> DeserializeContent<'xml> for TagsOfNewBucket {
    fn deserialize_content(d: &mut Deserializer<'xml>) -> DeResult<Self> {
        let mut tags = Vec::new();
        d.for_each_element(|d, name| {
            // Of another element it reads over whatever is in it, as a list of none.
            let list: Vec<Tag> = d.list_content(if name == b"Tags" { "Tag" } else { "" })?;
            tags.extend(list);
            Ok(())
        })?;
        Ok(Self(tags))
    }
}

impl Configuration {
    pub(crate) fn tag_new_bucket(&mut self, tags: TagsOfNewBucket) -> S3Result {
        self.tags = checked(tags.0)?;
        Ok(())
    }
}

pub(crate) fn put_tagging(
    shared: &Shared,
    request: S3Request<PutBucketTaggingInput>,
) -> Answer<PutBucketTaggingOutput> {
    let PutBucketTaggingInput { bucket, tagging, .. } = request.input;
    let tags = checked(tagging.tag_set)?;
    change(shared, &bucket, |configuration| configuration.tags = tags)?;
    Ok(with_status(PutBucketTaggingOutput {}, StatusCode::NO_CONTENT))
}

/// The tags, if a bucket can have them. None is what no tags are.
fn checked(tags: Vec<Tag>) -> S3Result<Option<Vec<Tag>>> {
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
    Ok(Some(tags).filter(|tags| !tags.is_empty()))
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
