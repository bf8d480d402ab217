//! `innkeeper policy who`: which guests may do something.

use std::fmt::Write as _;
use std::path::PathBuf;

use innkeeper::Manifest;
use serde::Serialize;

use super::question::{self, Place, Question};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::style::{ADDED, FAINT, styled};
use crate::text::visible;

const EXAMPLES: &str = "\
Examples:
    innkeeper policy who s3:DeleteObject arn:aws:s3:::uploads/incoming/a.jpg
    innkeeper policy who s3:ListBucket arn:aws:s3:::uploads --context s3:prefix=incoming/

A line for each guest that may: its name, and the rule that allows it. A guest of which a condition does not hold for what
is given with --context stands below, with the condition: it may, if that holds.

The document of --json: [{guest, decision, rule, unmet}], with the guests that may (`allow`) and those that might, if the
conditions `unmet` held (`deny`). The exit code is 0 also if no guest may.";

/// The arguments.
#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", Exit::help()))]
pub(super) struct Args {
    /// The IAM action, such as `s3:GetObject`
    #[arg(value_name = "ACTION")]
    action: String,

    /// The ARN of what it is done on; `*` for an action that is about no resource in particular, as `sqs:ListQueues`
    #[arg(value_name = "RESOURCE")]
    resource: String,

    /// The value of a condition key: `s3:prefix=incoming/`
    #[arg(long, value_name = "KEY=VALUE", value_parser = question::context)]
    context: Vec<(String, String)>,

    /// Print one JSON document
    #[arg(long)]
    json: bool,

    /// The manifest
    #[arg(long, value_name = "PATH", default_value = "innkeeper.toml")]
    manifest: PathBuf,
}

/// A guest that may, or that might.
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the keys of the document")]
struct Guest<'a> {
    guest: &'a str,
    decision: &'static str,
    /// The rule that allows it, or would.
    rule: String,
    /// Of a guest that might: the conditions that do not hold.
    unmet: Vec<String>,
}

impl Args {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let manifest = Manifest::load(&self.manifest)?;
        let question = Question::new(&self.action, &self.resource, self.context)
            .map_err(|wrong| Failure::new(Exit::Usage, wrong.to_string()))?;
        let mut guests = Vec::new();
        for name in manifest.guest_names() {
            guests.extend(guest(name, &question, &manifest)?);
        }
        if self.json {
            let document = serde_json::to_string(&guests)
                .map_err(|error| Failure::doing(Exit::Io, "the guests cannot be written as JSON", &error))?;
            output::print_document(&document)?;
        } else {
            output::print_text(&render(&guests))?;
        }
        Ok(Exit::Success)
    }
}

fn guest<'a>(name: &'a str, question: &Question, manifest: &Manifest) -> Result<Option<Guest<'a>>, Failure> {
    let section = manifest.guest(name)?;
    let place = Place::of(manifest, section);
    let Some(answer) = question.ask(&section.policy, place) else { return Ok(None) };
    let is_denied = answer.rules().iter().any(|rule| rule.effect == "deny" && rule.unmet.is_none());
    let allowing = || answer.rules().iter().filter(|rule| rule.effect == "allow");
    let applying = allowing().find(|rule| rule.unmet.is_none());
    Ok(match (applying, allowing().next()) {
        _ if is_denied => None,
        (Some(rule), _) => {
            Some(Guest { guest: name, decision: "allow", rule: rule.location.clone(), unmet: Vec::new() })
        }
        (None, Some(rule)) => Some(Guest {
            guest: name,
            decision: "deny",
            rule: rule.location.clone(),
            unmet: allowing().filter_map(|rule| rule.unmet.clone()).collect(),
        }),
        (None, None) => None,
    })
}

fn render(guests: &[Guest<'_>]) -> String {
    let width = guests.iter().map(|guest| guest.guest.len()).max().unwrap_or(0);
    let mut out = String::new();
    // Writing to a string cannot fail.
    for guest in guests.iter().filter(|guest| guest.unmet.is_empty()) {
        let _ = writeln!(
            out,
            "{}  allow at {}",
            styled(ADDED, format_args!("{:width$}", guest.guest)),
            visible(&guest.rule)
        );
    }
    for guest in guests.iter().filter(|guest| !guest.unmet.is_empty()) {
        let conditions = guest.unmet.join(", or ");
        let _ = writeln!(
            out,
            "{:width$}  {}",
            guest.guest,
            styled(
                FAINT,
                format_args!("allow at {}, if {} held", visible(&guest.rule), visible(&conditions))
            )
        );
    }
    out
}
