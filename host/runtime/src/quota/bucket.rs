//! A leaky bucket on tokio's clock.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Rate;

/// Holds to a [`Rate`].
///
/// It can be overfull, which `governor`'s and other limiters cannot: how many bytes an answer has, and that a call is tried again, is
/// known only when it happens.
#[derive(Debug)]
pub(crate) struct Bucket {
    rate: Rate,
    level: Mutex<Level>,
}

/// In units of 1/`per` nanoseconds of the rate, so that it is exact: one of what is counted is `per` of them, and `amount` of them
/// leak each nanosecond.
#[derive(Clone, Copy, Debug)]
struct Level {
    filled: u128,
    at: Instant,
}

/// There is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// There will be after this time, if nothing else comes.
    For(Duration),
    /// There will never be: it is more than the burst.
    Forever,
}

impl Bucket {
    pub(crate) fn new(rate: Rate) -> Self {
        Self { rate, level: Mutex::new(Level { filled: 0, at: Instant::now() }) }
    }

    /// Takes the room for so many, or says when there will be. Of several who ask at the same time for the last of it, one gets it.
    pub(crate) fn take(&self, count: u64) -> Result<(), Full> {
        if count > self.rate.burst() {
            return Err(Full::Forever);
        }
        let mut level = self.leak();
        let filled = level.filled.saturating_add(self.units(count));
        match filled.checked_sub(self.units(self.rate.burst())) {
            None | Some(0) => {
                level.filled = filled;
                Ok(())
            }
            Some(excess) => Err(Full::For(self.time_to_leak(excess))),
        }
    }

    /// Whether there is any room, without taking it.
    pub(super) fn check(&self) -> Result<(), Full> {
        let level = self.leak();
        match level.filled.saturating_add(1).checked_sub(self.units(self.rate.burst())) {
            None | Some(0) => Ok(()),
            Some(excess) => Err(Full::For(self.time_to_leak(excess))),
        }
    }

    /// Gives back what was taken, and has not been used.
    pub(super) fn give_back(&self, count: u64) {
        let mut level = self.leak();
        level.filled = level.filled.saturating_sub(self.units(count));
    }

    /// Puts so many in, whether or not there is room. Whether there was.
    pub(super) fn charge(&self, count: u64) -> bool {
        let mut level = self.leak();
        level.filled = level.filled.saturating_add(self.units(count));
        level.filled <= self.units(self.rate.burst())
    }

    /// The level now.
    fn leak(&self) -> MutexGuard<'_, Level> {
        // Nothing is done in here that could leave it half done.
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let leaked =
            now.saturating_duration_since(level.at).as_nanos().saturating_mul(self.rate.amount().into());
        *level = Level { filled: level.filled.saturating_sub(leaked), at: now.max(level.at) };
        level
    }

    fn units(&self, count: u64) -> u128 {
        self.rate.per().as_nanos().saturating_mul(count.into())
    }

    fn time_to_leak(&self, units: u128) -> Duration {
        let nanos = units.div_ceil(self.rate.amount().into());
        // Tokio's timers have milliseconds; a little late is better than too early.
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)).max(Duration::from_millis(1))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bucket(rate: &str) -> Bucket {
        Bucket::new(rate.parse().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_comes_at_once_and_then_one_at_a_time() {
        let bucket = bucket("10/s burst 3");
        for _ in 0..3 {
            bucket.take(1).unwrap();
        }
        assert_eq!(bucket.take(1), Err(Full::For(Duration::from_millis(100))));
        tokio::time::advance(Duration::from_millis(99)).await;
        assert_eq!(bucket.take(1), Err(Full::For(Duration::from_millis(1))));
        tokio::time::advance(Duration::from_millis(1)).await;
        bucket.take(1).unwrap();
        assert!(bucket.take(1).is_err());
        tokio::time::advance(Duration::from_hours(1)).await;
        for _ in 0..3 {
            bucket.take(1).unwrap();
        }
        assert!(bucket.take(1).is_err(), "what is not used is lost beyond the burst");
    }

    #[tokio::test(start_paused = true)]
    async fn more_than_the_burst_never_fits() {
        let bucket = bucket("1KiB/s");
        assert_eq!(bucket.take(1025), Err(Full::Forever));
        bucket.take(1024).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_charged_beyond_the_burst_has_to_leak_first() {
        let bucket = bucket("100/s");
        bucket.check().unwrap();
        assert!(bucket.charge(100) && !bucket.charge(150));
        assert!(matches!(bucket.check(), Err(Full::For(time)) if time > Duration::from_millis(1_499)));
        tokio::time::advance(Duration::from_millis(1_501)).await;
        bucket.check().unwrap();
        assert!(bucket.take(100).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_given_back_can_be_taken_again() {
        let bucket = bucket("1/h burst 2");
        bucket.take(2).unwrap();
        bucket.give_back(1);
        bucket.take(1).unwrap();
        assert!(bucket.take(1).is_err());
        // No more than there was.
        bucket.give_back(5);
        bucket.take(2).unwrap();
        assert!(bucket.take(1).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn extreme_rates_do_not_overflow() {
        let rate = Rate::new(u64::MAX, Duration::MAX, u64::MAX).unwrap();
        let bucket = Bucket::new(rate);
        for _ in 0..3 {
            let _ = bucket.take(u64::MAX);
            bucket.charge(u64::MAX);
            let _ = bucket.check();
        }
        tokio::time::advance(Duration::from_secs(1 << 20)).await;
        let _ = bucket.take(1);
    }

    proptest! {
        /// Over any time, no more comes than the burst and what the rate gives in it.
        #[test]
        fn no_more_comes_than_the_rate_gives(
            amount in 1u64..1_000, per in 1u64..5_000, burst in 1u64..50,
            steps in prop::collection::vec((0u64..2_000, 1u64..20), 1..60),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
            runtime.block_on(async {
                let bucket = Bucket::new(Rate::new(amount, Duration::from_millis(per), burst).unwrap());
                let (mut taken, mut elapsed) = (0, 0);
                for (wait, count) in steps {
                    tokio::time::advance(Duration::from_millis(wait)).await;
                    elapsed += wait;
                    if bucket.take(count).is_ok() {
                        taken += count;
                    }
                    prop_assert!(taken * per <= burst * per + elapsed * amount);
                }
                Ok(())
            })?;
        }
    }
}
