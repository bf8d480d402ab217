//! Names with wildcards.

/// Whether a name fits a pattern, in which `*` stands for any characters and `?` for one. Takes time in proportion to the
/// product of both lengths, whatever the pattern.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    // Which beginnings of the name the pattern fits so far, by their length.
    let mut fitting = vec![false; name.len() + 1];
    if let Some(none) = fitting.first_mut() {
        *none = true;
    }
    for wanted in pattern.chars() {
        let mut next = Vec::with_capacity(fitting.len());
        for (length, fits) in fitting.iter().enumerate() {
            let before = length.checked_sub(1);
            let shorter =
                |fitting: &[bool]| before.and_then(|before| fitting.get(before).copied()).unwrap_or(false);
            next.push(match wanted {
                '*' => *fits || shorter(&next),
                '?' => shorter(&fitting),
                wanted => shorter(&fitting) && before.and_then(|before| name.get(before)) == Some(&wanted),
            });
        }
        fitting = next;
    }
    fitting.last().copied().unwrap_or(false)
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
