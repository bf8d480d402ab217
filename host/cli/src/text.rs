//! Text that others wrote, shown to people.

use std::fmt::{self, Write as _};
use std::time::Duration;

pub(crate) use innkeeper::policy::is_acted_on;

/// A text on one line, with what a terminal would act on (control characters, line separators, marks that reverse the
/// direction of text) written as escapes, so that no guest can forge a line, hide one, or take the terminal over.
pub(crate) fn visible(text: &str) -> impl fmt::Display {
    fmt::from_fn(move |f| write_visible(f, text, |_| false))
}

/// A text of several lines, made visible as [`visible`] does, with each line set in by `indent`. Tabs are kept.
pub(crate) fn visible_lines(text: &str, indent: &str) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        for (number, line) in text.lines().enumerate() {
            if number > 0 {
                f.write_char('\n')?;
            }
            f.write_str(indent)?;
            write_visible(f, line, |c| c == '\t')?;
        }
        Ok(())
    })
}

fn write_visible(f: &mut fmt::Formatter<'_>, text: &str, keep: impl Fn(char) -> bool) -> fmt::Result {
    text.chars().try_for_each(|c| {
        if is_acted_on(c) && !keep(c) { write!(f, "{}", c.escape_default()) } else { f.write_char(c) }
    })
}

/// `1 object`, `2 objects`.
pub(crate) fn count(number: usize, what: &str) -> impl fmt::Display {
    fmt::from_fn(move |f| write!(f, "{number} {}", plural(number, what)))
}

/// `object`, `objects`.
pub(crate) fn plural(number: usize, what: &str) -> impl fmt::Display {
    fmt::from_fn(move |f| write!(f, "{what}{}", if number == 1 { "" } else { "s" }))
}

/// A number of bytes: `812 B`, `48.3 kB`.
pub(crate) fn size(bytes: u64) -> impl fmt::Display {
    bytesize::ByteSize(bytes).display().si()
}

/// A time that was measured: `8 ms`, `1.23 s`.
pub(crate) fn duration(time: Duration) -> impl fmt::Display {
    fmt::from_fn(move |f| match time.as_millis() {
        millis @ 0..1000 => write!(f, "{millis} ms"),
        _ => write!(f, "{:.2} s", time.as_secs_f64()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_do_not_reach_the_terminal() {
        assert_eq!(visible("\u{1b}[2Jgone\r\n").to_string(), "\\u{1b}[2Jgone\\r\\n");
        assert_eq!(visible("\u{9b}31m a\u{202e}b").to_string(), "\\u{9b}31m a\\u{202e}b");
        assert_eq!(visible("grüße, 写真").to_string(), "grüße, 写真");
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(visible_lines("a\n\tb\u{7}\r\n", "| ").to_string(), "| a\n| \tb\\u{7}");
        assert_eq!(visible_lines("", "| ").to_string(), "");
    }

    #[test]
    fn counts_and_sizes_read_well() {
        assert_eq!(count(1, "object").to_string(), "1 object");
        assert_eq!(count(0, "object").to_string(), "0 objects");
        assert_eq!(size(812).to_string(), "812 B");
        assert_eq!(size(48_300).to_string(), "48.3 kB");
        assert_eq!(duration(Duration::from_micros(999_999)).to_string(), "999 ms");
        assert_eq!(duration(Duration::from_millis(1234)).to_string(), "1.23 s");
    }
}
