//! What is written down of one outgoing request.

use std::error::Error as StdError;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use wasmtime_wasi_http::Error;

use crate::audit::{HttpDecision, HttpRequest, Outcome, Verdict};
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
/// the record is dropped before that.
pub(super) struct RequestRecord {
    ctx: AwsCtx,
    request: Option<HttpRequest>,
    started: Instant,
    sent: Arc<AtomicU64>,
    received: Arc<AtomicU64>,
    /// One of the requests at the same time.
    _in_flight: OwnedSemaphorePermit,
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

    pub(super) fn denied(&self, address: Option<IpAddr>, rule: Option<String>, reason: String, suggestion: String) {
        self.decided(address, Verdict::Deny { rule, reason, suggestion });
    }

    /// The request is allowed, and begins.
    pub(super) fn allowed(
        self,
        rule: String,
        started: Instant,
        in_flight: OwnedSemaphorePermit,
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
        RequestRecord {
            request: Some(request),
            started,
            sent: Arc::default(),
            received: Arc::default(),
            _in_flight: in_flight,
            ctx: self.ctx,
        }
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

    pub(super) fn connected(&mut self, address: IpAddr) {
        if let Some(request) = &mut self.request {
            request.address = Some(address);
        }
    }

    pub(super) fn answered(&mut self, status: http::StatusCode) {
        if let Some(request) = &mut self.request {
            request.status = Some(status.as_u16());
        }
    }

    pub(super) fn succeed(mut self) {
        self.finish(Outcome::Success);
    }

    /// The request has ended with what the guest is told.
    pub(super) fn fail(mut self, error: &Error) {
        self.finish(Outcome::Failure { error: name(error), cause: chain(error) });
    }

    /// The request has ended with what the guest is told, because of `cause`.
    pub(super) fn fail_because(mut self, error: &Error, cause: &(dyn StdError + 'static)) {
        self.finish(Outcome::Failure { error: name(error), cause: chain(cause) });
    }

    fn finish(&mut self, outcome: Outcome) {
        let Some(mut request) = self.request.take() else { return };
        request.bytes_sent = self.sent.load(Ordering::Relaxed);
        request.bytes_received = self.received.load(Ordering::Relaxed);
        request.duration = self.started.elapsed();
        request.outcome = outcome;
        let gate = self.ctx.gate();
        log!(gate, DEBUG, ?request, "requested");
        gate.audit().http_request(&request);
    }
}

impl Drop for RequestRecord {
    fn drop(&mut self) {
        self.finish(Outcome::Cancelled);
    }
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

fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let cause = source.to_string();
        if !text.ends_with(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
        next = source.source();
    }
    text
}
