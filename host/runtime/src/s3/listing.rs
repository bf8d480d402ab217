//! Listings: one page is one call of AWS, and the place between two pages is kept here, where no guest can reach it.

use std::borrow::Cow;

use aws_sdk_s3::types::EncodingType;
use innkeeper_policy::S3Operation;
use percent_encoding::percent_decode_str;

use crate::bindings::s3_types::{Error, ListObjectsOptions, ObjectPage};
use crate::context::AwsCtx;
use crate::s3::bucket::Bucket;
use crate::s3::{convert, error, settle};

/// The most keys that S3 puts on a page.
const MAX_PAGE_SIZE: u32 = 1_000;

/// S3 takes prefixes and delimiters up to the length of a key.
const MAX_PREFIX_BYTES: usize = 1_024;

/// The `object-listing` resource.
#[derive(Debug)]
pub struct ObjectListing {
    bucket: Bucket,
    prefix: Option<String>,
    delimiter: Option<String>,
    start_after: Option<String>,
    page_size: u32,
    next: Next,
}

/// Why a listing was given up.
#[derive(Debug, thiserror::Error)]
#[error("the page has the continuation token that it was asked for with")]
struct SameToken;

#[derive(Debug)]
enum Next {
    First,
    /// The page behind this continuation token, which is S3's and never the guest's.
    Behind(String),
    None,
}

impl ObjectListing {
    pub(crate) fn new(bucket: Bucket, options: ListObjectsOptions) -> Result<Self, Error> {
        let page_size = options.page_size.unwrap_or(MAX_PAGE_SIZE);
        if !(1..=MAX_PAGE_SIZE).contains(&page_size) {
            return Err(Error::InvalidArgument(format!("the page size has to be 1 to {MAX_PAGE_SIZE}")));
        }
        // An empty one is left out: S3 makes no difference, and a policy that looks at it is asked about what is sent.
        let given = |value: Option<String>| value.filter(|value| !value.is_empty());
        let (prefix, delimiter) = (given(options.prefix), given(options.delimiter));
        let start_after = given(options.start_after);
        for (name, value) in [("prefix", &prefix), ("delimiter", &delimiter), ("start-after", &start_after)] {
            if value.as_ref().is_some_and(|value| value.len() > MAX_PREFIX_BYTES) {
                return Err(Error::InvalidArgument(format!("{name} is longer than {MAX_PREFIX_BYTES} bytes")));
            }
        }
        Ok(Self {
            bucket,
            prefix,
            delimiter,
            start_after,
            page_size,
            next: Next::First,
        })
    }

    pub(crate) async fn next_page(&mut self, ctx: &AwsCtx) -> Result<Option<ObjectPage>, Error> {
        let token = match &self.next {
            Next::First => None,
            Next::Behind(token) => Some(token.clone()),
            Next::None => return Ok(None),
        };

        let operation = S3Operation::ListObjects {
            bucket: self.bucket.arn(),
            prefix: self.prefix.as_deref(),
            delimiter: self.delimiter.as_deref(),
            max_keys: Some(self.page_size),
        };
        let mut permit = ctx.gate().s3(operation).await?;
        let answer = permit
            .client
            .list_objects_v2()
            .bucket(self.bucket.name())
            .set_prefix(self.prefix.clone())
            .set_delimiter(self.delimiter.clone())
            .set_start_after(self.start_after.clone())
            .max_keys(i32::try_from(self.page_size).unwrap_or(i32::MAX))
            .set_continuation_token(token.clone())
            // Keys may hold what XML cannot.
            .encoding_type(EncodingType::Url)
            .customize()
            .interceptor(permit.call.observer())
            .send()
            .await;
        let output = match answer {
            Ok(output) => output,
            Err(error) => return Err(settle(&mut permit.call, &error)),
        };

        let next = match output.next_continuation_token {
            Some(next) if output.is_truncated == Some(true) => {
                if token.as_ref() == Some(&next) {
                    // A server that sends the same place again would keep the guest, and us, here for ever.
                    let error = Error::Other("the listing does not advance".to_owned());
                    permit.call.fail(error::case(&error), &SameToken);
                    return Err(error);
                }
                Next::Behind(next)
            }
            _ => Next::None,
        };
        let decode = match output.encoding_type {
            Some(EncodingType::Url) => decode_url,
            _ => str::to_owned,
        };
        let page = ObjectPage {
            objects: output
                .contents
                .iter()
                .flatten()
                .filter_map(|object| convert::summary(object, decode))
                .collect(),
            common_prefixes: output
                .common_prefixes
                .iter()
                .flatten()
                .filter_map(|prefix| prefix.prefix().map(decode))
                .collect(),
        };
        permit.call.succeed();
        self.next = next;
        Ok(Some(page))
    }
}

/// S3's `encoding-type=url`: percent-encoding, with `+` for a space.
fn decode_url(encoded: &str) -> String {
    let spaced = if encoded.contains('+') { Cow::Owned(encoded.replace('+', " ")) } else { Cow::Borrowed(encoded) };
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(page_size: u32) -> ListObjectsOptions {
        ListObjectsOptions { prefix: None, delimiter: None, start_after: None, page_size: Some(page_size) }
    }

    #[test]
    fn page_sizes_outside_of_1_to_1000_are_refused() {
        let bucket = Bucket::for_tests("uploads");
        for size in [0, 1_001, u32::MAX] {
            assert!(ObjectListing::new(bucket.clone(), options(size)).is_err(), "{size}");
        }
        for size in [1, 1_000] {
            assert!(ObjectListing::new(bucket.clone(), options(size)).is_ok(), "{size}");
        }
    }

    #[test]
    fn keys_are_decoded_as_s3_encodes_them() {
        assert_eq!(decode_url("a+b%2Bc%20d/%C3%BC%00"), "a b+c d/ü\0");
    }
}
