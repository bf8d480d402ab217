//! Quotas: how much of AWS a guest may use, beside what it may do there.

mod body;
mod bucket;
mod meter;

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use bytesize::ByteSize;
use innkeeper_policy::Location;

pub(crate) use self::body::MeteredBody;
pub(crate) use self::bucket::Bucket;
pub(crate) use self::meter::{Admission, Demand, Exceeded, Meters, ObjectUse, Place, Tally, Usage};

/// The quotas of a guest: one on all of its calls, and those that its grants name.
#[derive(Clone, Debug, Default)]
pub struct Quotas {
    /// On all calls.
    pub guest: Option<Quota>,
    /// On the calls that a statement with `quota = "NAME"` allows, all such statements together. A call that needs several actions
    /// counts once for each quota that allows one of them.
    pub named: BTreeMap<String, Quota>,
}

/// How much of AWS may be used. What is `None` is not limited.
///
/// What is per time holds for all runs of the guest on a host together, what is per run for each run by itself. Retries count as
/// calls, and what they send again counts again.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Quota {
    /// `rate`: calls per time.
    pub rate: Option<Rate>,
    /// `bytes-out`: bytes of the bodies of requests per time.
    pub bytes_out: Option<Rate>,
    /// `bytes-in`: bytes of the bodies of answers per time. How many come is known only when they have come: a body that goes
    /// beyond is cut with [`OnExcess::Reject`], and let through with [`OnExcess::Wait`], after which the next call waits the longer.
    pub bytes_in: Option<Rate>,
    /// `calls-per-run`.
    pub calls_per_run: Option<u64>,
    /// `bytes-per-run`: bytes of the bodies of requests and answers together.
    pub bytes_per_run: Option<u64>,
    /// `concurrency`: calls at the same time. A call lasts until the body of its answer is read or dropped. The host sends no more parts
    /// and ranges of one object at the same time than this.
    pub concurrency: Option<NonZeroU32>,
    /// `object-size`: bytes of an object that is stored or read. What cannot be measured, a copy and an upload in parts, is then
    /// refused.
    pub object_size: Option<u64>,
    /// `on-excess`: what comes of a call that goes beyond what is per time, or beyond `concurrency`. Beyond all else it is
    /// rejected.
    pub on_excess: OnExcess,
    /// Where in the manifest it is written.
    pub location: Option<Location>,
}

/// What comes of a call that goes beyond a quota.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnExcess {
    /// It fails at once, with `quota-exceeded`.
    #[default]
    Reject,
    /// It waits, unless that would take it beyond the end of the guest's time: then it fails at once. Beyond `concurrency` it waits for
    /// another call to be over, which nobody can tell beforehand.
    Wait,
}

/// So many per time, as a bucket that leaks: `burst` can come at once, and then one every `per / amount`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    amount: u64,
    per: Duration,
    burst: u64,
}

/// Why a text is no rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RateError {
    /// It has not the form of one.
    #[error("`{}` is no rate, such as `50/s`, `1GiB/h` or `50/s burst 100`", .0.escape_debug())]
    Form(String),
    /// Nothing could ever happen.
    #[error("a rate and its burst have to be above 0")]
    Zero,
}

impl Rate {
    /// 20 a second, of which 100 at once.
    pub(crate) const PER_SECOND_20: Self = Self { amount: 20, per: Duration::from_secs(1), burst: 100 };

    /// `amount` every `per`, of which `burst` can come at once.
    ///
    /// # Errors
    ///
    /// [`RateError::Zero`] if one of them is nothing.
    pub fn new(amount: u64, per: Duration, burst: u64) -> Result<Self, RateError> {
        if amount == 0 || per.is_zero() || burst == 0 {
            return Err(RateError::Zero);
        }
        Ok(Self { amount, per, burst })
    }

    /// How many come in [`per`](Self::per).
    pub fn amount(&self) -> u64 {
        self.amount
    }

    /// The time.
    pub fn per(&self) -> Duration {
        self.per
    }

    /// How many can come at once.
    pub fn burst(&self) -> u64 {
        self.burst
    }
}

/// `50/s`, `1GiB/h`, `10/30s`, `50/s burst 100`. Without a burst it is the amount.
impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let form = || RateError::Form(text.to_owned());
        let number = |text: &str| match ByteSize::from_str(text.trim()) {
            Ok(ByteSize(number)) => Ok(number),
            Err(_) => Err(form()),
        };
        let (rate, burst) = match text.split_once(" burst ") {
            Some((rate, burst)) => (rate, Some(number(burst)?)),
            None => (text, None),
        };
        let (amount, per) = rate.split_once('/').ok_or_else(form)?;
        let (amount, per) = (number(amount)?, per.trim());
        let per =
            if per.starts_with(|c: char| c.is_ascii_digit()) { per.to_owned() } else { format!("1{per}") };
        let per = humantime::parse_duration(&per).map_err(|_| form())?;
        Self::new(amount, per, burst.unwrap_or(amount))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.amount, humantime::format_duration(self.per))?;
        if self.burst == self.amount { Ok(()) } else { write!(f, " burst {}", self.burst) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read() {
        let rate = |amount, seconds, burst| Ok(Rate { amount, per: Duration::from_secs(seconds), burst });
        assert_eq!("50/s".parse(), rate(50, 1, 50));
        assert_eq!("1GiB/h".parse(), rate(1 << 30, 3_600, 1 << 30));
        assert_eq!("10 / 30s burst 1".parse(), rate(10, 30, 1));
        assert_eq!("1/min".parse(), rate(1, 60, 1));
        assert_eq!("1KB/d burst 2KB".parse(), rate(1_000, 86_400, 2_000));
        for text in [
            "",
            "50",
            "/s",
            "50/",
            "50/parsec",
            "-1/s",
            "x/s",
            "50/s burst",
            "50/s burst x",
            "1e999/s",
            "5/s/s",
        ] {
            assert_eq!(text.parse::<Rate>(), Err(RateError::Form(text.to_owned())));
        }
        for text in ["0/s", "5/0s", "5/s burst 0"] {
            assert_eq!(text.parse::<Rate>(), Err(RateError::Zero), "{text}");
        }
    }

    #[test]
    fn rates_are_shown_as_they_are_read() {
        for text in ["50/1s", "50/1s burst 100", "1024/1h"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
    }
}
