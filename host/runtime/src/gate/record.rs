//! What is written down of one call of AWS, from the leave to the end of the answer's body.

use std::error::Error as StdError;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextMut, BeforeDeserializationInterceptorContextRef,
    BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::ErrorMetadata;
use tokio::time::Instant;

use super::log::LogRate;
use crate::audit::{AuditSink, Call, Outcome};
use crate::quota::{Admission, MeteredBody, Tally};

/// The record of a call under way. It is written to the audit trail once: when the call is finished, or, as cancelled, when the
/// record is dropped before that.
pub(crate) struct CallRecord {
    audit: Arc<dyn AuditSink>,
    log: Arc<LogRate>,
    /// `None` once it has been written.
    call: Option<Call>,
    started: Instant,
    wire: Arc<Mutex<Wire>>,
    /// `None` once the call is over.
    admission: Option<Admission>,
}

/// What only the SDK's interceptors see.
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
        let admission = Some(admission);
        Self { audit, log, call: Some(call), started: Instant::now(), wire: Arc::default(), admission }
    }

    /// To be given to the request that is sent under this record.
    pub(crate) fn observer(&self) -> impl Intercept + 'static {
        let tally = self.admission.as_ref().and_then(Admission::tally);
        Observer { wire: Arc::clone(&self.wire), tally }
    }

    /// Nothing was sent, and nothing will be: there is no call to write down.
    pub(crate) fn forget(mut self) {
        self.call = None;
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
        let wire = std::mem::take(&mut *lock(&self.wire));
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

/// What an error says, and all that it came of, on one line. The SDK's `DisplayErrorContext` adds the `Debug` of the whole,
/// which is long, and shows every header of an answer.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        // Its `Display` is that of a struct, with request ids that the record has already.
        let message = source.downcast_ref::<ErrorMetadata>().and_then(ErrorMetadata::message);
        let cause = message.map_or_else(|| source.to_string(), str::to_owned);
        // Some libraries repeat their source in their message.
        if !text.ends_with(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
        next = source.source();
    }
    text
}

fn lock(wire: &Mutex<Wire>) -> std::sync::MutexGuard<'_, Wire> {
    wire.lock().unwrap_or_else(PoisonError::into_inner)
}

/// S3 has a header of its own.
const REQUEST_ID_HEADERS: [&str; 2] = ["x-amz-request-id", "x-amzn-requestid"];

/// Counts the attempts, and what they use of quotas, and keeps the last request id.
#[derive(Debug)]
struct Observer {
    wire: Arc<Mutex<Wire>>,
    tally: Option<Tally>,
}

impl Intercept for Observer {
    fn name(&self) -> &'static str {
        "innkeeper-audit"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let attempt = lock(&self.wire).attempts + 1;
        if let Some(tally) = &self.tally {
            tally.attempt(attempt, body_length(context.request()))?;
        }
        lock(&self.wire).attempts = attempt;
        Ok(())
    }

    fn read_after_transmit(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.response().headers();
        let request_id = REQUEST_ID_HEADERS.iter().find_map(|name| headers.get(*name));
        lock(&self.wire).request_id = request_id.map(str::to_owned);
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(tally) = &self.tally {
            let body = std::mem::replace(context.response_mut().body_mut(), SdkBody::taken());
            *context.response_mut().body_mut() =
                SdkBody::from_body_1_x(MeteredBody::new(body, tally.clone()));
        }
        Ok(())
    }
}

/// The bytes of a request's body, as its headers or the body itself say.
fn body_length(request: &HttpRequest) -> u64 {
    let header = request.headers().get("content-length").and_then(|length| length.parse().ok());
    header.or_else(|| request.body().content_length()).unwrap_or_default()
}
