//! What is written down of one outgoing request.

use std::error::Error as StdError;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use innkeeper_policy::Location;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use wasmtime_wasi_http::Error;

use crate::audit::{HttpDecision, HttpRequest, Outcome, Verdict, chain};
use crate::context::AwsCtx;
use crate::gate::log::log;

/// How much of a URL is written down: a guest can make one of 64 KiB.
const MAX_URL: usize = 2_000;

/// A request that was asked for, before it is decided on.
pub(super) struct Asked {
    ctx: AwsCtx,
    /// Without the query and the user, in which there may be keys.
    url: String,
    method: String,
    id: crate::audit::OperationId,
}

/// The record of a request under way. It is written to the audit trail once: when the request is finished, or, as cancelled, when
/// the record is dropped before that, or the store of its call.
pub(super) struct RequestRecord {
    underway: Arc<Slot>,
    sent: Arc<AtomicU64>,
    received: Arc<AtomicU64>,
}

/// Where a request under way is, until it is written down.
type Slot = Mutex<Option<Underway>>;

/// What is known of a request that is not over.
struct Underway {
    ctx: AwsCtx,
    request: HttpRequest,
    started: Instant,
    sent: Arc<AtomicU64>,
    received: Arc<AtomicU64>,
    /// One of the requests at the same time.
    _in_flight: OwnedSemaphorePermit,
}

/// The requests of one call. `None` once the call is over.
///
/// A request is a task of its own, which ends a little after the store that it belongs to. Its record does not wait for that: who ends
/// the audit trail with the call has it.
#[derive(Clone)]
pub(super) struct Requests(Arc<Mutex<Option<Vec<Weak<Slot>>>>>);

impl Requests {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Some(Vec::new()))))
    }

    fn add(&self, underway: &Arc<Slot>) {
        match &mut *lock(&self.0) {
            Some(requests) => {
                requests.retain(|request| request.strong_count() > 0);
                requests.push(Arc::downgrade(underway));
            }
            None => finish(underway, Outcome::Cancelled),
        }
    }

    /// Writes down those that are not over, as cancelled.
    pub(super) fn end(&self) {
        let requests = lock(&self.0).take();
        for request in requests.iter().flatten().filter_map(Weak::upgrade) {
            finish(&request, Outcome::Cancelled);
        }
    }
}

impl Asked {
    pub(super) fn new<B>(ctx: &AwsCtx, request: &http::Request<B>) -> Self {
        let uri = request.uri();
        let authority = uri.authority().map_or("", http::uri::Authority::as_str);
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let url = format!("{}://{host}{}", uri.scheme_str().unwrap_or("?"), uri.path());
        Self {
            url: url.chars().take(MAX_URL).collect(),
            method: request.method().as_str().chars().take(MAX_URL).collect(),
            id: ctx.gate().next_id(),
            ctx: ctx.clone(),
        }
    }

    pub(super) fn denied(
        &self,
        address: Option<IpAddr>,
        rule: Option<Location>,
        reason: String,
        suggestion: String,
    ) {
        self.decided(address, Verdict::Deny { rule, reason: reason.into(), suggestion: suggestion.into() });
    }

    /// The request is allowed, and begins.
    pub(super) fn allowed(
        self,
        rule: Option<Location>,
        started: Instant,
        in_flight: OwnedSemaphorePermit,
        requests: &Requests,
    ) -> RequestRecord {
        self.decided(None, Verdict::Allow { rule });
        let gate = self.ctx.gate();
        let request = HttpRequest {
            time: gate.now(),
            guest: gate.guest_handle(),
            id: self.id,
            method: self.method,
            url: self.url,
            address: None,
            status: None,
            bytes_sent: 0,
            bytes_received: 0,
            duration: Duration::ZERO,
            outcome: Outcome::Cancelled,
        };
        let (sent, received) = (Arc::default(), Arc::default());
        let underway = Underway {
            request,
            started,
            sent: Arc::clone(&sent),
            received: Arc::clone(&received),
            _in_flight: in_flight,
            ctx: self.ctx,
        };
        let underway = Arc::new(Mutex::new(Some(underway)));
        requests.add(&underway);
        RequestRecord { underway, sent, received }
    }

    fn decided(&self, address: Option<IpAddr>, verdict: Verdict) {
        let gate = self.ctx.gate();
        let decision = HttpDecision {
            time: gate.now(),
            guest: gate.guest_handle(),
            id: self.id,
            method: self.method.clone(),
            url: self.url.clone(),
            address,
            verdict,
        };
        log!(gate, DEBUG, ?decision, "decided");
        gate.audit().http_decision(&decision);
    }
}

impl RequestRecord {
    /// What counts the bytes of the request's body.
    pub(super) fn sent(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.sent)
    }

    /// What counts the bytes of the response's body.
    pub(super) fn received(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.received)
    }

    pub(super) fn connected(&self, address: IpAddr) {
        if let Some(underway) = &mut *lock(&self.underway) {
            underway.request.address = Some(address);
        }
    }

    pub(super) fn answered(&self, status: http::StatusCode) {
        if let Some(underway) = &mut *lock(&self.underway) {
            underway.request.status = Some(status.as_u16());
        }
    }

    pub(super) fn succeed(self) {
        finish(&self.underway, Outcome::Success);
    }

    /// The request has ended with what the guest is told.
    pub(super) fn fail(self, error: &Error) {
        self.fail_because(error, error);
    }

    /// The request has ended with what the guest is told, because of `cause`.
    pub(super) fn fail_because(self, error: &Error, cause: &(dyn StdError + 'static)) {
        finish(&self.underway, Outcome::Failure { error: name(error), cause: chain(cause) });
    }
}

impl Drop for RequestRecord {
    fn drop(&mut self) {
        finish(&self.underway, Outcome::Cancelled);
    }
}

/// Writes a request down, if that has not been done.
fn finish(underway: &Slot, outcome: Outcome) {
    let Some(underway) = lock(underway).take() else { return };
    let Underway { ctx, mut request, started, sent, received, _in_flight } = underway;
    request.bytes_sent = sent.load(Ordering::Relaxed);
    request.bytes_received = received.load(Ordering::Relaxed);
    request.duration = started.elapsed();
    request.outcome = outcome;
    let gate = ctx.gate();
    log!(gate, DEBUG, ?request, "requested");
    gate.audit().http_request(&request);
}

/// Nothing is left half done where these are locked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The case of WASI's error that a guest gets, as far as this host makes it.
fn name(error: &Error) -> &'static str {
    match error {
        Error::Hyper(_) => "HTTP-protocol-error",
        Error::Connect(_) | Error::DestinationUnavailable => "destination-unavailable",
        Error::Tls(_) => "TLS-protocol-error",
        Error::DnsError { .. } => "DNS-error",
        Error::DestinationIpProhibited => "destination-IP-prohibited",
        Error::ConnectionTimeout => "connection-timeout",
        Error::ConnectionReadTimeout => "connection-read-timeout",
        Error::ConnectionLimitReached => "connection-limit-reached",
        Error::HttpRequestDenied => "HTTP-request-denied",
        Error::HttpRequestBodySize(_) => "HTTP-request-body-size",
        Error::HttpResponseBodySize(_) => "HTTP-response-body-size",
        Error::HttpResponseTimeout => "HTTP-response-timeout",
        _ => "internal-error",
    }
}
