//! What the uploads and downloads of one call share: a bound on memory, a time by which they end, and what is left to be tidied up.
//!
//! Bodies over several connections are this crate's own work, and not that of `aws-sdk-s3-transfer-manager` (0.3.1, looked at in full).
//! Its bounds, back-pressure and cancellation would do. But it makes a client of its own out of a configuration, and sends as many
//! requests as it sees fit: none of them would pass the gate, which decides on each and writes it down, and the guest's quotas would not
//! hold. It puts a retry partition of each bucket's in place of the client's, so that guests would use up each other's retries. Its
//! memory is a pool of the process or of a transfer manager for each call. It brings TLS over aws-lc and a resolver of names into a
//! process that has neither; and it is a developer preview that its makers advise against in production.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// What is counted at a time: memory is bounded to this, not to the byte, so that a semaphore of 32-bit requests can count terabytes.
const UNIT: u64 = 1024;

/// How long the call of AWS may take with which an unfinished upload is given up, whatever became of the guest.
const TIDY_TIME: Duration = Duration::from_mins(1);

/// What the transfers of one call share.
#[derive(Debug)]
pub(crate) struct Transfers {
    memory: Arc<Semaphore>,
    bytes: u64,
    /// When the guest's call ends at the latest.
    deadline: Option<Instant>,
    /// How many uploads have begun and are not finished.
    unfinished: watch::Sender<usize>,
    tidying: Mutex<Vec<JoinHandle<()>>>,
}

/// An upload that has begun and is not finished, until this is dropped.
#[derive(Debug)]
pub(crate) struct Unfinished(Arc<Transfers>);

impl Drop for Unfinished {
    fn drop(&mut self) {
        self.0.unfinished.send_modify(|count| *count = count.saturating_sub(1));
    }
}

/// Memory that one transfer may use, until this is dropped.
#[derive(Debug)]
pub(crate) struct Reservation(Option<OwnedSemaphorePermit>);

impl Reservation {
    /// Of no memory.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Makes one of two.
    pub(crate) fn add(&mut self, other: Self) {
        match (&mut self.0, other.0) {
            (Some(permit), Some(more)) => permit.merge(more),
            (none @ None, more) => *none = more,
            (Some(_), None) => {}
        }
    }
}

impl Transfers {
    pub(crate) fn new(bytes: u64, timeout: Option<Duration>) -> Self {
        let units = usize::try_from(bytes / UNIT).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self {
            memory: Arc::new(Semaphore::new(units)),
            bytes,
            deadline: timeout.and_then(|timeout| Instant::now().checked_add(timeout)),
            unfinished: watch::Sender::default(),
            tidying: Mutex::default(),
        }
    }

    /// The whole of the memory, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        self.bytes
    }

    /// So much of the memory, if it is free. Nobody ever waits for memory: two transfers that waited for each other would do so for
    /// ever, since one guest fills both.
    pub(crate) fn reserve(&self, bytes: u64) -> Option<Reservation> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).ok()?;
        Arc::clone(&self.memory).try_acquire_many_owned(units).ok().map(|permit| Reservation(Some(permit)))
    }

    /// When the guest's call ends at the latest.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// An upload begins. What is left to be done for it is to be handed to [`Transfers::tidy`] before this is dropped.
    pub(crate) fn begin(self: &Arc<Self>) -> Unfinished {
        self.unfinished.send_modify(|count| *count += 1);
        Unfinished(Arc::clone(self))
    }

    /// Lets something be done that the guest's call has left behind. It outlives the call, but not [`TIDY_TIME`].
    pub(crate) fn tidy(&self, work: impl Future<Output = ()> + Send + 'static) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            tracing::warn!("an unfinished upload is not given up: the runtime has ended");
            return;
        };
        let task = runtime.spawn(async move {
            if tokio::time::timeout(TIDY_TIME, work).await.is_err() {
                tracing::warn!("an unfinished upload was not given up in time");
            }
        });
        let mut tidying = self.tidying.lock().unwrap_or_else(PoisonError::into_inner);
        tidying.retain(|task| !task.is_finished());
        tidying.push(task);
    }

    /// Whether all that was left behind is done, as far as it has been handed over.
    pub(crate) fn is_settled(&self) -> bool {
        let tidying = self.tidying.lock().unwrap_or_else(PoisonError::into_inner);
        *self.unfinished.borrow() == 0 && tidying.iter().all(JoinHandle::is_finished)
    }

    /// Ends what is still being tidied up.
    pub(crate) async fn cut_off(&self) {
        // As in `settle`, of a call whose guest is no more: then it takes no time.
        let _ = self.unfinished.subscribe().wait_for(|count| *count == 0).await;
        loop {
            let task = self.tidying.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(task) = task else { return };
            task.abort();
            // What it had under way has been dropped when it has ended.
            let _ = task.await;
        }
    }

    /// Waits until all that was left behind is done. To be called when nothing begins any more.
    pub(crate) async fn settle(&self) {
        // A task that was told to stop may not have noticed yet. The sender lives as long as this.
        let _ = self.unfinished.subscribe().wait_for(|count| *count == 0).await;
        loop {
            let mut awaited = Awaited { tidying: &self.tidying, task: None };
            awaited.task = self.tidying.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(task) = &mut awaited.task else { return };
            // One that panicked is done too.
            let _ = task.await;
        }
    }
}

/// A task that is waited for. It is not lost if the wait is given up.
struct Awaited<'a> {
    tidying: &'a Mutex<Vec<JoinHandle<()>>>,
    task: Option<JoinHandle<()>>,
}

impl Drop for Awaited<'_> {
    fn drop(&mut self) {
        if let Some(task) = self.task.take().filter(|task| !task.is_finished()) {
            self.tidying.lock().unwrap_or_else(PoisonError::into_inner).push(task);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_given_out_once() {
        let transfers = Transfers::new(8 << 20, None);
        let first = transfers.reserve(5 << 20).unwrap();
        assert!(transfers.reserve(5 << 20).is_none());
        assert!(transfers.reserve(3 << 20).is_some());
        drop(first);
        assert!(transfers.reserve(8 << 20).is_some());
        assert!(transfers.reserve(u64::MAX).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_left_behind_ends_after_a_minute() {
        let transfers = Transfers::new(0, None);
        let started = Instant::now();
        transfers.tidy(std::future::pending());
        transfers.settle().await;
        assert_eq!(started.elapsed(), TIDY_TIME);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_left_can_be_waited_for_and_cut_off() {
        struct Told(Arc<Mutex<u32>>);
        impl Drop for Told {
            fn drop(&mut self) {
                *self.0.lock().unwrap() += 1;
            }
        }
        let (transfers, dropped) = (Transfers::new(0, None), Arc::<Mutex<u32>>::default());
        for _ in 0..3 {
            let told = Told(Arc::clone(&dropped));
            transfers.tidy(async move {
                let _told = told;
                std::future::pending::<()>().await;
            });
        }
        assert!(!transfers.is_settled());
        // Whoever gives the wait up loses none of them.
        assert!(tokio::time::timeout(Duration::from_secs(1), transfers.settle()).await.is_err());
        transfers.cut_off().await;
        assert_eq!(*dropped.lock().unwrap(), 3);
        assert!(transfers.is_settled());
        transfers.settle().await;
    }
}
