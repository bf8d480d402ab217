//! What a guest does while it runs: counted, and kept as far as there is room.
//!
//! A guest can ask for millions of things, and its report is in memory until it ends. So all is counted, by operation and by what was
//! denied, and of single entries only the first are kept. How many are not is told; a file of `--audit` has every one.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use innkeeper::audit::{AuditSink, Call, Decision, HttpDecision, HttpRequest, Outcome, Verdict};

use super::summary::MAX_LINES;

/// How many entries of a list are kept: what a person or a test looks through one by one.
pub(super) const MAX_ENTRIES: usize = 10_000;

/// How many different denials, and different causes of failures of one operation, are told apart.
pub(super) const MAX_ROWS: usize = 1_000;

/// How many bytes the kept entries of all lists may have. An entry can have some ten kilobytes, of keys and tags that the guest chose.
pub(super) const MAX_ENTRY_BYTES: usize = 16 << 20;

/// How many bytes the kept rows may have. Apart from the entries, so that a guest that fills those hides no denial.
const MAX_ROW_BYTES: usize = 8 << 20;

/// An audit trail in memory, of bounded size.
#[derive(Debug)]
pub(super) struct Tally(Mutex<Counting>);

#[derive(Debug, Default)]
struct Counting {
    seen: Seen,
    entry_bytes: usize,
    row_bytes: usize,
    /// Of decisions that are to be different: those that are kept.
    distinct: Option<HashSet<Asked>>,
}

/// What makes a decision another for whoever learns from it: who asks for what, on what, in which context.
type Asked = (Arc<str>, &'static str, Arc<str>, Vec<(String, String)>);

/// What a guest has done.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// The calls of AWS, in the order in which they ended.
    pub(super) calls: Entries<Call>,
    /// The decisions of the policy, in order.
    pub(super) decisions: Entries<Decision>,
    /// The decisions on requests that the guest would send, in order.
    pub(super) http_decisions: Entries<HttpDecision>,
    /// Those of them that denied, as many as are shown to a person.
    pub(super) http_denials: Entries<HttpDecision>,
    /// The requests that it has sent, in the order in which they ended.
    pub(super) http_requests: Entries<HttpRequest>,
    /// All calls, counted by guest, service and operation. There are no more of them than guests and operations.
    pub(super) operations: BTreeMap<(Arc<str>, &'static str, &'static str), Operation>,
    /// All denials, counted by guest, action and resource, with the first decision of each.
    pub(super) denials: Rows<(Arc<str>, &'static str, Arc<str>), Decision>,
}

/// The first entries of a list, and how many there were.
#[derive(Clone, Debug)]
pub(super) struct Entries<T> {
    pub(super) kept: Vec<T>,
    pub(super) total: usize,
}

/// Entries counted by what makes them alike, with a value of the first of each, in the order of the first.
#[derive(Clone, Debug)]
pub(super) struct Rows<K, V> {
    all: Vec<(V, usize)>,
    places: HashMap<K, usize>,
    /// How many entries are in no row, since there was no room for another.
    pub(super) omitted: usize,
}

/// All calls of one operation.
#[derive(Clone, Debug, Default)]
pub(super) struct Operation {
    pub(super) calls: usize,
    pub(super) bytes_sent: u64,
    pub(super) bytes_received: u64,
    pub(super) retries: u64,
    pub(super) cancelled: usize,
    /// By the error of the WIT variant and the whole cause, with the first call.
    pub(super) failures: Rows<(&'static str, String), Call>,
}

impl Tally {
    /// Keeps the first decisions.
    pub(super) fn new() -> Self {
        Self(Mutex::default())
    }

    /// Keeps the first decisions of which none is about the same as another.
    pub(super) fn of_different_decisions() -> Self {
        Self(Mutex::new(Counting { distinct: Some(HashSet::new()), ..Counting::default() }))
    }

    /// What was seen until now, which is not seen again.
    pub(super) fn take(&self) -> Seen {
        std::mem::take(&mut self.lock().seen)
    }

    fn lock(&self) -> MutexGuard<'_, Counting> {
        // A panic elsewhere leaves nothing half done here: an entry is counted or it is not.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self { kept: Vec::new(), total: 0 }
    }
}

impl<T: Clone> Entries<T> {
    /// Counts an entry, and keeps it if it is one of the first `most` and there is room for its bytes.
    fn add(&mut self, entry: &T, bytes: usize, most: usize, taken: &mut usize, room: usize) {
        self.total = self.total.saturating_add(1);
        // The first ones without a gap: what is missing is at the end.
        let is_next = self.kept.len().saturating_add(1) == self.total;
        if is_next && self.kept.len() < most && taken.saturating_add(bytes) <= room {
            *taken = taken.saturating_add(bytes);
            self.kept.push(entry.clone());
        }
    }
}

impl<T> Entries<T> {
    /// How many are not kept.
    pub(super) fn omitted(&self) -> usize {
        self.total.saturating_sub(self.kept.len())
    }
}

impl<K, V> Default for Rows<K, V> {
    fn default() -> Self {
        Self { all: Vec::new(), places: HashMap::new(), omitted: 0 }
    }
}

impl<K: Eq + Hash, V> Rows<K, V> {
    fn add(&mut self, key: K, first: impl FnOnce() -> V, bytes: usize, taken: &mut usize) {
        if let Some((_, times)) = self.places.get(&key).and_then(|place| self.all.get_mut(*place)) {
            *times = times.saturating_add(1);
        } else if self.all.len() < MAX_ROWS && taken.saturating_add(bytes) <= MAX_ROW_BYTES {
            *taken = taken.saturating_add(bytes);
            self.places.insert(key, self.all.len());
            self.all.push((first(), 1));
        } else {
            self.omitted = self.omitted.saturating_add(1);
        }
    }
}

impl<K, V> Rows<K, V> {
    /// The rows, each with how many entries it stands for.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (&V, usize)> {
        self.all.iter().map(|(value, times)| (value, *times))
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// How many entries there were.
    pub(super) fn total(&self) -> usize {
        self.iter().fold(self.omitted, |total, (_, times)| total.saturating_add(times))
    }
}

impl AuditSink for Tally {
    fn decision(&self, decision: &Decision) {
        let Counting { seen, entry_bytes, row_bytes, distinct } = &mut *self.lock();
        let bytes = bytes_of_decision(decision);
        if let Verdict::Deny { .. } = decision.verdict {
            let key = (Arc::clone(&decision.guest), decision.action, Arc::clone(&decision.resource));
            seen.denials.add(key, || decision.clone(), bytes, row_bytes);
        }
        if let Some(distinct) = distinct {
            let context = decision.context.iter().map(|(key, value)| (key.to_string(), value.clone()));
            let asked = (
                Arc::clone(&decision.guest),
                decision.action,
                Arc::clone(&decision.resource),
                context.collect(),
            );
            // Once nothing more is kept the set does not grow either.
            if distinct.contains(&asked) {
                return;
            }
            if seen.decisions.omitted() == 0 {
                distinct.insert(asked);
            }
        }
        seen.decisions.add(decision, bytes, MAX_ENTRIES, entry_bytes, MAX_ENTRY_BYTES);
    }

    fn call(&self, call: &Call) {
        let Counting { seen, entry_bytes, row_bytes, .. } = &mut *self.lock();
        let bytes = bytes_of_call(call);
        let key = (Arc::clone(&call.guest), call.service, call.operation);
        seen.operations.entry(key).or_default().add(call, bytes, row_bytes);
        seen.calls.add(call, bytes, MAX_ENTRIES, entry_bytes, MAX_ENTRY_BYTES);
    }

    fn http_decision(&self, decision: &HttpDecision) {
        let Counting { seen, entry_bytes, row_bytes, .. } = &mut *self.lock();
        let bytes = size_of::<HttpDecision>()
            + decision.method.len()
            + decision.url.len()
            + bytes_of_verdict(&decision.verdict);
        if let Verdict::Deny { .. } = decision.verdict {
            seen.http_denials.add(decision, bytes, MAX_LINES, row_bytes, MAX_ROW_BYTES);
        }
        seen.http_decisions.add(decision, bytes, MAX_ENTRIES, entry_bytes, MAX_ENTRY_BYTES);
    }

    fn http_request(&self, request: &HttpRequest) {
        let Counting { seen, entry_bytes, .. } = &mut *self.lock();
        let bytes = size_of::<HttpRequest>()
            + request.method.len()
            + request.url.len()
            + bytes_of_outcome(&request.outcome);
        seen.http_requests.add(request, bytes, MAX_ENTRIES, entry_bytes, MAX_ENTRY_BYTES);
    }
}

impl Operation {
    fn add(&mut self, call: &Call, bytes: usize, taken: &mut usize) {
        self.calls = self.calls.saturating_add(1);
        self.bytes_sent = self.bytes_sent.saturating_add(call.bytes_sent);
        self.bytes_received = self.bytes_received.saturating_add(call.bytes_received);
        self.retries = self.retries.saturating_add(call.attempts.saturating_sub(1).into());
        match &call.outcome {
            Outcome::Success => {}
            Outcome::Cancelled => self.cancelled = self.cancelled.saturating_add(1),
            Outcome::Failure { error, cause } => {
                self.failures.add((*error, cause.clone()), || call.clone(), bytes, taken);
            }
        }
    }
}

fn bytes_of_call(call: &Call) -> usize {
    size_of::<Call>()
        + call.resource.len()
        + call.request_id.as_deref().map_or(0, str::len)
        // In a row it is the key as well.
        + 2 * bytes_of_outcome(&call.outcome)
}

fn bytes_of_decision(decision: &Decision) -> usize {
    // An entry of a map has a value, and a share of a node.
    let context = decision.context.iter().map(|(key, value)| 100 + key.len() + value.len());
    size_of::<Decision>()
        + decision.resource.len()
        + context.sum::<usize>()
        + bytes_of_verdict(&decision.verdict)
}

fn bytes_of_verdict(verdict: &Verdict) -> usize {
    match verdict {
        Verdict::Allow { .. } => 0,
        Verdict::Deny { reason, suggestion, .. } => reason.len() + suggestion.len(),
    }
}

fn bytes_of_outcome(outcome: &Outcome) -> usize {
    match outcome {
        Outcome::Failure { cause, .. } => cause.len(),
        Outcome::Success | Outcome::Cancelled => 0,
    }
}

#[cfg(test)]
mod tests;
