//! The host's log of what a guest does, held to a rate.
//!
//! A line of the log is written by the host, but as often as the guest likes: a loop of denied calls would fill a disk, and bury what
//! an operator has to see. The audit trail is not bounded so: it makes the guest wait.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::quota::{Bucket, Rate};

/// Counts the lines about one guest, of all of its calls.
#[derive(Debug)]
pub(crate) struct LogRate {
    bucket: Bucket,
    suppressed: AtomicU64,
}

impl LogRate {
    pub(crate) fn new(rate: Rate) -> Self {
        Self { bucket: Bucket::new(rate), suppressed: AtomicU64::new(0) }
    }

    /// Whether one more line about the guest may be written. Says, when there is room again, how many were not.
    pub(crate) fn has_room(&self, guest: &str) -> bool {
        if self.bucket.take(1).is_err() {
            self.suppressed.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        let suppressed = self.suppressed.swap(0, Ordering::Relaxed);
        if suppressed > 0 {
            tracing::warn!(
                guest,
                suppressed,
                "lines about the guest were left out: its `log-rate` was used up"
            );
        }
        true
    }
}

/// Writes a line about a guest, if the level is on and the guest's rate has room for it.
macro_rules! log {
    ($gate:expr, $level:ident, $($line:tt)+) => {
        if tracing::enabled!(tracing::Level::$level) && $gate.may_log() {
            tracing::event!(tracing::Level::$level, $($line)+);
        }
    };
}

pub(crate) use log;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn lines_beyond_the_rate_are_counted_and_told_later() {
        let rate = LogRate::new("10/s burst 3".parse().unwrap());
        let written = (0..10).filter(|_| rate.has_room("g")).count();
        assert_eq!((written, rate.suppressed.load(Ordering::Relaxed)), (3, 7));
        tokio::time::advance(Duration::from_millis(100)).await;
        assert!(rate.has_room("g"));
        assert_eq!(rate.suppressed.load(Ordering::Relaxed), 0);
        assert!(!rate.has_room("g"));
    }
}
