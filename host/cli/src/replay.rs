//! `innkeeper replay`: holds a recorded run against another policy, or against what the guest does now.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use innkeeper::policy::ConditionKey;
use innkeeper::{Manifest, Trigger};
use innkeeper_testing::{Difference, LineKind};
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::policy::{Answer, Question};
use crate::record::Record;
use crate::style::{ADDED, FAINT, HELP, REMOVED, TITLE, styled};
use crate::text::{count, visible};

const EXAMPLES: &str = "\
Examples:
  What of what a guest asked for would another policy deny?
    innkeeper run --record run.json thumbnailer @request.json
    innkeeper replay run.json --manifest new.toml

  Does the guest, as it is built now, still ask for the same?
    innkeeper run --fake aws --record run.json thumbnailer @request.json
    innkeeper replay run.json --fake aws

A record holds no bodies, so the guest is run again on a fake AWS that is filled from a folder, and not on the record itself.
Requests are asked about as they were recorded. A record says nothing of the time, the region and the account, so that a rule
with a condition on one of them does not apply, be it an allow or a deny; and quotas are not counted.

The document of --json: {exit-code, requests, denied, allowed, diff}. Without --fake, `requests` is how many different requests
were recorded, `denied` those that were allowed and would be denied, `allowed` the other way round: lists of {operation,
action, resource, reason, suggestion}. With --fake, `diff` is lines that begin with `-` (recorded), `+` (now), ` ` (both) or
`#` (a remark); else null.";

/// The arguments.
#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", Exit::help()))]
pub(crate) struct Args {
    /// What `innkeeper run --record` has written
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The manifest whose policy is asked, or whose guest is run
    #[arg(long, value_name = "PATH", default_value = "innkeeper.toml")]
    manifest: PathBuf,

    /// Run the guest again, on a fake AWS that is filled from a folder, and say where it differs
    #[arg(long, value_name = "DIR", num_args = 0..=1)]
    #[expect(clippy::option_option, reason = "how clap says that the option's value may be left out")]
    fake: Option<Option<PathBuf>>,

    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// A request that is answered otherwise than it was.
#[derive(Debug, Serialize)]
struct Changed<'a> {
    operation: &'a str,
    action: &'a str,
    resource: &'a str,
    reason: String,
    suggestion: Option<String>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Document<'a> {
    exit_code: u8,
    requests: usize,
    denied: Vec<Changed<'a>>,
    allowed: Vec<Changed<'a>>,
    diff: Option<Vec<String>>,
}

impl Args {
    pub(crate) fn run(self) -> Exit {
        self.replay().unwrap_or_else(|failure| {
            failure.print();
            failure.exit()
        })
    }

    fn replay(self) -> Result<Exit, Failure> {
        let record = Record::read(&self.file)?;
        match self.fake {
            Some(folder) => run_again(&record, self.manifest, folder, self.json),
            None => ask(&record, &Manifest::load(&self.manifest)?, self.json),
        }
    }
}

/// Asks the policy of a manifest about each recorded request.
fn ask(record: &Record, manifest: &Manifest, json: bool) -> Result<Exit, Failure> {
    let policy = &manifest.guest(&record.guest)?.policy;
    let mut seen = BTreeSet::new();
    let mut document = Document::default();
    for operation in &record.operations {
        for request in &operation.requests {
            // What was asked a hundred times is told once.
            if !seen.insert((&request.action, &request.resource, &request.context, request.allowed)) {
                continue;
            }
            // The record has the operation's own condition keys. What started the call is known: somebody who ran the guest.
            let mut context = request.context.clone();
            let trigger = ConditionKey::Trigger.as_str().to_owned();
            context.entry(trigger).or_insert_with(|| Trigger::Run.as_str().to_owned());
            let asked = Question::new(&request.action, &request.resource, context).map_err(|error| {
                Failure::new(Exit::Io, format!("the record has a wrong request: {error}"))
            })?;
            let answer: Answer = asked.ask(policy).ok_or_else(|| {
                Failure::new(Exit::Io, format!("the record has a wrong request: `{}`", request.resource))
            })?;
            if answer.is_allowed() == request.allowed {
                continue;
            }
            let list = if request.allowed { &mut document.denied } else { &mut document.allowed };
            list.push(Changed {
                operation: &operation.name,
                action: &request.action,
                resource: &request.resource,
                reason: answer.reason().to_owned(),
                suggestion: answer.suggestion().map(str::to_owned),
            });
        }
    }
    document.requests = seen.len();
    let exit = if document.denied.is_empty() { Exit::Success } else { Exit::Denied };
    document.exit_code = exit.code();
    if json {
        print_document(&document)?;
    } else {
        output::print_text(&render(&document, manifest.file()))?;
    }
    Ok(exit)
}

fn render(document: &Document<'_>, manifest: &str) -> String {
    let mut out = String::new();
    for (title, mark, style, list) in [
        ("Would be denied", '×', REMOVED, &document.denied),
        ("Would be allowed, and was denied", '+', ADDED, &document.allowed),
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
        count(document.requests, "request"),
        visible(manifest),
        document.denied.len(),
        document.allowed.len()
    );
    out
}

/// Runs the recorded guest again, and compares.
fn run_again(
    record: &Record,
    manifest: PathBuf,
    folder: Option<PathBuf>,
    json: bool,
) -> Result<Exit, Failure> {
    let now = record.again(manifest, folder)?;
    let (before, after) = (record.lines(), now.lines());
    let difference = (before != after).then(|| Difference::of_text(&before, &after));
    let exit = if difference.is_some() { Exit::Differs } else { Exit::Success };
    let lines = difference.as_ref().map(Difference::lines).unwrap_or_default();
    if json {
        let diff = lines.iter().map(|line| format!("{} {}", line.kind.mark(), line.text)).collect();
        print_document(&Document { exit_code: exit.code(), diff: Some(diff), ..Document::default() })?;
        return Ok(exit);
    }
    let mut out = String::new();
    for line in lines {
        let style = match line.kind {
            LineKind::Expected => REMOVED,
            LineKind::Actual => ADDED,
            LineKind::Both | LineKind::Remark => FAINT,
        };
        let _ =
            writeln!(out, "{}", styled(style, format_args!("{} {}", line.kind.mark(), visible(&line.text))));
    }
    let guest = visible(&record.guest).to_string();
    let _ = match exit {
        Exit::Success => writeln!(out, "{} `{guest}` asks for the same as recorded", styled(ADDED, "ok:")),
        _ => writeln!(out, "{} `{guest}` differs: `-` is recorded, `+` is now", styled(REMOVED, "failed:")),
    };
    output::print_text(&out)?;
    Ok(exit)
}

fn print_document(document: &Document<'_>) -> Result<(), Failure> {
    let text = serde_json::to_string(document)
        .map_err(|error| Failure::doing(Exit::Io, "the document cannot be written as JSON", &error))?;
    output::print_document(&text)
}
