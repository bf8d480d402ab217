//! What of a request and of an answer may be written down.
//!
//! Lists of what is taken, and not of what is left out, where that can be: a header that AWS adds tomorrow is not in a file before somebody
//! has looked at it.

use std::collections::BTreeMap;

use innkeeper::exchange::BodyDigest;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Map, Value};

/// Numbers in place of what gives access or is AWS's own: the same number for the same text.
#[derive(Debug, Default)]
pub(super) struct Pseudonyms {
    known: BTreeMap<String, String>,
    numbers: BTreeMap<&'static str, usize>,
}

impl Pseudonyms {
    fn of(&mut self, kind: &'static str, text: &str) -> String {
        if let Some(known) = self.known.get(text) {
            return known.clone();
        }
        let number = self.numbers.entry(kind).or_default();
        *number += 1;
        let pseudonym = format!("{kind}-{number}");
        self.known.insert(text.to_owned(), pseudonym.clone());
        pseudonym
    }
}

/// What is done with what is found: in a recording it is replaced; in a replay nothing is, since what comes was replaced before.
#[derive(Debug)]
pub(super) enum Scrub<'a> {
    Replace(&'a mut Pseudonyms),
    Keep,
}

impl Scrub<'_> {
    fn pseudonym(&mut self, kind: &'static str, text: &str) -> String {
        match self {
            Self::Replace(pseudonyms) => pseudonyms.of(kind, text),
            Self::Keep => text.to_owned(),
        }
    }
}

/// The headers of a request that make a difference to its answer.
pub(super) fn is_request_header(name: &str) -> bool {
    name == "range"
        || name == "x-amz-target"
        || name.starts_with("if-")
        || name.starts_with("x-amz-copy-source")
        || name == "x-amz-invocation-type"
}

/// The headers of an answer that a client looks at.
pub(super) fn is_response_header(name: &str) -> bool {
    const TAKEN: [&str; 12] = [
        "accept-ranges",
        "cache-control",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-length",
        "content-range",
        "content-type",
        "etag",
        "expires",
        "last-modified",
        "retry-after",
    ];
    const TAKEN_OF_AWS: [&str; 25] = [
        "x-amz-abort-date",
        "x-amz-bucket-region",
        "x-amz-archive-status",
        "x-amz-copy-source-version-id",
        "x-amz-delete-marker",
        "x-amz-executed-version",
        "x-amz-expiration",
        "x-amz-function-error",
        "x-amz-log-result",
        "x-amz-missing-meta",
        "x-amz-mp-parts-count",
        "x-amz-object-lock-legal-hold",
        "x-amz-object-lock-mode",
        "x-amz-object-lock-retain-until-date",
        "x-amz-object-size",
        "x-amz-replication-status",
        "x-amz-request-charged",
        "x-amz-restore",
        "x-amz-server-side-encryption",
        "x-amz-server-side-encryption-bucket-key-enabled",
        "x-amz-storage-class",
        "x-amz-tagging-count",
        "x-amz-version-id",
        "x-amzn-errortype",
        "x-amzn-query-error",
    ];
    TAKEN.contains(&name)
        || TAKEN_OF_AWS.contains(&name)
        || name.starts_with("x-amz-meta-")
        || name.starts_with("x-amz-checksum-")
}

/// What stays of a parameter as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The URL with its parameters in order, without those that sign it, and with tokens replaced.
pub(super) fn url(url: &str, scrub: &mut Scrub<'_>) -> String {
    let Some((place, query)) = url.split_once('?') else { return url.to_owned() };
    let mut parameters: Vec<String> = query
        .split('&')
        .filter_map(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            if name.to_ascii_lowercase().starts_with("x-amz-") {
                return None;
            }
            if !matches!(name, "continuation-token" | "Marker") {
                return Some(parameter.to_owned());
            }
            let token = percent_decode_str(value).decode_utf8_lossy().into_owned();
            let token = scrub.pseudonym("token", &token);
            Some(format!("{name}={}", utf8_percent_encode(&token, UNRESERVED)))
        })
        .collect();
    parameters.sort();
    if parameters.is_empty() { place.to_owned() } else { format!("{place}?{}", parameters.join("&")) }
}

/// A JSON document of a protocol: handles and tokens replaced, and what each `body` is given replaced by what comes of it.
pub(super) fn json(value: &mut Value, scrub: &mut Scrub<'_>, body: &mut impl FnMut(&str) -> Value) {
    match value {
        Value::Object(members) => {
            // In which functions have keys. A tag or an attribute of a message may have that name too.
            if members.get("Environment").is_some_and(is_environment) {
                members.remove("Environment");
            }
            for (name, member) in members {
                let kind = match name.as_str() {
                    "ReceiptHandle" => Some("receipt"),
                    "TaskHandle" => Some("task"),
                    "NextToken" | "NextMarker" => Some("token"),
                    _ => None,
                };
                match (kind, &mut *member) {
                    (Some(kind), Value::String(text)) => *text = scrub.pseudonym(kind, text),
                    (None, Value::String(text)) if matches!(name.as_str(), "MessageBody" | "Body") => {
                        *member = body(text);
                    }
                    (_, member) => json(member, scrub, body),
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(|element| json(element, scrub, body)),
        _ => {}
    }
}

/// Whether this is the `EnvironmentResponse` of a function: its variables, or why they cannot be read.
fn is_environment(value: &Value) -> bool {
    value.get("Variables").is_some() || value.get("Error").is_some()
}

/// What is left of a JSON document that says what went wrong.
pub(super) fn json_error(value: &Value) -> Value {
    const TAKEN: [&str; 8] =
        ["__type", "code", "Code", "message", "Message", "Type", "Reason", "retryAfterSeconds"];
    let members = value.as_object().into_iter().flatten();
    members
        .filter(|(name, _)| TAKEN.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect::<Map<_, _>>()
        .into()
}

/// What is left of an XML document that says what went wrong. S3's repeat the key id, what was signed, and a token that has expired.
pub(super) fn xml_error(document: &str) -> String {
    let taken = ["Code", "Message", "Region", "Endpoint", "BucketName"];
    let elements: String = taken
        .iter()
        .filter_map(|name| {
            let content = element(document, name)?;
            Some(format!("<{name}>{content}</{name}>"))
        })
        .collect();
    // STS and SQS's query protocol put the error into a root of their own.
    if document.contains("<ErrorResponse") {
        return format!("<ErrorResponse><Error>{elements}</Error></ErrorResponse>");
    }
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>{elements}</Error>")
}

/// An XML document of S3 or STS with tokens replaced and request ids left out.
pub(super) fn xml(document: &str, scrub: &mut Scrub<'_>) -> String {
    let mut text = document.to_owned();
    for name in ["NextContinuationToken", "ContinuationToken"] {
        text = with_elements(&text, name, |token| scrub.pseudonym("token", &unescaped(token)));
    }
    for name in ["RequestId", "HostId"] {
        text = with_elements(&text, name, |_| String::new());
    }
    text
}

/// The content of the first element of a name.
fn element<'a>(document: &'a str, name: &str) -> Option<&'a str> {
    let (_, behind) = document.split_once(&format!("<{name}>"))?;
    Some(behind.split_once(&format!("</{name}>"))?.0)
}

/// The document with other contents of the elements of a name.
fn with_elements(document: &str, name: &str, mut content: impl FnMut(&str) -> String) -> String {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut text = String::with_capacity(document.len());
    let mut rest = document;
    while let Some((before, behind)) = rest.split_once(&open) {
        let Some((inner, after)) = behind.split_once(&close) else { break };
        text.push_str(before);
        text.push_str(&open);
        text.push_str(&content(inner));
        text.push_str(&close);
        rest = after;
    }
    text.push_str(rest);
    text
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

/// A digest as it stands in a document.
pub(super) fn digest(text: &str) -> Value {
    BodyDigest::of(text.as_bytes()).to_value()
}

#[cfg(test)]
mod tests {
    use serde_json::json as value;

    use super::*;

    #[test]
    fn what_signs_a_request_is_not_taken() {
        for name in [
            "authorization",
            "x-amz-security-token",
            "x-amz-date",
            "x-amz-content-sha256",
            "cookie",
            "user-agent",
        ] {
            assert!(!is_request_header(name), "{name}");
        }
        for name in
            ["x-amz-request-id", "x-amz-id-2", "x-amz-security-token", "set-cookie", "date", "authorization"]
        {
            assert!(!is_response_header(name), "{name}");
        }
        let mut known = Pseudonyms::default();
        assert_eq!(
            url(
                "https://b/k?X-Amz-Signature=s&x-id=GetObject&X-Amz-Security-Token=t&a=1",
                &mut Scrub::Replace(&mut known)
            ),
            "https://b/k?a=1&x-id=GetObject"
        );
    }

    #[test]
    fn a_token_has_one_number_in_an_answer_and_in_the_request_that_uses_it() {
        let mut known = Pseudonyms::default();
        let page = "<A><NextContinuationToken>a&amp;b=</NextContinuationToken><Key>k</Key></A>";
        assert_eq!(
            xml(page, &mut Scrub::Replace(&mut known)),
            "<A><NextContinuationToken>token-1</NextContinuationToken><Key>k</Key></A>"
        );
        let next = url("https://b/?list-type=2&continuation-token=a%26b%3D", &mut Scrub::Replace(&mut known));
        assert_eq!(next, "https://b/?continuation-token=token-1&list-type=2");
        // What a replay sends is what has been recorded.
        assert_eq!(url(&next, &mut Scrub::Keep), next);
    }

    #[test]
    fn receipt_handles_and_bodies_are_not_taken() {
        let mut known = Pseudonyms::default();
        let mut received =
            value!({ "Messages": [{ "Body": "hello", "ReceiptHandle": "secret", "MessageId": "m" }] });
        json(&mut received, &mut Scrub::Replace(&mut known), &mut digest);
        assert_eq!(received["Messages"][0]["ReceiptHandle"], value!("receipt-1"));
        assert_eq!(received["Messages"][0]["Body"]["bytes"], value!(5));
        let mut deleted = value!({ "Entries": [{ "Id": "0", "ReceiptHandle": "secret" }] });
        json(&mut deleted, &mut Scrub::Replace(&mut known), &mut digest);
        assert_eq!(deleted["Entries"][0]["ReceiptHandle"], value!("receipt-1"));
    }

    #[test]
    fn of_an_error_there_is_what_a_client_looks_at() {
        let error = "<Error><Code>ExpiredToken</Code><Message>m</Message><Token-0>secret</Token-0></Error>";
        let left = xml_error(error);
        assert!(left.ends_with("<Error><Code>ExpiredToken</Code><Message>m</Message></Error>"), "{left}");
        let error = value!({ "__type": "x#Y", "message": "m", "token": "secret" });
        assert_eq!(json_error(&error), value!({ "__type": "x#Y", "message": "m" }));
        let mut function = value!({ "Functions": [{ "Environment": { "Variables": { "KEY": "secret" } } }] });
        json(&mut function, &mut Scrub::Keep, &mut digest);
        assert_eq!(function, value!({ "Functions": [{}] }));
        let attribute = value!({ "DataType": "String", "StringValue": "prod" });
        let message =
            value!({ "MessageAttributes": { "Environment": attribute }, "Tags": { "Environment": "prod" } });
        let mut kept = message.clone();
        json(&mut kept, &mut Scrub::Keep, &mut digest);
        assert_eq!(kept, message, "what only has the name of them");
    }
}
