use s3s::dto::{
    Checksum as ChecksumOutput, ETag, GetObjectAttributesInput, GetObjectAttributesOutput,
    GetObjectAttributesParts, ObjectAttributes, ObjectPart as PartOutput, StorageClass,
};
use s3s::{S3ErrorCode, S3Request, S3Response, S3Result};

use super::checksum::{ChecksumKind, with_checksum};
use super::customer_key::customer_key_headers;
use super::error::error_with;
use super::list::page_size;
use super::object::Object;
use super::read::find;
use crate::fake::Shared;

pub(crate) fn get_object_attributes(
    shared: &Shared,
    request: S3Request<GetObjectAttributesInput>,
) -> S3Result<S3Response<GetObjectAttributesOutput>> {
    let input = request.input;
    let key = customer_key_headers!(input).key()?;
    let found = find(shared, &input.bucket, &input.key, input.version_id.as_deref())?;
    found.object.check_key(key.as_ref())?;
    let object = &*found.object;
    let mut output = GetObjectAttributesOutput {
        last_modified: Some(object.last_modified.into()),
        version_id: found.version_id.clone(),
        ..GetObjectAttributesOutput::default()
    };
    // The names stand in one header or in several.
    let names = input.object_attributes.iter().flat_map(|names| names.as_str().split(','));
    for name in names.map(str::trim) {
        match name {
            ObjectAttributes::ETAG => output.e_tag = Some(ETag::Strong(object.etag.clone())),
            ObjectAttributes::CHECKSUM => {
                output.checksum =
                    Some(with_checksum!(ChecksumOutput, Some(&object.checksum.without_count()), {
                        checksum_type: Some(object.checksum.type_of()),
                    }));
            }
            ObjectAttributes::OBJECT_PARTS => {
                output.object_parts = parts(object, input.max_parts, input.part_number_marker)?;
            }
            ObjectAttributes::OBJECT_SIZE => output.object_size = i64::try_from(object.size()).ok(),
            ObjectAttributes::STORAGE_CLASS => {
                output.storage_class = Some(StorageClass::from(object.storage_class().to_owned()));
            }
            _ => return Err(error_with(S3ErrorCode::InvalidArgument, "Invalid attribute name specified.")),
        }
    }
    Ok(S3Response::new(output))
}

/// The parts of an object that has any. They are listed only where the object's checksum is one of theirs; the count is
/// always there.
fn parts(
    object: &Object,
    max_parts: Option<i32>,
    marker: Option<i32>,
) -> S3Result<Option<GetObjectAttributesParts>> {
    if object.parts.is_empty() {
        return Ok(None);
    }
    let total_parts_count = i32::try_from(object.parts.len()).ok();
    if object.checksum.kind != ChecksumKind::Composite {
        return Ok(Some(GetObjectAttributesParts {
            total_parts_count,
            ..GetObjectAttributesParts::default()
        }));
    }
    let (max_parts, max) = page_size("max-parts", max_parts)?;
    let marker = marker.unwrap_or_default();
    let mut following = object.parts.iter().filter(|part| i32::from(part.number) > marker);
    let parts: Vec<_> = following
        .by_ref()
        .take(max)
        .map(|part| {
            with_checksum!(PartOutput, part.checksum.as_ref(), {
                part_number: Some(i32::from(part.number)),
                size: i64::try_from(part.size).ok(),
            })
        })
        .collect();
    let is_truncated = max > 0 && following.next().is_some();
    Ok(Some(GetObjectAttributesParts {
        is_truncated: Some(is_truncated),
        max_parts: Some(max_parts),
        next_part_number_marker: parts.last().and_then(|part| part.part_number),
        part_number_marker: Some(marker),
        parts: Some(parts),
        total_parts_count,
    }))
}
