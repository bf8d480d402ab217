//! What can be known of a guest's section without running the guest.

use std::collections::BTreeSet;
use std::time::SystemTime;

use innkeeper_policy::operation::{WIT_FUNCTIONS, WitFunction};
use innkeeper_policy::{Action, Effect, FindingKind, Location};

use super::GuestSection;
use crate::inspect::{Inspection, Item, Provider};

/// Something in a guest's section that is most likely not what its author meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The kind in a word, for programs. One of [`Finding::KINDS`].
    pub kind: &'static str,
    /// What it is, in one line.
    pub message: String,
    /// Where in the manifest or policy document; `None`: in the component.
    pub location: Option<Location>,
}

impl Finding {
    /// The kinds, and what each means.
    pub const KINDS: &'static [(&'static str, &'static str)] = &[
        ("never-matches", "the conditions of a statement cannot hold together, or not any more"),
        ("shadowed", "all that a rule allows is denied by another"),
        ("crosses-fields", "a pattern stands for objects of other buckets, since a `*` runs on over colons"),
        (
            "tags-not-known",
            "a condition on the tags of objects leaves out actions that AWS decides on without them",
        ),
        ("unmet-expectation", "the policy does not say what an `expect` wants it to"),
        ("unused-name", "a name of `names` stands for what no statement allows anything on"),
        ("ungranted-import", "the component imports what needs something that nothing allows or grants"),
        ("unusable-grant", "what is allowed or granted is for what the component does not import"),
    ];
}

impl GuestSection {
    /// What is found in the section, as of `now`: rules that come to nothing, expectations that the policy does not meet, names
    /// that stand for nothing that is granted.
    pub fn review(&self, now: SystemTime) -> Vec<Finding> {
        let of_policy = self.policy.review(now).into_iter().map(|finding| Finding {
            kind: match finding.kind {
                FindingKind::Unusable => "unusable-grant",
                kind => kind.as_str(),
            },
            message: finding.message,
            location: Some(finding.location),
        });
        let mut found: Vec<Finding> = of_policy.collect();
        for expectation in &self.expectations {
            let Some(request) = expectation.request() else { continue };
            let decision = self.policy.decide(&request);
            if decision.is_allowed() != (expectation.effect() == Effect::Allow) {
                let why = match decision {
                    innkeeper_policy::Decision::Allow(rule) => format!("allowed by the {rule}"),
                    innkeeper_policy::Decision::Deny(denial) => {
                        format!("{denial}; {}", denial.suggestion(&request))
                    }
                };
                found.push(Finding {
                    kind: "unmet-expectation",
                    message: format!(
                        "expected to {} `{}` on `{}`, which is {why}",
                        expectation.effect(),
                        request.action,
                        request.resource
                    ),
                    location: Some(expectation.location().clone()),
                });
            }
        }
        for (name, target) in &self.names {
            if !self.policy.reaches(target) {
                found.push(Finding {
                    kind: "unused-name",
                    message: format!("`{name}` stands for `{target}`, on which nothing is allowed"),
                    location: self.name_locations.get(name).cloned(),
                });
            }
        }
        found
    }

    /// What is found when the section is held against what its component imports.
    ///
    /// Of an interface of which a component imports every function nothing is said: its toolchain does not leave out what is
    /// not used.
    pub fn review_imports(&self, inspection: &Inspection) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut usable = BTreeSet::new();
        let aws = inspection.imports.iter().filter(|import| import.provider == Provider::Aws);
        for import in aws {
            let Some(interface) = interface(import) else { continue };
            let imported: Vec<Option<&WitFunction>> =
                import.functions.iter().map(|name| WitFunction::find(interface, name)).collect();
            let all = || WIT_FUNCTIONS.iter().filter(|function| function.interface == interface);
            if imported.contains(&None) || imported.len() >= all().count().max(2) {
                let all = all().flat_map(|function| function.needs.iter().chain(function.may_need));
                usable.extend(all.copied());
                continue;
            }
            for function in imported.into_iter().flatten() {
                usable.extend(function.needs.iter().chain(function.may_need).copied());
                for action in function.needs.iter().filter(|action| !self.policy.names(**action)) {
                    found.push(Finding {
                        kind: "ungranted-import",
                        message: format!(
                            "`{}` imports `{}` of `{}`, which needs `{action}`, and nothing allows that",
                            self.component.display(),
                            function.name,
                            import.name
                        ),
                        location: None,
                    });
                }
            }
        }
        let usable: Vec<Action> = usable.into_iter().collect();
        found.extend(self.policy.unusable(&usable).into_iter().map(|finding| Finding {
            kind: "unusable-grant",
            message: format!(
                "`{}` imports no function that needs {}",
                self.component.display(),
                finding.message
            ),
            location: Some(finding.location),
        }));
        found.extend(self.review_wasi(inspection));
        found
    }

    /// What is granted of WASI and not imported, and the other way round.
    ///
    /// Of files, variables and sockets that are imported and not granted nothing is said: the standard libraries of most languages
    /// import them, whether or not the program uses them.
    fn review_wasi(&self, inspection: &Inspection) -> Vec<Finding> {
        const NEEDS: [(&str, &[&str]); 4] = [
            ("environment", &["wasi:cli/environment"]),
            ("arguments", &["wasi:cli/environment"]),
            ("clock-resolution", &["wasi:clocks/wall-clock", "wasi:clocks/monotonic-clock"]),
            ("random-seed", &["wasi:random/random", "wasi:random/insecure", "wasi:random/insecure-seed"]),
        ];
        let component = self.component.display();
        let imports = |interfaces: &[&str]| {
            interfaces.iter().any(|interface| inspection.imports_of(interface).next().is_some())
        };
        let unusable = |what: &str, interfaces: &[&str], location: Option<&Location>| {
            (!imports(interfaces)).then(|| Finding {
                kind: "unusable-grant",
                message: format!(
                    "`{component}` does not import {}, so it has no use for {what}",
                    listed(interfaces)
                ),
                location: location.cloned(),
            })
        };
        let keys = NEEDS.iter().filter_map(|(key, interfaces)| {
            unusable(&format!("`{key}`"), interfaces, Some(self.wasi.locations.get(key)?))
        });
        let directories = self.wasi.directories.iter().filter_map(|directory| {
            let what = format!("the directory `{}`", directory.path.display());
            unusable(&what, &["wasi:filesystem/preopens"], Some(&directory.location))
        });
        let http = self.wasi.http.iter().filter_map(|grant| {
            unusable(
                "the requests that it is granted",
                &["wasi:http/outgoing-handler"],
                grant.location.as_ref(),
            )
        });
        let ungranted =
            inspection.outgoing_http().filter(|_| self.wasi.http.is_empty()).map(|import| Finding {
                kind: "ungranted-import",
                message: format!(
                    "`{component}` imports `{import}`, and no `[[guest.NAME.wasi.http]]` grants it a request"
                ),
                location: None,
            });
        keys.chain(directories).chain(http).chain(ungranted).collect()
    }
}

/// `` `a` `` or `` `a` or `b` ``.
fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
}

/// `s3` of `innkeeper:aws/s3@0.2.0`.
fn interface(import: &Item) -> Option<&str> {
    let (_, name) = import.name.split_once('/')?;
    Some(name.split_once('@').map_or(name, |(name, _)| name))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use innkeeper_policy::operation::{WIT_FUNCTIONS, WitFunction};
    use wit_parser::Resolve;

    use crate::inspect::readable;

    /// A function without a line would pass for one about which nothing is known.
    #[test]
    fn every_function_of_the_wit_package_stands_in_the_table() {
        let mut resolve = Resolve::default();
        let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
        let (package, _) = resolve.push_dir(wit).unwrap();
        let interfaces = &resolve.packages[package].interfaces;
        let mut count = 0;
        for (interface, id) in interfaces {
            for name in resolve.interfaces[*id].functions.keys().map(|name| readable(name)) {
                assert!(
                    WitFunction::find(interface, &name).is_some(),
                    "`{name}` of `{interface}` is not in the table"
                );
                count += 1;
            }
        }
        assert_eq!(count, WIT_FUNCTIONS.len(), "the table has functions that the package has not");
    }
}
