//! All that is known of a call when it is over, for the summary and for the JSON document.

use std::time::Duration;

use innkeeper::audit::{Call, Decision, HttpDecision, HttpRequest, Verdict};
use serde::Serialize;

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
    /// The calls of AWS, in the order in which they ended.
    pub(super) calls: Vec<Call>,
    /// The decisions of the policy, in order.
    pub(super) decisions: Vec<Decision>,
    /// The decisions on requests that the guest would send, in order.
    pub(super) http_decisions: Vec<HttpDecision>,
    /// The requests that it has sent, in the order in which they ended.
    pub(super) http_requests: Vec<HttpRequest>,
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

/// What is different in an AWS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Changes {
    pub(super) buckets_created: Vec<String>,
    pub(super) buckets_removed: Vec<String>,
    /// By bucket and key.
    pub(super) objects: Vec<ObjectChange>,
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

/// What happened to an object.
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
            calls: Vec::new(),
            decisions: Vec::new(),
            http_decisions: Vec::new(),
            http_requests: Vec::new(),
            changes: None,
            saved: None,
            timing: Timing { prepare, run: Duration::ZERO },
        }
    }

    /// The decisions that denied something.
    pub(super) fn denials(&self) -> impl Iterator<Item = &Decision> {
        self.decisions.iter().filter(|decision| matches!(decision.verdict, Verdict::Deny { .. }))
    }
}

impl From<innkeeper_fake::Changes> for Changes {
    fn from(changes: innkeeper_fake::Changes) -> Self {
        let objects = changes.s3.objects.into_iter().map(|object| ObjectChange {
            kind: match object.kind {
                innkeeper_fake::ChangeKind::Added => ChangeKind::Added,
                innkeeper_fake::ChangeKind::Changed => ChangeKind::Changed,
                innkeeper_fake::ChangeKind::Removed => ChangeKind::Removed,
            },
            bucket: object.bucket,
            key: object.key,
            size_before: object.size_before,
            size_after: object.size_after,
        });
        Self {
            objects: objects.collect(),
            buckets_created: changes.s3.buckets_created,
            buckets_removed: changes.s3.buckets_removed,
        }
    }
}

fn seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}
