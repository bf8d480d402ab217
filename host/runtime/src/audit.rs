//! The audit trail: every decision of the gate, and every call of AWS that came of one.

pub mod json_lines;
mod line;
mod time;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_smithy_types::error::metadata::ErrorMetadata;
use innkeeper_policy::Location;
use serde::Serialize;

pub use self::json_lines::JsonLines;

/// Why an entry cannot be written down.
const NO_TEXT: &str = "a time that is before 1970 or after 9999";

/// Where the audit trail goes.
///
/// Called within a guest's call, once per decision and once per call of AWS, in the order in which they happen. It must not
/// block and must not panic. Entries are lent: who keeps one makes a copy, whose texts are mostly shared.
pub trait AuditSink: Send + Sync {
    /// The gate has decided on one IAM request.
    fn decision(&self, decision: &Decision);
    /// A call of AWS has come to its end.
    fn call(&self, call: &Call);
    /// The host has decided on a request that the guest would send (`wasi:http/outgoing-handler`). By default it is in the log alone.
    fn http_decision(&self, _decision: &HttpDecision) {}
    /// A request that the guest was allowed to send has come to its end. By default it is in the log alone.
    fn http_request(&self, _request: &HttpRequest) {}
    /// Whether what is handed over is still kept. From when it is not, nothing is done for guests that would have to be written down:
    /// every call of AWS and every request over HTTP fails. Asked once for each; by default it is.
    fn is_open(&self) -> bool {
        true
    }
}

/// Numbers a guest's operations within one process, so that a call can be matched with the decisions that led to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct OperationId(pub u64);

/// One IAM request, and what the guest's policy says of it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Decision {
    /// When, by the clock of the client factory.
    #[serde(serialize_with = "rfc3339")]
    pub time: SystemTime,
    /// The guest's name.
    pub guest: Arc<str>,
    /// The operation that asks.
    pub id: OperationId,
    /// The operation's name in AWS's API, such as `GetObject`.
    pub operation: &'static str,
    /// The IAM action, such as `s3:GetObject`.
    pub action: &'static str,
    /// The ARN of what is asked for.
    pub resource: Arc<str>,
    /// The values of the operation's own condition keys, by key, such as `s3:prefix`, and the tags of the object that were looked up
    /// for the decision.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub context: BTreeMap<Cow<'static, str>, String>,
    /// Allowed or denied, and why.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// What the policy says, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "decision", rename_all = "kebab-case")]
pub enum Verdict {
    /// A grant allows it.
    Allow {
        /// The place of the grant, `file:line:column`. `None`: it was made by the program, and stands nowhere.
        #[serde(serialize_with = "location")]
        rule: Option<Location>,
    },
    /// Nothing allows it, or something denies it.
    Deny {
        /// The place of the `deny` that says so. `None`: no grant allows it.
        #[serde(serialize_with = "location")]
        rule: Option<Location>,
        /// Why, in one line.
        reason: Arc<str>,
        /// What to change in the manifest, and where, so that it would be allowed.
        suggestion: Arc<str>,
    },
}

/// One call of AWS, with all of its attempts.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Call {
    /// When it began, by the clock of the client factory.
    #[serde(serialize_with = "rfc3339")]
    pub time: SystemTime,
    /// The guest's name.
    pub guest: Arc<str>,
    /// The operation that made it.
    pub id: OperationId,
    /// The service, as in IAM's actions: `s3`.
    pub service: &'static str,
    /// The operation's name in AWS's API, such as `GetObject`.
    pub operation: &'static str,
    /// Why the host made the call of its own accord. `None`: it is what the guest asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
    /// The ARN of what it was about.
    pub resource: Arc<str>,
    /// How often the request was sent.
    pub attempts: u32,
    /// Bytes of the body that was sent, once, however many attempts there were.
    pub bytes_sent: u64,
    /// Bytes of the body that the guest was given.
    pub bytes_received: u64,
    /// From the start to the end of the call; for a body that streams, to the end of the body.
    #[serde(serialize_with = "seconds")]
    pub duration: Duration,
    /// What AWS calls the last attempt. For the operator: a guest never sees it.
    pub request_id: Option<String>,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// Why the host makes a call that no guest has asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Purpose {
    /// To decide on `s3:ExistingObjectTag/<key>`: the operation of the same number depends on the tags of the object.
    ExistingObjectTags,
}

/// A request that a guest would send, and what its manifest says of it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct HttpDecision {
    /// When, by the clock of the client factory.
    #[serde(serialize_with = "rfc3339")]
    pub time: SystemTime,
    /// The guest's name.
    pub guest: Arc<str>,
    /// The number of the request among the guest's operations.
    pub id: OperationId,
    /// The method, such as `GET`.
    pub method: String,
    /// Scheme, host, port and path: without the query, in which there may be keys. At most 2,000 characters.
    pub url: String,
    /// The address because of which it is denied.
    pub address: Option<IpAddr>,
    /// Allowed or denied, and why. The rule is the place of the grant.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// A request that a guest has sent.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct HttpRequest {
    /// When it was decided on, by the clock of the client factory.
    #[serde(serialize_with = "rfc3339")]
    pub time: SystemTime,
    /// The guest's name.
    pub guest: Arc<str>,
    /// The number of the request among the guest's operations.
    pub id: OperationId,
    /// The method.
    pub method: String,
    /// As in [`HttpDecision::url`].
    pub url: String,
    /// The address that was connected to; `None`: none was.
    pub address: Option<IpAddr>,
    /// The status of the response; `None`: there was none.
    pub status: Option<u16>,
    /// Bytes of the request's body.
    pub bytes_sent: u64,
    /// Bytes of the response's body.
    pub bytes_received: u64,
    /// From the decision to the end of the response's body.
    #[serde(serialize_with = "seconds")]
    pub duration: Duration,
    /// How it ended. The error is the case of WASI's `error-code`.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// How a call of AWS or a request ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// As asked.
    Success,
    /// With an error.
    Failure {
        /// The case of the WIT error that the guest got, such as `no-such-key`.
        error: &'static str,
        /// The whole cause, for the operator.
        cause: String,
    },
    /// The guest dropped it, or its time was over.
    Cancelled,
}

/// An audit trail in memory, for tests and summaries. It grows with every call, so it is not for a host that runs on.
#[derive(Debug, Default)]
pub struct AuditLog {
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    decisions: Vec<Decision>,
    calls: Vec<Call>,
    http_decisions: Vec<HttpDecision>,
    http_requests: Vec<HttpRequest>,
}

impl AuditLog {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// The decisions so far.
    pub fn decisions(&self) -> Vec<Decision> {
        self.lock().decisions.clone()
    }

    /// The calls that have ended so far.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// The decisions on requests so far.
    pub fn http_decisions(&self) -> Vec<HttpDecision> {
        self.lock().http_decisions.clone()
    }

    /// The requests that have ended so far.
    pub fn http_requests(&self) -> Vec<HttpRequest> {
        self.lock().http_requests.clone()
    }

    /// The decisions so far that denied something.
    pub fn denials(&self) -> Vec<Decision> {
        let entries = self.lock();
        let denied = entries.decisions.iter().filter(|d| matches!(d.verdict, Verdict::Deny { .. }));
        denied.cloned().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Entries> {
        // A panic elsewhere leaves nothing half done here: an entry is in the list or it is not.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AuditSink for AuditLog {
    fn decision(&self, decision: &Decision) {
        self.lock().decisions.push(decision.clone());
    }

    fn call(&self, call: &Call) {
        self.lock().calls.push(call.clone());
    }

    fn http_decision(&self, decision: &HttpDecision) {
        self.lock().http_decisions.push(decision.clone());
    }

    fn http_request(&self, request: &HttpRequest) {
        self.lock().http_requests.push(request.clone());
    }
}

/// One trail after the other.
impl AuditSink for Vec<Arc<dyn AuditSink>> {
    fn decision(&self, decision: &Decision) {
        self.iter().for_each(|sink| sink.decision(decision));
    }

    fn call(&self, call: &Call) {
        self.iter().for_each(|sink| sink.call(call));
    }

    fn http_decision(&self, decision: &HttpDecision) {
        self.iter().for_each(|sink| sink.http_decision(decision));
    }

    fn http_request(&self, request: &HttpRequest) {
        self.iter().for_each(|sink| sink.http_request(request));
    }

    fn is_open(&self) -> bool {
        self.iter().all(|sink| sink.is_open())
    }
}

/// No audit trail beside the log (`tracing`).
impl AuditSink for () {
    fn decision(&self, _decision: &Decision) {}
    fn call(&self, _call: &Call) {}
}

/// What an error says, and all that it came of, on one line. The SDK's `DisplayErrorContext` adds the `Debug` of the whole,
/// which is long, and shows every header of an answer.
pub(crate) fn chain(error: &(dyn StdError + 'static)) -> String {
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

fn rfc3339<S: serde::Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    let written = time::with_rfc3339(*time, |text| serializer.serialize_str(text));
    written.unwrap_or_else(|| Err(serde::ser::Error::custom(NO_TEXT)))
}

#[expect(clippy::ref_option, reason = "serde gives a reference to the field")]
fn location<S: serde::Serializer>(location: &Option<Location>, serializer: S) -> Result<S::Ok, S::Error> {
    match location {
        Some(location) => serializer.collect_str(location),
        None => serializer.serialize_none(),
    }
}

fn seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}
