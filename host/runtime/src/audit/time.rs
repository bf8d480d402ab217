//! Times of the audit trail as text.

use std::cell::RefCell;
use std::time::SystemTime;

/// When the year 10000 begins, in seconds from the beginning of 1970.
const YEAR_10000: u64 = 253_402_300_800;

/// `2026-11-24T09:30:00.123456789Z`.
const LENGTH: usize = 30;
/// Where the dot is.
const DOT: usize = 19;

thread_local! {
    /// A second and its text: thousands of entries are of the same.
    static SECOND: RefCell<(Option<u64>, [u8; LENGTH])> = const { RefCell::new((None, [0; LENGTH])) };
}

/// Hands a time over in RFC 3339, in UTC, to the nanosecond, or without a fraction where there is none. `None` of the years before 1970 and
/// after 9999, of which there is no such text.
pub(super) fn with_rfc3339<T>(time: SystemTime, take: impl FnOnce(&str) -> T) -> Option<T> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    if since.as_secs() >= YEAR_10000 {
        return None;
    }
    SECOND.with_borrow_mut(|(second, text)| {
        if *second != Some(since.as_secs()) {
            *second = None;
            let written = humantime::format_rfc3339_nanos(time).to_string();
            *text = written.as_bytes().try_into().ok()?;
            *second = Some(since.as_secs());
        }
        let mut fraction = since.subsec_nanos();
        let (whole, digits) = text.split_at_mut(DOT);
        let length = if fraction == 0 {
            *digits.first_mut()? = b'Z';
            whole.len() + 1
        } else {
            *digits.first_mut()? = b'.';
            for digit in digits.iter_mut().skip(1).rev().skip(1) {
                *digit = b'0' + u8::try_from(fraction % 10).ok()?;
                fraction /= 10;
            }
            LENGTH
        };
        std::str::from_utf8(text.get(..length)?).ok().map(take)
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn text(time: SystemTime) -> Option<String> {
        with_rfc3339(time, str::to_owned)
    }

    #[test]
    fn times_without_a_text_have_none() {
        let first = SystemTime::UNIX_EPOCH;
        let last = first + Duration::new(YEAR_10000 - 1, 999_999_999);
        assert_eq!(text(first).unwrap(), "1970-01-01T00:00:00Z");
        assert_eq!(text(last).unwrap(), "9999-12-31T23:59:59.999999999Z");
        assert_eq!(text(first - Duration::from_nanos(1)), None);
        assert_eq!(text(last + Duration::from_nanos(1)), None);
    }

    proptest! {
        #[test]
        fn times_are_written_as_humantime_does(times in proptest::collection::vec((0_u64..3, prop_oneof![Just(0), 0_u32..1_000_000_000]), 1..8)) {
            for (second, nanos) in times {
                let time = SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000 + second, nanos);
                prop_assert_eq!(text(time), Some(humantime::format_rfc3339(time).to_string()));
            }
        }
    }
}
