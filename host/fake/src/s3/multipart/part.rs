use md5::{Digest as _, Md5};
use s3s::dto::{
    CopyPartResult, ETag, UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use super::{Upload, UploadedPart, part_number, upload};
use crate::fake::Shared;
use crate::s3::body::{MAX_BODY, UploadBody};
use crate::s3::bucket::{bucket_mut, context};
use crate::s3::checksum::{Checksum, ChecksumKind, with_checksum};
use crate::s3::conditions::ReadConditions;
use crate::s3::copy::source_of;
use crate::s3::customer_key::customer_key_headers;
use crate::s3::error::{error_with, invalid_argument};
use crate::s3::facts::Asked;
use crate::s3::object::whole_seconds;

const COPY_RANGE: &str = "x-amz-copy-source-range";

pub(crate) async fn upload_part(
    shared: &Shared,
    request: S3Request<UploadPartInput>,
) -> S3Result<S3Response<UploadPartOutput>> {
    let (headers, extensions) = (request.headers, request.extensions);
    let mut input = request.input;
    let key = customer_key_headers!(input).key()?;
    let number = part_number(input.part_number)?;
    {
        let mut buckets = shared.store.lock();
        let upload = upload(bucket_mut(&mut buckets, &input.bucket)?, &input.key, &input.upload_id)?;
        upload.description.encryption.check_part(key.as_ref())?;
    }
    let body = UploadBody {
        headers: &headers,
        extensions: &extensions,
        body: input.body.take(),
        content_length: input.content_length,
        content_md5: input.content_md5.take(),
    };
    let (body, checksum) = body.receive().await?;
    let etag = hex::encode(Md5::digest(&body));
    let last_modified = whole_seconds(shared.clock.now());
    let part = UploadedPart { body, etag: etag.clone(), checksum: checksum.clone(), last_modified };

    let mut buckets = shared.store.lock();
    // Looked up again: it may have been aborted while the body came.
    let upload = upload(bucket_mut(&mut buckets, &input.bucket)?, &input.key, &input.upload_id)?;
    check_checksum(upload, checksum.as_ref())?;
    upload.parts.insert(number, part);
    let encryption = upload.description.encryption.clone();
    Ok(S3Response::new(with_checksum!(UploadPartOutput, checksum.as_ref(), {
        e_tag: Some(ETag::Strong(etag)),
        server_side_encryption: encryption.header(),
        sse_customer_algorithm: encryption.customer_algorithm(),
        bucket_key_enabled: encryption.bucket_key(),
        ssekms_key_id: encryption.kms_key_id,
        sse_customer_key_md5: encryption.customer_key_md5,
        ..UploadPartOutput::default()
    })))
}

pub(crate) fn upload_part_copy(
    shared: &Shared,
    request: S3Request<UploadPartCopyInput>,
) -> S3Result<S3Response<UploadPartCopyOutput>> {
    let context = context(&request);
    let input = request.input;
    let key = customer_key_headers!(input).key()?;
    let source_key = customer_key_headers!(input, source).key()?;
    let number = part_number(input.part_number)?;
    let algorithm = {
        let mut buckets = shared.store.lock();
        let upload = upload(bucket_mut(&mut buckets, &input.bucket)?, &input.key, &input.upload_id)?;
        upload.description.encryption.check_part(key.as_ref())?;
        upload.checksum.map(|(algorithm, _)| algorithm)
    };
    let conditions = ReadConditions {
        if_match: input.copy_source_if_match,
        if_none_match: input.copy_source_if_none_match,
        if_modified_since: input.copy_source_if_modified_since,
        if_unmodified_since: input.copy_source_if_unmodified_since,
    };
    let owner = input.expected_source_bucket_owner.as_deref();
    let asked = Asked { shared, context: &context, headers: &request.headers, query: request.uri.query() };
    let source = source_of(asked, &input.copy_source, owner, source_key.as_ref(), conditions)?;
    let body = match input.copy_source_range.as_deref() {
        None => source.object.body.clone(),
        Some(range) => {
            let (first, last) = copy_range(range, source.object.size())?;
            source.object.body.slice(first..=last)
        }
    };
    if body.len() as u64 > MAX_BODY {
        return Err(error_with(
            S3ErrorCode::InvalidRequest,
            format!(
                "The specified copy source is larger than the maximum allowable size for a copy source: {MAX_BODY}"
            ),
        ));
    }
    let etag = hex::encode(Md5::digest(&body));
    let checksum = algorithm.map(|algorithm| Checksum::of(algorithm, &body));
    let last_modified = whole_seconds(shared.clock.now());
    let part = UploadedPart { body, etag: etag.clone(), checksum: checksum.clone(), last_modified };

    let mut buckets = shared.store.lock();
    let upload = upload(bucket_mut(&mut buckets, &input.bucket)?, &input.key, &input.upload_id)?;
    upload.parts.insert(number, part);
    let encryption = upload.description.encryption.clone();
    Ok(S3Response::new(UploadPartCopyOutput {
        copy_part_result: Some(with_checksum!(CopyPartResult, checksum.as_ref(), {
            e_tag: Some(ETag::Strong(etag)),
            last_modified: Some(last_modified.into()),
        })),
        copy_source_version_id: source.object.version_id.clone(),
        server_side_encryption: encryption.header(),
        sse_customer_algorithm: encryption.customer_algorithm(),
        bucket_key_enabled: encryption.bucket_key(),
        ssekms_key_id: encryption.kms_key_id,
        sse_customer_key_md5: encryption.customer_key_md5,
        ..UploadPartCopyOutput::default()
    }))
}

/// A part has to come with the checksum that its upload was created for. That of the whole can be made without.
fn check_checksum(upload: &Upload, checksum: Option<&Checksum>) -> Result<(), S3Error> {
    let Some((expected, kind)) = upload.checksum else { return Ok(()) };
    let actual = match checksum {
        Some(checksum) if checksum.algorithm == expected => return Ok(()),
        Some(checksum) => checksum.algorithm.to_string().to_ascii_lowercase(),
        None if kind == ChecksumKind::FullObject => return Ok(()),
        None => "null".to_owned(),
    };
    let expected = expected.to_string().to_ascii_lowercase();
    Err(error_with(
        S3ErrorCode::InvalidRequest,
        format!(
            "Checksum Type mismatch occurred, expected checksum Type: {expected}, actual checksum Type: {actual}"
        ),
    ))
}

/// The first and the last byte of `bytes=first-last`, the only form that a copy takes.
fn copy_range(range: &str, size: u64) -> Result<(usize, usize), S3Error> {
    let number = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<usize>().ok()).flatten()
    };
    let bounds = range.strip_prefix("bytes=").and_then(|range| range.split_once('-'));
    let bounds = bounds.and_then(|(first, last)| Some((number(first)?, number(last)?)));
    let Some((first, last)) = bounds.filter(|(first, last)| first <= last) else {
        return Err(invalid_argument(
            COPY_RANGE,
            range,
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the \
             zero-based offsets of the first and last bytes to copy",
        ));
    };
    if last as u64 >= size {
        return Err(invalid_argument(
            COPY_RANGE,
            range,
            format!("Range specified is not valid for source object of size: {size}"),
        ));
    }
    Ok((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_only_whole_ranges_within_the_source() {
        assert_eq!(copy_range("bytes=0-4", 5).unwrap(), (0, 4));
        assert_eq!(copy_range("bytes=4-4", 5).unwrap(), (4, 4));
        for range in [
            "bytes=0-5",
            "bytes=3-2",
            "bytes=-1",
            "bytes=1-",
            "0-1",
            "bytes=+1-2",
            "bytes=0-1,3-4",
            "bytes=0-99999999999999999999",
            "",
        ] {
            let error = copy_range(range, 5).unwrap_err();
            assert_eq!(error.code(), &S3ErrorCode::InvalidArgument, "{range}");
        }
        assert!(copy_range("bytes=0-0", 0).is_err());
    }
}
