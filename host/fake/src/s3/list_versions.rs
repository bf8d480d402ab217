use std::ops::Bound;

use s3s::dto::{
    DeleteMarkerEntry, ETag, ListObjectVersionsInput, ListObjectVersionsOutput, ObjectVersion,
    ObjectVersionStorageClass,
};
use s3s::{S3ErrorCode, S3Request, S3Response, S3Result};

use super::acl::owner_of;
use super::bucket::bucket_in;
use super::encoding::Encoding;
use super::error::error_with;
use super::list::{Listing, page_size};
use super::list_objects::common_prefixes;
use super::read::check_version_id;
use super::store::Bucket;
use super::versions::{NULL, Version};
use crate::fake::Shared;

pub(crate) fn list_object_versions(
    shared: &Shared,
    request: S3Request<ListObjectVersionsInput>,
) -> S3Result<S3Response<ListObjectVersionsOutput>> {
    let input = request.input;
    let encoding = Encoding::of(input.encoding_type.as_ref())?;
    let (max_keys, max) = page_size("maxKeys", input.max_keys)?;
    let prefix = input.prefix.unwrap_or_default();
    let delimiter = input.delimiter.filter(|delimiter| !delimiter.is_empty());
    let key_marker = input.key_marker.unwrap_or_default();
    let id_marker = input.version_id_marker.filter(|id| !id.is_empty());
    if let Some(id) = &id_marker {
        if key_marker.is_empty() {
            let message = "A version-id marker cannot be specified without a key marker.";
            return Err(error_with(S3ErrorCode::InvalidArgument, message));
        }
        check_version_id(id)?;
    }

    let buckets = shared.store.lock();
    let bucket = bucket_in(&buckets, &input.bucket)?;
    let listing = Listing { prefix: &prefix, delimiter: delimiter.as_deref(), after: &key_marker, max };
    let page = listing.page_of(after(bucket, &prefix, &key_marker, id_marker.as_deref()));
    let last = page.contents.last().filter(|(key, _)| Some(key) == page.next.as_ref());
    let next_id = last.map(|(_, (_, version))| version.id().to_owned());
    let owner = owner_of(&shared.accounts, &bucket.owner.canonical_id);
    let (mut versions, mut delete_markers) = (Vec::new(), Vec::new());
    for (key, (is_latest, version)) in page.contents {
        let (key, version_id) = (Some(encoding.text(key)), Some(version.id().to_owned()));
        match version {
            Version::Object(object) => versions.push(ObjectVersion {
                checksum_algorithm: Some(vec![object.checksum.algorithm.to_string().into()]),
                checksum_type: Some(object.checksum.type_of()),
                e_tag: Some(ETag::Strong(object.etag.clone())),
                is_latest: Some(is_latest),
                key,
                last_modified: Some(object.last_modified.into()),
                owner: Some(owner_of(&shared.accounts, &bucket.acl_of(object.acl.as_deref()).owner)),
                restore_status: None,
                size: i64::try_from(object.size()).ok(),
                storage_class: Some(ObjectVersionStorageClass::from(object.storage_class().to_owned())),
                version_id,
            }),
            Version::DeleteMarker(marker) => delete_markers.push(DeleteMarkerEntry {
                is_latest: Some(is_latest),
                key,
                last_modified: Some(marker.last_modified.into()),
                owner: Some(owner.clone()),
                version_id,
            }),
        }
    }
    Ok(S3Response::new(ListObjectVersionsOutput {
        name: Some(input.bucket),
        versions: Some(versions),
        delete_markers: Some(delete_markers),
        common_prefixes: Some(common_prefixes(page.common_prefixes, encoding)),
        delimiter: delimiter.map(|delimiter| encoding.text(delimiter)),
        encoding_type: input.encoding_type,
        is_truncated: Some(page.next.is_some()),
        key_marker: Some(encoding.text(key_marker)),
        max_keys: Some(max_keys),
        next_key_marker: page.next.map(|next| encoding.text(next)),
        next_version_id_marker: next_id,
        prefix: Some(encoding.text(prefix)),
        version_id_marker: Some(id_marker.unwrap_or_default()),
        ..ListObjectVersionsOutput::default()
    }))
}

/// The versions after the markers, by key and then from the newest, each with whether it is the latest: of the marked
/// key only if a version of it is marked too, and then those that are older.
fn after<'a>(
    bucket: &'a Bucket,
    prefix: &str,
    key: &'a str,
    id: Option<&'a str>,
) -> impl Iterator<Item = (&'a str, (bool, Version))> {
    let marked = id.filter(|_| key.starts_with(prefix)).into_iter().flat_map(move |id| {
        let versions: Vec<_> =
            bucket.versions(key).zip(std::iter::once(true).chain(std::iter::repeat(false))).collect();
        let at = versions.iter().position(|(version, _)| version.id() == id);
        versions
            .into_iter()
            .enumerate()
            // The marked version may be gone: ids sort by age, except for the `null` one.
            .filter(move |(index, (version, _))| match at {
                Some(at) => *index > at,
                None => id != NULL && version.id() != NULL && version.id() < id,
            })
            .map(move |(_, (version, latest))| (key, (latest, version)))
    });
    let start =
        if key < prefix { Bound::Included(prefix.to_owned()) } else { Bound::Excluded(key.to_owned()) };
    let range = (start, Bound::Unbounded);
    let mut current = bucket.objects.range::<String, _>(range.clone()).map(|(key, _)| key).peekable();
    let mut older = bucket.history.range::<String, _>(range).map(|(key, _)| key).peekable();
    let keys = std::iter::from_fn(move || {
        let key = match (current.peek(), older.peek()) {
            (Some(a), Some(b)) => *a.min(b),
            (Some(key), None) | (None, Some(key)) => *key,
            (None, None) => return None,
        };
        current.next_if_eq(&key);
        older.next_if_eq(&key);
        Some(key.as_str())
    });
    let following = keys.flat_map(|key| {
        let latest = std::iter::once(true).chain(std::iter::repeat(false));
        bucket.versions(key).zip(latest).map(move |(version, latest)| (key, (latest, version)))
    });
    marked.chain(following)
}
