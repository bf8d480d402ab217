//! The report for a person, on standard error: what changed, what was called, and what was denied.

mod changes;

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use innkeeper::audit::{Call, Decision, Outcome, Verdict};

use self::changes::write_changes;
use super::report::{Called, Report};
use super::requests;
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
    if report.calls.is_empty() {
        return writeln!(out, "{}\n", styled(TITLE, "No call of AWS"));
    }
    // The guest's own first, then those of the guests that it invoked as functions.
    let mut guests: BTreeMap<(bool, &str), Vec<&Call>> = BTreeMap::new();
    for call in &report.calls {
        guests.entry((*call.guest != *report.guest, &call.guest)).or_default().push(call);
    }
    for ((other, guest), calls) in guests {
        let by = if other { format!(" by `{}`", visible(guest)) } else { String::new() };
        let title = format!("Calls of AWS{by}");
        writeln!(out, "{} {}", styled(TITLE, title), styled(FAINT, format_args!("({})", calls.len())))?;
        write_operations(out, &calls, &report.called)?;
        writeln!(out)?;
    }
    Ok(())
}

fn write_operations(out: &mut impl Write, calls: &[&Call], called: &Called) -> fmt::Result {
    let mut groups: BTreeMap<(&str, &str), Vec<&Call>> = BTreeMap::new();
    for &call in calls {
        groups.entry((call.service, call.operation)).or_default().push(call);
    }
    let width =
        groups.keys().map(|(service, operation)| service.len() + 1 + operation.len()).max().unwrap_or(0);
    for ((service, operation), calls) in &groups {
        let name = format!("{service} {operation}");
        writeln!(out, "  {name:width$}  {:>4} ×{}", calls.len(), Traffic::of(calls))?;
        write_failures(out, calls, called)?;
    }
    Ok(())
}

/// What went over the wire for a group of calls.
struct Traffic {
    sent: u64,
    received: u64,
    retries: u64,
}

impl Traffic {
    fn of(calls: &[&Call]) -> Self {
        Self {
            sent: calls.iter().map(|call| call.bytes_sent).sum(),
            received: calls.iter().map(|call| call.bytes_received).sum(),
            retries: calls.iter().map(|call| u64::from(call.attempts.saturating_sub(1))).sum(),
        }
    }
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.sent > 0 {
            write!(f, "  {} sent", size(self.sent))?;
        }
        if self.received > 0 {
            write!(f, "  {} received", size(self.received))?;
        }
        match self.retries {
            0 => Ok(()),
            1 => f.write_str("  1 retry"),
            many => write!(f, "  {many} retries"),
        }
    }
}

/// The failures of a group, those with the same cause together.
fn write_failures(out: &mut impl Write, calls: &[&Call], called: &Called) -> fmt::Result {
    let mut failures: BTreeMap<(&str, &str), Vec<&Call>> = BTreeMap::new();
    for &call in calls {
        if let Outcome::Failure { error, cause } = &call.outcome {
            failures.entry((error, cause)).or_default().push(call);
        }
    }
    for ((error, cause), calls) in failures.iter().take(MAX_LINES) {
        let what = match calls.as_slice() {
            [call] => visible(&call.resource).to_string(),
            many => format!("{} of them", many.len()),
        };
        writeln!(out, "      {} {what}", styled(REMOVED, format_args!("failed ({error}):")))?;
        writeln!(out, "{}", visible_lines(cause, "        "))?;
        if let Some(help) = help(error, called) {
            writeln!(out, "        {} {help}", styled(HELP, "help:"))?;
        }
    }
    if failures.len() > MAX_LINES {
        writeln!(out, "      … and {} more causes; `--json` has all", failures.len() - MAX_LINES)?;
    }
    match calls.iter().filter(|call| call.outcome == Outcome::Cancelled).count() {
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
    let mut denials: Vec<(&Decision, usize)> = Vec::new();
    let mut places: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for denial in report.denials() {
        let place = *places.entry((&denial.guest, denial.action, &denial.resource)).or_insert(denials.len());
        match denials.get_mut(place) {
            Some((_, times)) => *times += 1,
            None => denials.push((denial, 1)),
        }
    }
    if denials.is_empty() {
        return Ok(());
    }
    let total = report.denials().count();
    writeln!(out, "{} {}", styled(TITLE, "Denied by the policy"), styled(FAINT, format_args!("({total})")))?;
    for (denial, times) in denials.iter().take(MAX_LINES) {
        let Verdict::Deny { reason, suggestion, .. } = &denial.verdict else { continue };
        let times = if *times > 1 { format!(" ({times} times)") } else { String::new() };
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
    write_rest(out, denials.len(), "denial")?;
    writeln!(out)
}

pub(super) fn write_rest(out: &mut impl Write, total: usize, what: &str) -> fmt::Result {
    match total.checked_sub(MAX_LINES) {
        None | Some(0) => Ok(()),
        Some(rest) => {
            writeln!(
                out,
                "  {}",
                styled(FAINT, format_args!("… and {rest} more {}; `--json` has all", plural(rest, what)))
            )
        }
    }
}

#[cfg(test)]
mod tests;
