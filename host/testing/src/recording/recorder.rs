//! Looks on at a call of a guest.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use innkeeper::audit::{AuditSink, Call, Decision, Verdict};
use innkeeper::aws::Service;
use innkeeper::exchange::{BodyDigest, Exchange as Told, ExchangeSink};
use serde_json::Value;

use super::bodies::Bodies;
use super::capture::{Capture, Captured};
use super::file::{
    Answer, Ended, Ending, Exchange, KeptBodies, Line, Recording, Request, Response, ResponseBody, Start,
    StreamedBody, WireRequest,
};
use super::lines::Lines;
use super::scrub::{self, Pseudonyms, Scrub};
use super::wire::Kind;
use super::write::{self, WriteError};

/// Looks on at a call of a guest. Cheap to clone: the clones write one recording.
///
/// It is three things to a host: where exchanges are told ([`ExchangeSink`]), where decisions are ([`AuditSink`]), and what stands before
/// the HTTP client of services ([`Recorder::before`]).
#[derive(Clone)]
pub struct Recorder(Arc<Shared>);

struct Shared {
    guest: String,
    bodies: Bodies,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    lines: Lines,
    pseudonyms: Pseudonyms,
    /// The first body that could not be kept.
    failed: Option<io::Error>,
}

impl Recorder {
    /// Of the calls of a guest, with the bodies of answers kept there. Other guests of the host, which this one may have invoked, are
    /// passed over.
    pub fn new(guest: impl Into<String>, bodies: Bodies) -> Self {
        Self(Arc::new(Shared { guest: guest.into(), bodies, seen: Mutex::default() }))
    }

    /// What stands before the HTTP client of services: for
    /// [`ClientFactoryBuilder::service_http`](innkeeper::aws::ClientFactoryBuilder::service_http).
    pub fn before(
        &self,
    ) -> impl Fn(Service, Option<&str>, SharedHttpClient) -> SharedHttpClient + Send + Sync + 'static {
        let recorder = self.clone();
        move |service, guest, inner| {
            if guest != Some(recorder.0.guest.as_str()) {
                return inner;
            }
            SharedHttpClient::new(Client { recorder: recorder.clone(), service, inner })
        }
    }

    /// What was seen. `start` says of the bodies what is so.
    ///
    /// # Errors
    ///
    /// [`WriteError`]: the first error of keeping a body, or that it is more than a recording has.
    pub fn finish(&self, start: Start, result: Ending) -> Result<Recording, WriteError> {
        let mut seen = self.lock();
        let lines = write::lines(seen.texts()?).collect::<Result<_, _>>()?;
        Ok(Recording { start: self.start(start), lines, result })
    }

    /// Writes what was seen to a file, as [`finish`](Self::finish) and [`Recording::write`] do, with less memory.
    ///
    /// # Errors
    ///
    /// [`WriteError`]. What is there is replaced only by what can be read again.
    pub fn write(&self, path: &Path, start: Start, result: &Ending) -> Result<(), WriteError> {
        let mut seen = self.lock();
        write::write(path, &self.start(start), seen.texts()?, result)
    }

    fn start(&self, start: Start) -> Start {
        let bodies = if self.0.bodies.are_kept() { KeptBodies::Kept } else { KeptBodies::None };
        Start { bodies, ..start }
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn exchange(&self, guest: &str, id: u64, note: impl FnOnce(&mut Exchange)) {
        if guest != self.0.guest {
            return;
        }
        self.lock().lines.exchange(id, note);
    }

    /// A request is sent. Gives the place of its answer.
    fn sent(&self, service: Service, request: &HttpRequest) -> Option<(usize, WireRequest)> {
        let mut seen = self.lock();
        if seen.lines.are_too_many() {
            return None;
        }
        let request = WireRequest::of(service, request, &mut Scrub::Replace(&mut seen.pseudonyms))?;
        let answer =
            Answer { service: service.as_str().to_owned(), request: request.clone(), response: None };
        let place = seen.lines.push(&Line::Answer(answer))?;
        Some((place, request))
    }

    fn came(&self, place: usize, response: Response) {
        self.lock().lines.answer(place, response);
    }

    /// Looks on at an answer.
    fn watch(&self, place: usize, service: Service, request: &WireRequest, response: &mut HttpResponse) {
        let status = response.status().as_u16();
        let kind = request.answered_with(service, status);
        let headers: std::collections::BTreeMap<String, String> = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .filter(|(name, _)| scrub::is_response_header(name))
            // A document is another once it has been looked through.
            .filter(|(name, _)| kind == Kind::Content || request.method == "HEAD" || !is_of_the_bytes(name))
            .collect();
        let length = response.headers().get("content-length").and_then(|length| length.parse().ok());
        let to = match kind {
            Kind::Content => Captured::Content(self.0.bodies.begin()),
            Kind::Document | Kind::Json => Captured::Document(Vec::new()),
        };
        let recorder = self.clone();
        let done = Box::new(move |captured: Captured, ended: Ended| {
            let body = recorder.body(captured, ended, status);
            recorder.came(place, Response::Came { status, headers, body });
        });
        let inner = std::mem::replace(response.body_mut(), SdkBody::taken());
        *response.body_mut() = Capture::of(inner, length, to, done);
    }

    /// What is written of a body.
    fn body(&self, captured: Captured, ended: Ended, status: u16) -> ResponseBody {
        match captured {
            Captured::Content(body) => {
                let (bytes, sha256) = kept(body.finish(), &mut self.lock().failed);
                ResponseBody::Body { bytes, sha256, ended }
            }
            Captured::Document(document) => match serde_json::from_slice::<Value>(&document) {
                Ok(error) if status >= 300 => ResponseBody::Json(scrub::json_error(&error)),
                Ok(mut document) => {
                    // Locked for all of it: another answer meanwhile would number the same handles anew.
                    let Seen { pseudonyms, failed, .. } = &mut *self.lock();
                    let mut keep = |text: &str| {
                        let (bytes, sha256) = kept(self.0.bodies.keep(text.as_bytes()), failed);
                        BodyDigest { bytes, sha256 }.to_value()
                    };
                    scrub::json(&mut document, &mut Scrub::Replace(pseudonyms), &mut keep);
                    ResponseBody::Json(document)
                }
                Err(_) => {
                    let text = String::from_utf8_lossy(&document);
                    // S3 says with 200 too that something went wrong, while it was at it.
                    if text.contains("<Error>") && !text.contains("<DeleteResult") {
                        return ResponseBody::Document(scrub::xml_error(&text));
                    }
                    let mut seen = self.lock();
                    ResponseBody::Document(scrub::xml(&text, &mut Scrub::Replace(&mut seen.pseudonyms)))
                }
            },
        }
    }
}

impl Seen {
    fn texts(&mut self) -> Result<&[String], WriteError> {
        if let Some(error) = self.failed.take() {
            return Err(error.into());
        }
        if self.lines.are_too_many() {
            return Err(WriteError::TooLarge);
        }
        Ok(self.lines.texts().map_err(io::Error::from)?)
    }
}

fn kept(kept: io::Result<(u64, String)>, failed: &mut Option<io::Error>) -> (u64, String) {
    kept.unwrap_or_else(|error| {
        failed.get_or_insert(error);
        (0, String::new())
    })
}

/// Whether a header says something of the very bytes of a body. A checksum is one of the object, not of a document about it.
fn is_of_the_bytes(name: &str) -> bool {
    matches!(name, "content-length" | "content-encoding")
}

impl AuditSink for Recorder {
    fn decision(&self, decision: &Decision) {
        if *decision.guest != *self.0.guest {
            return;
        }
        let context = decision.context.iter().map(|(key, value)| (key.to_string(), value.clone()));
        let request = Request {
            operation: decision.operation.to_owned(),
            action: decision.action.to_owned(),
            resource: decision.resource.to_string(),
            context: context.collect(),
            allowed: matches!(decision.verdict, Verdict::Allow { .. }),
        };
        self.lock().lines.push(&Line::Request(request));
    }

    fn call(&self, _: &Call) {}
}

impl ExchangeSink for Recorder {
    fn called(&self, exchange: &Told) {
        if *exchange.guest != *self.0.guest {
            return;
        }
        let exchange = Exchange {
            id: exchange.id,
            function: exchange.function.clone(),
            on: exchange.on.clone(),
            arguments: exchange.arguments.clone(),
            answer: Value::Null,
            body: None,
        };
        self.lock().lines.push(&Line::Exchange(exchange));
    }

    fn answered(&self, guest: &str, id: u64, answer: &Value) {
        self.exchange(guest, id, |exchange| exchange.answer = answer.clone());
    }

    fn streamed(&self, guest: &str, id: u64, body: &BodyDigest, whole: bool) {
        let BodyDigest { bytes, sha256 } = body.clone();
        self.exchange(guest, id, |exchange| exchange.body = Some(StreamedBody { bytes, sha256, whole }));
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("guest", &self.0.guest).finish_non_exhaustive()
    }
}

/// The HTTP client of a service, looked on at.
#[derive(Debug)]
struct Client {
    recorder: Recorder,
    service: Service,
    inner: SharedHttpClient,
}

#[derive(Debug)]
struct Connector {
    recorder: Recorder,
    service: Service,
    inner: SharedHttpConnector,
}

impl HttpClient for Client {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Connector { recorder: self.recorder.clone(), service: self.service, inner })
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (recorder, service) = (self.recorder.clone(), self.service);
        let sent = recorder.sent(service, &request);
        let answered = self.inner.call(request);
        HttpConnectorFuture::new(async move {
            let answered = answered.await;
            let Some((place, request)) = sent else { return answered };
            match answered {
                Ok(mut response) => {
                    recorder.watch(place, service, &request, &mut response);
                    Ok(response)
                }
                Err(error) => {
                    recorder.came(place, Response::Failed { failed: why(&error).to_owned() });
                    Err(error)
                }
            }
        })
    }
}

fn why(error: &ConnectorError) -> &'static str {
    if error.is_timeout() {
        "timeout"
    } else if error.is_io() {
        "io"
    } else {
        "other"
    }
}
