//! `cargo conformance`: the fake AWS, measured by the tests of other projects.

use crate::run::{Failed, cargo, root, run};

const INTRODUCTION: &str = "\
Innkeeper's conformance. The suites that are there run against `innkeeper fake`: moto's own tests of SQS, S3 and Lambda (its sources are
fetched from PyPI, below target/python), and Ceph's of S3 if INNKEEPER_S3_TESTS names a checkout. Two to five minutes once all is built.
";

pub(crate) fn conformance(more: &[&str]) -> Result<(), Failed> {
    eprintln!("{INTRODUCTION}");
    run(&cargo(), &["build", "--package", "innkeeper-cli"])?;
    let binary = format!("INNKEEPER_BINARY={}", root().join("target/debug/innkeeper").display());
    let cargo = cargo();
    let mut arguments =
        vec![binary.as_str(), &cargo, "run", "--quiet", "--package", "innkeeper-conformance", "--"];
    arguments.extend(more);
    run("env", &arguments)
}
