//! The report as one JSON document (`--json`).

use std::time::Duration;

use innkeeper_testing::Difference;
use innkeeper_testing::check::Mismatch;
use serde::Serialize;

use super::case::Verdict;
use super::report::{CaseReport, Counts, Report};
use crate::exit::Exit;
use crate::failure::{Failure, FailureDocument};
use crate::output;

/// What `innkeeper test --help` says of the document.
pub(super) const HELP: &str = r#"The document of --json:
  exit-code  the exit code of the process
  passed     how many cases passed; likewise `failed`, `broken` (it did not come to a call),
             and `left-out` (by --filter)
  seconds    how long it took
  errors     why nothing ran, if something is wrong with a file or its manifest: a list of
             {kind, exit-code, message, causes, help}
  cases      a list of {file, line, column, name, outcome, seconds, mismatches, error, asked,
             log, accepted}; outcome is "passed", "failed" or "broken"; mismatches is a list of
             {what, diff}, of which diff is lines that begin with `-` (expected), `+` (came),
             ` ` (both) or `#` (a remark); error is as in `errors`, of a broken case, or null;
             asked is what was asked of AWS, in words; accepted are the snapshots that were
             written
Keys may be added later."#;

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Document<'a> {
    exit_code: u8,
    passed: usize,
    failed: usize,
    broken: usize,
    left_out: usize,
    seconds: f64,
    errors: Vec<FailureDocument>,
    cases: Vec<CaseDocument<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct CaseDocument<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    name: &'a str,
    outcome: &'static str,
    seconds: f64,
    mismatches: Vec<MismatchDocument<'a>>,
    error: Option<FailureDocument>,
    asked: Vec<&'a str>,
    log: &'a str,
    accepted: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct MismatchDocument<'a> {
    what: &'a str,
    diff: Vec<String>,
}

pub(super) fn print(report: &Report) -> Result<(), Failure> {
    let Counts { passed, failed, broken } = report.counts();
    print_document(&Document {
        exit_code: report.exit().code(),
        passed,
        failed,
        broken,
        left_out: report.left_out,
        seconds: report.elapsed.as_secs_f64(),
        errors: Vec::new(),
        cases: report.cases.iter().map(CaseDocument::of).collect(),
    })
}

/// The document of a run in which nothing ran.
pub(super) fn print_failures(failures: &[Failure], elapsed: Duration) -> Result<(), Failure> {
    print_document(&Document {
        exit_code: failures.first().map_or(Exit::TestFile, Failure::exit).code(),
        passed: 0,
        failed: 0,
        broken: 0,
        left_out: 0,
        seconds: elapsed.as_secs_f64(),
        errors: failures.iter().map(Failure::document).collect(),
        cases: Vec::new(),
    })
}

fn print_document(document: &Document<'_>) -> Result<(), Failure> {
    let text = serde_json::to_string(document)
        .map_err(|error| Failure::doing(Exit::Io, "the report cannot be written as JSON", &error))?;
    output::print_document(&text)
}

impl<'a> CaseDocument<'a> {
    fn of(case: &'a CaseReport) -> Self {
        let mut document = Self {
            file: &case.file,
            line: case.location.line,
            column: case.location.column,
            name: &case.name,
            outcome: "passed",
            seconds: case.elapsed.as_secs_f64(),
            mismatches: Vec::new(),
            error: None,
            asked: Vec::new(),
            log: "",
            accepted: &case.accepted,
        };
        match &case.verdict {
            Verdict::Passed => {}
            Verdict::Failed { mismatches, asked, log } => {
                document.outcome = "failed";
                document.mismatches = mismatches.iter().map(MismatchDocument::of).collect();
                document.asked = asked.lines().map(str::trim_start).collect();
                document.log = log;
            }
            Verdict::Broken(failure) => {
                document.outcome = "broken";
                document.error = Some(failure.document());
            }
        }
        document
    }
}

impl<'a> MismatchDocument<'a> {
    fn of(mismatch: &'a Mismatch) -> Self {
        let lines = mismatch.difference().map(Difference::lines).unwrap_or_default();
        Self {
            what: mismatch.what(),
            diff: lines.iter().map(|line| format!("{} {}", line.kind.mark(), line.text)).collect(),
        }
    }
}
