//! The report in JUnit's XML (`--junit`), as CI systems read it.

use std::fmt::{self, Write};
use std::path::Path;
use std::time::Duration;

use super::case::Verdict;
use super::report::{CaseReport, Counts, Report};
use crate::exit::Exit;
use crate::failure::Failure;

/// Writes the report to a file, in place of what is there.
pub(super) fn write(report: &Report, path: &Path) -> Result<(), Failure> {
    std::fs::write(path, render(report)).map_err(|error| {
        Failure::doing(Exit::Io, format!("the report cannot be written to `{}`", path.display()), &error)
    })
}

fn render(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_suites(&mut out, report);
    out
}

fn write_suites(out: &mut impl Write, report: &Report) -> fmt::Result {
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    let counts = report.counts();
    write!(out, r#"<testsuites name="innkeeper""#)?;
    write_numbers(out, counts, report.elapsed)?;
    writeln!(out, ">")?;
    // One suite for each file. The cases of a file stand together.
    for cases in report.cases.chunk_by(|one, other| one.file == other.file) {
        let file = cases.first().map_or("", |case| &case.file);
        write!(out, r#"  <testsuite name="{}""#, escaped(file))?;
        write_numbers(out, Counts::of(cases), cases.iter().map(|case| case.elapsed).sum())?;
        writeln!(out, ">")?;
        cases.iter().try_for_each(|case| write_case(out, case))?;
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

fn write_numbers(out: &mut impl Write, counts: Counts, elapsed: Duration) -> fmt::Result {
    let Counts { passed, failed, broken } = counts;
    let tests = passed + failed + broken;
    let seconds = elapsed.as_secs_f64();
    write!(out, r#" tests="{tests}" failures="{failed}" errors="{broken}" time="{seconds:.3}""#)
}

fn write_case(out: &mut impl Write, case: &CaseReport) -> fmt::Result {
    write!(
        out,
        r#"    <testcase classname="{}" name="{}" file="{}" line="{}" time="{:.3}""#,
        escaped(&case.file),
        escaped(&case.name),
        escaped(&case.file),
        case.location.line,
        case.elapsed.as_secs_f64()
    )?;
    match &case.verdict {
        Verdict::Passed => writeln!(out, "/>"),
        Verdict::Failed { mismatches, asked, log } => {
            let message = mismatches.first().map_or("", |mismatch| mismatch.what());
            let all: Vec<_> = mismatches.iter().map(ToString::to_string).collect();
            writeln!(out, ">")?;
            writeln!(
                out,
                r#"      <failure message="{}">{}</failure>"#,
                escaped(message),
                escaped(&format!("{}\n\n{asked}\n", all.join("\n")))
            )?;
            if !log.is_empty() {
                writeln!(out, "      <system-err>{}</system-err>", escaped(log))?;
            }
            writeln!(out, "    </testcase>")
        }
        Verdict::Broken(failure) => {
            writeln!(out, ">")?;
            let text = anstream::adapter::strip_str(&failure.to_string()).to_string();
            writeln!(
                out,
                r#"      <error message="{}">{}</error>"#,
                escaped(&failure.message()),
                escaped(&text)
            )?;
            writeln!(out, "    </testcase>")
        }
    }
}

/// Text for XML, in elements and attributes. What XML 1.0 cannot say at all, not even as a reference, is written as an escape of Rust's: a
/// guest must not be able to make the report unreadable.
fn escaped(text: &str) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        text.chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\n' => f.write_str("&#10;"),
            '\t' => f.write_str("&#9;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                write!(f, "{}", c.escape_default())
            }
            c => f.write_char(c),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_guest_says_cannot_break_the_document() {
        assert_eq!(
            escaped("<a b=\"c\">&\u{0}\u{1b}\u{ffff}\n").to_string(),
            "&lt;a b=&quot;c&quot;&gt;&amp;\\u{0}\\u{1b}\\u{ffff}&#10;"
        );
    }
}
