use std::sync::Arc;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use s3s::dto::{
    CommonPrefix, ETag, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output,
    Object as Entry, ObjectStorageClass, Owner,
};
use s3s::{S3ErrorCode, S3Request, S3Response, S3Result};

use super::acl::owner_of;
use super::bucket::bucket_in;
use super::details::with_details;
use super::encoding::Encoding;
use super::error::error_with;
use super::list::{Listing, Page, page_size};
use super::object::Object;
use super::store::Objects;
use crate::fake::Shared;

pub(crate) fn list_objects_v2(
    shared: &Shared,
    request: S3Request<ListObjectsV2Input>,
) -> S3Result<S3Response<ListObjectsV2Output>> {
    let input = request.input;
    let (objects, owners) = listed(shared, &input.bucket)?;
    let encoding = Encoding::of(input.encoding_type.as_ref())?;
    let (max_keys, max) = page_size("maxKeys", input.max_keys)?;
    let prefix = input.prefix.unwrap_or_default();
    let delimiter = input.delimiter.filter(|delimiter| !delimiter.is_empty());
    let listing = format!("{}\0{prefix}\0{}", input.bucket, delimiter.as_deref().unwrap_or_default());
    let after = match &input.continuation_token {
        Some(token) => open_token(shared, &listing, token)?,
        None => input.start_after.clone().unwrap_or_default(),
    };
    let page =
        Listing { prefix: &prefix, delimiter: delimiter.as_deref(), after: &after, max }.page(&objects);
    let owners = input.fetch_owner.unwrap_or(false).then_some(&owners);
    let start_after = input.start_after.filter(|_| input.continuation_token.is_none());
    let next = page.next.as_deref().map(|next| seal_token(shared, &listing, next));
    let count = page.contents.len() + page.common_prefixes.len();
    let (contents, common_prefixes) = entries(shared, page, encoding, owners);
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
        // Where a token says where to go on, this is ignored, and not repeated.
        start_after: start_after.map(|start| encoding.text(start)),
        ..ListObjectsV2Output::default()
    }))
}

pub(crate) fn list_objects(
    shared: &Shared,
    request: S3Request<ListObjectsInput>,
) -> S3Result<S3Response<ListObjectsOutput>> {
    let input = request.input;
    let (objects, owners) = listed(shared, &input.bucket)?;
    let encoding = Encoding::of(input.encoding_type.as_ref())?;
    let (max_keys, max) = page_size("maxKeys", input.max_keys)?;
    let prefix = input.prefix.unwrap_or_default();
    let delimiter = input.delimiter.filter(|delimiter| !delimiter.is_empty());
    let marker = input.marker.unwrap_or_default();
    let page =
        Listing { prefix: &prefix, delimiter: delimiter.as_deref(), after: &marker, max }.page(&objects);
    let truncated = page.next.is_some();
    // Without a delimiter the client takes the last key; S3 names the next marker only where there may be no key.
    let next_marker = page.next.clone().filter(|_| delimiter.is_some()).map(|next| encoding.text(next));
    let (contents, common_prefixes) = entries(shared, page, encoding, Some(&owners));
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
        let error = error_with(S3ErrorCode::InvalidArgument, "The continuation token provided is incorrect");
        with_details(error, &[("ArgumentName", "continuation-token")])
    })
}

/// Who owns the objects of a bucket: each its own owner, where it may have one, or else the bucket's.
struct Owners {
    bucket: Owner,
    acls: bool,
}

impl Owners {
    fn of(&self, shared: &Shared, object: &Object) -> Owner {
        match &object.acl {
            Some(acl) if self.acls => owner_of(&shared.accounts, &acl.owner),
            _ => self.bucket.clone(),
        }
    }
}

fn listed(shared: &Shared, bucket: &str) -> S3Result<(Arc<Objects>, Owners)> {
    let buckets = shared.store.lock();
    let bucket = bucket_in(&buckets, bucket)?;
    let owner = owner_of(&shared.accounts, &bucket.owner.canonical_id);
    Ok((Arc::clone(&bucket.objects), Owners { bucket: owner, acls: !bucket.has_acls_disabled() }))
}

fn entries(
    shared: &Shared,
    page: Page<Arc<Object>>,
    encoding: Encoding,
    owners: Option<&Owners>,
) -> (Vec<Entry>, Vec<CommonPrefix>) {
    let contents = page.contents.into_iter().map(|(key, object)| Entry {
        checksum_algorithm: Some(vec![object.checksum.algorithm.to_string().into()]),
        checksum_type: Some(object.checksum.type_of()),
        e_tag: Some(ETag::Strong(object.etag.clone())),
        key: Some(encoding.text(key)),
        last_modified: Some(object.last_modified.into()),
        owner: owners.map(|owners| owners.of(shared, &object)),
        restore_status: None,
        size: i64::try_from(object.size()).ok(),
        storage_class: Some(ObjectStorageClass::from(object.storage_class().to_owned())),
    });
    (contents.collect(), common_prefixes(page.common_prefixes, encoding))
}

pub(crate) fn common_prefixes(prefixes: Vec<String>, encoding: Encoding) -> Vec<CommonPrefix> {
    prefixes.into_iter().map(|prefix| CommonPrefix { prefix: Some(encoding.text(prefix)) }).collect()
}
