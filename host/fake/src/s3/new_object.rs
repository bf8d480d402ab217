use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;

use super::object::{Encryption, ObjectHeaders};

/// An object to be put by a test or a seed, past the wire: bytes, and what the writer says about them.
///
/// Made from anything that is bytes or text: `fake.s3().put("bucket", "key", "hello")`.
#[derive(Clone, Default)]
pub struct NewObject {
    pub(crate) body: Bytes,
    pub(crate) headers: ObjectHeaders,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) encryption: Encryption,
}

impl NewObject {
    /// An object with this body, without content type or metadata.
    pub fn new(body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..Self::default() }
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

    /// Adds a tag.
    #[must_use]
    pub fn tag(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(name.into(), value.into());
        self
    }

    /// Sets the encryption: a label, that answers show.
    #[must_use]
    pub fn encryption(mut self, encryption: Encryption) -> Self {
        self.encryption = encryption;
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
            .field("tags", &self.tags)
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
