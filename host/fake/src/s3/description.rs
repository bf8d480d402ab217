use std::collections::BTreeMap;

use http::{HeaderMap, StatusCode};
use s3s::dto::{Metadata, ServerSideEncryption};
use s3s::{S3ErrorCode, S3Result};

use super::acl::AclRequest;
use super::customer_key::CustomerKeyHeaders;
use super::error::{custom, error, error_with, invalid_argument};
use super::lock::Lock;
use super::object::{Encryption, ObjectHeaders};
use super::tags::Tags;
use crate::fake::Shared;
use crate::layer::RequestContext;

/// The most user metadata, names and values together, in bytes.
const MAX_METADATA: usize = 2 * 1024;
const ENCRYPTION: &str = "x-amz-server-side-encryption";
/// The storage classes that a general-purpose bucket takes.
const STORAGE_CLASSES: [&str; 8] = [
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER",
    "GLACIER_IR",
    "DEEP_ARCHIVE",
];

/// What a write says about its object besides the bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Description {
    pub(crate) headers: ObjectHeaders,
    pub(crate) tags: Tags,
    pub(crate) encryption: Encryption,
    pub(crate) acl: AclRequest,
    pub(crate) lock: Lock,
}

/// The [`Description`] in an input of s3s: `PutObject`, `CopyObject` and `CreateMultipartUpload` have the same fields.
///
/// What is not to be kept is refused: the function around it returns.
macro_rules! describe {
    ($input:expr, $expires:expr, $shared:expr, $context:expr, $default:expr) => {{
        let input = &mut $input;
        let lock = $crate::s3::lock::Lock::asked(
            input.object_lock_mode.as_ref(),
            input.object_lock_retain_until_date.take(),
            input.object_lock_legal_hold_status.as_ref(),
        )?;
        let acl = $crate::s3::acl::acl_request!(input);
        acl.check()?;
        $crate::s3::description::check_redirect(input.website_redirect_location.as_deref())?;
        $crate::s3::description::check_storage_class(
            input.storage_class.as_ref().map(s3s::dto::StorageClass::as_str),
        )?;
        $crate::s3::description::Description {
            headers: $crate::s3::ObjectHeaders {
                content_type: input.content_type.take(),
                content_encoding: input.content_encoding.take(),
                content_language: input.content_language.take(),
                content_disposition: input.content_disposition.take(),
                cache_control: input.cache_control.take(),
                expires: $expires,
                website_redirect_location: input.website_redirect_location.take(),
                storage_class: input.storage_class.take().map(|class| class.as_str().to_owned()),
                metadata: $crate::s3::description::metadata_of(input.metadata.take())?,
            },
            tags: $crate::s3::tags::of_header(input.tagging.as_deref())?,
            encryption: $crate::s3::description::encryption_of(
                input.server_side_encryption.as_ref(),
                input.ssekms_key_id.as_deref(),
                input.bucket_key_enabled,
                $crate::s3::customer_key::customer_key_headers!(input),
                $default,
                $shared,
                $context,
            )?,
            acl,
            lock,
        }
    }};
}
pub(crate) use describe;

/// Only what makes an object says how it is encrypted. Its parts, its readers and all others are held to that.
pub(crate) fn check_encryption(headers: &HeaderMap, operation: &str) -> S3Result {
    let Some(value) = headers.get(ENCRYPTION) else { return Ok(()) };
    if matches!(operation, "PutObject" | "CopyObject" | "CreateMultipartUpload") {
        return Ok(());
    }
    let message = format!("{ENCRYPTION} header is not supported for this operation.");
    Err(invalid_argument(ENCRYPTION, &String::from_utf8_lossy(value.as_bytes()), message))
}

pub(crate) fn encryption_of(
    algorithm: Option<&ServerSideEncryption>,
    key: Option<&str>,
    bucket_key: Option<bool>,
    customer_key: CustomerKeyHeaders<'_>,
    default: Encryption,
    shared: &Shared,
    context: &RequestContext,
) -> S3Result<Encryption> {
    let algorithm = algorithm.map(ServerSideEncryption::as_str);
    customer_key.check_alone(algorithm)?;
    if let Some(key) = customer_key.key()? {
        return Ok(Encryption::of_customer(key));
    }
    match (algorithm, key) {
        (None, None) => Ok(default),
        (Some(ServerSideEncryption::AES256), None) => Ok(Encryption::default()),
        (Some(algorithm @ (ServerSideEncryption::AWS_KMS | ServerSideEncryption::AWS_KMS_DSSE)), key) => {
            Ok(Encryption {
                algorithm: algorithm.to_owned(),
                kms_key_id: Some(kms_key_arn(key, shared, context)),
                bucket_key_enabled: bucket_key.unwrap_or(default.bucket_key_enabled),
                customer_key_md5: None,
            })
        }
        (None | Some(ServerSideEncryption::AES256), Some(_)) => Err(error_with(
            S3ErrorCode::InvalidArgument,
            "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms",
        )),
        (Some(other), _) => {
            Err(invalid_argument(ENCRYPTION, other, "The encryption method specified is not supported"))
        }
    }
}

/// The ARN of a KMS key, by whichever of its names; without one, of the key that S3 has for itself.
pub(crate) fn kms_key_arn(key: Option<&str>, shared: &Shared, context: &RequestContext) -> String {
    let scope = format!("arn:aws:kms:{}:{}", context.region, shared.account_id);
    match key {
        None => format!("{scope}:alias/aws/s3"),
        Some(arn) if arn.starts_with("arn:") => arn.to_owned(),
        Some(alias) if alias.starts_with("alias/") => format!("{scope}:{alias}"),
        Some(id) => format!("{scope}:key/{id}"),
    }
}

impl Encryption {
    /// `x-amz-server-side-encryption-bucket-key-enabled`, which is there only if it is so.
    pub(crate) fn bucket_key(&self) -> Option<bool> {
        self.bucket_key_enabled.then_some(true)
    }

    /// `x-amz-server-side-encryption`, which S3 puts on every answer about an object's bytes, unless the key is its writer's.
    pub(crate) fn header(&self) -> Option<ServerSideEncryption> {
        self.customer_key_md5.is_none().then(|| ServerSideEncryption::from(self.algorithm.clone()))
    }
}

/// `x-amz-website-redirect-location`: another object of the bucket, or a URL.
pub(crate) fn check_redirect(location: Option<&str>) -> S3Result {
    let prefixes = ["/", "http://", "https://"];
    if location.is_none_or(|location| prefixes.iter().any(|prefix| location.starts_with(prefix))) {
        Ok(())
    } else {
        Err(custom("InvalidRedirectLocation", StatusCode::BAD_REQUEST))
    }
}

pub(crate) fn check_storage_class(class: Option<&str>) -> S3Result {
    if class.is_none_or(|class| STORAGE_CLASSES.contains(&class)) {
        Ok(())
    } else {
        Err(error(S3ErrorCode::InvalidStorageClass))
    }
}

pub(crate) fn metadata_of(metadata: Option<Metadata>) -> S3Result<BTreeMap<String, String>> {
    let metadata: BTreeMap<_, _> =
        metadata.into_iter().flatten().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    let size: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size > MAX_METADATA { Err(error(S3ErrorCode::MetadataTooLarge)) } else { Ok(metadata) }
}
