//! Cache keys, in which a secret is only present as a digest.

use sha2::{Digest as _, Sha256};
use std::fmt;
use std::hash::{Hash, Hasher};

/// A SHA-256 digest that stands for everything that was written into it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    pub(crate) fn of(domain: &'static str, write: impl FnOnce(&mut DigestWriter)) -> Self {
        let mut writer = DigestWriter(Sha256::new());
        writer.field(domain);
        write(&mut writer);
        Self(writer.0.finalize().into())
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Hash for Digest {
    /// The first eight bytes of a digest are as good a hash as any.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (first, _) = self.0.split_first_chunk().unwrap_or((&[0; 8], &[]));
        state.write_u64(u64::from_le_bytes(*first));
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}

/// Writes fields with their length in front, so that `ab` + `c` and `a` + `bc` differ.
pub(crate) struct DigestWriter(Sha256);

impl DigestWriter {
    pub(crate) fn field(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    /// Writes an optional field, so that an absent one and an empty one differ.
    pub(crate) fn optional(&mut self, bytes: Option<impl AsRef<[u8]>>) {
        match bytes {
            None => self.0.update([0]),
            Some(bytes) => {
                self.0.update([1]);
                self.field(bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_do_not_run_into_each_other() {
        let digest =
            |fields: &[&str]| Digest::of("test", |writer| fields.iter().for_each(|f| writer.field(f)));
        assert_eq!(digest(&["ab", "c"]), digest(&["ab", "c"]));
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
        assert_ne!(digest(&["ab", "c"]), digest(&["ab", "c", ""]));
        let optional = |field: Option<&str>| Digest::of("test", |writer| writer.optional(field));
        assert_ne!(optional(None), optional(Some("")));
        assert_ne!(Digest::of("a", |_| ()), Digest::of("b", |_| ()));
    }
}
