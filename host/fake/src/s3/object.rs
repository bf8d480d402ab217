use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};

use super::acl::Acl;
use super::checksum::Checksum;
use super::customer_key::{KEY_LENGTH, md5_of};
use super::lock::Lock;

/// An object as the fake keeps it. Cheap to clone: the body is shared.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Object {
    /// The bytes.
    pub body: Bytes,
    /// The entity tag, without quotes: the MD5 of the body in hexadecimal; of an object that was uploaded in parts, the
    /// MD5 of the parts' MD5s, `-` and how many they are.
    pub etag: String,
    /// When it was written, in whole seconds as S3 keeps it.
    pub last_modified: SystemTime,
    /// The checksum that came with the upload, or the CRC-64/NVME that S3 computes when none did.
    pub checksum: Checksum,
    /// Content headers and user metadata.
    pub headers: ObjectHeaders,
    /// Object tags.
    pub tags: BTreeMap<String, String>,
    /// How it is encrypted at rest, as far as answers show it.
    pub encryption: Encryption,
    /// The parts that it was uploaded in, in order; none if it came in one piece.
    pub parts: Vec<ObjectPart>,
    /// The version id. None is the version `null`: of a bucket without versioning, or written while it was suspended.
    pub version_id: Option<String>,
    /// The copy of an archived object that can be read for a time (`RestoreObject`).
    pub restore: Option<Restore>,
    /// None is the bucket owner's, and nobody else's.
    pub(crate) acl: Option<Arc<Acl>>,
    pub(crate) lock: Lock,
}

/// A part of an object that was uploaded in parts.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ObjectPart {
    /// Its number, from 1 to 10,000. Numbers ascend, and may leave gaps.
    pub number: u16,
    /// Its length in bytes.
    pub size: u64,
    /// Its own checksum, where the whole one is [composite](super::ChecksumKind::Composite).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<Checksum>,
}

/// The encryption of an object at rest, a label: the fake keeps plain bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Encryption {
    /// `x-amz-server-side-encryption`: `AES256`, which is the default, `aws:kms` or `aws:kms:dsse`. With a customer key it
    /// is `AES256`, and no answer says so.
    pub algorithm: String,
    /// `x-amz-server-side-encryption-aws-kms-key-id`, with KMS.
    pub kms_key_id: Option<String>,
    /// `x-amz-server-side-encryption-bucket-key-enabled`, with KMS.
    pub bucket_key_enabled: bool,
    /// `x-amz-server-side-encryption-customer-key-MD5`, of an object that can only be read with the key of its writer. The
    /// key itself is not kept.
    pub customer_key_md5: Option<String>,
}

impl Encryption {
    /// `aws:kms`, with a key of this id, alias or ARN.
    pub fn kms(key_id: impl Into<String>) -> Self {
        Self { algorithm: "aws:kms".to_owned(), kms_key_id: Some(key_id.into()), ..Self::default() }
    }

    /// SSE-C, with this key.
    pub fn customer_key(key: &[u8; KEY_LENGTH]) -> Self {
        Self { customer_key_md5: Some(md5_of(key)), ..Self::default() }
    }
}

impl Default for Encryption {
    fn default() -> Self {
        Self {
            algorithm: "AES256".to_owned(),
            kms_key_id: None,
            bucket_key_enabled: false,
            customer_key_md5: None,
        }
    }
}

/// A restoration of an archived object, by the fake's clock.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Restore {
    /// When the object can be read.
    #[serde(with = "crate::instant")]
    pub ready: SystemTime,
    /// When it is archived only again.
    #[serde(with = "crate::instant")]
    pub expires: SystemTime,
}

impl Object {
    /// The length of the body in bytes.
    pub fn size(&self) -> u64 {
        self.body.len() as u64
    }

    /// The body as text, if it is UTF-8.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.body).ok()
    }

    /// `Content-Type`. S3 answers `binary/octet-stream` when none was given.
    pub fn content_type(&self) -> &str {
        self.headers.content_type.as_deref().unwrap_or(DEFAULT_CONTENT_TYPE)
    }

    /// The user metadata of that name (without `x-amz-meta-`, in lower case).
    pub fn metadata(&self, name: &str) -> Option<&str> {
        self.headers.metadata.get(name).map(String::as_str)
    }

    /// `x-amz-storage-class`.
    pub fn storage_class(&self) -> &str {
        self.headers.storage_class.as_deref().unwrap_or("STANDARD")
    }

    /// An object that came in one piece, without tags, and encrypted as S3 does by default.
    pub(crate) fn new(body: Bytes, headers: ObjectHeaders, checksum: Checksum, now: SystemTime) -> Self {
        let etag = hex::encode(Md5::digest(&body));
        Self {
            body,
            etag,
            last_modified: whole_seconds(now),
            checksum,
            headers,
            tags: BTreeMap::new(),
            encryption: Encryption::default(),
            parts: Vec::new(),
            version_id: None,
            restore: None,
            acl: None,
            lock: Lock::default(),
        }
    }

    /// Sets the encryption. Under a KMS key or a customer's the entity tag is no MD5 of the body, and a client that takes it
    /// for one should find out here. What AWS makes it of is not known; here it is of the body and the key.
    pub(crate) fn encrypted(mut self, encryption: Encryption) -> Self {
        if let Some(key) = encryption.kms_key_id.as_ref().or(encryption.customer_key_md5.as_ref()) {
            let (digest, parts) =
                self.etag.split_once('-').map_or((&*self.etag, None), |(d, n)| (d, Some(n)));
            let digest = hex::encode(Md5::digest(format!("{digest}{key}")));
            self.etag = parts.map_or(digest.clone(), |parts| format!("{digest}-{parts}"));
        }
        self.encryption = encryption;
        self
    }
}

/// With the size in place of the bytes, which may be many and are nobody's log line.
impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object")
            .field("size", &self.size())
            .field("etag", &self.etag)
            .field("last_modified", &self.last_modified)
            .field("checksum", &self.checksum)
            .field("headers", &self.headers)
            .field("tags", &self.tags)
            .field("version_id", &self.version_id)
            .finish_non_exhaustive()
    }
}

/// What S3 calls an object without a content type.
pub(crate) const DEFAULT_CONTENT_TYPE: &str = "binary/octet-stream";

/// What a writer says about an object besides its bytes, as S3 keeps it and gives it back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectHeaders {
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Content-Encoding`, without the `aws-chunked` of the transfer.
    pub content_encoding: Option<String>,
    /// `Content-Language`.
    pub content_language: Option<String>,
    /// `Content-Disposition`.
    pub content_disposition: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// `Expires`, whatever the writer put there: S3 does not read it.
    pub expires: Option<String>,
    /// `x-amz-website-redirect-location`.
    pub website_redirect_location: Option<String>,
    /// `x-amz-storage-class`; none is `STANDARD`.
    pub storage_class: Option<String>,
    /// User metadata (`x-amz-meta-*`), names in lower case and without the prefix.
    pub metadata: BTreeMap<String, String>,
}

/// S3 keeps no fraction of a second, and a conditional request by date compares whole ones.
pub(crate) fn whole_seconds(time: SystemTime) -> SystemTime {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(since.as_secs()),
        Err(_) => time,
    }
}
