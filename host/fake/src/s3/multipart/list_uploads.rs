use std::collections::BTreeMap;
use std::ops::Bound;

use s3s::dto::{
    ChecksumType, ListMultipartUploadsInput, ListMultipartUploadsOutput, MultipartUpload, StorageClass,
};
use s3s::{S3Request, S3Response, S3Result};

use super::{Upload, initiator_of};
use crate::fake::Shared;
use crate::s3::acl::owner_of;
use crate::s3::bucket::bucket_in;
use crate::s3::encoding::Encoding;
use crate::s3::list::{Listing, page_size};
use crate::s3::list_objects::common_prefixes;

pub(crate) fn list_uploads(
    shared: &Shared,
    request: S3Request<ListMultipartUploadsInput>,
) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
    let input = request.input;
    let encoding = Encoding::of(input.encoding_type.as_ref())?;
    let (max_uploads, max) = page_size("max-uploads", input.max_uploads)?;
    let prefix = input.prefix.unwrap_or_default();
    let delimiter = input.delimiter.filter(|delimiter| !delimiter.is_empty());
    let key_marker = input.key_marker.unwrap_or_default();
    // Without a key marker, that of an upload is ignored.
    let id_marker = input.upload_id_marker.filter(|id| !id.is_empty() && !key_marker.is_empty());

    let buckets = shared.store.lock();
    let bucket = bucket_in(&buckets, &input.bucket)?;
    let listing = Listing { prefix: &prefix, delimiter: delimiter.as_deref(), after: &key_marker, max };
    let uploads = after(&bucket.uploads.unfinished, &prefix, &key_marker, id_marker.as_deref());
    let page = listing.page_of(uploads);
    let last_id = page.contents.last().filter(|(key, _)| Some(key) == page.next.as_ref());
    let next_id = last_id.map(|(_, (id, _))| (*id).to_owned());
    let uploads = page.contents.into_iter().map(|(key, (id, upload))| MultipartUpload {
        checksum_algorithm: upload.checksum.map(|(algorithm, _)| algorithm.to_string().into()),
        checksum_type: upload.checksum.map(|(_, kind)| ChecksumType::from_static(kind.as_str())),
        initiated: Some(upload.initiated.into()),
        initiator: Some(initiator_of(&shared.accounts, upload)),
        key: Some(encoding.text(key)),
        owner: Some(owner_of(&shared.accounts, &upload.owner(bucket))),
        storage_class: Some(StorageClass::from(upload.storage_class())),
        upload_id: Some(id.to_owned()),
    });
    Ok(S3Response::new(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        uploads: Some(uploads.collect()),
        common_prefixes: Some(common_prefixes(page.common_prefixes, encoding)),
        delimiter: delimiter.map(|delimiter| encoding.text(delimiter)),
        encoding_type: input.encoding_type,
        is_truncated: Some(page.next.is_some()),
        key_marker: Some(encoding.text(key_marker)),
        max_uploads: Some(max_uploads),
        next_key_marker: page.next.map(|next| encoding.text(next)),
        next_upload_id_marker: next_id,
        prefix: Some(encoding.text(prefix)),
        upload_id_marker: Some(id_marker.unwrap_or_default()),
        ..ListMultipartUploadsOutput::default()
    }))
}

/// The uploads after the markers: those of the marked key only if an upload of it is marked too, and then those that are
/// younger.
fn after<'a>(
    uploads: &'a BTreeMap<(String, String), Upload>,
    prefix: &str,
    key: &str,
    id: Option<&str>,
) -> impl Iterator<Item = (&'a str, (&'a str, &'a Upload))> + use<'a> {
    let start = if key < prefix {
        Bound::Included((prefix.to_owned(), String::new()))
    } else {
        Bound::Excluded((key.to_owned(), id.unwrap_or_default().to_owned()))
    };
    let skipped = id.is_none().then(|| key.to_owned());
    uploads
        .range((start, Bound::Unbounded))
        .filter(move |((uploaded, _), _)| skipped.as_ref() != Some(uploaded))
        .map(|((key, id), upload)| (key.as_str(), (id.as_str(), upload)))
}
