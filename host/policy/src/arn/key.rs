use std::fmt;

/// The key of an S3 object: 1 to 1,024 bytes of UTF-8, otherwise anything.
///
/// A key is its bytes. It is never normalised, decoded, trimmed or joined, since the key that a policy decided on has to be,
/// byte for byte, the key that is sent: `a/../b`, `a//b`, `%61` and the two spellings of `é` are keys of their own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey(String);

/// Why a text is no object key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectKeyError {
    /// It has no bytes.
    #[error("the object key is empty")]
    Empty,
    /// It has more than 1,024 bytes.
    #[error("the object key has {bytes} bytes, and S3 takes {} at most", ObjectKey::MAX_BYTES)]
    TooLong {
        /// How many it has.
        bytes: usize,
    },
}

impl ObjectKey {
    /// The longest key that S3 takes, in bytes of UTF-8.
    pub const MAX_BYTES: usize = 1024;

    /// Takes a key as it is.
    ///
    /// # Errors
    ///
    /// If it is empty or longer than [`MAX_BYTES`](Self::MAX_BYTES).
    pub fn new(key: impl Into<String>) -> Result<Self, ObjectKeyError> {
        let key = key.into();
        match key.len() {
            0 => Err(ObjectKeyError::Empty),
            1..=Self::MAX_BYTES => Ok(Self(key)),
            bytes => Err(ObjectKeyError::TooLong { bytes }),
        }
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl TryFrom<String> for ObjectKey {
    type Error = ObjectKeyError;

    fn try_from(key: String) -> Result<Self, ObjectKeyError> {
        Self::new(key)
    }
}

/// The key as it is, control characters and all.
impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_one_to_1024_bytes() {
        assert_eq!(ObjectKey::new(""), Err(ObjectKeyError::Empty));
        assert!(ObjectKey::new("a").is_ok());
        assert!(ObjectKey::new("a".repeat(1024)).is_ok());
        assert_eq!(ObjectKey::new("a".repeat(1025)), Err(ObjectKeyError::TooLong { bytes: 1025 }));
        assert_eq!(ObjectKey::new("é".repeat(513)), Err(ObjectKeyError::TooLong { bytes: 1026 }));
    }

    #[test]
    fn changes_nothing() {
        for key in ["a/../b", "//", "/a", " a ", "%2e%2e%2f", "e\u{301}", "\u{e9}", "\0", "a\r\nb"] {
            assert_eq!(ObjectKey::new(key).unwrap().as_str(), key);
        }
    }
}
