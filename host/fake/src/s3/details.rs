//! What AWS says in an error document beside its code and its message: which bucket, which key, which condition.

use std::fmt::Write as _;

use http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH, IF_UNMODIFIED_SINCE, RANGE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use s3s::S3Error;
use url::form_urlencoded;

use crate::layer::Target;

/// s3s has no place for details in an error but its headers. They travel in this one, as `Element=value`, to where the document is
/// completed, and go no further.
const DETAIL: HeaderName = HeaderName::from_static("x-innkeeper-error-detail");

/// An error with elements that only the operation knows.
pub(crate) fn with_details(mut error: S3Error, details: &[(&str, &str)]) -> S3Error {
    let mut headers = error.headers().cloned().unwrap_or_default();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    for (element, value) in details {
        let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
        if let Ok(detail) = HeaderValue::try_from(format!("{element}={value}")) {
            headers.append(DETAIL, detail);
        }
    }
    error.set_headers(headers);
    error
}

/// The details that travel in headers, each an element and its text.
pub(super) fn details_in(headers: &HeaderMap) -> impl Iterator<Item = (String, String)> {
    let details = headers.get_all(DETAIL).iter();
    let details = details.filter_map(|detail| detail.to_str().ok()?.split_once('='));
    details.map(|(element, value)| {
        (element.to_owned(), percent_decode_str(value).decode_utf8_lossy().into_owned())
    })
}

/// What a request names, as far as its errors repeat it.
#[derive(Clone, Debug, Default)]
pub(super) struct Named {
    bucket: Option<String>,
    key: Option<String>,
    version_id: Option<String>,
    upload_id: Option<String>,
    range: Option<String>,
    content_md5: Option<String>,
    method: String,
    /// The header whose condition may fail with 412.
    condition: Option<&'static str>,
}

impl Named {
    pub(super) fn of(target: &Target, parts: &Parts) -> Self {
        let parameter = |name: &str| {
            let query = parts.uri.query().unwrap_or_default();
            form_urlencoded::parse(query.as_bytes())
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        let header = |name: HeaderName| parts.headers.get(name)?.to_str().ok().map(str::to_owned);
        Self {
            bucket: target.bucket.clone(),
            key: target.key.clone(),
            version_id: parameter("versionId"),
            upload_id: parameter("uploadId"),
            range: header(RANGE),
            content_md5: header(HeaderName::from_static("content-md5")),
            method: parts.method.to_string(),
            condition: condition(&parts.headers, parts.method == http::Method::GET),
        }
    }

    /// The elements of an error of this code.
    fn elements(&self, code: &str) -> Vec<(&'static str, Option<&String>)> {
        match code {
            "NoSuchBucket"
            | "BucketAlreadyExists"
            | "BucketAlreadyOwnedByYou"
            | "BucketNotEmpty"
            | "InvalidBucketName"
            | "NoSuchBucketPolicy"
            | "NoSuchTagSet"
            | "NoSuchCORSConfiguration"
            | "NoSuchLifecycleConfiguration"
            | "NoSuchWebsiteConfiguration"
            | "NoSuchPublicAccessBlockConfiguration"
            | "OwnershipControlsNotFoundError"
            | "ReplicationConfigurationNotFoundError"
            | "ObjectLockConfigurationNotFoundError" => vec![("BucketName", self.bucket.as_ref())],
            "NoSuchKey" => vec![("Key", self.key.as_ref())],
            "NoSuchVersion" => vec![("Key", self.key.as_ref()), ("VersionId", self.version_id.as_ref())],
            "NoSuchUpload" => vec![("UploadId", self.upload_id.as_ref())],
            "InvalidRange" => vec![("RangeRequested", self.range.as_ref())],
            "InvalidDigest" => vec![("Content-MD5", self.content_md5.as_ref())],
            "MethodNotAllowed" => vec![("Method", Some(&self.method))],
            _ => Vec::new(),
        }
    }
}

/// The first condition that can fail, in the order in which they are looked at. `If-None-Match` is a failure only of a write;
/// of a read it is "not modified".
fn condition(headers: &HeaderMap, read: bool) -> Option<&'static str> {
    let conditions = [
        (IF_MATCH, "If-Match", true),
        (IF_UNMODIFIED_SINCE, "If-Unmodified-Since", true),
        (IF_NONE_MATCH, "If-None-Match", !read),
        (HeaderName::from_static("x-amz-copy-source-if-match"), "x-amz-copy-source-If-Match", true),
        (
            HeaderName::from_static("x-amz-copy-source-if-unmodified-since"),
            "x-amz-copy-source-If-Unmodified-Since",
            true,
        ),
        (HeaderName::from_static("x-amz-copy-source-if-none-match"), "x-amz-copy-source-If-None-Match", true),
        (
            HeaderName::from_static("x-amz-copy-source-if-modified-since"),
            "x-amz-copy-source-If-Modified-Since",
            true,
        ),
    ];
    conditions
        .into_iter()
        .find(|(header, _, fails)| *fails && headers.contains_key(header))
        .map(|(_, name, _)| name)
}

/// Puts the details into a document, which is one of an error up to its last tag. `details` are those of the operation.
pub(super) fn write(document: &mut String, code: &str, named: &Named, headers: &mut HeaderMap) {
    let mut elements: Vec<(String, String)> = details_in(headers).collect();
    headers.remove(DETAIL);
    for (element, value) in named.elements(code) {
        let said = elements.iter().any(|(said, _)| said == element);
        if let (false, Some(value)) = (said, value) {
            elements.push((element.to_owned(), value.clone()));
        }
    }
    if let ("PreconditionFailed", Some(condition)) = (code, named.condition) {
        elements.push(("Condition".to_owned(), condition.to_owned()));
    }
    for (element, value) in elements {
        // Writing to memory does not fail.
        let _ = write!(document, "<{element}>{}</{element}>", escaped(&value));
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // What XML cannot carry at all.
            control if control.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_of_the_operation_come_before_those_of_the_request() {
        let named = Named { key: Some("destination".to_owned()), ..Named::default() };
        let error = with_details(S3Error::new(s3s::S3ErrorCode::NoSuchKey), &[("Key", "a<b&c/é")]);
        let mut headers = error.headers().cloned().unwrap_or_default();
        let mut document = String::new();
        write(&mut document, "NoSuchKey", &named, &mut headers);
        assert_eq!(document, "<Key>a&lt;b&amp;c/é</Key>");
        assert!(!headers.contains_key(DETAIL));
    }

    #[test]
    fn names_the_condition_that_failed() {
        let mut headers = HeaderMap::new();
        headers.insert(IF_NONE_MATCH, HeaderValue::from_static("*"));
        assert_eq!((condition(&headers, false), condition(&headers, true)), (Some("If-None-Match"), None));
        headers.insert(IF_UNMODIFIED_SINCE, HeaderValue::from_static("x"));
        assert_eq!(condition(&headers, true), Some("If-Unmodified-Since"));
    }
}
