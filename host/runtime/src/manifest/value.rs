//! The forms in which a manifest writes sizes and times.

use std::str::FromStr;
use std::time::Duration;

use bytesize::ByteSize;

/// `"64MiB"`, `"500KB"`, `"1024"`: a size in bytes, not 0.
pub(super) fn size(text: &str) -> Result<u64, String> {
    match ByteSize::from_str(text) {
        Ok(ByteSize(0)) => Err("a size has to be above 0".to_owned()),
        Ok(ByteSize(bytes)) => Ok(bytes),
        Err(_) => Err(format!("`{}` is no size, such as `64MiB` or `500KB`", text.escape_debug())),
    }
}

/// `"30s"`, `"1m 30s"`, `"250ms"`: a time, not 0.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("a time has to be above 0".to_owned()),
        Ok(duration) => Ok(duration),
        Err(_) => Err(format!("`{}` is no time, such as `30s` or `1m 30s`", text.escape_debug())),
    }
}

/// A time, or `"none"` for no limit.
pub(super) fn limit(text: &str) -> Result<Option<Duration>, String> {
    match text {
        "none" => Ok(None),
        text => duration(text).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(size("64MiB"), Ok(64 << 20));
        assert_eq!(size("1KB"), Ok(1_000));
        for wrong in ["", "0", "0MiB", "-1", "lots", "1 parsec"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn durations() {
        assert_eq!(duration("1m 30s"), Ok(Duration::from_secs(90)));
        for wrong in ["", "0s", "-1s", "30", "soon", "99999999999999999999y"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
