//! An AWS that gives the recorded answers.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use innkeeper::aws::Service;
use serde_json::Value;

use super::bodies::Bodies;
use super::file::{Answer, Ended, Recording, Response, ResponseBody, WireRequest};
use super::scrub::Scrub;

/// An AWS that gives the recorded answers, and nothing else: nothing is sent anywhere. Cheap to clone.
///
/// A request is given the first answer of an equal request that has not been given yet; where there is none, that of a request that
/// differs only in the bodies that it sends. A request without an answer fails, and is told by [`Player::not_fed`].
#[derive(Clone)]
pub struct Player(Arc<Shared>);

struct Shared {
    bodies: Bodies,
    state: Mutex<State>,
}

struct State {
    answers: Vec<(Answer, Given)>,
    not_fed: Vec<NotFed>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Given {
    Not,
    Already,
}

/// A request that could not be answered from a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotFed {
    /// The service.
    pub service: String,
    /// Method and URL.
    pub request: String,
    /// Why.
    pub why: String,
}

/// As in `GET https://...: the recording has no answer to it`.
impl fmt::Display for NotFed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.service, self.request, self.why)
    }
}

/// What the SDK is told of a request without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the recording has no answer: {0}")]
struct NoAnswer(String);

impl Player {
    /// Of a recording whose bodies are there.
    pub fn new(recording: &Recording, bodies: Bodies) -> Self {
        let answers = recording.answers().map(|answer| (answer.clone(), Given::Not)).collect();
        Self(Arc::new(Shared { bodies, state: Mutex::new(State { answers, not_fed: Vec::new() }) }))
    }

    /// The requests that could not be answered, in order.
    pub fn not_fed(&self) -> Vec<NotFed> {
        self.lock().not_fed.clone()
    }

    /// In place of the HTTP client of services: for
    /// [`ClientFactoryBuilder::service_http`](innkeeper::aws::ClientFactoryBuilder::service_http).
    pub fn before(
        &self,
    ) -> impl Fn(Service, Option<&str>, SharedHttpClient) -> SharedHttpClient + Send + Sync + 'static {
        let player = self.clone();
        move |service, _, _| SharedHttpClient::new(Client { player: player.clone(), service: Some(service) })
    }

    /// In place of the HTTP client under all others, which loads of credentials use: it answers nothing.
    pub fn nothing(&self) -> SharedHttpClient {
        SharedHttpClient::new(Client { player: self.clone(), service: None })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer to a request. `None`: as recorded, none comes, until whoever waits for it gives up.
    fn answer(
        &self,
        service: Option<Service>,
        request: &HttpRequest,
    ) -> Option<Result<HttpResponse, ConnectorError>> {
        match self.take(service, request) {
            Ok(Answer { response: None, .. }) => None,
            Ok(Answer { service, response: Some(response), .. }) => {
                Some(self.response(&service, request, response))
            }
            Err(error) => Some(Err(error)),
        }
    }

    fn take(&self, service: Option<Service>, request: &HttpRequest) -> Result<Answer, ConnectorError> {
        let asked = service.and_then(|service| WireRequest::of(service, request, &mut Scrub::Keep));
        let (Some(service), Some(asked)) = (service, asked) else {
            return Err(self.refuse("host", request, "it is no request of a guest"));
        };
        let taken = self.lock().take(service.as_str(), &asked);
        taken.ok_or_else(|| self.refuse(service.as_str(), request, "the recording has no answer to it"))
    }

    fn response(
        &self,
        service: &str,
        request: &HttpRequest,
        response: Response,
    ) -> Result<HttpResponse, ConnectorError> {
        let (status, headers, body) = match response {
            Response::Came { status, headers, body } => (status, headers, body),
            Response::Failed { failed } => return Err(failed_with(&failed)),
        };
        let body = match body {
            ResponseBody::Document(text) => SdkBody::from(text),
            ResponseBody::Json(mut document) => match self.with_bodies(&mut document) {
                Ok(()) => SdkBody::from(document.to_string()),
                Err(error) => return Err(self.refuse(service, request, &without(&error))),
            },
            ResponseBody::Body { sha256, ended, .. } => match self.0.bodies.read(&sha256) {
                Ok(bytes) => body_of(bytes, ended),
                Err(error) => return Err(self.refuse(service, request, &without(&error))),
            },
        };
        made(status, headers, body).map_err(|error| ConnectorError::other(error, None))
    }

    /// Puts the bodies of messages back.
    fn with_bodies(&self, document: &mut Value) -> io::Result<()> {
        let messages = document.get_mut("Messages").and_then(Value::as_array_mut);
        for message in messages.into_iter().flatten() {
            let Some(body) = message.get_mut("Body") else { continue };
            let Some(sha256) = body.get("sha256").and_then(Value::as_str) else { continue };
            let bytes = self.0.bodies.read(sha256)?;
            *body = String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData)?.into();
        }
        Ok(())
    }

    fn refuse(&self, service: &str, request: &HttpRequest, why: &str) -> ConnectorError {
        let url = request.uri().split('?').next().unwrap_or_default();
        let not_fed = NotFed {
            service: service.to_owned(),
            request: format!("{} {url}", request.method()),
            why: why.to_owned(),
        };
        let error = NoAnswer(not_fed.to_string());
        self.lock().not_fed.push(not_fed);
        // The owner's fault, which another attempt does not mend.
        ConnectorError::user(error.into())
    }
}

impl State {
    fn take(&mut self, service: &str, asked: &WireRequest) -> Option<Answer> {
        let open = || {
            self.answers
                .iter()
                .enumerate()
                .filter(|(_, (answer, given))| *given == Given::Not && answer.service == service)
        };
        let (place, _) = open()
            .find(|(_, (answer, _))| answer.request == *asked)
            .or_else(|| open().find(|(_, (answer, _))| answer.request.is_like(asked)))?;
        let (answer, given) = self.answers.get_mut(place)?;
        *given = Given::Already;
        let mut answer = answer.clone();
        if answer.request != *asked {
            forget_digests(&mut answer);
        }
        Some(answer)
    }
}

/// What an answer says of the body that was sent is not so of another.
fn forget_digests(answer: &mut Answer) {
    fn forget(document: &mut Value) {
        match document {
            Value::Object(members) => {
                members.retain(|name, _| !name.starts_with("MD5Of"));
                members.values_mut().for_each(forget);
            }
            Value::Array(elements) => elements.iter_mut().for_each(forget),
            _ => {}
        }
    }
    if let Some(Response::Came { headers, body, .. }) = &mut answer.response {
        if answer.request.method == "PUT" {
            headers.retain(|name, _| !name.starts_with("x-amz-checksum-"));
        }
        if let ResponseBody::Json(document) = body {
            forget(document);
        }
    }
}

fn without(error: &io::Error) -> String {
    format!("the body of the recorded answer is not there ({error}); it cannot be replayed without")
}

fn failed_with(failed: &str) -> ConnectorError {
    let error = NoAnswer(format!("as recorded, {failed}"));
    match failed {
        "timeout" => ConnectorError::timeout(error.into()),
        "io" => ConnectorError::io(error.into()),
        _ => ConnectorError::other(error.into(), None),
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

fn made(status: u16, headers: BTreeMap<String, String>, body: SdkBody) -> Result<HttpResponse, BoxError> {
    let mut response = HttpResponse::new(StatusCode::try_from(status)?, body);
    for (name, value) in headers {
        response.headers_mut().try_append(name, value)?;
    }
    Ok(response)
}

/// A body that ends as the recorded one did.
fn body_of(bytes: Vec<u8>, ended: Ended) -> SdkBody {
    match ended {
        Ended::Whole => SdkBody::from(bytes),
        Ended::Unread => SdkBody::from_body_1_x(Cut::new(bytes, "the recorded call read no further")),
        Ended::Cut => SdkBody::from_body_1_x(Cut::new(bytes, "the connection was cut here, as recorded")),
    }
}

/// A body that ends with an error.
struct Cut {
    bytes: Option<bytes::Bytes>,
    why: &'static str,
}

impl Cut {
    fn new(bytes: Vec<u8>, why: &'static str) -> Self {
        Self { bytes: Some(bytes.into()), why }
    }
}

impl http_body::Body for Cut {
    type Data = bytes::Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<bytes::Bytes>, BoxError>>> {
        std::task::Poll::Ready(Some(match self.bytes.take() {
            Some(bytes) => Ok(http_body::Frame::data(bytes)),
            None => Err(io::Error::new(io::ErrorKind::UnexpectedEof, self.why).into()),
        }))
    }
}

impl fmt::Debug for Player {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Player")
    }
}

#[derive(Clone, Debug)]
struct Client {
    player: Player,
    service: Option<Service>,
}

impl HttpClient for Client {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Client {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = self.player.answer(self.service, &request);
        give_connection(request);
        match answer {
            Some(answer) => HttpConnectorFuture::ready(answer),
            None => HttpConnectorFuture::new(std::future::pending()),
        }
    }
}

fn give_connection(request: HttpRequest) {
    if let Ok(request) = request.try_into_http1x() {
        innkeeper_fake::give_no_connection(request.extensions());
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::client::connection::CaptureSmithyConnection;

    use super::*;

    #[test]
    fn the_sdk_finds_a_connection_to_close() {
        let capture = CaptureSmithyConnection::new();
        let mut request = HttpRequest::get("https://s3.eu-west-1.amazonaws.com/").unwrap();
        request.add_extension(capture.clone());
        give_connection(request);
        assert!(capture.get().is_some());
    }
}
