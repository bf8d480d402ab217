//! What is written down of one call of AWS, from the leave to the end of the answer's body.

use std::error::Error as StdError;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use innkeeper_aws::AttemptObserver;
use tokio::time::Instant;

use super::log::LogRate;
use crate::audit::{AuditSink, Call, Outcome, chain};
use crate::quota::{Admission, MeteredBody, Tally};

/// The record of a call under way. It is written to the audit trail once: when the call is finished, or, as cancelled, when the
/// record is dropped before that.
pub(crate) struct CallRecord {
    audit: Arc<dyn AuditSink>,
    log: Arc<LogRate>,
    /// `None` once it has been written.
    call: Option<Call>,
    started: Instant,
    observer: Arc<Observer>,
    /// `None` once the call is over.
    admission: Option<Admission>,
}

/// What is seen only while requests are sent.
#[derive(Debug, Default)]
struct Wire {
    attempts: u32,
    request_id: Option<String>,
}

impl CallRecord {
    pub(super) fn new(
        audit: Arc<dyn AuditSink>,
        log: Arc<LogRate>,
        call: Call,
        admission: Admission,
    ) -> Self {
        let observer =
            Observer { wire: Mutex::default(), tally: admission.tally(), audit: Arc::clone(&audit) };
        let observer = Arc::new(observer);
        let (call, admission) = (Some(call), Some(admission));
        Self { audit, log, call, started: Instant::now(), observer, admission }
    }

    /// The request that is sent under this record: its attempts are counted.
    ///
    /// What the SDK makes of a request has kilobytes. It is in a box, so that they are not part of every future around it, which is
    /// moved as a whole wherever it is made.
    pub(crate) fn observe<F: Future>(&self, request: F) -> impl Future<Output = F::Output> + use<F> {
        innkeeper_aws::observed(Arc::<Observer>::clone(&self.observer), Box::pin(request))
    }

    /// Nothing was sent, and nothing will be: there is no call to write down, and none that counts.
    pub(crate) fn forget(mut self) {
        self.call = None;
        if let Some(admission) = self.admission.take() {
            admission.give_back();
        }
    }

    /// The request carries a body of so many bytes.
    pub(crate) fn sent(&mut self, bytes: usize) {
        if let Some(call) = &mut self.call {
            call.bytes_sent += bytes as u64;
        }
    }

    /// So many more bytes of the answer's body have come.
    pub(crate) fn received(&mut self, bytes: usize) {
        if let Some(call) = &mut self.call {
            call.bytes_received += bytes as u64;
        }
    }

    /// The call has ended, as asked.
    pub(crate) fn succeed(&mut self) {
        self.finish(Outcome::Success);
    }

    /// The call has ended with `error`, a case of the WIT variant, because of `cause`.
    pub(crate) fn fail(&mut self, error: &'static str, cause: &(dyn StdError + 'static)) {
        self.finish(Outcome::Failure { error, cause: chain(cause) });
    }

    fn finish(&mut self, outcome: Outcome) {
        self.admission = None;
        let Some(mut call) = self.call.take() else { return };
        let wire = std::mem::take(&mut *lock(&self.observer.wire));
        call.attempts = wire.attempts;
        call.request_id = wire.request_id;
        call.duration = self.started.elapsed();
        call.outcome = outcome;
        if tracing::enabled!(tracing::Level::DEBUG) && self.log.has_room(&call.guest) {
            tracing::debug!(?call, "called");
        }
        self.audit.call(&call);
    }
}

impl Drop for CallRecord {
    fn drop(&mut self) {
        self.finish(Outcome::Cancelled);
    }
}

fn lock(wire: &Mutex<Wire>) -> std::sync::MutexGuard<'_, Wire> {
    wire.lock().unwrap_or_else(PoisonError::into_inner)
}

/// S3 has a header of its own.
const REQUEST_ID_HEADERS: [&str; 2] = ["x-amz-request-id", "x-amzn-requestid"];

/// Counts the attempts, and what they use of quotas, and keeps the last request id.
struct Observer {
    wire: Mutex<Wire>,
    tally: Option<Tally>,
    audit: Arc<dyn AuditSink>,
}

/// What is sent would be written down nowhere.
#[derive(Debug, thiserror::Error)]
#[error("the audit trail takes nothing more")]
struct Unwritten;

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observer").field("wire", &self.wire).finish_non_exhaustive()
    }
}

impl AttemptObserver for Observer {
    /// See [`Body`](crate::s3::body::Body).
    fn verifies_objects(&self) -> bool {
        true
    }

    fn before_attempt(&self, request: &HttpRequest) -> Result<(), BoxError> {
        // The leave may be old: for what tidies up it was given when there was nothing to tidy up.
        if !self.audit.is_open() {
            return Err(Unwritten.into());
        }
        let attempt = lock(&self.wire).attempts + 1;
        if let Some(tally) = &self.tally {
            tally.attempt(attempt, body_length(request))?;
        }
        lock(&self.wire).attempts = attempt;
        Ok(())
    }

    fn after_attempt(&self, response: &mut HttpResponse) {
        let headers = response.headers();
        let request_id = REQUEST_ID_HEADERS.iter().find_map(|name| headers.get(*name));
        lock(&self.wire).request_id = request_id.map(str::to_owned);
        if let Some(tally) = &self.tally {
            let body = std::mem::replace(response.body_mut(), SdkBody::taken());
            *response.body_mut() = SdkBody::from_body_1_x(MeteredBody::new(body, tally.clone()));
        }
    }
}

/// The bytes of a request's body, as its headers or the body itself say.
fn body_length(request: &HttpRequest) -> u64 {
    let header = request.headers().get("content-length").and_then(|length| length.parse().ok());
    header.or_else(|| request.body().content_length()).unwrap_or_default()
}
