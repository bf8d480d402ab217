//! Names with wildcards.

use wildmatch::{WildMatch, WildMatchPattern};

/// A part of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Itself.
    Char(char),
    /// `?`: one character.
    AnyChar,
    /// `*`: any characters, or none.
    Any,
}

/// The parts of a pattern in which `*` stands for any characters and `?` for one.
pub(crate) fn parts(pattern: &str) -> impl Iterator<Item = Part> {
    pattern.chars().map(|character| match character {
        '*' => Part::Any,
        '?' => Part::AnyChar,
        character => Part::Char(character),
    })
}

/// Whether a name fits a pattern, in which `*` stands for any characters and `?` for one.
pub(crate) fn fits(pattern: &str, name: &str) -> bool {
    WildMatch::new(pattern).matches(name)
}

/// What stands for [`Part::Any`] and [`Part::AnyChar`] where `*` and `?` can be themselves: two that Unicode says are no characters.
const ANY: char = '\u{10fffe}';
const ANY_CHAR: char = '\u{10ffff}';

/// Whether a name fits a pattern of these parts. Nothing fits one that has an [`ANY`] or [`ANY_CHAR`] of its own.
pub(crate) fn matches(pattern: &[Part], name: &str) -> bool {
    let written: Option<String> = pattern
        .iter()
        .map(|part| match *part {
            Part::Char(ANY | ANY_CHAR) => None,
            Part::Char(character) => Some(character),
            Part::AnyChar => Some(ANY_CHAR),
            Part::Any => Some(ANY),
        })
        .collect();
    written.is_some_and(|written| WildMatchPattern::<ANY, ANY_CHAR>::new(&written).matches(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_characters_and_a_question_mark_is_one() {
        for (pattern, name) in [
            ("", ""),
            ("orders", "orders"),
            ("*", ""),
            ("*", "a/b"),
            ("logs/*.gz", "logs/2026/a.gz"),
            ("?", "\u{e9}"),
            ("a?c*", "abc"),
            ("**a**", "ba"),
            ("a*b*c", "abbcbc"),
            ("a*?", "ab"),
            ("*ab*ab", "abaab"),
        ] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("", "a"),
            ("orders", "order"),
            ("orders", "orders2"),
            ("?", ""),
            ("?", "ab"),
            ("*.gz", "a.gz2"),
            ("a*b", "ac"),
            ("a*?", "a"),
            ("a*a", "a"),
        ] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
        // Patterns that cost others exponential time.
        assert!(!fits(&"*a".repeat(200), &"a".repeat(199)));
    }

    #[test]
    fn a_character_is_no_wildcard() {
        let pattern = [Part::Any, Part::Char('*'), Part::AnyChar];
        assert!(matches(&pattern, "a*b"));
        assert!(!matches(&pattern, "abc"));
        assert!(!matches(&[Part::Char(ANY)], "a") && !matches(&[Part::Char(ANY_CHAR)], "a"));
    }
}
