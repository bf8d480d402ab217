//! How long a call computes.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Counts the time that a call occupies a thread: the guest's instructions and the host's work for it, but not the time in which
/// the call waits for AWS, for a timer, or for its turn. So a guest of a thousand slow requests is not taken for one that computes,
/// and one that keeps the host busy with a thousand cheap ones is.
#[derive(Clone, Debug, Default)]
pub(crate) struct CpuTime(Arc<Mutex<Count>>);

#[derive(Debug, Default)]
struct Count {
    before: Duration,
    /// When the call was last given a thread; `None` while it waits.
    since: Option<Instant>,
}

impl CpuTime {
    /// The time so far. Right within the call too.
    pub(crate) fn spent(&self) -> Duration {
        let count = self.lock();
        count.before + count.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Carries out a call, and counts.
    pub(crate) async fn count<T>(&self, call: impl Future<Output = T>) -> T {
        let mut call = pin!(call);
        poll_fn(|context| {
            self.lock().since = Some(Instant::now());
            let polled = call.as_mut().poll(context);
            let mut count = self.lock();
            let now = count.since.take().map_or(Duration::ZERO, |since| since.elapsed());
            count.before += now;
            polled
        })
        .await
    }

    fn lock(&self) -> MutexGuard<'_, Count> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waiting_is_not_counted() {
        let time = CpuTime::default();
        // Virtual time: the wait takes none of the thread's.
        time.count(tokio::time::sleep(Duration::from_hours(1))).await;
        assert!(time.spent() < Duration::from_mins(1), "{:?}", time.spent());
    }

    #[tokio::test]
    async fn computing_is_counted_while_it_goes_on() {
        let time = CpuTime::default();
        let long = Duration::from_millis(5);
        time.count(async {
            let started = Instant::now();
            while started.elapsed() < long {
                std::hint::spin_loop();
            }
            assert!(time.spent() >= long);
        })
        .await;
        assert!(time.spent() >= long);
    }
}
