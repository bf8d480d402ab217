use proptest::prelude::*;

use super::*;

fn glob(pattern: &str) -> Glob {
    let mut glob = Glob::default();
    glob.push(pattern, Scope::Text, Scope::Text).unwrap();
    glob
}

/// A pattern in which every wildcard but one at the end of a field is bound to its field, as in an ARN.
fn fields(pattern: &str) -> Glob {
    let mut glob = Glob::default();
    for (index, field) in pattern.split(':').enumerate() {
        if index > 0 {
            glob.push_literal(":");
        }
        glob.push(field, Scope::Field, Scope::Text).unwrap();
    }
    glob
}

/// The definition of matching, with no regard to speed.
fn naive(tokens: &[Token], text: &[char]) -> bool {
    let within = |scope: &Scope, c: char| *scope == Scope::Text || c != ':';
    match tokens {
        [] => text.is_empty(),
        [Token::Literal(literal), rest @ ..] => {
            let literal: Vec<char> = std::str::from_utf8(literal).unwrap().chars().collect();
            text.strip_prefix(literal.as_slice()).is_some_and(|text| naive(rest, text))
        }
        [Token::One(scope), rest @ ..] => {
            text.split_first().is_some_and(|(&c, text)| within(scope, c) && naive(rest, text))
        }
        [Token::Many(scope), rest @ ..] => {
            naive(rest, text)
                || text.split_first().is_some_and(|(&c, text)| within(scope, c) && naive(tokens, text))
        }
    }
}

#[test]
fn matches_as_iam_does() {
    for (pattern, text, expected) in [
        ("", "", true),
        ("", "a", false),
        ("*", "", true),
        ("*", "a/b:c", true),
        ("?", "", false),
        ("?", "é", true),
        ("??", "é", false),
        ("a*", "a", true),
        ("a*c", "a/b/c", true),
        ("a*c", "a/b/d", false),
        ("*.jpg", "a.jpg.jpg", true),
        ("a*b*c", "a-b-b-c", true),
        ("a?c", "a/c", true),
        ("incoming/*", "incoming/", true),
        ("incoming/*", "incoming", false),
        ("${*}", "*", true),
        ("${*}", "a", false),
        ("${?}${$}{a}", "?${a}", true),
        ("$a$", "$a$", true),
    ] {
        assert_eq!(glob(pattern).matches(&[text]), expected, "{pattern} {text}");
    }
}

#[test]
fn a_wildcard_inside_a_field_stays_in_it() {
    assert!(fields("a*b:c").matches(&["axxb:c"]));
    assert!(!fields("a*b:c").matches(&["ax:b:c"]));
    assert!(!fields("a?b:c").matches(&["a:b:c"]));
    assert!(fields("a*:c").matches(&["ax:b:c"]), "a star at the end of a field runs on, as IAM documents");
    assert!(fields("*:x*y:z").matches(&["a:xq:x1y:z"]), "the open star moves on when the bound one cannot");
}

#[test]
fn refuses_variables_that_have_no_value() {
    let error = |pattern: &str| Glob::default().push(pattern, Scope::Text, Scope::Text).unwrap_err();
    assert_eq!(error("a/${aws:username}/*"), VariableError::Unknown("${aws:username}".into()));
    assert_eq!(error("a/${}"), VariableError::Unknown("${}".into()));
    assert_eq!(error("a/${aws:username"), VariableError::Unclosed);
}

#[test]
fn a_hostile_key_takes_no_more_than_linear_time_for_each_star() {
    let key = "a".repeat(1024);
    let pattern = "*a".repeat(1000) + "b";
    // Exponential backtracking would not come back.
    assert!(!glob(&pattern).matches(&[&key]));
    assert!(!fields(&format!("*:{}:b", "x*y".repeat(50))).matches(&[&":x".repeat(512)]));
}

fn pattern() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", ":", "/", "é", "*", "?", "${*}"]), 0..10)
        .prop_map(|parts| parts.concat())
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", ":", "/", "é", "*"]), 0..14)
        .prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn agrees_with_the_definition(pattern in pattern(), text in text()) {
        let characters: Vec<char> = text.chars().collect();
        let plain = glob(&pattern);
        prop_assert_eq!(plain.matches(&[&text]), naive(&plain.tokens, &characters));
        let bound = fields(&pattern);
        prop_assert_eq!(bound.matches(&[&text]), naive(&bound.tokens, &characters));
    }

    #[test]
    fn segments_match_as_the_text_they_make_up(
        pattern in pattern(),
        segments in prop::collection::vec(text(), 0..5),
    ) {
        let pieces: Vec<&str> = segments.iter().map(String::as_str).collect();
        let glob = fields(&pattern);
        prop_assert_eq!(glob.matches(&pieces), glob.matches(&[&segments.concat()]));
    }

    #[test]
    fn the_start_of_a_text_compares_as_its_bytes_do(
        segments in prop::collection::vec(text(), 0..5),
        start in text(),
    ) {
        let pieces: Vec<&str> = segments.iter().map(String::as_str).collect();
        let text = segments.concat();
        let expected = if text.starts_with(&start) { Ordering::Equal } else { text.cmp(&start) };
        prop_assert_eq!(compare_start(&pieces, start.as_bytes()), expected);
    }

    #[test]
    fn an_escaped_text_matches_itself_and_nothing_else(text in "[ab*?${}]{0,8}", other in "[ab*?${}]{0,8}") {
        let glob = glob(&escape(&text));
        prop_assert!(glob.is_literal());
        prop_assert_eq!(glob.matches(&[&other]), text == other);
        prop_assert!(glob.matches(&[&text]));
    }
}
