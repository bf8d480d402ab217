//! Names with wildcards.

use std::str::Chars;

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

impl Part {
    fn is(self, character: char) -> bool {
        match self {
            Self::Char(own) => own == character,
            Self::AnyChar | Self::Any => true,
        }
    }
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
    matches(&parts(pattern).collect::<Vec<_>>(), name)
}

/// Whether a name fits a pattern of these parts. Takes no more steps than the product of their lengths.
pub(crate) fn matches(pattern: &[Part], name: &str) -> bool {
    let (mut rest, mut characters) = (pattern, name.chars());
    // What stands behind the last `*`, and where in the name it has been looked for.
    let mut last: Option<(&[Part], Chars<'_>)> = None;
    loop {
        match (rest.split_first(), characters.clone().next()) {
            (None, None) => return true,
            (Some((Part::Any, behind)), _) => {
                rest = behind;
                last = Some((behind, characters.clone()));
            }
            (Some((part, behind)), Some(character)) if part.is(character) => {
                rest = behind;
                characters.next();
            }
            _ => {
                // The `*` stands for one character more, if there is one.
                let Some((behind, from)) = &mut last else { return false };
                if from.next().is_none() {
                    return false;
                }
                (rest, characters) = (behind, from.clone());
            }
        }
    }
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
    }
}
