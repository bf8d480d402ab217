//! What moto is known to do otherwise than AWS.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde::Deserialize;

use crate::compare::Difference;

pub(crate) const FILE: &str = "known/differential.toml";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Known {
    known: Vec<Case>,
    #[serde(skip)]
    seen: RefCell<BTreeSet<usize>>,
}

/// Differences that have one reason. In each pattern `*` is any text.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    reason: String,
    operations: Vec<String>,
    field: String,
    #[serde(default = "any")]
    fake: String,
    #[serde(default = "any")]
    moto: String,
    /// Whether the two hold different things from there on, so that the trace is over.
    #[serde(default)]
    ends: bool,
}

fn any() -> String {
    "*".to_owned()
}

impl Known {
    pub(crate) fn read() -> Self {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        let known: Self = toml::from_str(&text).unwrap_or_else(|error| panic!("{FILE}: {error}"));
        let reasonless = known.known.iter().find(|case| case.reason.trim().is_empty());
        assert!(reasonless.is_none(), "{FILE}: without a reason: {reasonless:?}");
        known
    }

    pub(crate) fn has(&self, difference: &Difference) -> bool {
        self.cases(difference).next().is_some()
    }

    /// Whether nothing that comes after it can be compared.
    pub(crate) fn ends(&self, difference: &Difference) -> bool {
        self.cases(difference).any(|case| case.ends)
    }

    /// The cases that no difference so far was one of.
    pub(crate) fn unseen(&self) -> Vec<&str> {
        let seen = self.seen.borrow();
        let cases = self.known.iter().enumerate().filter(|(number, _)| !seen.contains(number));
        cases.map(|(_, case)| case.reason.as_str()).collect()
    }

    fn cases(&self, difference: &Difference) -> impl Iterator<Item = &Case> {
        self.known.iter().enumerate().filter_map(|(number, case)| {
            let fits = case.fits(difference);
            if fits {
                self.seen.borrow_mut().insert(number);
            }
            fits.then_some(case)
        })
    }
}

impl Case {
    fn fits(&self, difference: &Difference) -> bool {
        self.operations.iter().any(|operation| fits(operation, difference.operation))
            && fits(&self.field, &difference.field)
            && fits(&self.fake, &difference.fake)
            && fits(&self.moto, &difference.moto)
    }
}

/// Whether a pattern with `*` for any text fits.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.into_iter().any(|at| fits(rest, &text[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text() {
        for (pattern, text) in
            [("*", ""), ("a*c", "abbc"), ("*.etag", "pages.etag"), ("a*b*c", "abc"), ("a", "a")]
        {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a", "ab"), ("a*c", "acd"), ("*x", ""), ("a*b*c", "acb")] {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn the_list_can_be_read_and_has_reasons() {
        Known::read();
    }
}
