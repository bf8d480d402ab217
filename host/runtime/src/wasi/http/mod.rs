//! `wasi:http/outgoing-handler`, within what the manifest grants.
//!
//! A request is held against the grants by scheme, host, port and method; then the addresses of its host are found, those that no
//! grant permits are left out, and one of the others is connected to. Redirects are not followed: a guest that wants to go on asks
//! again, and is decided on again. No proxy is asked, and nothing of a connection is kept for another request.

mod address;
mod body;
mod connect;
mod grant;
mod record;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use http_body_util::BodyExt as _;
use innkeeper_policy::Location;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use wasmtime_wasi_http::io::TokioIo;
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

pub use self::address::{AddressRange, AddressRangeError};
use self::body::{Received, Sent};
use self::connect::ConnectError;
pub use self::connect::Resolver;
pub(crate) use self::connect::{Connector, SystemResolver};
use self::grant::Target;
pub use self::grant::{HostPattern, HostPatternError, HttpGrant, MethodPattern, MethodPatternError};
use self::record::{Asked, RequestRecord, Requests};
use crate::context::AwsCtx;
use crate::gate::log::log;
use crate::limits::Limits;

/// Headers that a response may have, and bytes of all of them: an answer is hostile too.
const MAX_HEADERS: usize = 100;
const MAX_HEADER_BYTES: usize = 64 * 1024;

/// The requests of one call. What is not over when it is dropped, with the store of the call, is written down as cancelled.
pub(crate) struct Outgoing(Sender);

/// What a call's requests have in common.
#[derive(Clone)]
struct Sender {
    grants: Arc<[HttpGrant]>,
    connector: Arc<Connector>,
    ctx: AwsCtx,
    limits: HttpLimits,
    in_flight: Arc<Semaphore>,
    requests: Requests,
}

#[derive(Clone, Copy)]
struct HttpLimits {
    timeout: Duration,
    body_bytes: u64,
}

/// What comes of a request, as `wasmtime-wasi-http` wants it: the response, and what keeps its connection going.
type Sending = Box<dyn Future<Output = Result<(Response<WasiBody>, Driving), Error>> + Send>;
type Driving = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl Outgoing {
    /// For one call of a guest.
    pub(crate) fn new(
        grants: Arc<[HttpGrant]>,
        connector: Arc<Connector>,
        ctx: AwsCtx,
        limits: &Limits,
    ) -> Self {
        Self(Sender {
            grants,
            connector,
            ctx,
            limits: HttpLimits { timeout: limits.http_timeout, body_bytes: limits.http_body_bytes },
            in_flight: Arc::new(Semaphore::new(limits.http_requests.min(Semaphore::MAX_PERMITS))),
            requests: Requests::new(),
        })
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.0.requests.end();
    }
}

impl Sender {
    async fn send(
        self,
        request: Request<WasiBody>,
        options: RequestOptions,
    ) -> Result<(Response<WasiBody>, Driving), Error> {
        let started = Instant::now();
        let deadline = started.checked_add(self.limits.timeout).unwrap_or(started);
        let asked = Asked::new(&self.ctx, &request);
        if !self.ctx.gate().audit().is_open() {
            let (gate, guest) = (self.ctx.gate(), self.ctx.gate().guest());
            log!(gate, ERROR, guest, "a request is not sent, since the audit trail takes nothing more");
            return Err(Error::InternalError(None));
        }
        let (target, granted) = self.granted(&asked, &request)?;
        let in_flight = self.enter(&asked)?;

        // Finding the addresses is a request to somebody too, but of a name that a grant allows.
        let connect_by = within(deadline, options.connect_timeout);
        let found = self.connector.resolve(&target, connect_by).await;
        let addresses = permitted(&asked, &target, &granted, found.as_deref().unwrap_or_default())?;
        let record = asked.allowed(rule(&granted, &target, &addresses), started, in_flight, &self.requests);
        let connected = match found {
            Ok(_) => self.connector.connect(&target, &addresses, connect_by).await,
            Err(error) => Err(error),
        };
        let (stream, address) = match connected {
            Ok(connected) => connected,
            Err(cause) => {
                let error = of_connecting(&cause);
                record.fail_because(&error, &cause);
                return Err(error);
            }
        };
        record.connected(address);

        let first_byte_by = within(deadline, options.first_byte_timeout);
        let exchange = self.exchange(stream, request, &record);
        let exchanged = tokio::time::timeout_at(first_byte_by, exchange).await;
        match exchanged.unwrap_or(Err(Error::ConnectionReadTimeout)) {
            Ok((response, driving)) => {
                record.answered(response.status());
                let limit = self.limits.body_bytes;
                let body = |body| Received::new(body, limit, deadline, options.between_bytes_timeout, record);
                Ok((response.map(|incoming| body(incoming).boxed_unsync()), driving))
            }
            Err(error) => {
                record.fail(&error);
                Err(error)
            }
        }
    }

    /// Where the request wants to go, and the grants that allow it.
    fn granted(
        &self,
        asked: &Asked,
        request: &Request<WasiBody>,
    ) -> Result<(Target, Vec<&HttpGrant>), Error> {
        let Some(target) = Target::of(request.uri()) else {
            let reason = "no request can go to that URL".to_owned();
            asked.denied(None, None, reason, "name a host that a grant can name".to_owned());
            return Err(Error::HttpRequestDenied);
        };
        let method = request.method();
        let granted: Vec<_> = self.grants.iter().filter(|grant| grant.allows(method, &target)).collect();
        if granted.is_empty() {
            let reason = format!("no grant allows {method} on `{target}`");
            asked.denied(None, None, reason, suggestion(&self.ctx, method, &target));
            return Err(Error::HttpRequestDenied);
        }
        Ok((target, granted))
    }

    /// One of the requests at the same time.
    fn enter(&self, asked: &Asked) -> Result<OwnedSemaphorePermit, Error> {
        Arc::clone(&self.in_flight).try_acquire_owned().map_err(|_| {
            let suggestion = format!("raise `http-requests` in `[guest.{}.limits]`", self.ctx.gate().guest());
            asked.denied(None, None, "the guest has too many requests under way".to_owned(), suggestion);
            Error::ConnectionLimitReached
        })
    }

    /// Sends a request through a connection, and waits for the head of the response.
    async fn exchange(
        &self,
        stream: Box<dyn connect::Stream>,
        request: Request<WasiBody>,
        record: &RequestRecord,
    ) -> Result<(Response<hyper::body::Incoming>, Driving), Error> {
        let mut builder = hyper::client::conn::http1::Builder::new();
        builder.max_headers(MAX_HEADERS).max_buf_size(MAX_HEADER_BYTES);
        let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
        // A task of its own, which ends with the response: the guest may be slow to read.
        let connection = wasmtime_wasi::runtime::spawn(connection);
        let response = sender.send_request(self.on_the_wire(request, record)?).await.map_err(of_hyper)?;
        Ok((response, Box::new(async move { connection.await.map_err(Error::from) })))
    }

    /// The request as it is sent: the host stands in its header, and not in its first line, where a proxy would look for it.
    fn on_the_wire(
        &self,
        request: Request<WasiBody>,
        record: &RequestRecord,
    ) -> Result<Request<Sent>, Error> {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let uri = http::Uri::builder().path_and_query(path).build();
        parts.uri = uri.map_err(|_| Error::HttpRequestUriInvalid)?;
        Ok(Request::from_parts(parts, Sent::new(body, self.limits.body_bytes, record.sent())))
    }
}

impl WasiHttpHooks for Outgoing {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _processed: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Sending {
        Box::new(self.0.clone().send(request, options.unwrap_or_default()))
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        64 * 1024
    }

    fn p2_error_from_hyper(&mut self, error: &hyper::Error) -> ErrorCode {
        if error.is_timeout() {
            ErrorCode::HttpResponseTimeout
        } else if error.is_incomplete_message() {
            ErrorCode::HttpResponseIncomplete
        } else {
            ErrorCode::HttpProtocolError
        }
    }

    fn p2_error_from_connect(&mut self, error: &std::io::Error) -> ErrorCode {
        match error.kind() {
            std::io::ErrorKind::ConnectionRefused => ErrorCode::ConnectionRefused,
            std::io::ErrorKind::TimedOut => ErrorCode::ConnectionTimeout,
            _ => ErrorCode::DestinationUnavailable,
        }
    }

    fn p2_error_from_tls(&mut self, _: &std::io::Error) -> ErrorCode {
        ErrorCode::TlsProtocolError
    }
}

/// Those of the addresses that may be connected to. None of them, and the request is denied.
fn permitted(
    asked: &Asked,
    target: &Target,
    granted: &[&HttpGrant],
    addresses: &[IpAddr],
) -> Result<Vec<IpAddr>, Error> {
    let is_permitted = |address: &IpAddr| granted.iter().any(|grant| grant.permits(target, *address));
    let permitted: Vec<IpAddr> = addresses.iter().copied().filter(is_permitted).collect();
    if let (Some(prohibited), []) = (addresses.first(), permitted.as_slice()) {
        asked.denied(
            Some(*prohibited),
            rule(granted, target, &[]),
            format!("`{}` is at {prohibited}, which is not on the public internet", target.host),
            format!("name it: `addresses = [\"{prohibited}\"]`"),
        );
        return Err(Error::DestinationIpProhibited);
    }
    Ok(permitted)
}

/// Where the grant stands that allows a request to the first of the addresses.
fn rule(granted: &[&HttpGrant], target: &Target, addresses: &[IpAddr]) -> Option<Location> {
    let permits =
        |grant: &&&HttpGrant| addresses.first().is_none_or(|address| grant.permits(target, *address));
    granted.iter().find(permits).and_then(|grant| grant.location.clone())
}

/// A time of the guest's choice, and never after the deadline.
fn within(deadline: Instant, wish: Option<Duration>) -> Instant {
    wish.and_then(|wish| Instant::now().checked_add(wish)).map_or(deadline, |wished| wished.min(deadline))
}

/// What a guest is told of a connection that there is not. Nothing of the host's network is in it.
fn of_connecting(error: &ConnectError) -> Error {
    match error {
        ConnectError::NoAddress { .. } | ConnectError::Resolve { .. } => {
            Error::DnsError { rcode: None, info_code: None }
        }
        ConnectError::Time => Error::ConnectionTimeout,
        ConnectError::Connect(error) => Error::Connect(error.kind().into()),
        ConnectError::Tls(error) => Error::Tls(error.kind().into()),
    }
}

/// An error of ours that came back through hyper, or hyper's own.
fn of_hyper(error: hyper::Error) -> Error {
    let source = std::error::Error::source(&error).and_then(|source| source.downcast_ref::<Error>());
    match source {
        Some(Error::HttpRequestBodySize(limit)) => Error::HttpRequestBodySize(*limit),
        _ => Error::Hyper(error),
    }
}

/// The grant that would allow it.
fn suggestion(ctx: &AwsCtx, method: &http::Method, target: &Target) -> String {
    format!(
        "add `[[guest.{}.wasi.http]]` with `hosts = [\"{target}\"]` and `methods = [\"{method}\"]`",
        ctx.gate().guest()
    )
}
