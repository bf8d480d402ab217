use s3s::dto::{
    DeleteBucketEncryptionInput, DeleteBucketEncryptionOutput, GetBucketEncryptionInput,
    GetBucketEncryptionOutput, PutBucketEncryptionInput, PutBucketEncryptionOutput, ServerSideEncryption,
    ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
};
use s3s::{S3ErrorCode, S3Request, S3Response};

use super::{Answer, Configuration, change, look};
use crate::fake::Shared;
use crate::layer::RequestContext;
use crate::s3::Encryption;
use crate::s3::description::kms_key_arn;
use crate::s3::error::{error, error_with};

/// `PutBucketEncryption`: what new objects are encrypted with, unless their writer says otherwise.
pub(crate) fn put_encryption(
    shared: &Shared,
    request: S3Request<PutBucketEncryptionInput>,
) -> Answer<PutBucketEncryptionOutput> {
    let input = request.input;
    let encryption = input.server_side_encryption_configuration;
    let [rule] = encryption.rules.as_slice() else { return Err(error(S3ErrorCode::MalformedXML)) };
    if let Some(default) = &rule.apply_server_side_encryption_by_default {
        match default.sse_algorithm.as_str() {
            ServerSideEncryption::AES256 if default.kms_master_key_id.is_some() => {
                let message = "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse";
                return Err(error_with(S3ErrorCode::InvalidArgument, message));
            }
            ServerSideEncryption::AES256
            | ServerSideEncryption::AWS_KMS
            | ServerSideEncryption::AWS_KMS_DSSE => {}
            _ => return Err(error(S3ErrorCode::MalformedXML)),
        }
    }
    let mut encryption = encryption;
    for rule in &mut encryption.rules {
        rule.bucket_key_enabled.get_or_insert(false);
    }
    change(shared, &input.bucket, |configuration| configuration.encryption = Some(encryption))?;
    Ok(S3Response::new(PutBucketEncryptionOutput {}))
}

impl Configuration {
    /// Whether somebody has said how the bucket encrypts, be it what it does anyway.
    pub(crate) fn is_encryption_set(&self) -> bool {
        self.encryption.is_some()
    }

    /// What an object is encrypted with whose writer says nothing.
    pub(crate) fn default_encryption(&self, shared: &Shared, context: &RequestContext) -> Encryption {
        let rule = self.encryption.as_ref().and_then(|encryption| encryption.rules.first());
        let Some(rule) = rule else { return Encryption::default() };
        let default = rule.apply_server_side_encryption_by_default.as_ref();
        let default =
            default.filter(|default| default.sse_algorithm.as_str() != ServerSideEncryption::AES256);
        default.map_or_else(Encryption::default, |default| Encryption {
            algorithm: default.sse_algorithm.as_str().to_owned(),
            kms_key_id: Some(kms_key_arn(default.kms_master_key_id.as_deref(), shared, context)),
            bucket_key_enabled: rule.bucket_key_enabled.unwrap_or_default(),
            customer_key_md5: None,
        })
    }
}

pub(crate) fn get_encryption(
    shared: &Shared,
    request: &S3Request<GetBucketEncryptionInput>,
) -> Answer<GetBucketEncryptionOutput> {
    let encryption = look(shared, &request.input.bucket, |configuration| configuration.encryption.clone())?;
    let encryption = encryption.unwrap_or_else(|| ServerSideEncryptionConfiguration {
        rules: vec![ServerSideEncryptionRule {
            apply_server_side_encryption_by_default: Some(ServerSideEncryptionByDefault {
                kms_master_key_id: None,
                sse_algorithm: ServerSideEncryption::from_static(ServerSideEncryption::AES256),
            }),
            bucket_key_enabled: Some(false),
        }],
    });
    Ok(S3Response::new(GetBucketEncryptionOutput { server_side_encryption_configuration: Some(encryption) }))
}

pub(crate) fn delete_encryption(
    shared: &Shared,
    request: &S3Request<DeleteBucketEncryptionInput>,
) -> Answer<DeleteBucketEncryptionOutput> {
    change(shared, &request.input.bucket, |configuration| configuration.encryption = None)?;
    Ok(S3Response::new(DeleteBucketEncryptionOutput {}))
}
