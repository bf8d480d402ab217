//! What a listening fake answers beside AWS: `/_innkeeper/*`.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use serde_json::json;

use super::page;
use super::state::State;
use crate::fake::FakeAws;
use crate::fault::FaultRule;
use crate::layer::names_bucket;

/// The longest list of faults, in bytes.
const MAX_FAULTS: usize = 256 * 1024;
/// No bucket can be called that.
const PREFIX: &str = "/_innkeeper/";
/// An object of a bucket, but `POST` on an object without a query is no operation of S3.
const MOTO_RESET: &str = "/moto-api/reset";

/// A request to the fake itself.
pub(super) struct Control {
    parts: Parts,
    body: Incoming,
}

type Answer = Response<Full<Bytes>>;

impl Control {
    /// Takes a request that is to the fake itself; gives back one that is to AWS.
    pub(super) fn of(request: Request<Incoming>) -> Result<Self, Box<Request<Incoming>>> {
        let path = request.uri().path();
        let moto = path == MOTO_RESET && request.method() == Method::POST && request.uri().query().is_none();
        // In virtual-host style the whole path is the key of an object.
        if !(moto || path.starts_with(PREFIX)) || names_bucket(request.headers()) {
            return Err(Box::new(request));
        }
        let (parts, body) = request.into_parts();
        Ok(Self { parts, body })
    }

    pub(super) async fn answer(self, fake: &FakeAws) -> Answer {
        let Self { parts, body } = self;
        // A page of the web that is open in a browser on this machine can send a POST to any port of it, but not without
        // saying where it comes from. Nothing of the fake's own is such a page.
        if parts.method != Method::GET && parts.headers.contains_key(header::ORIGIN) {
            return refused(StatusCode::FORBIDDEN, "requests from web pages may change nothing");
        }
        let name = parts.uri.path().strip_prefix(PREFIX).unwrap_or("reset");
        match (name, &parts.method) {
            ("state", &Method::GET) => state(fake, &parts.headers),
            ("reset", &Method::POST) => {
                fake.reset();
                json(StatusCode::OK, &json!({ "status": "ok" }))
            }
            ("faults", &Method::GET) => faults(fake),
            ("faults", &Method::POST) => add_faults(fake, body).await,
            ("faults", &Method::DELETE) => {
                fake.faults().clear();
                faults(fake)
            }
            ("state" | "reset" | "faults", _) => {
                let allowed = match name {
                    "state" => "GET",
                    "reset" => "POST",
                    _ => "GET, POST, DELETE",
                };
                let mut answer =
                    refused(StatusCode::METHOD_NOT_ALLOWED, &format!("`{name}` takes only {allowed}"));
                if let Ok(allowed) = HeaderValue::from_str(allowed) {
                    answer.headers_mut().insert(header::ALLOW, allowed);
                }
                answer
            }
            _ => {
                refused(StatusCode::NOT_FOUND, "there are `state`, `reset` and `faults` below `/_innkeeper/`")
            }
        }
    }
}

fn state(fake: &FakeAws, headers: &HeaderMap) -> Answer {
    let state = State::of(fake);
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    // Browsers name it first; programs do not name it.
    if accept.contains("text/html") {
        return page::answer(&state);
    }
    json(StatusCode::OK, &state)
}

fn faults(fake: &FakeAws) -> Answer {
    json(StatusCode::OK, &json!({ "faults": fake.faults().rules() }))
}

async fn add_faults(fake: &FakeAws, body: Incoming) -> Answer {
    let Ok(body) = Limited::new(body, MAX_FAULTS).collect().await else {
        return refused(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the list of faults is too long or ends in the middle",
        );
    };
    let body = body.to_bytes();
    // Which of the two it is decides what a mistake is told as.
    let list = body.trim_ascii_start().first() == Some(&b'[');
    let rules: serde_json::Result<Vec<FaultRule>> = if list {
        serde_json::from_slice(&body)
    } else {
        serde_json::from_slice(&body).map(|rule| vec![rule])
    };
    let rules = match rules {
        Ok(rules) => rules,
        Err(error) => return refused(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    // All of them or none.
    let mut made = Vec::new();
    for (number, rule) in rules.into_iter().enumerate() {
        match rule.fault() {
            Ok(fault) => made.push(fault),
            Err(error) if list => {
                return refused(StatusCode::BAD_REQUEST, &format!("fault {}: {error}", number + 1));
            }
            Err(error) => return refused(StatusCode::BAD_REQUEST, &error.to_string()),
        }
    }
    for fault in made {
        fake.faults().push(fault);
    }
    faults(fake)
}

fn refused(status: StatusCode, message: &str) -> Answer {
    json(status, &json!({ "error": message }))
}

fn json(status: StatusCode, document: &impl serde::Serialize) -> Answer {
    match serde_json::to_vec_pretty(document) {
        Ok(mut body) => {
            body.push(b'\n');
            answer(status, "application/json", body)
        }
        Err(error) => answer(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", error.to_string().into_bytes()),
    }
}

pub(super) fn answer(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Answer {
    let mut answer = Response::new(Full::from(body));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Keys and messages are whatever clients wrote.
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}
