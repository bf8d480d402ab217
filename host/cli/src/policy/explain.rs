//! `innkeeper policy explain`: whether a guest may do something, and which rules say so.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::CommandFactory as _;
use clap::error::ErrorKind;
use innkeeper::Manifest;

use super::batch;
use super::question::{self, Answer, Place, Question};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::style::{ADDED, FAINT, HELP, REMOVED, styled};
use crate::text::visible;
use crate::{Cli, output};

const EXAMPLES: &str = "\
Examples:
    innkeeper policy explain thumbnailer s3:GetObject arn:aws:s3:::uploads/incoming/a.jpg
    innkeeper policy explain thumbnailer s3:ListBucket arn:aws:s3:::uploads --context s3:prefix=incoming/
    innkeeper policy explain order-desk sqs:ListQueues '*'
    innkeeper policy explain --batch < requests.jsonl

The first word of the answer is `allow` or `deny`. Below stands every rule about the action and the resource, those that
deny first, with its place; of one that does not apply, the condition that does not hold. Condition keys that are not
given have no value, as where AWS is not told them.

The tags of objects are given as `--context s3:RequestObjectTag/team=red` (which a write sets) and `--context
s3:ExistingObjectTag/team=red` (which the object has).

For s3:ListAllMyBuckets, sqs:ListQueues and lambda:ListFunctions the resource is `*`, as in IAM: all queues or functions are
those of the region and account that the manifest names, so far as it names them.

A line of --batch: {\"guest\": \"thumbnailer\", \"action\": \"s3:GetObject\", \"resource\": \"arn:...\",
\"context\": {\"s3:prefix\": \"incoming/\"}}, of which `context` may be left out; a value may be a list. For each line
there is one of the answer, in order: {decision, rule, reason, note, suggestion, rules: [{effect, location, action,
resource, unmet}]}. An action that no operation of this host needs, and a resource of a service that no guest can be given,
are denied, as what nothing allows is in IAM, and `note` says so. A line that makes no sense (no JSON, a field missing or
malformed, no such guest) is answered with {line, error}, of which `line` is its number, from 1; the other lines are
answered all the same. --json prints the same for a single request.

The exit code of a single request is 0 for allow, 12 for deny, and 2 for one that makes no sense, which is here also an
action or a service that there is not. That of --batch is 0 whatever was decided, and 2 if a line made no sense.";

/// The arguments.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "innkeeper policy explain [OPTIONS] <GUEST> <ACTION> <RESOURCE>\n       innkeeper policy explain --batch",
    after_long_help = format!("{EXAMPLES}\n\n{}", Exit::help()),
)]
pub(super) struct Args {
    /// The guest: the NAME of a section `[guest.NAME]` of the manifest
    #[arg(value_name = "GUEST", required_unless_present = "batch")]
    guest: Option<String>,

    /// The IAM action, such as `s3:GetObject`
    #[arg(value_name = "ACTION", required_unless_present = "batch")]
    action: Option<String>,

    /// The ARN of what it is done on; `*` for an action that is about no resource in particular, as `sqs:ListQueues`
    #[arg(value_name = "RESOURCE", required_unless_present = "batch")]
    resource: Option<String>,

    /// The value of a condition key: `s3:prefix=incoming/`
    #[arg(long, value_name = "KEY=VALUE", value_parser = question::context)]
    context: Vec<(String, String)>,

    /// Read requests from standard input, one JSON object per line, and answer each with a line
    #[arg(long, conflicts_with_all = ["guest", "context", "json"])]
    batch: bool,

    /// Print one JSON document
    #[arg(long)]
    json: bool,

    /// The manifest
    #[arg(long, value_name = "PATH", default_value = "innkeeper.toml")]
    manifest: PathBuf,
}

impl Args {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let manifest = Manifest::load(&self.manifest)?;
        if self.batch {
            return batch::answer(&manifest);
        }
        let (Some(guest), Some(action), Some(resource)) = (self.guest, self.action, self.resource) else {
            let missing = "GUEST, ACTION and RESOURCE are needed, or `--batch`";
            Cli::command().error(ErrorKind::MissingRequiredArgument, missing).exit()
        };
        let section = manifest.guest(&guest)?;
        let question = Question::new(&action, &resource, self.context)
            .map_err(|wrong| Failure::new(Exit::Usage, wrong.to_string()))?;
        let Some(answer) = question.ask(&section.policy, Place::of(&manifest, section)) else {
            return Err(Failure::new(Exit::Usage, format!("`{resource}` cannot be asked about")));
        };
        if self.json {
            let document = serde_json::to_string(&answer)
                .map_err(|error| Failure::doing(Exit::Io, "the answer cannot be written as JSON", &error))?;
            output::print_document(&document)?;
        } else {
            output::print_text(&render(&guest, &action, &resource, &answer))?;
        }
        Ok(if answer.is_allowed() { Exit::Success } else { Exit::Denied })
    }
}

fn render(guest: &str, action: &str, resource: &str, answer: &Answer) -> String {
    let style = if answer.is_allowed() { ADDED } else { REMOVED };
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "{} {} on {} for `{}`: {}",
        styled(style, answer.decision()),
        visible(action),
        visible(resource),
        visible(guest),
        visible(answer.reason())
    );
    for rule in answer.rules() {
        let _ = write!(
            out,
            "  {:5} at {}: `{}` on `{}`",
            rule.effect,
            visible(&rule.location),
            visible(&rule.action),
            visible(&rule.resource)
        );
        let _ = match &rule.unmet {
            Some(unmet) => {
                writeln!(
                    out,
                    "{}",
                    styled(FAINT, format_args!(", but not here: {} does not hold", visible(unmet)))
                )
            }
            None => writeln!(out),
        };
    }
    if let Some(suggestion) = answer.suggestion() {
        let mut lines = suggestion.lines();
        let _ = writeln!(out, "{} {}", styled(HELP, "help:"), visible(lines.next().unwrap_or_default()));
        for line in lines {
            let _ = writeln!(out, "      {}", visible(line));
        }
    }
    out
}
