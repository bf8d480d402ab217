//! What is known to fail, and why: `known/SUITE.toml`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

/// The list of a suite.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Known {
    #[serde(default)]
    known: Vec<Group>,
}

/// Tests that fail for one reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    reason: String,
    /// As pytest names them; one that ends with `*` is all that begin so.
    tests: Vec<String>,
    /// Whether they also pass: what they ask for is a matter of chance.
    #[serde(default)]
    sometimes: bool,
}

impl Known {
    pub(crate) fn read(suite: &str) -> Result<Self, String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("known").join(format!("{suite}.toml"));
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let known: Self = toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        match known.known.iter().find(|group| group.reason.trim().is_empty()) {
            Some(group) => Err(format!("{}: {:?} need a reason", path.display(), group.tests)),
            None => Ok(known),
        }
    }

    pub(crate) fn has(&self, test: &str) -> bool {
        self.known.iter().flat_map(|group| &group.tests).any(|pattern| fits(pattern, test))
    }

    /// The listed names that no failed test has, of those whose tests have run: what has been mended, or is gone.
    pub(crate) fn without_a_failure(&self, outcomes: &BTreeMap<String, String>) -> Vec<String> {
        let patterns = self.known.iter().filter(|group| !group.sometimes).flat_map(|group| &group.tests);
        let fails =
            |pattern: &str| outcomes.iter().any(|(test, outcome)| outcome == "failed" && fits(pattern, test));
        patterns.filter(|pattern| !fails(pattern)).cloned().collect()
    }
}

fn fits(pattern: &str, test: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == test, |start| test.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_can_be_read_and_has_reasons() {
        for suite in crate::SUITES {
            Known::read(suite.name).unwrap();
        }
    }

    #[test]
    fn a_listed_test_that_passes_is_told() {
        let known: Known =
            toml::from_str("[[known]]\nreason = \"r\"\ntests = [\"a::b\", \"c::*\", \"d\"]").unwrap();
        let outcomes = [("a::b", "passed"), ("c::x", "failed"), ("c::y", "passed")];
        let outcomes = outcomes.map(|(test, outcome)| (test.to_owned(), outcome.to_owned())).into();
        assert!(known.has("c::y") && !known.has("a::bc"));
        assert_eq!(known.without_a_failure(&outcomes), ["a::b", "d"]);
    }
}
