//! The invocations that a fake remembers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::handler::{FunctionError, FunctionErrorKind};

/// How many invocations are remembered; the oldest go first. [`Invocation::number`] tells whether some are gone.
pub const INVOCATION_LIMIT: usize = 10_000;

/// An invocation of a function that was accepted: it has run, is running, or is to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Invocation {
    /// The order of arrival, from 1.
    pub number: u64,
    /// When it arrived, by the fake's clock.
    #[serde(serialize_with = "rfc3339")]
    pub time: SystemTime,
    /// The function's account; none for a function of the fake's own.
    pub account_id: Option<String>,
    /// The function's name.
    pub function: String,
    /// The qualifier by which it was invoked.
    pub qualifier: Option<String>,
    /// The version that ran: `$LATEST` or a number.
    pub version: String,
    /// How it was invoked.
    pub invocation_type: InvocationType,
    /// The request id.
    pub request_id: String,
    /// The payload.
    #[serde(serialize_with = "document")]
    pub payload: Bytes,
    /// How often it has been attempted, throttled attempts not counted.
    pub attempts: u32,
    /// What came of the last attempt; none as long as there was none.
    pub outcome: Option<InvocationOutcome>,
    /// Whether it is over: asynchronous ones may be attempted again.
    pub done: bool,
    /// The log of the last attempt.
    pub log: String,
}

/// How a function was invoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum InvocationType {
    /// `Invoke` with `RequestResponse`: the caller waited. So does Lambda itself, for an event source.
    RequestResponse,
    /// `Invoke` with `Event`: asynchronous.
    Event,
    /// `Invoke` with `DryRun`: nothing ran.
    DryRun,
    /// `InvokeWithResponseStream`.
    ResponseStream,
}

/// What came of an invocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum InvocationOutcome {
    /// The function returned this.
    Returned(#[serde(serialize_with = "document")] Bytes),
    /// The function failed.
    Failed(FunctionError),
    /// The event was never attempted: it was throttled until it was six hours old, or its function was removed.
    Dropped,
}

impl InvocationOutcome {
    /// What the function returned.
    pub fn returned(&self) -> Option<&[u8]> {
        match self {
            Self::Returned(payload) => Some(payload),
            Self::Failed(_) | Self::Dropped => None,
        }
    }

    /// How the function failed.
    pub fn error_kind(&self) -> Option<FunctionErrorKind> {
        match self {
            Self::Failed(error) => Some(error.kind),
            Self::Returned(_) | Self::Dropped => None,
        }
    }
}

/// An invocation that is still being written about. Clones are the same one.
#[derive(Clone, Debug)]
pub(super) struct Record(Arc<Mutex<Invocation>>);

impl Record {
    pub(super) fn update(&self, change: impl FnOnce(&mut Invocation)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn get(&self) -> Invocation {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The log of invocations.
#[derive(Debug, Default)]
pub(super) struct Records {
    last: u64,
    entries: VecDeque<Record>,
}

impl Records {
    /// Whether one is an event that is not done.
    pub(super) fn has_waiting(&self) -> bool {
        self.entries.iter().any(|record| {
            let invocation = record.0.lock().unwrap_or_else(PoisonError::into_inner);
            invocation.invocation_type == InvocationType::Event && !invocation.done
        })
    }

    /// The number of the last invocation.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    pub(super) fn push(&mut self, mut invocation: Invocation) -> Record {
        self.last += 1;
        invocation.number = self.last;
        if self.entries.len() == INVOCATION_LIMIT {
            self.entries.pop_front();
        }
        let record = Record(Arc::new(Mutex::new(invocation)));
        self.entries.push_back(record.clone());
        record
    }

    pub(super) fn all(&self) -> Vec<Invocation> {
        self.entries.iter().map(Record::get).collect()
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }
}

/// Payloads are JSON; what is none is shown as text.
fn document<S: Serializer>(payload: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    let text = || Value::String(String::from_utf8_lossy(payload).into_owned());
    serde_json::from_slice::<Value>(payload).unwrap_or_else(|_| text()).serialize(serializer)
}

fn rfc3339<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    let text = OffsetDateTime::from(*time).format(&Rfc3339).map_err(S::Error::custom)?;
    serializer.serialize_str(&text)
}
