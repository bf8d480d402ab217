use std::collections::BTreeMap;
use std::fmt;
use std::time::SystemTime;

use bytes::Bytes;
use md5::{Digest as _, Md5};

use super::checksum::Checksum;

/// An object as the fake keeps it. Cheap to clone: the body is shared.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Object {
    /// The bytes.
    pub body: Bytes,
    /// The entity tag, without quotes: the MD5 of the body in hexadecimal.
    pub etag: String,
    /// When it was written, in whole seconds as S3 keeps it.
    pub last_modified: SystemTime,
    /// The checksum that came with the upload, or the CRC-64/NVME that S3 computes when none did.
    pub checksum: Checksum,
    /// Content headers and user metadata.
    pub headers: ObjectHeaders,
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

    pub(crate) fn new(body: Bytes, headers: ObjectHeaders, checksum: Checksum, now: SystemTime) -> Self {
        let etag = hex::encode(Md5::digest(&body));
        Self { body, etag, last_modified: whole_seconds(now), checksum, headers }
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
    /// `Expires`.
    pub expires: Option<SystemTime>,
    /// `x-amz-website-redirect-location`.
    pub website_redirect_location: Option<String>,
    /// `x-amz-storage-class`; none is `STANDARD`.
    pub storage_class: Option<String>,
    /// User metadata (`x-amz-meta-*`), names in lower case and without the prefix.
    pub metadata: BTreeMap<String, String>,
}

/// An object to be put by a test or a seed, past the wire: bytes, and what the writer says about them.
///
/// Made from anything that is bytes or text: `fake.s3().put("bucket", "key", "hello")`.
#[derive(Clone, Default)]
pub struct NewObject {
    pub(crate) body: Bytes,
    pub(crate) headers: ObjectHeaders,
}

impl NewObject {
    /// An object with this body, without content type or metadata.
    pub fn new(body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), headers: ObjectHeaders::default() }
    }

    /// Sets `Content-Type`.
    #[must_use]
    pub fn content_type(mut self, value: impl Into<String>) -> Self {
        self.headers.content_type = Some(value.into());
        self
    }

    /// Adds user metadata. S3 keeps names in lower case, and so does this.
    #[must_use]
    pub fn metadata(mut self, name: impl AsRef<str>, value: impl Into<String>) -> Self {
        self.headers.metadata.insert(name.as_ref().to_ascii_lowercase(), value.into());
        self
    }

    /// Sets the storage class, for example `GLACIER`. Reading an archived object answers `InvalidObjectState`.
    #[must_use]
    pub fn storage_class(mut self, value: impl Into<String>) -> Self {
        self.headers.storage_class = Some(value.into());
        self
    }

    /// Sets every header and all user metadata at once.
    #[must_use]
    pub fn headers(mut self, headers: ObjectHeaders) -> Self {
        self.headers = headers;
        self
    }
}

impl fmt::Debug for NewObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewObject")
            .field("size", &self.body.len())
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

impl From<Bytes> for NewObject {
    fn from(body: Bytes) -> Self {
        Self::new(body)
    }
}

impl From<Vec<u8>> for NewObject {
    fn from(body: Vec<u8>) -> Self {
        Self::new(body)
    }
}

impl From<String> for NewObject {
    fn from(body: String) -> Self {
        Self::new(body)
    }
}

impl From<&'static str> for NewObject {
    fn from(body: &'static str) -> Self {
        Self::new(body)
    }
}

impl From<&'static [u8]> for NewObject {
    fn from(body: &'static [u8]) -> Self {
        Self::new(body)
    }
}

impl<const N: usize> From<&'static [u8; N]> for NewObject {
    fn from(body: &'static [u8; N]) -> Self {
        Self::new(&body[..])
    }
}

/// S3 keeps no fraction of a second, and a conditional request by date compares whole ones.
fn whole_seconds(time: SystemTime) -> SystemTime {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(since.as_secs()),
        Err(_) => time,
    }
}
