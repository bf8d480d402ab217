//! A request and an answer at the wire, as they are written down and compared.

use std::collections::BTreeMap;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use innkeeper::aws::Service;
use innkeeper::exchange::BodyDigest;
use serde_json::Value;

use super::file::WireRequest;
use super::scrub::{self, Scrub};

/// What kind of body an answer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A document of the protocol.
    Document,
    /// JSON in which bodies of messages may stand.
    Json,
    /// Bytes of an object, or what a function returned.
    Content,
}

impl WireRequest {
    /// What of a request is written down. `None`: nothing at all.
    pub(super) fn of(service: Service, request: &HttpRequest, scrub: &mut Scrub<'_>) -> Option<Self> {
        let bytes = request.body().bytes();
        if service == Service::Sts && !bytes.is_some_and(is_caller_identity) {
            return None;
        }
        let body = match (service, bytes) {
            (_, None) => Value::Null,
            (Service::Sts, Some(_)) => "GetCallerIdentity".into(),
            (Service::Sqs, Some(bytes)) => {
                let mut document = serde_json::from_slice(bytes).unwrap_or_default();
                scrub::json(&mut document, scrub, &mut scrub::digest);
                document
            }
            (_, Some(bytes)) => BodyDigest::of(bytes).to_value(),
        };
        let headers: BTreeMap<_, _> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .filter(|(name, _)| scrub::is_request_header(name))
            .collect();
        Some(Self {
            method: request.method().to_owned(),
            url: scrub::url(request.uri(), scrub),
            headers,
            body,
        })
    }

    /// Whether another request asks for the same, whatever it sends.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let bare = |request: &Self| without_bodies(&request.body);
        (&self.method, &self.url, &self.headers) == (&other.method, &other.url, &other.headers)
            && bare(self) == bare(other)
    }

    /// What the answer to it is.
    pub(super) fn answered_with(&self, service: Service, status: u16) -> Kind {
        let success = (200..300).contains(&status);
        match service {
            Service::Sqs => Kind::Json,
            Service::S3 if success && self.method == "GET" && self.url.contains("x-id=GetObject") => {
                // Not those whose names only begin alike.
                let exactly = self.url.split(['?', '&']).any(|parameter| parameter == "x-id=GetObject");
                if exactly { Kind::Content } else { Kind::Document }
            }
            Service::Lambda if success && self.invokes() => Kind::Content,
            Service::Lambda => Kind::Json,
            _ => Kind::Document,
        }
    }

    fn invokes(&self) -> bool {
        let path = self.url.split('?').next().unwrap_or_default();
        path.ends_with("/invocations") || path.ends_with("/response-streaming-invocations")
    }
}

fn is_caller_identity(form: &[u8]) -> bool {
    form.split(|byte| *byte == b'&').any(|parameter| parameter == b"Action=GetCallerIdentity")
}

/// A body without what the guest sends in it: digests, and what counts for them alone.
fn without_bodies(body: &Value) -> Value {
    match body {
        Value::Object(members) if members.contains_key("sha256") => Value::Null,
        Value::Object(members) => {
            members.iter().map(|(name, member)| (name.clone(), without_bodies(member))).collect()
        }
        Value::Array(elements) => elements.iter().map(without_bodies).collect(),
        other => other.clone(),
    }
}
