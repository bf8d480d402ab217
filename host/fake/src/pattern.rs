//! Names with wildcards.

use wildmatch::WildMatch;

/// Whether a name fits a pattern, in which `*` stands for any characters and `?` for one.
pub(crate) fn fits(pattern: &str, name: &str) -> bool {
    WildMatch::new(pattern).matches(name)
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
        ] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
        // Patterns that cost others exponential time.
        assert!(!fits(&"*a".repeat(200), &"a".repeat(199)));
    }
}
