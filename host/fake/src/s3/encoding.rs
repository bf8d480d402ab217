use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::S3Result;
use s3s::dto::EncodingType;

use super::error::invalid_argument;

/// `encoding-type`: whether the texts of a listing are percent-encoded, for keys that XML cannot carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Plain,
    Url,
}

/// What S3 leaves as it is in a URL: RFC 3986's unreserved characters and the slash.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// The same in a listing, which has them as a form does.
const ENCODED_IN_LISTINGS: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/');

impl Encoding {
    pub(crate) fn of(requested: Option<&EncodingType>) -> S3Result<Self> {
        match requested.map(EncodingType::as_str) {
            None => Ok(Self::Plain),
            Some(EncodingType::URL) => Ok(Self::Url),
            Some(other) => {
                Err(invalid_argument("encoding-type", other, "Invalid Encoding Method specified in Request"))
            }
        }
    }

    pub(crate) fn text(self, text: String) -> String {
        match self {
            Self::Plain => text,
            Self::Url => utf8_percent_encode(&text, ENCODED_IN_LISTINGS).to_string().replace("%20", "+"),
        }
    }
}

/// A key as S3 writes it in URLs.
pub(crate) fn percent_encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_has_keys_as_a_form_does() {
        let key = "run books/a+b~c*d-e_f.%20é\u{1}";
        assert_eq!(Encoding::Url.text(key.to_owned()), "run+books/a%2Bb%7Ec*d-e_f.%2520%C3%A9%01");
        assert_eq!(Encoding::Plain.text(key.to_owned()), key);
        assert_eq!(percent_encoded("a b~c*d"), "a%20b~c%2Ad");
    }
}
