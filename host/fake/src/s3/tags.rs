use std::collections::BTreeMap;

use http::StatusCode;
use s3s::dto::{
    DeleteObjectTaggingInput, DeleteObjectTaggingOutput, GetObjectTaggingInput, GetObjectTaggingOutput,
    PutObjectTaggingInput, PutObjectTaggingOutput, Tag,
};
use s3s::{S3ErrorCode, S3Request, S3Response, S3Result};
use url::form_urlencoded;

use super::access::{Thing, check_tags};
use super::error::{custom_with, error_with};
use super::facts::Asked;
use super::notifications::{Happening, tell};
use super::read::find_in;
use crate::fake::Shared;
use crate::layer::RequestContext;
use crate::s3::bucket::{bucket_in, bucket_mut, context};

/// The most tags of an object.
const MAX_TAGS: usize = 10;
/// The longest key and value of a tag, in characters.
const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 256;

pub(crate) type Tags = BTreeMap<String, String>;

pub(crate) fn get(
    shared: &Shared,
    request: S3Request<GetObjectTaggingInput>,
) -> S3Result<S3Response<GetObjectTaggingOutput>> {
    let input = request.input;
    let buckets = shared.store.lock();
    let bucket = bucket_in(&buckets, &input.bucket)?;
    let object = find_in(bucket, &input.key, input.version_id.as_deref())?;
    let tag_set =
        object.tags.iter().map(|(key, value)| Tag { key: Some(key.clone()), value: Some(value.clone()) });
    Ok(S3Response::new(GetObjectTaggingOutput {
        tag_set: tag_set.collect(),
        version_id: bucket.shown_id(object.version_id.as_ref()),
    }))
}

pub(crate) fn put(
    shared: &Shared,
    request: S3Request<PutObjectTaggingInput>,
) -> S3Result<S3Response<PutObjectTaggingOutput>> {
    let context = context(&request);
    let asked = Asked { shared, context: &context, headers: &request.headers, query: request.uri.query() };
    let input = request.input;
    let pairs = input.tagging.tag_set.into_iter();
    let tags = checked(pairs.map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())));
    {
        let buckets = shared.store.lock();
        let bucket = bucket_in(&buckets, &input.bucket)?;
        let (key, version) = (Some(&*input.key), input.version_id.as_deref());
        let thing = Thing { bucket, name: &input.bucket, key, version, prefix: None };
        // Who may not set tags is not told what is wrong with them.
        check_tags(asked, thing, tags.as_ref().unwrap_or(&Tags::new()))?;
    }
    let tags = tags?;
    let thing = (&*input.bucket, &*input.key, input.version_id.as_deref());
    let version_id = set(shared, &context, thing, tags, "ObjectTagging:Put")?;
    Ok(S3Response::new(PutObjectTaggingOutput { version_id }))
}

pub(crate) fn delete(
    shared: &Shared,
    request: S3Request<DeleteObjectTaggingInput>,
) -> S3Result<S3Response<DeleteObjectTaggingOutput>> {
    let context = context(&request);
    let input = request.input;
    let thing = (&*input.bucket, &*input.key, input.version_id.as_deref());
    let version_id = set(shared, &context, thing, Tags::new(), "ObjectTagging:Delete")?;
    Ok(S3Response::new(DeleteObjectTaggingOutput { version_id }))
}

/// The tags of `x-amz-tagging`: a query string.
pub(crate) fn of_header(header: Option<&str>) -> S3Result<Tags> {
    let Some(header) = header else { return Ok(Tags::new()) };
    let pairs: Vec<_> = form_urlencoded::parse(header.as_bytes()).into_owned().collect();
    let mut names: Vec<&String> = pairs.iter().map(|(key, _)| key).collect();
    names.sort();
    if names.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(error_with(
            S3ErrorCode::InvalidArgument,
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name \
             duplicates.",
        ));
    }
    // In other words than of tags that are set on their own.
    if pairs.iter().any(|(key, _)| is_of_system(key)) {
        return Err(invalid("Your TagKey cannot be prefixed with aws:"));
    }
    checked(pairs.into_iter())
}

/// Sets the tags of a version of a key in a bucket, which the event tells.
fn set(
    shared: &Shared,
    context: &RequestContext,
    (name, key, version): (&str, &str, Option<&str>),
    tags: Tags,
    event: &'static str,
) -> S3Result<Option<String>> {
    let mut buckets = shared.store.lock();
    let bucket = bucket_mut(&mut buckets, name)?;
    let mut object = (*find_in(bucket, key, version)?).clone();
    object.tags = tags;
    let version_id = bucket.shown_id(object.version_id.as_ref());
    let happening = Happening::changed(event, key, &object);
    bucket.replace(key, object);
    tell(shared, context, name, bucket, &happening);
    Ok(version_id)
}

fn checked(pairs: impl Iterator<Item = (String, String)>) -> S3Result<Tags> {
    let mut tags = Tags::new();
    for (key, value) in pairs {
        if key.is_empty() || key.chars().count() > MAX_KEY || !is_tag_text(&key) {
            return Err(invalid("The TagKey you have provided is invalid"));
        }
        if is_of_system(&key) {
            return Err(invalid("System tags cannot be added/updated by requester"));
        }
        if value.chars().count() > MAX_VALUE || !is_tag_text(&value) {
            return Err(invalid("The TagValue you have provided is invalid"));
        }
        if tags.insert(key, value).is_some() {
            return Err(invalid("Cannot provide multiple Tags with the same key"));
        }
    }
    if tags.len() > MAX_TAGS {
        return Err(custom_with(
            "BadRequest",
            StatusCode::BAD_REQUEST,
            "Object tags cannot be greater than 10",
        ));
    }
    Ok(tags)
}

fn is_of_system(key: &str) -> bool {
    key.to_ascii_lowercase().starts_with("aws:")
}

fn invalid(message: &str) -> s3s::S3Error {
    error_with(S3ErrorCode::InvalidTag, message)
}

/// Letters, spaces and digits of any script, and a few marks.
fn is_tag_text(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || c == ' ' || "+-=._:/@".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(header: &str) -> Option<String> {
        of_header(Some(header)).err().map(|error| error.code().as_str().to_owned())
    }

    #[test]
    fn reads_a_query_string() {
        let tags = of_header(Some("team=a%20b+c&empty=&%C3%BC=1")).unwrap();
        let tags: Vec<_> = tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(tags, [("empty", ""), ("team", "a b c"), ("ü", "1")]);
        assert!(of_header(None).unwrap().is_empty() && of_header(Some("")).unwrap().is_empty());
    }

    #[test]
    fn holds_tags_to_their_limits() {
        let many = |count: usize| (0..count).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join("&");
        assert_eq!(code(&many(10)), None);
        assert_eq!(code(&many(11)).as_deref(), Some("BadRequest"));
        assert_eq!(code(&format!("{}=v", "k".repeat(128))), None);
        assert_eq!(code(&format!("{}=v", "k".repeat(129))).as_deref(), Some("InvalidTag"));
        assert_eq!(code(&format!("k={}", "v".repeat(256))), None);
        assert_eq!(code(&format!("k={}", "v".repeat(257))).as_deref(), Some("InvalidTag"));
        assert_eq!(code("a=1&a=2").as_deref(), Some("InvalidArgument"));
        assert_eq!(code("aws:a=1").as_deref(), Some("InvalidTag"));
        assert_eq!(code("a=%3C").as_deref(), Some("InvalidTag"));
    }
}
