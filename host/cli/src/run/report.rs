//! All that is known of a call when it is over, for the summary and for the JSON document.

use std::time::Duration;

use innkeeper_fake::{FunctionErrorKind, InvocationOutcome, InvocationType};
use serde::Serialize;

use super::tally::Seen;
use crate::failure::Failure;

/// What a call of a guest came to.
#[derive(Debug)]
pub(super) struct Report {
    /// The guest's name.
    pub(super) guest: String,
    /// Who was called.
    pub(super) called: Called,
    /// What it returned, or had written when it failed.
    pub(super) output: Option<Vec<u8>>,
    /// Why there is no result.
    pub(super) failure: Option<Failure>,
    /// What the guest wrote beside its result. Untrusted.
    pub(super) log: Vec<u8>,
    /// What it did.
    pub(super) seen: Seen,
    /// What is different in the fake AWS. `None` without a fake.
    pub(super) changes: Option<Changes>,
    /// What of it was written to a folder, in words.
    pub(super) saved: Option<String>,
    pub(super) timing: Timing,
}

/// Who was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Called {
    /// AWS, at its own endpoints.
    Aws,
    /// What is at this endpoint.
    Endpoint(String),
    /// A fake.
    Fake,
}

/// How long it took.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Timing {
    /// From the start of the process to a guest that can be called: reading, compiling, linking.
    #[serde(serialize_with = "seconds")]
    pub(super) prepare: Duration,
    /// The call.
    #[serde(serialize_with = "seconds")]
    pub(super) run: Duration,
}

/// What is different in an AWS, and what its functions were asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Changes {
    pub(super) buckets_created: Vec<String>,
    pub(super) buckets_removed: Vec<String>,
    /// By bucket and key.
    pub(super) objects: Vec<ObjectChange>,
    /// By name.
    pub(super) queues: Vec<QueueChange>,
    /// In the order in which they came.
    pub(super) invocations: Vec<Invocation>,
}

/// An object that is different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ObjectChange {
    pub(super) kind: ChangeKind,
    pub(super) bucket: String,
    pub(super) key: String,
    /// Bytes before; none if it was not there.
    pub(super) size_before: Option<u64>,
    /// Bytes after; none if it is gone.
    pub(super) size_after: Option<u64>,
}

/// A queue that is different, or has other messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct QueueChange {
    pub(super) kind: ChangeKind,
    pub(super) queue: String,
    /// Messages that can be received, after.
    pub(super) visible: usize,
    /// Messages that have been received and not deleted, after.
    pub(super) in_flight: usize,
    /// Messages that wait for their delay, after.
    pub(super) delayed: usize,
    pub(super) messages: Vec<MessageChange>,
}

/// A message that is new, gone, or in another state. One that came and went is not among them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct MessageChange {
    pub(super) kind: ChangeKind,
    pub(super) message_id: String,
    pub(super) body: String,
}

/// What a function was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::struct_field_names, reason = "the keys of the document, as AWS names them")]
pub(super) struct Invocation {
    pub(super) function: String,
    pub(super) qualifier: Option<String>,
    pub(super) version: String,
    pub(super) invocation_type: InvocationType,
    /// How often it has been attempted.
    pub(super) attempts: u32,
    pub(super) outcome: Invoked,
    /// The payload that it failed with. Untrusted text.
    pub(super) error: Option<String>,
    /// What the function wrote beside its answer, with Lambda's own lines. Untrusted text.
    pub(super) log: String,
}

/// What came of an invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Invoked {
    /// The function returned.
    Returned,
    /// The function failed, and says so itself.
    FailedHandled,
    /// The function failed, says its runtime.
    FailedUnhandled,
    /// The event was never attempted.
    Dropped,
    /// It was over before the function was, or had to be.
    Unfinished,
    /// Nothing was to run.
    DryRun,
}

/// What happened to an object, a queue or a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ChangeKind {
    Added,
    Changed,
    Removed,
}

impl Report {
    /// The report of a guest that could not be called.
    pub(super) fn without_call(guest: String, failure: Failure, prepare: Duration) -> Self {
        Self {
            guest,
            called: Called::Aws,
            output: None,
            failure: Some(failure),
            log: Vec::new(),
            seen: Seen::default(),
            changes: None,
            saved: None,
            timing: Timing { prepare, run: Duration::ZERO },
        }
    }
}

impl From<innkeeper_fake::Changes> for Changes {
    fn from(changes: innkeeper_fake::Changes) -> Self {
        let objects = changes.s3.objects.into_iter().map(|object| ObjectChange {
            kind: object.kind.into(),
            bucket: object.bucket,
            key: object.key,
            size_before: object.size_before,
            size_after: object.size_after,
        });
        Self {
            objects: objects.collect(),
            buckets_created: changes.s3.buckets_created,
            buckets_removed: changes.s3.buckets_removed,
            queues: changes.sqs.queues.into_iter().map(Into::into).collect(),
            invocations: changes.lambda.invocations.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<innkeeper_fake::ChangeKind> for ChangeKind {
    fn from(kind: innkeeper_fake::ChangeKind) -> Self {
        match kind {
            innkeeper_fake::ChangeKind::Added => Self::Added,
            innkeeper_fake::ChangeKind::Changed => Self::Changed,
            innkeeper_fake::ChangeKind::Removed => Self::Removed,
        }
    }
}

impl From<innkeeper_fake::QueueChange> for QueueChange {
    fn from(change: innkeeper_fake::QueueChange) -> Self {
        let messages = change.messages.into_iter().map(|message| MessageChange {
            kind: message.kind.into(),
            message_id: message.message_id,
            body: message.body,
        });
        Self {
            kind: change.kind.into(),
            // As the file of a seed is named.
            queue: match change.region {
                Some(region) => format!("{}@{region}", change.queue),
                None => change.queue,
            },
            visible: change.visible,
            in_flight: change.in_flight,
            delayed: change.delayed,
            messages: messages.collect(),
        }
    }
}

impl From<innkeeper_fake::Invocation> for Invocation {
    fn from(invocation: innkeeper_fake::Invocation) -> Self {
        let outcome = match &invocation.outcome {
            _ if invocation.invocation_type == InvocationType::DryRun => Invoked::DryRun,
            Some(InvocationOutcome::Returned(_)) => Invoked::Returned,
            Some(InvocationOutcome::Failed(error)) => match error.kind {
                FunctionErrorKind::Handled => Invoked::FailedHandled,
                FunctionErrorKind::Unhandled => Invoked::FailedUnhandled,
            },
            Some(InvocationOutcome::Dropped) => Invoked::Dropped,
            None => Invoked::Unfinished,
        };
        let error = match invocation.outcome {
            Some(InvocationOutcome::Failed(error)) => Some(error.payload.to_string()),
            _ => None,
        };
        Self {
            function: invocation.function,
            qualifier: invocation.qualifier,
            version: invocation.version,
            invocation_type: invocation.invocation_type,
            attempts: invocation.attempts,
            outcome,
            error,
            log: invocation.log,
        }
    }
}

fn seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}
