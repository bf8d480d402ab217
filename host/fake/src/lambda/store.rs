//! The state of Lambda.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::function::Functions;
use super::record::{Invocation, InvocationType, Record, Records};

/// Functions and invocations. Locks are held only for moments and never across an await: a function may call the fake.
#[derive(Default)]
pub(crate) struct LambdaState {
    functions: Mutex<Functions>,
    records: Mutex<Records>,
    /// Told whenever an event is done.
    settled: Notify,
}

impl LambdaState {
    pub(super) fn functions(&self) -> MutexGuard<'_, Functions> {
        self.functions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes every function, and forgets every invocation. What runs goes on to its end.
    pub(crate) fn clear(&self) {
        self.functions().clear();
        self.clear_invocations();
        self.settled();
    }

    pub(super) fn record(&self, invocation: Invocation) -> Record {
        self.records().push(invocation)
    }

    pub(super) fn invocations(&self) -> Vec<Invocation> {
        self.records().all()
    }

    pub(super) fn clear_invocations(&self) {
        self.records().clear();
    }

    pub(super) fn settled(&self) {
        self.settled.notify_waiters();
    }

    /// Waits until every event that has been accepted is done.
    pub(super) async fn idle(&self) {
        loop {
            let settled = self.settled.notified();
            let waiting = |invocation: &Invocation| {
                invocation.invocation_type == InvocationType::Event && !invocation.done
            };
            if !self.invocations().iter().any(waiting) {
                return;
            }
            settled.await;
        }
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for LambdaState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LambdaState").finish_non_exhaustive()
    }
}
