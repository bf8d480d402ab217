use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use md5::{Digest as _, Md5};
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumType, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CompletedPart, ETag,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use super::{Finished, MIN_PART, Upload, UploadedPart, part_number, upload};
use crate::fake::Shared;
use crate::layer::RequestContext;
use crate::s3::acl::Acl;
use crate::s3::bucket::{bucket_mut, context};
use crate::s3::checksum::{Checksum, ChecksumAlgorithm, ChecksumKind, with_checksum};
use crate::s3::conditions::{Write, check_write};
use crate::s3::customer_key::customer_key_headers;
use crate::s3::description::Description;
use crate::s3::encoding::percent_encoded;
use crate::s3::error::{error, error_with, not_implemented};
use crate::s3::notifications::{Happening, tell};
use crate::s3::object::{Object, ObjectPart};

pub(crate) fn complete(
    shared: &Shared,
    request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
    let context = context(&request);
    let headers = request.headers;
    let input = request.input;
    let key = customer_key_headers!(input).key()?;
    let asked = asked_parts(input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default())?;
    let numbers: Vec<_> = asked.iter().map(|part| (part.number, part.etag.clone())).collect();
    let assembly = {
        let mut buckets = shared.store.lock();
        let bucket = bucket_mut(&mut buckets, &input.bucket)?;
        if let Some(finished) = bucket.uploads.finished(&input.upload_id)
            && finished.key == input.key
            && finished.parts == numbers
        {
            return Ok(answer(&context, &input.bucket, finished));
        }
        let upload = upload(bucket, &input.key, &input.upload_id)?;
        // The key is needed only to make a checksum of those of the parts.
        if key.is_some() || upload.checksum.is_some() {
            upload.description.encryption.check_part(key.as_ref())?;
        }
        Assembly::of(upload, &asked)?
    };
    if let Some(kind) = &input.checksum_type {
        assembly.check_kind(kind)?;
    }
    let lock = assembly.description.lock;
    let mut object = assembly.join(&headers, input.mpu_object_size, shared)?;

    let mut buckets = shared.store.lock();
    let bucket = bucket_mut(&mut buckets, &input.bucket)?;
    // Looked up again: another call may have finished it while the bytes were being joined.
    upload(bucket, &input.key, &input.upload_id)?;
    check_write(
        Write::CompleteMultipartUpload,
        input.if_match.as_ref(),
        input.if_none_match.as_ref(),
        bucket.object(&input.key),
    )?;
    object.lock = bucket.lock_of(lock, object.last_modified)?;
    let object = bucket.put(&input.key, object, &shared.ids);
    let happening = Happening::created("ObjectCreated:CompleteMultipartUpload", &input.key, &object);
    tell(shared, &context, &input.bucket, bucket, &happening);
    let expiration = bucket.configuration.expiration_of(&input.key, &object);
    let object = Object { body: Bytes::new(), ..(*object).clone() };
    let finished = Finished { key: input.key, parts: numbers, object, expiration };
    let answer = answer(&context, &input.bucket, &finished);
    bucket.uploads.finish(input.upload_id, finished);
    Ok(answer)
}

pub(crate) fn abort(
    shared: &Shared,
    request: S3Request<AbortMultipartUploadInput>,
) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
    let input = request.input;
    if input.if_match_initiated_time.is_some() {
        return Err(not_implemented("aborting on condition of the time of initiation"));
    }
    let mut buckets = shared.store.lock();
    let bucket = bucket_mut(&mut buckets, &input.bucket)?;
    upload(bucket, &input.key, &input.upload_id)?;
    bucket.uploads.unfinished.remove(&(input.key, input.upload_id));
    Ok(S3Response::new(AbortMultipartUploadOutput::default()))
}

fn answer(
    context: &RequestContext,
    bucket: &str,
    finished: &Finished,
) -> S3Response<CompleteMultipartUploadOutput> {
    let Finished { key, object, expiration, .. } = finished;
    S3Response::new(with_checksum!(CompleteMultipartUploadOutput, Some(&object.checksum), {
        bucket: Some(bucket.to_owned()),
        key: Some(key.clone()),
        checksum_type: Some(object.checksum.type_of()),
        e_tag: Some(ETag::Strong(object.etag.clone())),
        expiration: expiration.clone(),
        location: Some(format!(
            "https://{bucket}.s3.{}.amazonaws.com/{}",
            context.region,
            percent_encoded(key)
        )),
        server_side_encryption: object.encryption.header(),
        ssekms_key_id: object.encryption.kms_key_id.clone(),
        bucket_key_enabled: object.encryption.bucket_key(),
        // As of every write: `null` is not named.
        version_id: object.version_id.clone(),
        ..CompleteMultipartUploadOutput::default()
    }))
}

/// A part as `CompleteMultipartUpload` names it.
struct AskedPart {
    number: u16,
    etag: String,
    checksums: [(ChecksumAlgorithm, Option<String>); 5],
}

fn asked_parts(parts: Vec<CompletedPart>) -> S3Result<Vec<AskedPart>> {
    if parts.is_empty() {
        return Err(error(S3ErrorCode::MalformedXML));
    }
    let mut asked: Vec<AskedPart> = Vec::with_capacity(parts.len());
    for part in parts {
        let (Some(number), Some(etag)) = (part.part_number, part.e_tag) else {
            return Err(error(S3ErrorCode::MalformedXML));
        };
        let number = part_number(number)?;
        if asked.last().is_some_and(|last| last.number >= number) {
            return Err(error(S3ErrorCode::InvalidPartOrder));
        }
        let checksums = [
            (ChecksumAlgorithm::Crc32, part.checksum_crc32),
            (ChecksumAlgorithm::Crc32c, part.checksum_crc32c),
            (ChecksumAlgorithm::Crc64Nvme, part.checksum_crc64nvme),
            (ChecksumAlgorithm::Sha1, part.checksum_sha1),
            (ChecksumAlgorithm::Sha256, part.checksum_sha256),
        ];
        asked.push(AskedPart { number, etag: etag.into_value(), checksums });
    }
    Ok(asked)
}

/// The parts of an upload that are to become an object, checked.
struct Assembly {
    parts: Vec<(u16, UploadedPart)>,
    description: Description,
    acl: Option<Acl>,
    checksum: Option<(ChecksumAlgorithm, ChecksumKind)>,
}

impl Assembly {
    fn of(upload: &Upload, asked: &[AskedPart]) -> S3Result<Self> {
        let mut parts = Vec::with_capacity(asked.len());
        for part in asked {
            let uploaded = upload.parts.get(&part.number).filter(|uploaded| uploaded.etag == part.etag);
            let uploaded = uploaded.ok_or_else(|| error(S3ErrorCode::InvalidPart))?;
            check_part(upload.checksum, part, uploaded)?;
            parts.push((part.number, uploaded.clone()));
        }
        let (_, long) = parts.split_last().ok_or_else(|| error(S3ErrorCode::MalformedXML))?;
        if long.iter().any(|(_, part)| part.body.len() < MIN_PART) {
            return Err(error(S3ErrorCode::EntityTooSmall));
        }
        let composite = upload.checksum.is_some_and(|(_, kind)| kind == ChecksumKind::Composite);
        if composite && parts.iter().zip(1u16..).any(|((number, _), index)| *number != index) {
            // Documented: part numbers with gaps, where a checksum is made of those of the parts, are an internal error.
            return Err(error(S3ErrorCode::InternalError));
        }
        let (description, acl) = (upload.description.clone(), upload.acl.clone());
        Ok(Self { parts, description, acl, checksum: upload.checksum })
    }

    fn check_kind(&self, kind: &ChecksumType) -> S3Result {
        let expected = self.checksum.map_or(ChecksumKind::FullObject, |(_, kind)| kind).as_str();
        if kind.as_str() == expected {
            return Ok(());
        }
        let message = format!(
            "The upload was created using the {expected} checksum mode. The complete request must use the same checksum mode."
        );
        Err(error_with(S3ErrorCode::InvalidRequest, message))
    }

    /// Makes the object. Its length and its checksum, where the request gives them, have to be right.
    fn join(self, headers: &HeaderMap, expected_size: Option<i64>, shared: &Shared) -> S3Result<Object> {
        let size: u64 = self.parts.iter().map(|(_, part)| part.body.len() as u64).sum();
        if let Some(expected) = expected_size.filter(|expected| u64::try_from(*expected) != Ok(size)) {
            return Err(error_with(
                S3ErrorCode::InvalidRequest,
                format!(
                    "The provided 'x-amz-mp-object-size' header value {expected} does not match what was computed: {size}"
                ),
            ));
        }
        let body = joined(&self.parts);
        let checksum = match self.checksum {
            Some((algorithm, ChecksumKind::Composite)) => {
                let sums: Vec<_> = self.parts.iter().filter_map(|(_, part)| part.checksum.as_ref()).collect();
                Checksum::composite(algorithm, sums.into_iter())
            }
            Some((algorithm, ChecksumKind::FullObject)) => Checksum::of(algorithm, &body),
            None => Checksum::of(ChecksumAlgorithm::Crc64Nvme, &body),
        };
        check_whole(&checksum, headers)?;
        let md5s: Vec<u8> =
            self.parts.iter().flat_map(|(_, part)| hex::decode(&part.etag).unwrap_or_default()).collect();
        let etag = format!("{}-{}", hex::encode(Md5::digest(md5s)), self.parts.len());
        let composite = checksum.kind == ChecksumKind::Composite;
        let mut object = Object::new(Bytes::new(), self.description.headers, checksum, shared.clock.now());
        object.body = body;
        object.etag = etag;
        object.tags = self.description.tags;
        object.acl = self.acl.map(Arc::new);
        object.parts = self
            .parts
            .into_iter()
            .map(|(number, part)| ObjectPart {
                number,
                size: part.body.len() as u64,
                checksum: part.checksum.filter(|_| composite),
            })
            .collect();
        Ok(object.encrypted(self.description.encryption))
    }
}

fn joined(parts: &[(u16, UploadedPart)]) -> Bytes {
    if let [(_, part)] = parts {
        return part.body.clone();
    }
    let mut body = BytesMut::with_capacity(parts.iter().map(|(_, part)| part.body.len()).sum());
    for (_, part) in parts {
        body.extend_from_slice(&part.body);
    }
    body.freeze()
}

/// A part's checksum in the request has to be the uploaded part's, and must be there where the object's is made of them.
fn check_part(
    expected: Option<(ChecksumAlgorithm, ChecksumKind)>,
    asked: &AskedPart,
    uploaded: &UploadedPart,
) -> Result<(), S3Error> {
    for (algorithm, value) in &asked.checksums {
        let Some(value) = value else { continue };
        let known = uploaded.checksum.as_ref().filter(|checksum| checksum.algorithm == *algorithm);
        // A part of a whole-object checksum may have come without its own.
        let matches = match known {
            Some(checksum) => checksum.value == *value,
            None => Checksum::of(*algorithm, &uploaded.body).value == *value,
        };
        if !matches {
            return Err(error(S3ErrorCode::InvalidPart));
        }
    }
    let Some((algorithm, ChecksumKind::Composite)) = expected else { return Ok(()) };
    let given = asked.checksums.iter().any(|(given, value)| *given == algorithm && value.is_some());
    if given {
        return Ok(());
    }
    Err(error_with(
        S3ErrorCode::InvalidRequest,
        format!(
            "The upload was created using a {} checksum. The complete request must include the checksum for each part. It \
             was missing for part {} in the request.",
            algorithm.to_string().to_ascii_lowercase(),
            asked.number
        ),
    ))
}

/// The checksum of the whole object, where the request has one, against what came of the parts.
fn check_whole(checksum: &Checksum, headers: &HeaderMap) -> Result<(), S3Error> {
    let header = checksum.algorithm.header();
    let Some(value) = headers.get(header).and_then(|value| value.to_str().ok()) else { return Ok(()) };
    // A composite checksum may be written with the number of parts, or without.
    let bare = checksum.value.split_once('-').map_or(&*checksum.value, |(digest, _)| digest);
    if value == checksum.value || value == bare {
        return Ok(());
    }
    Err(error_with(
        S3ErrorCode::BadDigest,
        format!("The {} you specified did not match the calculated checksum.", checksum.algorithm),
    ))
}
