//! Clocks that go in steps.
//!
//! A clock of nanoseconds is a stopwatch for caches, branch predictors and other guests. What a guest does with the time of day, or
//! with how long something took, seldom needs more than a millisecond.

use std::time::{Duration, Instant, SystemTime};

use wasmtime_wasi::{HostMonotonicClock, HostWallClock};

/// The time of day, rounded down.
#[derive(Debug)]
pub(super) struct WallClock {
    resolution: Duration,
}

/// The time since the call began, rounded down.
#[derive(Debug)]
pub(super) struct MonotonicClock {
    resolution: Duration,
    began: Instant,
}

impl WallClock {
    pub(super) fn new(resolution: Duration) -> Self {
        Self { resolution }
    }
}

impl MonotonicClock {
    pub(super) fn new(resolution: Duration) -> Self {
        Self { resolution, began: Instant::now() }
    }
}

impl HostWallClock for WallClock {
    fn resolution(&self) -> Duration {
        self.resolution
    }

    fn now(&self) -> Duration {
        // A machine whose clock stands before 1970 is taken to be at 1970.
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
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
        let (wall, monotonic) = (WallClock::new(step), MonotonicClock::new(step));
        assert_eq!((wall.resolution(), monotonic.resolution()), (step, 3_600_000_000_000));
        assert_eq!(wall.now().as_nanos() % step.as_nanos(), 0);
        assert!(wall.now() > Duration::from_secs(1_700_000_000));
        assert_eq!(monotonic.now(), 0);
    }
}
