use std::ops::Bound;

use s3s::dto::{ChecksumType, ETag, ListPartsInput, ListPartsOutput, Part, StorageClass};
use s3s::{S3ErrorCode, S3Request, S3Response, S3Result};

use super::initiator_of;
use crate::fake::Shared;
use crate::s3::acl::owner_of;
use crate::s3::bucket::bucket_in;
use crate::s3::checksum::with_checksum;
use crate::s3::error::{error, error_with};
use crate::s3::list::page_size;

pub(crate) fn list_parts(
    shared: &Shared,
    request: S3Request<ListPartsInput>,
) -> S3Result<S3Response<ListPartsOutput>> {
    let input = request.input;
    let (max_parts, max) = page_size("max-parts", input.max_parts)?;
    let marker = input.part_number_marker.unwrap_or_default();
    let Ok(after) = u16::try_from(marker.min(i32::from(u16::MAX))) else {
        return Err(error_with(
            S3ErrorCode::InvalidArgument,
            "Argument part-number-marker must be an integer between 0 and 2147483647",
        ));
    };
    let buckets = shared.store.lock();
    let bucket = bucket_in(&buckets, &input.bucket)?;
    let upload = bucket.uploads.unfinished.get(&(input.key.clone(), input.upload_id.clone()));
    let upload = upload.ok_or_else(|| error(S3ErrorCode::NoSuchUpload))?;
    let mut following = upload.parts.range((Bound::Excluded(after), Bound::Unbounded));
    let parts: Vec<Part> = following
        .by_ref()
        .take(max)
        .map(|(number, part)| {
            with_checksum!(Part, part.checksum.as_ref(), {
                e_tag: Some(ETag::Strong(part.etag.clone())),
                last_modified: Some(part.last_modified.into()),
                part_number: Some(i32::from(*number)),
                size: i64::try_from(part.body.len()).ok(),
            })
        })
        .collect();
    let (abort_date, abort_rule_id) = bucket.configuration.abort_of(&input.key, upload.initiated);
    // A page of nothing is complete, or a client would ask for the next one for ever.
    let truncated = max > 0 && following.next().is_some();
    Ok(S3Response::new(ListPartsOutput {
        abort_date,
        abort_rule_id,
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        checksum_algorithm: upload.checksum.map(|(algorithm, _)| algorithm.to_string().into()),
        checksum_type: upload.checksum.map(|(_, kind)| ChecksumType::from_static(kind.as_str())),
        initiator: Some(initiator_of(&shared.accounts, upload)),
        owner: Some(owner_of(&shared.accounts, &upload.owner(bucket))),
        is_truncated: Some(truncated),
        max_parts: Some(max_parts),
        // There also where no page follows.
        next_part_number_marker: Some(parts.last().and_then(|part| part.part_number).unwrap_or_default()),
        part_number_marker: Some(marker),
        parts: Some(parts),
        storage_class: Some(StorageClass::from(upload.storage_class())),
        ..ListPartsOutput::default()
    }))
}
