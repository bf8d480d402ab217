//! Arguments that s3s would refuse in words of its own, or pass over: what S3 says of them, and of which.

use http::HeaderMap;
use s3s::dto::{CopySource, ParseCopySourceError};
use s3s::{S3ErrorCode, S3Result};
use url::form_urlencoded;

use super::checksum::ChecksumAlgorithm;
use super::error::{error_with, invalid_argument, not_implemented};

const COPY_SOURCE: &str = "x-amz-copy-source";
const CHECKSUM: &str = "x-amz-checksum-";
const SDK_CHECKSUM_ALGORITHM: &str = "x-amz-sdk-checksum-algorithm";
/// The algorithms of S3's API that the fake does not compute. A checksum that nobody verifies must not look as if it were.
const NOT_COMPUTED: [&str; 5] = ["SHA512", "MD5", "XXHASH64", "XXHASH3", "XXHASH128"];
/// Headers about checksums that carry none.
const ABOUT_CHECKSUMS: [&str; 3] = ["algorithm", "mode", "type"];

/// Refuses what is no argument of the operation. Everything else the operation looks at itself.
pub(super) fn check(operation: &str, query: Option<&str>, headers: &HeaderMap) -> S3Result {
    check_numbers(operation, query.unwrap_or_default())?;
    if matches!(operation, "CopyObject" | "UploadPartCopy") {
        check_copy_source(headers)?;
    }
    check_checksums(headers)
}

/// Numbers in the query. How large they may be is for the operation to say.
fn check_numbers(operation: &str, query: &str) -> S3Result {
    let names: &[&str] = match operation {
        "ListObjects" | "ListObjectsV2" | "ListObjectVersions" => &["max-keys"],
        "ListMultipartUploads" => &["max-uploads"],
        "ListParts" => &["max-parts", "part-number-marker"],
        "ListBuckets" => &["max-buckets"],
        _ => return Ok(()),
    };
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if names.contains(&&*name) && value.parse::<i32>().is_err() {
            let message = format!("Provided {name} not an integer or within integer range");
            return Err(invalid_argument(&name, &value, message));
        }
    }
    Ok(())
}

fn check_copy_source(headers: &HeaderMap) -> S3Result {
    let Some(value) = headers.get(COPY_SOURCE) else { return Ok(()) };
    let text = String::from_utf8_lossy(value.as_bytes());
    let message = match CopySource::parse(&text) {
        Ok(CopySource::Bucket { key, .. }) if key.is_empty() => {
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"
        }
        Ok(_) => return Ok(()),
        Err(ParseCopySourceError::InvalidBucketName) => "Invalid copy source bucket name",
        Err(ParseCopySourceError::InvalidKey) => "Invalid copy source object key",
        Err(ParseCopySourceError::InvalidEncoding) => "Invalid copy source encoding.",
        Err(_) => "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
    };
    Err(invalid_argument(COPY_SOURCE, &text, message))
}

/// Whether every checksum that comes, in a header or a trailer, is of an algorithm that is verified.
fn check_checksums(headers: &HeaderMap) -> S3Result {
    let invalid = |message: &str| Err(error_with(S3ErrorCode::InvalidRequest, message));
    for name in headers.keys().filter_map(|name| name.as_str().strip_prefix(CHECKSUM)) {
        if !ABOUT_CHECKSUMS.contains(&name) && !is_computed(name)? {
            return invalid("The algorithm type you specified in x-amz-checksum- header is invalid.");
        }
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(name) = text(SDK_CHECKSUM_ALGORITHM).filter(|name| !name.is_empty())
        && !is_computed(name)?
    {
        return invalid("Value for x-amz-sdk-checksum-algorithm header is invalid.");
    }
    let trailers = text("x-amz-trailer").unwrap_or_default().to_ascii_lowercase();
    for name in trailers.split(',').filter_map(|name| name.trim().strip_prefix(CHECKSUM)) {
        if !is_computed(name)? {
            return invalid("The value specified in the x-amz-trailer header is not supported");
        }
    }
    Ok(())
}

/// Whether the fake verifies checksums of this algorithm.
///
/// # Errors
///
/// `NotImplemented` for one that S3 has, and the fake has not.
fn is_computed(algorithm: &str) -> S3Result<bool> {
    if NOT_COMPUTED.iter().any(|name| name.eq_ignore_ascii_case(algorithm)) {
        return Err(not_implemented(&format!("checksums of {}", algorithm.to_ascii_uppercase())));
    }
    Ok(ChecksumAlgorithm::parse(algorithm).is_some())
}
