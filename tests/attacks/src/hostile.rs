//! A hostile AWS: an HTTP client that answers for one bucket or one service as it likes, and passes the rest on to the built-in AWS. It
//! writes down what it was sent, as it would stand on the wire.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body::{Body, Frame};

/// The bucket for which the hostile AWS answers.
pub const HOSTILE_BUCKET: &str = "hostile";

/// A request as it left the host, but for what a connection adds to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The method.
    pub method: String,
    /// The whole address, encoded as it was sent.
    pub url: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; none where it was a stream.
    pub body: Option<Vec<u8>>,
}

impl Sent {
    /// The path of the address, encoded as it was sent.
    pub fn path(&self) -> &str {
        let rest = self.url.split_once("://").map_or("", |(_, rest)| rest);
        let path = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default();
        path.split('?').next().unwrap_or_default()
    }

    /// The host of the address, with its port.
    pub fn host(&self) -> &str {
        let rest = self.url.split_once("://").map_or("", |(_, rest)| rest);
        rest.split(['/', '?']).next().unwrap_or_default()
    }

    /// The parameters of the address, encoded as they were sent.
    pub fn query(&self) -> &str {
        self.url.split_once('?').map_or("", |(_, query)| query)
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        self.body.as_ref().map(|body| String::from_utf8_lossy(body).into_owned()).unwrap_or_default()
    }

    fn of(request: &HttpRequest) -> Self {
        let headers =
            request.headers().iter().map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
        Self {
            method: request.method().to_owned(),
            url: request.uri().to_owned(),
            headers: headers.collect(),
            body: request.body().bytes().map(<[u8]>::to_vec),
        }
    }
}

/// What the hostile AWS answers to a request.
pub type Answer = http::Response<Frames>;

/// From the number of the request, from 0, and its address, to the answer.
pub(crate) type Answerer = Arc<dyn Fn(u64, &str) -> Answer + Send + Sync>;

/// The pieces of a body, as they are asked for.
pub struct Frames {
    next: Mutex<Box<dyn FnMut() -> Option<Bytes> + Send>>,
    /// How many pieces the host may still take before the test fails: what it takes without end would be memory or time without end.
    left: u64,
}

impl Frames {
    /// A whole body.
    pub fn whole(body: impl Into<Bytes>) -> Self {
        let mut body = Some(body.into());
        Self::new(1, move || body.take())
    }

    /// A beginning, and then the same piece again and again, of which the host may take `most`.
    pub fn endless(beginning: &'static str, piece: impl Into<Bytes>, most: u64) -> Self {
        let (mut beginning, piece) = (Some(Bytes::from_static(beginning.as_bytes())), piece.into());
        Self::new(most, move || Some(beginning.take().unwrap_or_else(|| piece.clone())))
    }

    /// A beginning, a piece so many times, and the end of the body.
    pub fn repeated(beginning: impl Into<Bytes>, piece: impl Into<Bytes>, times: u64) -> Self {
        let (mut beginning, piece) = (Some(beginning.into()), piece.into());
        let mut left = times;
        Self::new(times + 1, move || {
            if let Some(beginning) = beginning.take() {
                return Some(beginning);
            }
            left = left.checked_sub(1)?;
            Some(piece.clone())
        })
    }

    fn new(left: u64, next: impl FnMut() -> Option<Bytes> + Send + 'static) -> Self {
        Self { next: Mutex::new(Box::new(next)), left }
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let next = (self.next.get_mut().unwrap_or_else(PoisonError::into_inner))();
        Poll::Ready(match next {
            Some(piece) => {
                assert!(self.left > 0, "the host takes more of an endless body than it can need");
                self.left -= 1;
                Some(Ok(Frame::data(piece)))
            }
            None => None,
        })
    }
}

/// The HTTP client of a host with a hostile AWS.
#[derive(Clone)]
pub(crate) struct HostileAws {
    pub(crate) fake: SharedHttpClient,
    /// For real connections.
    pub(crate) real: SharedHttpClient,
    /// What the address of a request has in it that the hostile AWS answers.
    pub(crate) domain: String,
    pub(crate) answerer: Option<Answerer>,
    /// The server that answers in its place.
    pub(crate) server: Option<String>,
    pub(crate) requests: Arc<AtomicU64>,
    pub(crate) sent: Arc<Mutex<Vec<Sent>>>,
}

struct Connector {
    fake: SharedHttpConnector,
    real: SharedHttpConnector,
    aws: HostileAws,
}

impl HttpClient for HostileAws {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let fake = self.fake.http_connector(settings, components);
        let real = self.real.http_connector(settings, components);
        SharedHttpConnector::new(Connector { fake, real, aws: self.clone() })
    }
}

impl HttpConnector for Connector {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        self.aws.sent.lock().unwrap_or_else(PoisonError::into_inner).push(Sent::of(&request));
        if !request.uri().contains(&self.aws.domain) {
            return self.fake.call(request);
        }
        if let Some(server) = &self.aws.server {
            request.set_uri(server.as_str()).expect("the address of a server");
            return self.real.call(request);
        }
        let Some(answerer) = &self.aws.answerer else { return self.fake.call(request) };
        let number = self.aws.requests.fetch_add(1, Ordering::SeqCst);
        let answer = answerer(number, request.uri()).map(SdkBody::from_body_1_x);
        HttpConnectorFuture::ready(
            HttpResponse::try_from(answer).map_err(|error| ConnectorError::other(error.into(), None)),
        )
    }
}

impl fmt::Debug for HostileAws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostileAws")
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostileAws")
    }
}
