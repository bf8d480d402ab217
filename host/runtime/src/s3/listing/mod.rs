//! Listings: one page is one call of AWS, and the place between two pages is kept here. A guest can store it as a token, which it
//! cannot make one of its own of.

mod buckets;
mod objects;
mod uploads;
mod versions;

use std::borrow::Cow;

use aws_sdk_s3::types::{CommonPrefix, EncodingType};
use percent_encoding::percent_decode_str;

use crate::bindings::s3_types::Error;
use crate::context::AwsCtx;
use crate::gate::CallRecord;
use crate::s3::error;
use crate::s3::token::Purpose;

pub use self::buckets::BucketListing;
pub use self::objects::ObjectListing;
pub use self::uploads::UploadListing;
pub use self::versions::VersionListing;

/// The most that S3 puts on a page of a bucket's listing.
const MAX_PAGE_SIZE: u32 = 1_000;

/// S3 takes prefixes and delimiters up to the length of a key.
const MAX_PREFIX_BYTES: usize = 1_024;

/// What is listed of a bucket, checked.
#[derive(Clone, Debug)]
struct Selection {
    prefix: Option<String>,
    delimiter: Option<String>,
    page_size: u32,
}

/// Which page comes next.
#[derive(Clone, Debug)]
enum Next {
    First,
    /// The page behind this place, in S3's own words: a continuation token, or a key and what goes with it.
    Behind(Place),
    None,
}

type Place = Vec<Option<String>>;

/// The longest place, in bytes. S3's continuation tokens are of some hundred; a key and a version are of a thousand each. It goes into an
/// address, and the SDK panics over one of 64 KiB.
const MAX_PLACE_BYTES: usize = 5 * 1_024;

/// Why a listing was given up.
#[derive(Debug, thiserror::Error)]
enum NoPlace {
    #[error("the page is followed by the place that it was asked for with")]
    Same,
    #[error("the page is followed by a place of more than {MAX_PLACE_BYTES} bytes")]
    TooLong,
}

impl Selection {
    fn new(prefix: Option<String>, delimiter: Option<String>, page_size: Option<u32>) -> Result<Self, Error> {
        Ok(Self {
            prefix: argument("prefix", prefix)?,
            delimiter: argument("delimiter", delimiter)?,
            page_size: check_page_size(page_size, MAX_PAGE_SIZE)?,
        })
    }

    fn max_keys(&self) -> i32 {
        i32::try_from(self.page_size).unwrap_or(i32::MAX)
    }
}

impl Next {
    /// Where a listing begins: at its beginning, or where an earlier one had got to.
    fn resume(ctx: &AwsCtx, purpose: &Purpose<'_>, token: Option<String>) -> Result<Self, Error> {
        let Some(token) = token else { return Ok(Self::First) };
        let place = ctx.token_key().open(purpose, &token);
        place.map(Self::Behind).ok_or_else(|| {
            Error::InvalidArgument("the continuation token is not one of this listing".to_owned())
        })
    }

    fn token(&self, ctx: &AwsCtx, purpose: &Purpose<'_>) -> Option<String> {
        let Self::Behind(place) = self else { return None };
        let place: Vec<_> = place.iter().map(Option::as_deref).collect();
        ctx.token_key().seal(purpose, &place)
    }

    /// The place to ask from; `None` behind the last page.
    fn place(&self) -> Option<Place> {
        match self {
            Self::First => Some(Vec::new()),
            Self::Behind(place) => Some(place.clone()),
            Self::None => None,
        }
    }

    /// The place behind a page.
    fn behind(asked: &Place, next: Option<Place>, call: &mut CallRecord) -> Result<Self, Error> {
        let Some(next) = next else { return Ok(Self::None) };
        let length: usize = next.iter().flatten().map(String::len).sum();
        // A server that sends the same place again would keep the guest, and us, here for ever.
        let (wrong, message) = if next == *asked {
            (NoPlace::Same, "the listing does not advance")
        } else if length > MAX_PLACE_BYTES {
            (NoPlace::TooLong, "the listing cannot go on")
        } else {
            return Ok(Self::Behind(next));
        };
        let error = Error::Other(message.to_owned());
        call.fail(error::case(&error), &wrong);
        Err(error)
    }
}

/// An empty argument is left out: S3 makes no difference, and a policy that looks at it is asked about what is sent.
fn argument(name: &str, value: Option<String>) -> Result<Option<String>, Error> {
    let value = value.filter(|value| !value.is_empty());
    if value.as_ref().is_some_and(|value| value.len() > MAX_PREFIX_BYTES) {
        return Err(Error::InvalidArgument(format!("{name} is longer than {MAX_PREFIX_BYTES} bytes")));
    }
    Ok(value)
}

fn check_page_size(asked: Option<u32>, most: u32) -> Result<u32, Error> {
    let size = asked.unwrap_or(most);
    if (1..=most).contains(&size) {
        return Ok(size);
    }
    Err(Error::InvalidArgument(format!("the page size has to be 1 to {most}")))
}

/// A field of a place.
fn field(place: &Place, index: usize) -> Option<String> {
    place.get(index).cloned().flatten()
}

/// How the keys of an answer are to be read.
fn decoder(encoding: Option<&EncodingType>) -> fn(&str) -> String {
    match encoding {
        Some(EncodingType::Url) => decode_url,
        _ => str::to_owned,
    }
}

fn common_prefixes(prefixes: Option<&Vec<CommonPrefix>>, decode: fn(&str) -> String) -> Vec<String> {
    prefixes.into_iter().flatten().filter_map(|prefix| prefix.prefix().map(decode)).collect()
}

/// S3's `encoding-type=url`: percent-encoding, with `+` for a space.
fn decode_url(encoded: &str) -> String {
    let spaced =
        if encoded.contains('+') { Cow::Owned(encoded.replace('+', " ")) } else { Cow::Borrowed(encoded) };
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_sizes_outside_of_what_s3_takes_are_refused() {
        for size in [0, 1_001, u32::MAX] {
            assert!(Selection::new(None, None, Some(size)).is_err(), "{size}");
        }
        for size in [1, 1_000] {
            assert!(Selection::new(None, None, Some(size)).is_ok(), "{size}");
        }
    }

    #[test]
    fn prefixes_longer_than_a_key_are_refused() {
        assert!(Selection::new(Some("p".repeat(1_025)), None, None).is_err());
        assert!(Selection::new(None, Some("p".repeat(1_025)), None).is_err());
        assert_eq!(Selection::new(Some(String::new()), None, None).unwrap().prefix, None);
    }

    #[test]
    fn keys_are_decoded_as_s3_encodes_them() {
        assert_eq!(decode_url("a+b%2Bc%20d/%C3%BC%00"), "a b+c d/ü\0");
    }
}
