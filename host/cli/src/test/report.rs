//! What came of all cases, for people.

use std::fmt::{self, Write};
use std::time::Duration;

use innkeeper::policy::Location;
use innkeeper_testing::check::Mismatch;
use innkeeper_testing::{DiffLine, Difference, LineKind};

use super::case::Verdict;
use crate::exit::Exit;
use crate::style::{ADDED, FAINT, REMOVED, TITLE, styled};
use crate::text::{count, duration, visible, visible_lines};

/// What came of a run.
#[derive(Debug)]
pub(super) struct Report {
    /// In the order of the files.
    pub(super) cases: Vec<CaseReport>,
    /// How many `--filter` has left out.
    pub(super) left_out: usize,
    pub(super) elapsed: Duration,
}

/// What came of a case.
#[derive(Debug)]
pub(super) struct CaseReport {
    /// The file, as it was named.
    pub(super) file: String,
    pub(super) location: Location,
    pub(super) name: String,
    pub(super) verdict: Verdict,
    /// The snapshots that were written.
    pub(super) accepted: Vec<String>,
    pub(super) elapsed: Duration,
}

/// How many cases came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) broken: usize,
}

impl Report {
    pub(super) fn counts(&self) -> Counts {
        Counts::of(&self.cases)
    }

    /// A case that could not be called says more than one that failed: what is wrong with it is not the guest.
    pub(super) fn exit(&self) -> Exit {
        let broken = self.cases.iter().find_map(|case| match &case.verdict {
            Verdict::Broken(failure) => Some(failure.exit()),
            Verdict::Passed | Verdict::Failed { .. } => None,
        });
        broken.unwrap_or(if self.counts().failed > 0 { Exit::Test } else { Exit::Success })
    }
}

impl Counts {
    pub(super) fn of<'a>(cases: impl IntoIterator<Item = &'a CaseReport>) -> Self {
        cases.into_iter().fold(Self::default(), |mut counts, case| {
            match case.verdict {
                Verdict::Passed => counts.passed += 1,
                Verdict::Failed { .. } => counts.failed += 1,
                Verdict::Broken(_) => counts.broken += 1,
            }
            counts
        })
    }
}

/// Ends with a line break.
pub(super) fn render(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut out, report);
    out
}

fn write(out: &mut impl Write, report: &Report) -> fmt::Result {
    let mut file = None;
    for case in &report.cases {
        if file != Some(&case.file) {
            writeln!(out, "{}", styled(TITLE, visible(&case.file)))?;
            file = Some(&case.file);
        }
        let mark = match case.verdict {
            Verdict::Passed => styled(ADDED, "ok    ").to_string(),
            Verdict::Failed { .. } => styled(REMOVED, "FAILED").to_string(),
            Verdict::Broken(_) => styled(REMOVED, "BROKEN").to_string(),
        };
        let time = styled(FAINT, format_args!("({})", duration(case.elapsed))).to_string();
        writeln!(out, "  {mark} {} {time}", visible(&case.name))?;
        for path in &case.accepted {
            writeln!(out, "         {} {}", styled(ADDED, "accepted"), visible(path))?;
        }
    }
    for case in &report.cases {
        write_failure(out, case)?;
    }
    let Counts { passed, failed, broken } = report.counts();
    let mut parts = vec![format!("{passed} passed")];
    if failed > 0 {
        parts.push(format!("{failed} failed"));
    }
    if broken > 0 {
        parts.push(format!("{broken} broken"));
    }
    if report.left_out > 0 {
        parts.push(format!("{} left out", report.left_out));
    }
    let (style, mark) = if failed + broken > 0 { (REMOVED, "failed:") } else { (ADDED, "ok:") };
    writeln!(
        out,
        "\n{} {}: {} {}",
        styled(style, mark),
        count(report.cases.len(), "case"),
        parts.join(", "),
        styled(FAINT, format_args!("(in {})", duration(report.elapsed)))
    )
}

fn write_failure(out: &mut impl Write, case: &CaseReport) -> fmt::Result {
    let title = || format!("{}: {}", visible(&case.location.to_string()), visible(&case.name));
    match &case.verdict {
        Verdict::Passed => Ok(()),
        Verdict::Broken(failure) => {
            writeln!(out, "\n{}", styled(TITLE, title()))?;
            failure.to_string().lines().try_for_each(|line| writeln!(out, "  {line}"))
        }
        Verdict::Failed { mismatches, asked, log } => {
            writeln!(out, "\n{}", styled(TITLE, title()))?;
            for mismatch in mismatches {
                write_mismatch(out, mismatch)?;
            }
            for line in asked.lines() {
                writeln!(out, "  {}", styled(FAINT, visible(line)))?;
            }
            if !log.is_empty() {
                writeln!(out, "  {}", styled(FAINT, "Log of the guest (its own words):"))?;
                writeln!(out, "{}", visible_lines(log, "    | "))?;
            }
            Ok(())
        }
    }
}

fn write_mismatch(out: &mut impl Write, mismatch: &Mismatch) -> fmt::Result {
    let lines = mismatch.difference().map(Difference::lines).unwrap_or_default();
    let colon = if lines.is_empty() { "" } else { ":" };
    writeln!(out, "  {} {}{colon}", styled(REMOVED, '×'), visible(mismatch.what()))?;
    for DiffLine { kind, text } in lines {
        let style = match kind {
            LineKind::Expected => REMOVED,
            LineKind::Actual => ADDED,
            LineKind::Both | LineKind::Remark => FAINT,
        };
        writeln!(out, "    {}", styled(style, format_args!("{} {}", kind.mark(), visible(text))))?;
    }
    Ok(())
}
