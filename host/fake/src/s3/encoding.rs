use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::EncodingType;
use s3s::{S3ErrorCode, S3Result};

use super::error::error_with;

/// `encoding-type`: whether the texts of a listing are percent-encoded, for keys that XML cannot carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Plain,
    Url,
}

/// What S3 leaves as it is: RFC 3986's unreserved characters and the slash.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

impl Encoding {
    pub(crate) fn of(requested: Option<&EncodingType>) -> S3Result<Self> {
        match requested.map(EncodingType::as_str) {
            None => Ok(Self::Plain),
            Some(EncodingType::URL) => Ok(Self::Url),
            Some(_) => {
                Err(error_with(S3ErrorCode::InvalidArgument, "Invalid Encoding Method specified in Request"))
            }
        }
    }

    pub(crate) fn text(self, text: String) -> String {
        match self {
            Self::Plain => text,
            Self::Url => percent_encoded(&text),
        }
    }
}

/// A key as S3 writes it in URLs and in listings with `encoding-type`.
pub(crate) fn percent_encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}
