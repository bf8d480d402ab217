//! The variables of a policy: `${aws:username}`.

use super::Facts;
use super::condition::lower;
use crate::pattern::{Part, parts};

/// Whether a policy has variables: its `Version` says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variables {
    /// `2008-10-17`, or none: what looks like a variable is text.
    AreText,
    /// `2012-10-17`
    HaveValues,
}

/// The parts of a pattern with the values of its variables, or `None` where one has no value: then the pattern is of no use. A wildcard in a
/// value is none, and `${*}`, `${?}` and `${$}` stand for these characters.
pub(super) fn expand(pattern: &str, variables: Variables, facts: &dyn Facts) -> Option<Vec<Part>> {
    let mut expanded = Vec::new();
    let mut rest = pattern;
    while variables == Variables::HaveValues
        && let Some((before, variable)) = rest.split_once("${")
    {
        let (variable, behind) = variable.split_once('}')?;
        expanded.extend(parts(before));
        if matches!(variable, "*" | "?" | "$") {
            expanded.extend(variable.chars().map(Part::Char));
        } else {
            expanded.extend(value(variable, facts)?.chars().map(Part::Char));
        }
        rest = behind;
    }
    expanded.extend(parts(rest));
    Some(expanded)
}

/// The value of a key in the request, or else the default that is given: `aws:PrincipalTag/team, 'none'`. A key with several has none.
fn value(variable: &str, facts: &dyn Facts) -> Option<String> {
    let (key, default) = match variable.split_once(',') {
        Some((key, default)) => (key, default.trim().strip_prefix('\'')?.strip_suffix('\'')),
        None => (variable, None),
    };
    match facts.values(&lower(key)).as_slice() {
        [value] => Some(value.clone().into_owned()),
        [] => default.map(str::to_owned),
        _ => None,
    }
}

/// A text, where nothing is a wildcard.
pub(super) fn text(parts: &[Part]) -> String {
    let characters = parts.iter().map(|part| match part {
        Part::Char(character) => *character,
        Part::AnyChar => '?',
        Part::Any => '*',
    });
    characters.collect()
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::pattern::matches;

    struct Requested;

    impl Facts for Requested {
        fn values(&self, key: &str) -> Vec<Cow<'_, str>> {
            match key {
                "aws:username" => vec!["photos".into()],
                "aws:useragent" => vec!["p*".into()],
                "aws:tagkeys" => vec!["a".into(), "b".into()],
                _ => Vec::new(),
            }
        }
    }

    fn expanded(pattern: &str) -> Option<String> {
        expand(pattern, Variables::HaveValues, &Requested).map(|parts| text(&parts))
    }

    #[test]
    fn variables_have_their_values_or_the_pattern_none() {
        assert_eq!(expanded("a/${AWS:UserName}/${$}{}").as_deref(), Some("a/photos/${}"));
        assert_eq!(expanded("${aws:nothing}"), None);
        assert_eq!(expanded("${aws:tagkeys}"), None);
        assert_eq!(expanded("${aws:username"), None);
    }

    #[test]
    fn a_default_stands_for_what_the_request_has_not() {
        assert_eq!(expanded("${aws:PrincipalTag/team, 'of all'}/").as_deref(), Some("of all/"));
        assert_eq!(expanded("${aws:username, 'none'}").as_deref(), Some("photos"));
        assert_eq!(expanded("${aws:PrincipalTag/team, none}"), None);
    }

    #[test]
    fn what_a_variable_stands_for_is_no_wildcard() {
        let fits = |pattern: &str, name: &str| {
            matches(&expand(pattern, Variables::HaveValues, &Requested).unwrap(), name)
        };
        assert!(fits("in/${*}${?}*", "in/*?/a"));
        assert!(!fits("in/${*}", "in/a") && !fits("in/${?}", "in/a"));
        assert!(fits("${aws:useragent}", "p*") && !fits("${aws:useragent}", "photos"));
    }

    #[test]
    fn an_old_policy_has_no_variables() {
        let parts = expand("${aws:username}", Variables::AreText, &Requested).unwrap();
        assert_eq!(text(&parts), "${aws:username}");
        // But wildcards.
        assert!(matches(&expand("${*}", Variables::AreText, &Requested).unwrap(), "${a}"));
    }
}
