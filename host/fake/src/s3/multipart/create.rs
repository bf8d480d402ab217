use std::collections::BTreeMap;

use s3s::dto::{ChecksumType, CreateMultipartUploadInput, CreateMultipartUploadOutput};
use s3s::{S3ErrorCode, S3Request, S3Response, S3Result};

use super::Upload;
use crate::fake::Shared;
use crate::s3::bucket::{bucket_in, bucket_mut, context};
use crate::s3::checksum::{ChecksumAlgorithm, ChecksumKind};
use crate::s3::description::describe;
use crate::s3::error::error_with;
use crate::s3::object::whole_seconds;
use crate::s3::wire::expires_of;

/// The length of an upload id, about that of AWS's.
const ID_LENGTH: usize = 64;

pub(crate) fn create(
    shared: &Shared,
    request: S3Request<CreateMultipartUploadInput>,
) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
    let (context, expires) = (context(&request), expires_of(&request.extensions));
    let mut input = request.input;
    let default =
        bucket_in(&shared.store.lock(), &input.bucket)?.configuration.default_encryption(shared, &context);
    let description = describe!(input, expires, shared, &context, default);
    let checksum = checksum_of(
        input.checksum_algorithm.as_ref().map(s3s::dto::ChecksumAlgorithm::as_str),
        input.checksum_type.as_ref().map(ChecksumType::as_str),
    )?;
    let encryption = description.encryption.clone();
    let id = shared.ids.sequenced("upload", ID_LENGTH);
    let mut buckets = shared.store.lock();
    let bucket = bucket_mut(&mut buckets, &input.bucket)?;
    bucket.lock_of(description.lock, shared.clock.now())?;
    let upload = Upload {
        initiator: context.caller.canonical_id().to_owned(),
        acl: description.acl.of_object(&context.caller, bucket)?,
        initiated: whole_seconds(shared.clock.now()),
        description,
        checksum,
        parts: BTreeMap::new(),
    };
    let (abort_date, abort_rule_id) = bucket.configuration.abort_of(&input.key, upload.initiated);
    bucket.uploads.unfinished.insert((input.key.clone(), id.clone()), upload);
    Ok(S3Response::new(CreateMultipartUploadOutput {
        abort_date,
        abort_rule_id,
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(id),
        checksum_algorithm: checksum.map(|(algorithm, _)| algorithm.to_string().into()),
        checksum_type: checksum.map(|(_, kind)| ChecksumType::from_static(kind.as_str())),
        server_side_encryption: encryption.header(),
        sse_customer_algorithm: encryption.customer_algorithm(),
        bucket_key_enabled: encryption.bucket_key(),
        ssekms_key_id: encryption.kms_key_id,
        sse_customer_key_md5: encryption.customer_key_md5,
        ..CreateMultipartUploadOutput::default()
    }))
}

/// Which checksum the object is to have. Checksums of parts cannot be joined into every whole one, nor every one be
/// composite.
fn checksum_of(
    algorithm: Option<&str>,
    kind: Option<&str>,
) -> S3Result<Option<(ChecksumAlgorithm, ChecksumKind)>> {
    let invalid = |message: String| Err(error_with(S3ErrorCode::InvalidRequest, message));
    let kind = match kind {
        None => None,
        Some(ChecksumType::FULL_OBJECT) => Some(ChecksumKind::FullObject),
        Some(ChecksumType::COMPOSITE) => Some(ChecksumKind::Composite),
        Some(_) => return invalid("Value for x-amz-checksum-type header is invalid.".to_owned()),
    };
    let Some(name) = algorithm else {
        return match kind {
            None => Ok(None),
            Some(_) => invalid(
                "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header."
                    .to_owned(),
            ),
        };
    };
    let Some(algorithm) = ChecksumAlgorithm::parse(name) else {
        return invalid(
            "Checksum algorithm provided is unsupported. Please try again with any of the valid types: \
             [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]"
                .to_owned(),
        );
    };
    let unsuited = match algorithm {
        ChecksumAlgorithm::Crc32 | ChecksumAlgorithm::Crc32c => None,
        ChecksumAlgorithm::Crc64Nvme => Some(ChecksumKind::Composite),
        ChecksumAlgorithm::Sha1 | ChecksumAlgorithm::Sha256 => Some(ChecksumKind::FullObject),
    };
    if let Some(kind) = kind.filter(|kind| Some(*kind) == unsuited) {
        return invalid(format!(
            "The {} checksum type cannot be used with the {} checksum algorithm.",
            kind.as_str(),
            name.to_ascii_lowercase()
        ));
    }
    let default = match algorithm {
        ChecksumAlgorithm::Crc64Nvme => ChecksumKind::FullObject,
        _ => ChecksumKind::Composite,
    };
    Ok(Some((algorithm, kind.unwrap_or(default))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chooses_the_kind_that_suits_the_algorithm() {
        let of =
            |algorithm, kind| checksum_of(algorithm, kind).map_err(|error| error.code().as_str().to_owned());
        assert_eq!(of(None, None), Ok(None));
        assert_eq!(of(Some("crc32"), None), Ok(Some((ChecksumAlgorithm::Crc32, ChecksumKind::Composite))));
        let full = Some("FULL_OBJECT");
        assert_eq!(of(Some("CRC32C"), full), Ok(Some((ChecksumAlgorithm::Crc32c, ChecksumKind::FullObject))));
        assert_eq!(
            of(Some("CRC64NVME"), None),
            Ok(Some((ChecksumAlgorithm::Crc64Nvme, ChecksumKind::FullObject)))
        );
        for (algorithm, kind) in [
            (Some("CRC64NVME"), Some("COMPOSITE")),
            (Some("SHA1"), full),
            (Some("SHA256"), full),
            (Some("MD4"), None),
            (None, full),
            (Some("CRC32"), Some("HALF")),
        ] {
            assert_eq!(of(algorithm, kind), Err("InvalidRequest".to_owned()), "{algorithm:?} {kind:?}");
        }
    }
}
