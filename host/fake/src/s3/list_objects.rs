use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::{
    ChecksumType, CommonPrefix, ETag, EncodingType, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
    ListObjectsV2Output, Object as Entry, ObjectStorageClass, Owner, StorageClass,
};
use s3s::{S3ErrorCode, S3Request, S3Response, S3Result};

use super::bucket::owner;
use super::error::{error, error_with};
use super::list::{Listing, Page};
use crate::fake::Shared;

/// The most entries on a page; more may be asked for, and this many come.
const MAX_KEYS: i32 = 1000;

pub(crate) fn list_objects_v2(
    shared: &Shared,
    request: S3Request<ListObjectsV2Input>,
) -> S3Result<S3Response<ListObjectsV2Output>> {
    let input = request.input;
    let objects = {
        let buckets = shared.store.lock();
        let bucket = buckets.get(&input.bucket).ok_or_else(|| error(S3ErrorCode::NoSuchBucket))?;
        bucket.objects.clone()
    };
    let encoding = Encoding::of(input.encoding_type.as_ref())?;
    let max_keys = max_keys(input.max_keys)?;
    let prefix = input.prefix.unwrap_or_default();
    let delimiter = input.delimiter.filter(|delimiter| !delimiter.is_empty());
    let listing = format!("{}\0{prefix}\0{}", input.bucket, delimiter.as_deref().unwrap_or_default());
    let after = match &input.continuation_token {
        Some(token) => open_token(shared, &listing, token)?,
        None => input.start_after.clone().unwrap_or_default(),
    };
    let page = Listing {
        prefix: &prefix,
        delimiter: delimiter.as_deref(),
        after: &after,
        max: usize::try_from(max_keys).unwrap_or_default(),
    }
    .page(&objects);
    let owner = input.fetch_owner.unwrap_or(false).then(|| owner(shared));
    let next = page.next.as_deref().map(|next| seal_token(shared, &listing, next));
    let count = page.contents.len() + page.common_prefixes.len();
    let (contents, common_prefixes) = entries(page, encoding, owner.as_ref());
    Ok(S3Response::new(ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: Some(encoding.text(prefix)),
        max_keys: Some(max_keys),
        key_count: i32::try_from(count).ok(),
        continuation_token: input.continuation_token,
        is_truncated: Some(next.is_some()),
        next_continuation_token: next,
        contents: Some(contents),
        common_prefixes: Some(common_prefixes),
        delimiter: delimiter.map(|delimiter| encoding.text(delimiter)),
        encoding_type: input.encoding_type,
        start_after: input.start_after.map(|start| encoding.text(start)),
        ..ListObjectsV2Output::default()
    }))
}

pub(crate) fn list_objects(
    shared: &Shared,
    request: S3Request<ListObjectsInput>,
) -> S3Result<S3Response<ListObjectsOutput>> {
    let input = request.input;
    let objects = {
        let buckets = shared.store.lock();
        let bucket = buckets.get(&input.bucket).ok_or_else(|| error(S3ErrorCode::NoSuchBucket))?;
        bucket.objects.clone()
    };
    let encoding = Encoding::of(input.encoding_type.as_ref())?;
    let max_keys = max_keys(input.max_keys)?;
    let prefix = input.prefix.unwrap_or_default();
    let delimiter = input.delimiter.filter(|delimiter| !delimiter.is_empty());
    let marker = input.marker.unwrap_or_default();
    let page = Listing {
        prefix: &prefix,
        delimiter: delimiter.as_deref(),
        after: &marker,
        max: usize::try_from(max_keys).unwrap_or_default(),
    }
    .page(&objects);
    let truncated = page.next.is_some();
    // Without a delimiter the client takes the last key; S3 names the next marker only where there may be no key.
    let next_marker = page.next.clone().filter(|_| delimiter.is_some()).map(|next| encoding.text(next));
    let (contents, common_prefixes) = entries(page, encoding, Some(&owner(shared)));
    Ok(S3Response::new(ListObjectsOutput {
        name: Some(input.bucket),
        prefix: Some(encoding.text(prefix)),
        marker: Some(encoding.text(marker)),
        max_keys: Some(max_keys),
        is_truncated: Some(truncated),
        contents: Some(contents),
        common_prefixes: Some(common_prefixes),
        delimiter: delimiter.map(|delimiter| encoding.text(delimiter)),
        next_marker,
        encoding_type: input.encoding_type,
        ..ListObjectsOutput::default()
    }))
}

/// A continuation token: where to go on, tied to the listing that it came from. No other listing takes it.
pub(crate) fn seal_token(shared: &Shared, listing: &str, after: &str) -> String {
    let tag = shared.ids.tag("continuation", &format!("{listing}\0\0{after}"));
    format!("{tag}{}", BASE64_URL_SAFE_NO_PAD.encode(after))
}

pub(crate) fn open_token(shared: &Shared, listing: &str, token: &str) -> S3Result<String> {
    // The tag is nine bytes in base64.
    let opened = token.get(12..).and_then(|after| BASE64_URL_SAFE_NO_PAD.decode(after).ok());
    let after = opened.and_then(|after| String::from_utf8(after).ok());
    after.filter(|after| seal_token(shared, listing, after) == token).ok_or_else(|| {
        error_with(S3ErrorCode::InvalidArgument, "The continuation token provided is incorrect")
    })
}

fn max_keys(max_keys: Option<i32>) -> S3Result<i32> {
    match max_keys {
        None => Ok(MAX_KEYS),
        Some(keys) if keys < 0 => Err(error_with(
            S3ErrorCode::InvalidArgument,
            "Argument maxKeys must be an integer between 0 and 2147483647",
        )),
        Some(keys) => Ok(keys.min(MAX_KEYS)),
    }
}

fn entries(page: Page, encoding: Encoding, owner: Option<&Owner>) -> (Vec<Entry>, Vec<CommonPrefix>) {
    let contents = page.contents.into_iter().map(|(key, object)| Entry {
        checksum_algorithm: Some(vec![object.checksum.algorithm.to_string().into()]),
        checksum_type: Some(ChecksumType::from_static(ChecksumType::FULL_OBJECT)),
        e_tag: Some(ETag::Strong(object.etag.clone())),
        key: Some(encoding.text(key)),
        last_modified: Some(object.last_modified.into()),
        owner: owner.cloned(),
        restore_status: None,
        size: i64::try_from(object.size()).ok(),
        storage_class: Some(ObjectStorageClass::from(
            object.headers.storage_class.clone().unwrap_or_else(|| StorageClass::STANDARD.to_owned()),
        )),
    });
    let prefixes =
        page.common_prefixes.into_iter().map(|prefix| CommonPrefix { prefix: Some(encoding.text(prefix)) });
    (contents.collect(), prefixes.collect())
}

/// `encoding-type`: whether the texts of a listing are percent-encoded, for keys that XML cannot carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Plain,
    Url,
}

/// What S3 leaves as it is: RFC 3986's unreserved characters and the slash.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

impl Encoding {
    fn of(requested: Option<&EncodingType>) -> S3Result<Self> {
        match requested.map(EncodingType::as_str) {
            None => Ok(Self::Plain),
            Some(EncodingType::URL) => Ok(Self::Url),
            Some(_) => {
                Err(error_with(S3ErrorCode::InvalidArgument, "Invalid Encoding Method specified in Request"))
            }
        }
    }

    fn text(self, text: String) -> String {
        match self {
            Self::Plain => text,
            Self::Url => utf8_percent_encode(&text, ENCODED).to_string(),
        }
    }
}
