//! How text that came from a manifest or a guest is shown to people.

use std::fmt;

/// A text in backticks, on one line whatever it holds.
pub(crate) fn quoted(text: &str) -> impl fmt::Display {
    fmt::from_fn(move |f| write!(f, "`{}`", visible(text)))
}

/// A text on one line, with what a terminal or log would act on (control characters, line separators, and the marks that
/// reverse the direction of text) written as escapes, so that no guest can forge a line or hide part of one.
pub(crate) fn visible(text: &str) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        text.chars().try_for_each(|c| {
            if is_acted_on(c) { write!(f, "{}", c.escape_default()) } else { fmt::Write::write_char(f, c) }
        })
    })
}

/// Whether a terminal or log would act on a character instead of showing it, or show nothing of it: two texts that differ in it alone look
/// the same. Control characters, and what Unicode calls default-ignorable.
pub fn is_acted_on(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_control_characters_as_escapes() {
        assert_eq!(quoted("a\nb").to_string(), "`a\\nb`");
        assert_eq!(visible("\u{1b}[2J").to_string(), "\\u{1b}[2J");
        assert_eq!(visible("a\u{202e}b").to_string(), "a\\u{202e}b");
        for invisible in ['\u{61c}', '\u{180e}', '\u{ad}', '\u{e0041}', '\u{fe0f}'] {
            assert!(is_acted_on(invisible), "{invisible:?}");
        }
        assert_eq!(visible("grüße 'x' \"y\" \\ /").to_string(), "grüße 'x' \"y\" \\ /");
    }
}
