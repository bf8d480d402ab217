//! The report for a person, on standard error: what changed, what was called, and what was denied.

mod changes;

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use innkeeper::audit::{Outcome, Verdict};

use self::changes::write_changes;
use super::report::{Called, Report};
use super::requests;
use super::tally::Operation;
use crate::style::{ADDED, CHANGED, FAINT, HELP, REMOVED, TITLE, styled};
use crate::text::{duration, plural, size, visible, visible_lines};

/// How many lines a list has before the rest of it is only counted.
pub(super) const MAX_LINES: usize = 20;

/// The report without the guest's result and without its failure, which stand elsewhere. Ends with a line break.
pub(super) fn render(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut out, report);
    out
}

fn write(out: &mut impl Write, report: &Report) -> fmt::Result {
    if !report.log.is_empty() {
        write_log(out, report)?;
    }
    if let Some(changes) = &report.changes {
        write_changes(out, changes, report.saved.as_deref())?;
    }
    write_calls(out, report)?;
    write_denials(out, report)?;
    requests::write(out, report)?;
    let (mark, how) = match &report.failure {
        None => (styled(ADDED, "ok:").to_string(), "done"),
        Some(_) => (styled(REMOVED, "failed:").to_string(), "ended"),
    };
    let timing = report.timing;
    writeln!(
        out,
        "{mark} `{}` {how} in {} {}",
        visible(&report.guest),
        duration(timing.run),
        styled(FAINT, format_args!("(made ready in {})", duration(timing.prepare)))
    )
}

fn write_log(out: &mut impl Write, report: &Report) -> fmt::Result {
    let log = String::from_utf8_lossy(&report.log);
    writeln!(out, "{} {}", styled(TITLE, "Log of the guest"), styled(FAINT, "(its own words)"))?;
    writeln!(out, "{}\n", visible_lines(&log, "  | "))
}

fn write_calls(out: &mut impl Write, report: &Report) -> fmt::Result {
    let all = &report.seen.operations;
    if all.is_empty() {
        return writeln!(out, "{}\n", styled(TITLE, "No call of AWS"));
    }
    // The guest's own first, then those of the guests that it invoked as functions.
    let mut guests: BTreeMap<(bool, &str), Vec<(String, &Operation)>> = BTreeMap::new();
    for ((guest, service, operation), calls) in all {
        let operations = guests.entry((**guest != *report.guest, guest)).or_default();
        operations.push((format!("{service} {operation}"), calls));
    }
    for ((other, guest), operations) in guests {
        let by = if other { format!(" by `{}`", visible(guest)) } else { String::new() };
        let title = format!("Calls of AWS{by}");
        let total: usize = operations.iter().map(|(_, operation)| operation.calls).sum();
        writeln!(out, "{} {}", styled(TITLE, title), styled(FAINT, format_args!("({total})")))?;
        let width = operations.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, operation) in &operations {
            writeln!(out, "  {name:width$}  {:>4} ×{}", operation.calls, Traffic(operation))?;
            write_failures(out, operation, &report.called)?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// What went over the wire for an operation.
struct Traffic<'a>(&'a Operation);

impl fmt::Display for Traffic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(operation) = self;
        if operation.bytes_sent > 0 {
            write!(f, "  {} sent", size(operation.bytes_sent))?;
        }
        if operation.bytes_received > 0 {
            write!(f, "  {} received", size(operation.bytes_received))?;
        }
        match operation.retries {
            0 => Ok(()),
            1 => f.write_str("  1 retry"),
            many => write!(f, "  {many} retries"),
        }
    }
}

/// The failures of an operation, those with the same cause together.
fn write_failures(out: &mut impl Write, operation: &Operation, called: &Called) -> fmt::Result {
    let failures = &operation.failures;
    for (call, times) in failures.iter().take(MAX_LINES) {
        let Outcome::Failure { error, cause } = &call.outcome else { continue };
        let what = match times {
            1 => visible(&call.resource).to_string(),
            many => format!("{many} of them"),
        };
        writeln!(out, "      {} {what}", styled(REMOVED, format_args!("failed ({error}):")))?;
        writeln!(out, "{}", visible_lines(cause, "        "))?;
        if let Some(help) = help(error, called) {
            writeln!(out, "        {} {help}", styled(HELP, "help:"))?;
        }
    }
    match (failures.len().saturating_sub(MAX_LINES), failures.omitted) {
        (0, 0) => {}
        (more, 0) => writeln!(out, "      … and {more} more causes; `--json` has all")?,
        (_, counted) => writeln!(
            out,
            "      … and more causes: {counted} failures are only counted; `--audit FILE` has all"
        )?,
    }
    match operation.cancelled {
        0 => Ok(()),
        cancelled => writeln!(out, "      {}", styled(CHANGED, format_args!("{cancelled} cancelled"))),
    }
}

/// What the operator can do about an error of the WIT variant.
fn help(error: &str, called: &Called) -> Option<String> {
    let help = match (error, called) {
        ("no-such-bucket", Called::Fake) => {
            "a bucket of the fake AWS is a folder `DIR/s3/BUCKET` of `--fake DIR`"
        }
        ("queue-not-found", Called::Fake) => {
            "a queue of the fake AWS is a file `DIR/sqs/QUEUE.json` of `--fake DIR`"
        }
        ("function-not-found", Called::Fake) => {
            "a function of the fake AWS is a file `DIR/lambda/FUNCTION.json` of `--fake DIR`"
        }
        (_, Called::Fake) => return None,
        ("connection" | "timeout", Called::Endpoint(url)) => {
            return Some(format!("is `{url}` the right endpoint, running, and reachable from here?"));
        }
        ("connection" | "timeout", Called::Aws) => {
            "can this machine reach AWS in the guest's region, or what AWS_ENDPOINT_URL says?"
        }
        ("credentials", _) => {
            "`innkeeper check --aws` shows whose credentials each guest has, or why it has none"
        }
        ("wrong-region", _) => "the bucket is in another region: `--region`, or `region` in the manifest",
        ("access-denied", _) => {
            "the guest's policy allows it, but AWS does not: look at the policies of the host's identity"
        }
        _ => return None,
    };
    Some(help.to_owned())
}

fn write_denials(out: &mut impl Write, report: &Report) -> fmt::Result {
    // A guest that asks again and again is told of once. The order is that of the first time.
    let denials = &report.seen.denials;
    let total = denials.total();
    if total == 0 {
        return Ok(());
    }
    writeln!(out, "{} {}", styled(TITLE, "Denied by the policy"), styled(FAINT, format_args!("({total})")))?;
    for (denial, times) in denials.iter().take(MAX_LINES) {
        let Verdict::Deny { reason, suggestion, .. } = &denial.verdict else { continue };
        let times = if times > 1 { format!(" ({times} times)") } else { String::new() };
        let by = if *denial.guest == *report.guest {
            String::new()
        } else {
            format!(" by `{}`", visible(&denial.guest))
        };
        writeln!(
            out,
            "  {} {} on {}{by}{times}: {}",
            styled(REMOVED, '×'),
            denial.action,
            visible(&denial.resource),
            visible(reason)
        )?;
        let mut lines = suggestion.lines();
        writeln!(out, "    {} {}", styled(HELP, "help:"), visible(lines.next().unwrap_or_default()))?;
        for line in lines {
            writeln!(out, "          {}", visible(line))?;
        }
    }
    write_rest(out, denials.len().saturating_add(denials.omitted), denials.omitted, "denial")?;
    writeln!(out)
}

/// What of a list is not shown, and where it is: in the document of `--json`, unless `omitted` entries were not kept.
pub(super) fn write_rest(out: &mut impl Write, total: usize, omitted: usize, what: &str) -> fmt::Result {
    let rest = total.saturating_sub(MAX_LINES);
    if rest == 0 {
        return Ok(());
    }
    let all = if omitted == 0 { "--json" } else { "--audit FILE" };
    let rest = format_args!("… and {rest} more {}; `{all}` has all", plural(rest, what));
    writeln!(out, "  {}", styled(FAINT, rest))
}

#[cfg(test)]
mod tests;
