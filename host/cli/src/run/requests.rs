//! The requests that a guest has sent, and those that it was not let to, in the report for a person.

use std::fmt::{self, Write};

use innkeeper::audit::{HttpDecision, HttpRequest, Outcome, Verdict};

use super::report::Report;
use super::summary::{MAX_LINES, write_rest};
use crate::style::{FAINT, HELP, REMOVED, TITLE, styled};
use crate::text::{size, visible};

/// Writes nothing for a guest that asked for none.
pub(super) fn write(out: &mut impl Write, report: &Report) -> fmt::Result {
    let requests = &report.seen.http_requests;
    if requests.total > 0 {
        writeln!(
            out,
            "{} {}",
            styled(TITLE, "Requests"),
            styled(FAINT, format_args!("({})", requests.total))
        )?;
        requests.kept.iter().take(MAX_LINES).try_for_each(|request| write_request(out, request))?;
        write_rest(out, requests.total, requests.omitted(), "request")?;
        writeln!(out)?;
    }
    let denied = &report.seen.http_denials;
    if denied.total == 0 {
        return Ok(());
    }
    writeln!(
        out,
        "{} {}",
        styled(TITLE, "Requests denied"),
        styled(FAINT, format_args!("({})", denied.total))
    )?;
    denied.kept.iter().take(MAX_LINES).try_for_each(|decision| write_denial(out, decision))?;
    write_rest(out, denied.total, report.seen.http_decisions.omitted(), "denial")?;
    writeln!(out)
}

fn write_request(out: &mut impl Write, request: &HttpRequest) -> fmt::Result {
    write!(out, "  {} {}  ", visible(&request.method), visible(&request.url))?;
    match (&request.outcome, request.status) {
        (Outcome::Success, Some(status)) => {
            writeln!(out, "{status}, {} received", size(request.bytes_received))
        }
        (Outcome::Failure { error, cause }, _) => writeln!(out, "{error}: {}", visible(cause)),
        _ => writeln!(out, "cancelled"),
    }
}

fn write_denial(out: &mut impl Write, decision: &HttpDecision) -> fmt::Result {
    let Verdict::Deny { reason, suggestion, .. } = &decision.verdict else { return Ok(()) };
    let (method, url) = (visible(&decision.method), visible(&decision.url));
    writeln!(out, "  {} {method} {url}: {}", styled(REMOVED, '×'), visible(reason))?;
    writeln!(out, "    {} {}", styled(HELP, "help:"), visible(suggestion))
}
