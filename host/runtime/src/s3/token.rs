//! Places in listings that a guest can store, and cannot forge.
//!
//! A token holds what S3 has to be told to go on, in the clear, and a MAC over that and over all that it is good for: the guest, the
//! kind of listing, the bucket and what was asked of it. A token of another guest, for another bucket or with another prefix is
//! worthless, and so is one with a bit changed.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Longer than any token that was given out: two keys of 1,024 bytes, or a continuation token of S3, in base64.
const MAX_TOKEN: usize = 8 * 1024;

const MAC_BYTES: usize = 32;

/// What tokens are authenticated with. `None` where the system has no random numbers: no token is given out, and none is good.
#[derive(Clone)]
pub(crate) struct TokenKey(Option<Arc<[u8; 32]>>);

/// What a token is good for.
#[derive(Clone, Debug)]
pub(crate) struct Purpose<'a> {
    /// The guest that it was given to.
    pub(crate) guest: &'a str,
    /// The operation, such as `ListObjectsV2`.
    pub(crate) operation: &'static str,
    /// The ARN of the bucket; empty for a listing of buckets.
    pub(crate) bucket: String,
    /// What was asked, such as prefix and delimiter.
    pub(crate) arguments: Vec<Option<&'a str>>,
}

impl TokenKey {
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self(Some(Arc::new(key)))
    }

    pub(crate) fn random() -> Self {
        let mut key = [0; 32];
        match getrandom::fill(&mut key) {
            Ok(()) => Self::new(key),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "no random numbers: places in listings cannot be stored"
                );
                Self(None)
            }
        }
    }

    /// A token for a place, which is what S3 has to be told.
    pub(crate) fn seal(&self, purpose: &Purpose<'_>, place: &[Option<&str>]) -> Option<String> {
        let mut payload = Vec::new();
        place.iter().for_each(|field| write(&mut payload, *field));
        let mut token = self.mac(purpose, &payload)?.finalize().into_bytes().to_vec();
        token.extend_from_slice(&payload);
        Some(URL_SAFE_NO_PAD.encode(token))
    }

    /// The place in a token that was given out for the same purpose; `None` for any other text.
    pub(crate) fn open(&self, purpose: &Purpose<'_>, token: &str) -> Option<Vec<Option<String>>> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let token = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (mac, payload) = token.split_at_checked(MAC_BYTES)?;
        // Compared in constant time, so that no one learns a MAC byte by byte.
        self.mac(purpose, payload)?.verify_slice(mac).ok()?;
        let mut rest = payload;
        let mut place = Vec::new();
        while !rest.is_empty() {
            place.push(read(&mut rest)?);
        }
        Some(place)
    }

    fn mac(&self, purpose: &Purpose<'_>, payload: &[u8]) -> Option<Hmac<Sha256>> {
        let key = self.0.as_ref()?;
        let mut bound = Vec::new();
        for field in ["innkeeper listing 1", purpose.guest, purpose.operation, &purpose.bucket] {
            write(&mut bound, Some(field));
        }
        purpose.arguments.iter().for_each(|argument| write(&mut bound, *argument));
        let mut mac = Hmac::<Sha256>::new_from_slice(&key[..]).ok()?;
        // Lengths first, so that no two purposes make the same bytes.
        mac.update(&(bound.len() as u64).to_be_bytes());
        mac.update(&bound);
        mac.update(payload);
        Some(mac)
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey")
    }
}

/// A field: whether it is there, its length, its bytes.
fn write(bytes: &mut Vec<u8>, field: Option<&str>) {
    bytes.push(u8::from(field.is_some()));
    let text = field.unwrap_or_default();
    bytes.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

#[expect(clippy::option_option, reason = "a field that is not there, in a token that can be read")]
fn read(bytes: &mut &[u8]) -> Option<Option<String>> {
    let (head, rest) = bytes.split_first_chunk::<5>()?;
    let [present, length @ ..] = *head;
    let (text, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(length)).ok()?)?;
    *bytes = rest;
    let text = std::str::from_utf8(text).ok()?;
    Some((present == 1).then(|| text.to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn purpose<'a>() -> Purpose<'a> {
        Purpose {
            guest: "a",
            operation: "ListObjectsV2",
            bucket: "arn:aws:s3:::uploads".to_owned(),
            arguments: vec![Some("incoming/"), None],
        }
    }

    #[test]
    fn a_token_gives_back_its_place() {
        let key = TokenKey::new([7; 32]);
        let place = [Some("key\0"), None, Some("")];
        let token = key.seal(&purpose(), &place).unwrap();
        let opened = key.open(&purpose(), &token).unwrap();
        assert_eq!(opened.iter().map(Option::as_deref).collect::<Vec<_>>(), place);
    }

    #[test]
    fn a_token_is_worthless_for_another_purpose() {
        let key = TokenKey::new([7; 32]);
        let token = key.seal(&purpose(), &[Some("place")]).unwrap();
        for other in [
            Purpose { guest: "b", ..purpose() },
            Purpose { operation: "ListObjectVersions", ..purpose() },
            Purpose { bucket: "arn:aws:s3:::private".to_owned(), ..purpose() },
            Purpose { arguments: vec![Some("private/"), None], ..purpose() },
            Purpose { arguments: vec![None, Some("incoming/")], ..purpose() },
            Purpose { arguments: vec![Some("incoming/"), Some("")], ..purpose() },
        ] {
            assert!(key.open(&other, &token).is_none(), "{other:?}");
        }
        assert!(TokenKey::new([8; 32]).open(&purpose(), &token).is_none());
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let key = TokenKey::random();
        for text in ["", "a", "AAAA", &"A".repeat(43), &"A".repeat(MAX_TOKEN + 1), "\u{fc}"] {
            assert!(key.open(&purpose(), text).is_none());
        }
        assert_eq!(format!("{key:?}"), "TokenKey");
    }

    proptest! {
        #[test]
        fn a_token_with_a_bit_changed_is_worthless(bit in 0_usize..400) {
            let key = TokenKey::new([7; 32]);
            let mut token = URL_SAFE_NO_PAD.decode(key.seal(&purpose(), &[Some("place-and-more")]).unwrap()).unwrap();
            let bit = bit % (token.len() * 8);
            token[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(key.open(&purpose(), &URL_SAFE_NO_PAD.encode(token)).is_none());
        }
    }
}
