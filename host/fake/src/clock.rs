use std::time::{Duration, SystemTime};

use aws_smithy_async::time::TimeSource;
use tokio::time::Instant;

/// The time at which [`Clock::tokio`] starts: 2026-01-01T00:00:00Z, as seconds since the Unix epoch.
///
/// A fixed start makes every date in a test's answers the same from run to run.
pub const TEST_EPOCH_SECS: u64 = 1_767_225_600;

/// The one clock of a [`FakeAws`](crate::FakeAws): `Date` headers, `Last-Modified`, credential expiry and the age of
/// presigned URLs all come from it.
///
/// Give the SDK the same clock with [`FakeAws::time_source`](crate::FakeAws::time_source); otherwise the SDK compares
/// the fake's `Date` with the machine's time and believes that its own clock is wrong.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Real,
    Tokio { epoch: SystemTime, started: Instant },
}

impl Clock {
    /// The machine's clock. What a fake that a person looks at should use.
    pub fn real() -> Self {
        Self(Kind::Real)
    }

    /// A clock that starts at [`TEST_EPOCH_SECS`] and follows [`tokio::time::Instant`].
    ///
    /// Under `#[tokio::test(start_paused = true)]` it is virtual: an hour of backoff takes no time. In a runtime whose
    /// clock runs, it runs with it. Made inside or outside of a runtime.
    pub fn tokio() -> Self {
        Self::tokio_from(SystemTime::UNIX_EPOCH + Duration::from_secs(TEST_EPOCH_SECS))
    }

    /// [`Clock::tokio`] with another start.
    pub fn tokio_from(epoch: SystemTime) -> Self {
        Self(Kind::Tokio { epoch, started: Instant::now() })
    }

    /// The current time.
    pub fn now(&self) -> SystemTime {
        match self.0 {
            Kind::Real => SystemTime::now(),
            // Saturating: a clock made outside of a paused runtime may be ahead of that runtime's start.
            Kind::Tokio { epoch, started } => epoch + Instant::now().saturating_duration_since(started),
        }
    }
}

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        Self::now(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn follows_the_paused_clock_of_tokio() {
        let clock = Clock::tokio();
        let start = clock.now();
        tokio::time::advance(Duration::from_hours(1)).await;
        assert_eq!(clock.now().duration_since(start).unwrap(), Duration::from_hours(1));
    }

    #[test]
    fn works_outside_of_a_runtime() {
        let clock = Clock::tokio();
        assert!(clock.now() >= SystemTime::UNIX_EPOCH + Duration::from_secs(TEST_EPOCH_SECS));
    }
}
