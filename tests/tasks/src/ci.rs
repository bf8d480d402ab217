//! `cargo ci`: everything that has to hold before a change lands.

use std::collections::BTreeSet;

use crate::run::{Failed, cargo, output, run};
use crate::{fuzz, test};

/// Which of our crates each of the host's crates may import. Nobody imports anybody else.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("innkeeper-policy", &[]),
    ("innkeeper-aws", &[]),
    ("innkeeper-fake", &[]),
    ("innkeeper-build", &[]),
    ("innkeeper", &["innkeeper-policy", "innkeeper-aws"]),
    ("innkeeper-testing", &["innkeeper", "innkeeper-fake"]),
    ("innkeeper-cli", &["innkeeper", "innkeeper-fake", "innkeeper-build", "innkeeper-testing"]),
    ("innkeeper-guest", &[]),
];

pub(crate) fn ci() -> Result<(), Failed> {
    step("format");
    run(&cargo(), &["fmt", "--all", "--check"])?;

    step("who may import whom");
    imports()?;

    step("lints");
    run(&cargo(), &["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"])?;

    step("documentation");
    // Not an argument of `cargo doc`, so that the doc tests below find the same flags and nothing is built twice.
    run(
        "env",
        &[
            "RUSTDOCFLAGS=--deny warnings",
            &cargo(),
            "doc",
            "--workspace",
            "--no-deps",
            "--exclude",
            "test-programs",
        ],
    )?;

    step("tests");
    test::test()?;

    step("libFuzzer");
    fuzz::fuzz()
}

fn step(name: &str) {
    eprintln!("\n== {name}");
}

/// Holds our crates to [`MAY_IMPORT`], by what `cargo tree` says of their direct dependencies, those of tests included.
fn imports() -> Result<(), Failed> {
    let mut broken = Vec::new();
    for (name, allowed) in MAY_IMPORT {
        let tree = output(
            &cargo(),
            &[
                "tree",
                "--package",
                name,
                "--depth",
                "1",
                "--edges",
                "all",
                "--prefix",
                "none",
                "--format",
                "{p}",
            ],
        )?;
        let imported: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
        for (sibling, _) in MAY_IMPORT {
            if sibling != name && imported.contains(sibling) && !allowed.contains(sibling) {
                broken.push(format!("  `{name}` must not import `{sibling}`"));
            }
        }
    }
    if broken.is_empty() {
        return Ok(());
    }
    Err(Failed::because(format!("the import rule of host/ARCHITECTURE.md is broken:\n{}", broken.join("\n"))))
}
