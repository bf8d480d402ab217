//! `cargo conformance`: suites that others wrote, against `innkeeper fake`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks to its user")]

mod known;
mod server;
mod suite;

use std::path::PathBuf;
use std::process::ExitCode;

use self::suite::{SUITES, Suite, Verdict};

const USAGE: &str = "\
usage: cargo conformance [SUITE...] [-- ARGUMENTS OF pytest]

Runs the tests of other projects against `innkeeper fake`, on a port of this machine. What is lacking is installed below target/python,
from PyPI. A test that fails has to be listed, with its reason, in tests/conformance/known/SUITE.toml; one that is listed has to fail.

  moto-sqs, moto-s3, moto-lambda   moto's own tests, in its server mode
  s3-tests                         Ceph's tests of S3; INNKEEPER_S3_TESTS names a checkout of https://github.com/ceph/s3-tests";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let names: Vec<String> = arguments.by_ref().take_while(|argument| argument != "--").collect();
    let more: Vec<String> = arguments.collect();
    if let Some(unknown) = names.iter().find(|name| SUITES.iter().all(|suite| suite.name != **name)) {
        eprintln!("error: there is no suite `{unknown}`\n\n{USAGE}");
        return ExitCode::from(2);
    }
    let Some(binary) = std::env::var_os("INNKEEPER_BINARY").map(PathBuf::from) else {
        eprintln!("error: INNKEEPER_BINARY names no `innkeeper`\n\n{USAGE}");
        return ExitCode::from(2);
    };
    let chosen = |suite: &&Suite| names.is_empty() || names.iter().any(|name| name == suite.name);
    let mut verdicts = Vec::new();
    for suite in SUITES.iter().filter(chosen) {
        match suite.run(&binary, &more) {
            Ok(verdict) => verdicts.push((suite.name, verdict)),
            Err(error) => {
                eprintln!("error: {}: {error}", suite.name);
                return ExitCode::FAILURE;
            }
        }
    }
    println!("\nsuite           passed  failed (known)  skipped  total");
    for (name, verdict) in &verdicts {
        println!("{name:<14}  {verdict}");
    }
    if verdicts.iter().all(|(_, verdict)| verdict.is_as_known()) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

impl Verdict {
    fn is_as_known(&self) -> bool {
        match self {
            Self::Ran { unexpected, fixed, .. } => unexpected.is_empty() && fixed.is_empty(),
            Self::NotThere(_) => true,
        }
    }
}
