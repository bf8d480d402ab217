//! The state of Lambda.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

use super::function::Functions;
use super::layers::Layers;
use super::mappings::{self, Mappings};
use super::name::FunctionId;
use super::record::{Invocation, Record, Records};
use crate::fake::Shared;

/// How long somebody who waits for mappings goes without another look: what lets one have nothing to do may be done to its queue, of
/// which nobody here is told.
const LOOK: Duration = Duration::from_secs(1);

/// After how many invocations it is taken that they will never end: functions can invoke themselves, and send to their own queues.
const LOOP: u64 = 10_000;

/// Functions and invocations, layers and event source mappings. Locks are held only for moments and never across an await: a
/// function may call the fake.
#[derive(Default)]
pub(crate) struct LambdaState {
    functions: Mutex<Functions>,
    records: Mutex<Records>,
    layers: Mutex<Layers>,
    mappings: Mutex<Mappings>,
    /// Told whenever an event is done.
    settled: Notify,
    /// Told whenever a function or mapping is another than it was.
    stirred: Arc<Notify>,
}

impl LambdaState {
    pub(super) fn functions(&self) -> MutexGuard<'_, Functions> {
        self.functions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The functions of all accounts, each as its file is called.
    pub(crate) fn stems(&self) -> Vec<String> {
        self.functions().by_id.keys().map(FunctionId::stem).collect()
    }

    pub(crate) fn layers(&self) -> MutexGuard<'_, Layers> {
        self.layers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn mappings(&self) -> MutexGuard<'_, Mappings> {
        self.mappings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The mappings that there are by now.
    pub(crate) fn mappings_at(&self, now: SystemTime) -> MutexGuard<'_, Mappings> {
        let mut mappings = self.mappings();
        mappings.advance(now);
        mappings
    }

    /// Lets mappings look at what they are, and at the functions that they call.
    pub(super) fn stir(&self) {
        self.stirred.notify_waiters();
    }

    pub(super) fn stirred(&self) -> OwnedNotified {
        Arc::clone(&self.stirred).notified_owned()
    }

    /// Removes every function, layer and mapping, and forgets every invocation. What runs goes on to its end.
    pub(crate) fn clear(&self) {
        self.functions().clear();
        self.layers().clear();
        self.mappings().clear();
        self.clear_invocations();
        self.settled();
        self.stir();
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

    /// Waits until every event that has been accepted is done, and no mapping has messages for its function; or until there have been
    /// [`LOOP`] invocations more.
    pub(super) async fn idle(shared: &Arc<Shared>) {
        let lambda = &shared.lambda;
        let most = lambda.records().last().saturating_add(LOOP);
        while lambda.records().last() < most {
            mappings::poll_all(shared);
            let settled = lambda.settled.notified();
            if lambda.records().has_waiting() {
                settled.await;
            } else if mappings::is_busy(shared) {
                let _ = tokio::time::timeout(LOOK, settled).await;
            } else {
                return;
            }
        }
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for LambdaState {
    /// Ends the tasks that wait for something to change.
    fn drop(&mut self) {
        self.stir();
    }
}

impl fmt::Debug for LambdaState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LambdaState").finish_non_exhaustive()
    }
}
