use std::sync::atomic::{AtomicU64, Ordering};

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use sha2::{Digest as _, Sha256};

/// Identifiers that look like AWS's and are the same in every run with the same seed.
#[derive(Debug)]
pub(crate) struct Ids {
    seed: u64,
    next: AtomicU64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, next: AtomicU64::new(0) }
    }

    /// A request id as S3 writes it: 16 upper-case letters and digits.
    pub(crate) fn request_id(&self) -> String {
        self.upper("request", 16)
    }

    /// S3's second id of a request (`x-amz-id-2`, `HostId`), which belongs to the first.
    pub(crate) fn host_id(&self, request_id: &str) -> String {
        let first = self.digest("host", request_id);
        let second = self.digest("host2", request_id);
        BASE64_STANDARD.encode([&first[..], &second[..]].concat())
    }

    /// `length` upper-case letters and digits, never the same twice.
    pub(crate) fn upper(&self, domain: &str, length: usize) -> String {
        // Base32's alphabet, which is AWS's for access keys and role ids.
        const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        self.stream(domain)
            .take(length)
            .map(|byte| char::from(*ALPHABET.get(usize::from(byte & 31)).unwrap_or(&b'A')))
            .collect()
    }

    /// `length` letters and digits that sort in the order in which they were made: 16 hexadecimal digits that count, and
    /// random ones. Lists that go by such ids can go on after one that is gone.
    pub(crate) fn sequenced(&self, domain: &str, length: usize) -> String {
        let count = self.next.load(Ordering::Relaxed);
        format!("{count:016x}{}", self.upper(domain, length.saturating_sub(16)))
    }

    /// Goes on after a [sequenced](Self::sequenced) id of another fake, so that those to come sort behind it.
    pub(crate) fn go_on_after(&self, id: &str) {
        let count = id.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok());
        // The last count that there is cannot be gone past; a document that has it is made up.
        if let Some(next) = count.and_then(|count| count.checked_add(1)).filter(|next| *next < u64::MAX / 2) {
            self.next.fetch_max(next, Ordering::Relaxed);
        }
    }

    /// A random UUID, never the same twice.
    pub(crate) fn uuid(&self, domain: &str) -> String {
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(self.stream(domain)).for_each(|(byte, random)| *byte = random);
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }

    /// `bytes` bytes in base64, never the same twice.
    pub(crate) fn opaque(&self, domain: &str, bytes: usize) -> String {
        BASE64_STANDARD.encode(self.stream(domain).take(bytes).collect::<Vec<_>>())
    }

    /// A short tag that ties a token to what it was made for.
    pub(crate) fn tag(&self, domain: &str, text: &str) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.digest(domain, text).get(..9).unwrap_or_default())
    }

    fn stream(&self, domain: &str) -> impl Iterator<Item = u8> {
        let count = self.next.fetch_add(1, Ordering::Relaxed);
        let seed = self.seed;
        let domain = domain.to_owned();
        (0u64..).flat_map(move |block| {
            let mut hash = Sha256::new();
            hash.update(seed.to_be_bytes());
            hash.update(count.to_be_bytes());
            hash.update(block.to_be_bytes());
            hash.update(domain.as_bytes());
            <[u8; 32]>::from(hash.finalize())
        })
    }

    fn digest(&self, domain: &str, text: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_be_bytes());
        for part in [domain, text] {
            // The length in front keeps ("a", "bc") apart from ("ab", "c").
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_ids() {
        let (a, b) = (Ids::new(7), Ids::new(7));
        assert_eq!(a.request_id(), b.request_id());
        assert_eq!(a.opaque("x", 40), b.opaque("x", 40));
        assert_ne!(a.request_id(), a.request_id());
        assert_ne!(Ids::new(8).request_id(), Ids::new(7).request_id());
        assert_ne!(a.tag("x", "a"), a.tag("x", "b"));
    }
}
