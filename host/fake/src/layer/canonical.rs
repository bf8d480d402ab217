//! What is signed of a request in Signature Version 4: the request in one form, and the text that stands for it.

use std::fmt::Write as _;

use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};
use url::form_urlencoded;

use super::signer::Signer;

/// What stays as it is in a parameter: RFC 3986's unreserved characters.
const PARAMETER: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const PATH: &AsciiSet = &PARAMETER.remove(b'/');

/// How the path of a request is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PathForm {
    /// As it was sent. Only S3 has it so, whose keys may be anything.
    AsSent,
    /// Without its dot segments, and encoded once more.
    Normalized,
}

/// The canonical request. A header that was signed and is not there counts as an empty one.
pub(super) fn request(form: PathForm, signer: &Signer, payload: &str, parts: &Parts) -> String {
    let path = parts.uri.path();
    let path = match form {
        PathForm::AsSent => path.to_owned(),
        PathForm::Normalized => utf8_percent_encode(&normalized(path), PATH).to_string(),
    };
    let mut names: Vec<&str> = signer.signed_headers.iter().map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    let mut request = format!("{}\n{path}\n{}\n", parts.method, parameters(parts, signer));
    for name in &names {
        // Writing to memory does not fail.
        let _ = writeln!(request, "{name}:{}", header(&parts.headers, name));
    }
    let _ = write!(request, "\n{}\n{payload}", names.join(";"));
    request
}

/// The text that is signed of a canonical request. `date` is as the request has it.
pub(super) fn string_to_sign(date: &str, scope: &str, request: &str) -> String {
    format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex::encode(Sha256::digest(request)))
}

/// A value of a header as AWS reads it, which is byte by byte as a character of ISO-8859-1.
pub(crate) fn latin_1(value: &HeaderValue) -> String {
    value.as_bytes().iter().map(|byte| char::from(*byte)).collect()
}

/// The values of a header, whose runs of spaces are one each.
fn header(headers: &HeaderMap, name: &str) -> String {
    let one = |value: &HeaderValue| {
        let words = latin_1(value);
        words.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    };
    headers.get_all(name).iter().map(one).collect::<Vec<_>>().join(",")
}

/// The parameters in order, each encoded in one way, without the signature of a presigned URL.
fn parameters(parts: &Parts, signer: &Signer) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, PARAMETER).to_string();
    let query = parts.uri.query().unwrap_or_default();
    let mut parameters: Vec<_> = form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| signer.lifetime.is_none() || name != "X-Amz-Signature")
        .map(|(name, value)| (encoded(&name), encoded(&value)))
        .collect();
    parameters.sort_unstable();
    let pairs: Vec<_> = parameters.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// RFC 3986, section 5.2.4, and without empty segments.
fn normalized(path: &str) -> String {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let directory = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
    let end = if directory && !segments.is_empty() { "/" } else { "" };
    format!("/{}{end}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(signed_headers: &[&str]) -> Signer {
        let value = format!(
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders={},Signature=00",
            signed_headers.join(";")
        );
        let mut headers = HeaderMap::new();
        headers.insert("authorization", value.parse().unwrap());
        Signer::of(&headers, None).unwrap().unwrap()
    }

    fn parts(request: http::request::Builder) -> Parts {
        request.body(()).unwrap().into_parts().0
    }

    /// The examples of the Amazon S3 API Reference, "Signature Calculations for the Authorization Header".
    #[test]
    fn has_the_requests_of_the_reference() {
        let empty = hex::encode(Sha256::digest(""));
        let get = http::Request::get("/test.txt")
            .header("host", "examplebucket.s3.amazonaws.com")
            .header("range", "bytes=0-9")
            .header("x-amz-content-sha256", &empty)
            .header("x-amz-date", "20130524T000000Z");
        let signer = signer(&["host", "range", "x-amz-content-sha256", "x-amz-date"]);
        let request = request(PathForm::AsSent, &signer, &empty, &parts(get));
        let scope = "20130524/us-east-1/s3/aws4_request";
        assert_eq!(
            string_to_sign("20130524T000000Z", scope, &request),
            format!(
                "AWS4-HMAC-SHA256\n20130524T000000Z\n{scope}\n7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972"
            )
        );
    }

    #[test]
    fn a_request_has_one_form() {
        let sent = http::Request::get("/a/./b//../c%20d/?prefix=J&max-keys=2&acl&a=%7e+%2B")
            .header("host", "h")
            .header("x-amz-meta-a", "  a   b ")
            .header("x-amz-meta-a", HeaderValue::from_bytes(b"caf\xe9").unwrap());
        let sent = parts(sent);
        let signer = signer(&["x-amz-meta-a", "host", "missing"]);
        let end = "\na=~%20%2B&acl=&max-keys=2&prefix=J\nhost:h\nmissing:\nx-amz-meta-a:a b,café\n\nhost;missing;x-amz-meta-a\np";
        let as_sent = request(PathForm::AsSent, &signer, "p", &sent);
        assert_eq!(as_sent, format!("GET\n/a/./b//../c%20d/{end}"));
        let normalized = request(PathForm::Normalized, &signer, "p", &sent);
        assert_eq!(normalized, format!("GET\n/a/c%2520d/{end}"));
    }

    #[test]
    fn a_path_ends_at_the_root() {
        for (path, expected) in
            [("/", "/"), ("", "/"), ("/..", "/"), ("/a/..", "/"), ("/a/b/.", "/a/b/"), ("/../a", "/a")]
        {
            assert_eq!(normalized(path), expected, "{path}");
        }
    }
}
