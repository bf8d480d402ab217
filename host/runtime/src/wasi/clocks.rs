//! Clocks that go in steps.
//!
//! A guest has the time of its host: the time of day is the client factory's, which requests are signed with, and what passes is counted
//! by tokio, as all of the host's waiting is. So in a test, where tokio's clock is paused and the factory has a fake's clock, a guest that
//! sleeps for a week is back at once, and sees that a week has gone by.
//!
//! A clock of nanoseconds is a stopwatch for caches, branch predictors and other guests. What a guest does with the time of day, or
//! with how long something took, seldom needs more than a millisecond.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock};

/// The time of day, rounded down.
pub(super) struct WallClock<F> {
    resolution: Duration,
    time_of_day: F,
}

/// The time since the call began, rounded down.
#[derive(Debug)]
pub(super) struct MonotonicClock {
    resolution: Duration,
    began: Instant,
}

impl<F: Fn() -> SystemTime> WallClock<F> {
    pub(super) fn new(resolution: Duration, time_of_day: F) -> Self {
        Self { resolution, time_of_day }
    }
}

impl MonotonicClock {
    pub(super) fn new(resolution: Duration) -> Self {
        Self { resolution, began: Instant::now() }
    }
}

impl<F: Fn() -> SystemTime + Send> HostWallClock for WallClock<F> {
    fn resolution(&self) -> Duration {
        self.resolution
    }

    fn now(&self) -> Duration {
        // A machine whose clock stands before 1970 is taken to be at 1970.
        let now = (self.time_of_day)().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        round_down(now, self.resolution)
    }
}

impl HostMonotonicClock for MonotonicClock {
    fn resolution(&self) -> u64 {
        nanoseconds(self.resolution)
    }

    fn now(&self) -> u64 {
        nanoseconds(round_down(self.began.elapsed(), self.resolution))
    }
}

/// The last step of the clock.
fn round_down(time: Duration, step: Duration) -> Duration {
    let beyond = time.as_nanos().checked_rem(step.as_nanos()).unwrap_or(0);
    time.saturating_sub(Duration::from_nanos(u64::try_from(beyond).unwrap_or(u64::MAX)))
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_rounded_down_to_the_last_step() {
        let milli = Duration::from_millis(1);
        assert_eq!(round_down(Duration::from_nanos(1_999_999), milli), milli);
        assert_eq!(round_down(Duration::from_millis(2), milli), milli * 2);
        assert_eq!(round_down(Duration::from_nanos(999_999), milli), Duration::ZERO);
        assert_eq!(round_down(Duration::MAX, Duration::from_nanos(1)), Duration::MAX);
        assert_eq!(round_down(Duration::from_secs(1), Duration::ZERO), Duration::from_secs(1));
        assert!(
            round_down(Duration::from_secs(1_700_000_000), Duration::MAX)
                <= Duration::from_secs(1_700_000_000)
        );
    }

    #[test]
    fn the_clocks_go_in_steps() {
        let step = Duration::from_hours(1);
        let (wall, monotonic) = (WallClock::new(step, SystemTime::now), MonotonicClock::new(step));
        assert_eq!((wall.resolution(), monotonic.resolution()), (step, 3_600_000_000_000));
        assert_eq!(wall.now().as_nanos() % step.as_nanos(), 0);
        assert!(wall.now() > Duration::from_secs(1_700_000_000));
        assert_eq!(monotonic.now(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_that_tokio_passes_over_has_gone_by() {
        let monotonic = MonotonicClock::new(Duration::from_millis(1));
        tokio::time::sleep(Duration::from_hours(7 * 24)).await;
        assert_eq!(monotonic.now(), 7 * 24 * 3_600_000_000_000);
    }
}
