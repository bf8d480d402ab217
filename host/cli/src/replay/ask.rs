//! What another policy says of what was recorded.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use innkeeper::policy::ConditionKey;
use innkeeper::{Manifest, Trigger};
use innkeeper_testing::recording::Recording;
use serde::Serialize;

use super::again;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::policy::{Answer, Place, Question};
use crate::style::{ADDED, FAINT, HELP, REMOVED, TITLE, styled};
use crate::text::{count, visible};

/// A request that is answered otherwise than it was.
#[derive(Debug, Serialize)]
pub(super) struct Changed<'a> {
    operation: &'a str,
    action: &'a str,
    resource: &'a str,
    reason: String,
    suggestion: Option<String>,
}

/// What of the requests is answered otherwise.
#[derive(Debug, Default)]
struct Asked<'a> {
    requests: usize,
    denied: Vec<Changed<'a>>,
    allowed: Vec<Changed<'a>>,
}

/// Asks the policy of a manifest about each recorded request.
pub(super) fn ask(recording: &Recording, manifest: &Manifest, json: bool) -> Result<Exit, Failure> {
    let policy = &manifest.guest(&recording.start.guest)?.policy;
    let mut seen = BTreeSet::new();
    let mut asked = Asked::default();
    for request in recording.requests() {
        // What was asked a hundred times is told once.
        if !seen.insert((&request.action, &request.resource, &request.context, request.allowed)) {
            continue;
        }
        // The recording has the operation's own condition keys. What started the call is known: somebody who ran the guest.
        let mut context = request.context.clone();
        let trigger = ConditionKey::Trigger.as_str().to_owned();
        context.entry(trigger).or_insert_with(|| Trigger::Run.as_str().to_owned());
        let question = Question::new(&request.action, &request.resource, context)
            .map_err(|error| Failure::new(Exit::Io, format!("the recording has a wrong request: {error}")))?;
        let answer: Answer = question.ask(policy, Place::default()).ok_or_else(|| {
            Failure::new(Exit::Io, format!("the recording has a wrong request: `{}`", request.resource))
        })?;
        if answer.is_allowed() == request.allowed {
            continue;
        }
        let list = if request.allowed { &mut asked.denied } else { &mut asked.allowed };
        list.push(Changed {
            operation: &request.operation,
            action: &request.action,
            resource: &request.resource,
            reason: answer.reason().to_owned(),
            suggestion: answer.suggestion().map(str::to_owned),
        });
    }
    asked.requests = seen.len();
    let exit = if asked.denied.is_empty() { Exit::Success } else { Exit::Denied };
    if json {
        again::print_document(&again::Document {
            exit_code: exit.code(),
            requests: Some(asked.requests),
            denied: Some(asked.denied),
            allowed: Some(asked.allowed),
            differences: None,
            not_fed: None,
        })?;
    } else {
        output::print_text(&render(&asked, manifest.file()))?;
    }
    Ok(exit)
}

fn render(asked: &Asked<'_>, manifest: &str) -> String {
    let mut out = String::new();
    for (title, mark, style, list) in [
        ("Would be denied", '×', REMOVED, &asked.denied),
        ("Would be allowed, and was denied", '+', ADDED, &asked.allowed),
    ] {
        if list.is_empty() {
            continue;
        }
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{} {}", styled(TITLE, title), styled(FAINT, format_args!("({})", list.len())));
        for changed in list {
            let _ = writeln!(
                out,
                "  {} {} on {} (for {}): {}",
                styled(style, mark),
                visible(changed.action),
                visible(changed.resource),
                visible(changed.operation),
                visible(&changed.reason)
            );
            for line in changed.suggestion.iter().flat_map(|suggestion| suggestion.lines()) {
                let _ = writeln!(out, "    {} {}", styled(HELP, "help:"), visible(line));
            }
        }
        out.push('\n');
    }
    let _ = writeln!(
        out,
        "{} asked of `{}`: {} would be denied, {} would be allowed",
        count(asked.requests, "request"),
        visible(manifest),
        asked.denied.len(),
        asked.allowed.len()
    );
    out
}
