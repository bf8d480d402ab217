//! Where a guest does otherwise than it was recorded.

use std::fmt::Write as _;

use innkeeper_testing::recording::{Change, ChangeKind, NotFed, Recording, differences};
use serde::Serialize;
use serde_json::Value;

use super::ask::Changed;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::run::Again;
use crate::style::{ADDED, FAINT, REMOVED, styled};
use crate::text::{count, visible};

/// The document of `--json`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Document<'a> {
    pub(super) exit_code: u8,
    pub(super) requests: Option<usize>,
    pub(super) denied: Option<Vec<Changed<'a>>>,
    pub(super) allowed: Option<Vec<Changed<'a>>>,
    pub(super) differences: Option<Vec<Difference<'a>>>,
    pub(super) not_fed: Option<Vec<Unanswered<'a>>>,
}

#[derive(Debug, Serialize)]
pub(super) struct Difference<'a> {
    kind: &'static str,
    what: &'a str,
    recorded: &'a Option<Value>,
    now: &'a Option<Value>,
}

#[derive(Debug, Serialize)]
pub(super) struct Unanswered<'a> {
    service: &'a str,
    request: &'a str,
    why: &'a str,
}

/// Says where the recorded call and the one that was made again are not the same.
pub(super) fn tell(recorded: &Recording, again: &Again, json: bool) -> Result<Exit, Failure> {
    let changes = differences(recorded, &again.recording, again.times);
    let same = changes.is_empty() && again.not_fed.is_empty();
    let exit = if same { Exit::Success } else { Exit::Differs };
    if json {
        print_document(&Document {
            exit_code: exit.code(),
            requests: None,
            denied: None,
            allowed: None,
            differences: Some(changes.iter().map(Difference::of).collect()),
            not_fed: Some(again.not_fed.iter().map(Unanswered::of).collect()),
        })?;
        return Ok(exit);
    }
    let mut out = String::new();
    changes.iter().for_each(|change| render(change, &mut out));
    for not_fed in &again.not_fed {
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "{}",
            styled(FAINT, format_args!("# not replayed: {}", visible(&not_fed.to_string())))
        );
    }
    let guest = &recorded.start.guest;
    let calls = count(recorded.exchanges().count(), "call");
    let _ = if same {
        writeln!(out, "{} `{}` does the same as recorded ({calls})", styled(ADDED, "ok:"), visible(guest))
    } else {
        writeln!(
            out,
            "{} `{}` differs in {}: `-` is recorded ({calls}), `+` is now",
            styled(REMOVED, "failed:"),
            visible(guest),
            count(changes.len(), "place")
        )
    };
    output::print_text(&out)?;
    Ok(exit)
}

fn render(change: &Change, out: &mut String) {
    // Writing to a string cannot fail.
    let _ = write!(out, "{} {}", visible(&change.what), change.kind.words());
    if change.kind == ChangeKind::Moved {
        out.push('\n');
        return;
    }
    out.push_str(":\n");
    for (mark, style, value) in [('-', REMOVED, &change.recorded), ('+', ADDED, &change.now)] {
        if let Some(value) = value {
            let text = value.to_string();
            let _ = writeln!(out, "  {}", styled(style, format_args!("{mark} {}", visible(&text))));
        }
    }
}

impl<'a> Difference<'a> {
    fn of(change: &'a Change) -> Self {
        let Change { kind, what, recorded, now } = change;
        Self { kind: kind.as_str(), what, recorded, now }
    }
}

impl<'a> Unanswered<'a> {
    fn of(not_fed: &'a NotFed) -> Self {
        let NotFed { service, request, why } = not_fed;
        Self { service, request, why }
    }
}

pub(super) fn print_document(document: &Document<'_>) -> Result<(), Failure> {
    let text = serde_json::to_string(document)
        .map_err(|error| Failure::doing(Exit::Io, "the document cannot be written as JSON", &error))?;
    output::print_document(&text)
}
