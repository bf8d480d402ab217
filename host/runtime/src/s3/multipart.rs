//! An upload in parts, from its beginning to its end. One that is not finished is given up, whatever happens.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumType, CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use innkeeper_policy::S3Operation;
use innkeeper_policy::arn::ObjectKey;

use crate::bindings::s3_types::{Error, PutObjectOutput};
use crate::context::AwsCtx;
use crate::gate::Permit;
use crate::s3::bucket::Bucket;
use crate::s3::convert::checksum_of;
use crate::s3::copy::Source;
use crate::s3::object::hide_absence;
use crate::s3::settle;
use crate::s3::stored::{ChecksumOfWrite, Stored, WriteConditions, with_stored};
use crate::s3::transfer::Unfinished;

/// The most parts that an upload has.
pub(crate) const MAX_PARTS: u32 = 10_000;

/// The longest upload id, in bytes, that is taken from S3 or from a guest. S3's are of some hundred.
const MAX_UPLOAD_ID_BYTES: usize = 1_024;

/// An upload that has begun. Dropped before it is finished, it is given up, in a task that outlives the guest's call.
pub(crate) struct Multipart {
    ctx: AwsCtx,
    bucket: Bucket,
    key: ObjectKey,
    upload_id: String,
    checksum: ChecksumAlgorithm,
    /// The leave to give the upload up. It was had together with the leave to begin: later there may be none.
    abandon: Option<Permit<Client>>,
    _unfinished: Unfinished,
}

impl Multipart {
    /// Begins an upload.
    pub(crate) async fn begin(
        ctx: &AwsCtx,
        bucket: &Bucket,
        key: &ObjectKey,
        stored: &Stored,
    ) -> Result<Self, Error> {
        let checksum = match &stored.checksum {
            ChecksumOfWrite::Computed(algorithm) => algorithm.clone(),
            ChecksumOfWrite::Default | ChecksumOfWrite::Given(_) => ChecksumAlgorithm::Crc32,
        };
        let operation = S3Operation::CreateMultipartUpload {
            bucket: bucket.arn(),
            key,
            tags: &stored.tags,
            stored: stored.storage(),
        };
        let mut permit = ctx.gate().s3(operation).await?;
        let abandon = S3Operation::AbandonUpload { bucket: bucket.arn(), key };
        let abandon = match ctx.gate().s3_for_later(abandon).await {
            Ok(abandon) => abandon,
            Err(refusal) => {
                permit.call.forget();
                return Err(refusal.into());
            }
        };
        let request = with_stored!(permit.client.create_multipart_upload(), stored)
            .bucket(bucket.name())
            .set_expected_bucket_owner(bucket.owner())
            .key(key.as_str())
            .checksum_algorithm(checksum.clone())
            .checksum_type(checksum_type(&checksum))
            .send();
        let answer = permit.call.observe(request).await;
        let failed = match answer.map(|output| output.upload_id) {
            // It goes into an address, and the SDK panics over one that is far too long.
            Ok(Some(upload_id)) if upload_id.len() <= MAX_UPLOAD_ID_BYTES => {
                permit.call.succeed();
                let (ctx, bucket, key) = (ctx.clone(), bucket.clone(), key.clone());
                let unfinished = ctx.transfers().begin();
                return Ok(Self {
                    ctx,
                    bucket,
                    key,
                    upload_id,
                    checksum,
                    abandon: Some(abandon),
                    _unfinished: unfinished,
                });
            }
            Ok(_) => {
                permit.call.succeed();
                Error::Other("the answer has no upload id that can be used".to_owned())
            }
            Err(error) => settle(&mut permit.call, &error),
        };
        abandon.call.forget();
        Err(failed)
    }

    /// Sends a part.
    pub(crate) async fn send_part(&self, number: i32, body: Bytes) -> Result<CompletedPart, Error> {
        let Self { ctx, bucket, key, .. } = self;
        let content_length = u64::try_from(body.len()).ok();
        let operation = S3Operation::UploadPart { bucket: bucket.arn(), key, content_length };
        let mut permit = ctx.gate().s3(operation).await?;
        permit.call.sent(body.len());
        let request = permit
            .client
            .upload_part()
            .bucket(bucket.name())
            .set_expected_bucket_owner(bucket.owner())
            .key(key.as_str())
            .upload_id(&self.upload_id)
            .part_number(number)
            .checksum_algorithm(self.checksum.clone())
            .body(ByteStream::from(body))
            .send();
        let answer = permit.call.observe(request).await;
        match answer {
            Ok(output) => {
                permit.call.succeed();
                Ok(CompletedPart::builder()
                    .part_number(number)
                    .set_e_tag(output.e_tag)
                    .set_checksum_crc32(output.checksum_crc32)
                    .set_checksum_crc32_c(output.checksum_crc32_c)
                    .set_checksum_crc64_nvme(output.checksum_crc64_nvme)
                    .set_checksum_sha1(output.checksum_sha1)
                    .set_checksum_sha256(output.checksum_sha256)
                    .build())
            }
            Err(error) => Err(settle(&mut permit.call, &error)),
        }
    }

    /// Makes a part of the bytes `first..=last` of another object, if that is still the one with this etag.
    pub(crate) async fn copy_part(
        &self,
        number: i32,
        source: &Source,
        etag: &str,
        (first, last): (u64, u64),
    ) -> Result<CompletedPart, Error> {
        let Self { ctx, bucket, key, .. } = self;
        let mut permit = ctx
            .gate()
            .s3(S3Operation::UploadPartCopy {
                source: source.bucket.arn(),
                source_key: &source.key,
                source_version: source.version.as_deref(),
                bucket: bucket.arn(),
                key,
            })
            .await?;
        let request = permit
            .client
            .upload_part_copy()
            .bucket(bucket.name())
            .set_expected_bucket_owner(bucket.owner())
            .key(key.as_str())
            .upload_id(&self.upload_id)
            .part_number(number)
            .copy_source(source.header())
            .set_expected_source_bucket_owner(source.bucket.owner())
            .copy_source_if_match(etag)
            .copy_source_range(format!("bytes={first}-{last}"))
            .send();
        let answer = permit.call.observe(request).await;
        let error = match answer {
            Ok(output) => {
                permit.call.succeed();
                let copied = output.copy_part_result;
                let part = CompletedPart::builder().part_number(number);
                return Ok(match copied {
                    Some(copied) => part
                        .set_e_tag(copied.e_tag)
                        .set_checksum_crc32(copied.checksum_crc32)
                        .set_checksum_crc32_c(copied.checksum_crc32_c)
                        .set_checksum_crc64_nvme(copied.checksum_crc64_nvme)
                        .set_checksum_sha1(copied.checksum_sha1)
                        .set_checksum_sha256(copied.checksum_sha256)
                        .build(),
                    None => part.build(),
                });
            }
            Err(error) => settle(&mut permit.call, &error),
        };
        Err(hide_absence(ctx, &source.bucket, error))
    }

    /// Makes an object of the parts, which are in order.
    pub(crate) async fn complete(
        mut self,
        parts: Vec<CompletedPart>,
        size: u64,
        conditions: WriteConditions,
    ) -> Result<PutObjectOutput, Error> {
        let operation = S3Operation::CompleteMultipartUpload { bucket: self.bucket.arn(), key: &self.key };
        let mut permit = self.ctx.gate().s3(operation).await?;
        let request = permit
            .client
            .complete_multipart_upload()
            .bucket(self.bucket.name())
            .set_expected_bucket_owner(self.bucket.owner())
            .key(self.key.as_str())
            .upload_id(&self.upload_id)
            .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts)).build())
            .checksum_type(checksum_type(&self.checksum))
            .set_mpu_object_size(i64::try_from(size).ok())
            .set_if_match(conditions.if_match)
            .set_if_none_match(conditions.if_none_match)
            .send();
        let answer = permit.call.observe(request).await;
        match answer {
            Ok(output) => {
                permit.call.succeed();
                if let Some(abandon) = self.abandon.take() {
                    abandon.call.forget();
                }
                let checksum = checksum_of!(output);
                Ok(PutObjectOutput { etag: output.e_tag, version_id: output.version_id, checksum })
            }
            Err(error) => Err(hide_absence(&self.ctx, &self.bucket, settle(&mut permit.call, &error))),
        }
    }

    /// Gives the upload up, and waits until it is.
    pub(crate) async fn abandon(mut self) -> Result<(), Error> {
        match self.abandon.take() {
            Some(permit) => send_abort(permit, &self.bucket, &self.key, &self.upload_id).await,
            None => Ok(()),
        }
    }
}

impl Drop for Multipart {
    fn drop(&mut self) {
        let Some(permit) = self.abandon.take() else { return };
        let (bucket, key, upload_id) =
            (self.bucket.clone(), self.key.clone(), std::mem::take(&mut self.upload_id));
        self.ctx.transfers().tidy(async move {
            // The failure is in the audit trail. Nobody is left who could be told.
            let _ = send_abort(permit, &bucket, &key, &upload_id).await;
        });
    }
}

/// Gives up any upload that the policy says the guest may, whoever has begun it.
pub(crate) async fn abort(
    ctx: &AwsCtx,
    bucket: &Bucket,
    key: &ObjectKey,
    upload_id: &str,
) -> Result<(), Error> {
    if upload_id.is_empty()
        || upload_id.len() > MAX_UPLOAD_ID_BYTES
        || !upload_id.bytes().all(|byte| byte.is_ascii_graphic())
    {
        return Err(Error::NoSuchUpload);
    }
    let permit = ctx.gate().s3(S3Operation::AbortMultipartUpload { bucket: bucket.arn(), key }).await?;
    send_abort(permit, bucket, key, upload_id).await
}

async fn send_abort(
    mut permit: Permit<Client>,
    bucket: &Bucket,
    key: &ObjectKey,
    upload_id: &str,
) -> Result<(), Error> {
    let request = permit
        .client
        .abort_multipart_upload()
        .bucket(bucket.name())
        .set_expected_bucket_owner(bucket.owner())
        .key(key.as_str())
        .upload_id(upload_id)
        .send();
    let answer = permit.call.observe(request).await;
    match answer {
        Ok(_) => {
            permit.call.succeed();
            Ok(())
        }
        Err(error) => Err(settle(&mut permit.call, &error)),
    }
}

/// S3 makes the checksum of the whole from those of the parts where it can, so that whoever reads the object can verify it.
fn checksum_type(algorithm: &ChecksumAlgorithm) -> ChecksumType {
    match algorithm {
        ChecksumAlgorithm::Sha1 | ChecksumAlgorithm::Sha256 => ChecksumType::Composite,
        _ => ChecksumType::FullObject,
    }
}
