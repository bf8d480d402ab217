//! `innkeeper policy learn`: what a guest would have to be granted, found by running it on a fake.

use std::fmt::Write as _;
use std::io::Write as _;

use clap::Parser as _;
use innkeeper::audit::Decision;
use innkeeper::policy::{
    Action, Arn, ContextText, ContextValues, Grant, Missing, Policy, Request, Resource, Service,
};
use innkeeper::{Manifest, Trigger};
use innkeeper_fake::DEFAULT_ACCOUNT_ID;
use innkeeper_testing::stand_in_account;
use similar::TextDiff;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::run::Observed;
use crate::style::{WARNING, styled};
use crate::text::visible;
use crate::{Cli, Command};

const EXAMPLES: &str = "\
Examples:
    innkeeper policy learn -- run --fake aws thumbnailer @request.json
    innkeeper policy learn -- run --fake aws thumbnailer @request.json | patch -p0

Behind `--` stands the command as it would be run. It runs on the fake AWS, where nothing is denied and nothing can be
harmed; a fake without a folder is empty. What the guest asked for and its policy does not allow is printed as a diff of the
manifest, and nothing is changed: read it, and apply what is right. Resources are named exactly; where many keys of a folder
were used there is a wildcard, and it says so. So is the account of a queue or function, if the manifest names none in [aws]:
that of the fake is nobody's on AWS. What a `deny` forbids is told on standard error, since no grant could allow it.
For a guest whose policy is an IAM policy document, the statements are printed as JSON.

A guest may ask for more when it is run with other input. The exit code is that of the run.";

/// The arguments.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "innkeeper policy learn -- run --fake [DIR] [OPTIONS] <GUEST> [INPUT]",
    after_long_help = format!("{EXAMPLES}\n\n{}", Exit::help()),
)]
pub(super) struct Args {
    /// The command: `run`, with its arguments
    #[arg(value_name = "COMMAND", last = true, required = true, num_args = 1..)]
    command: Vec<String>,
}

impl Args {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let command = Cli::try_parse_from(std::iter::once("innkeeper".to_owned()).chain(self.command));
        let Command::Run(run) = command.unwrap_or_else(|error| error.exit()).command else {
            return Err(Failure::new(Exit::Usage, "what is learnt from is a `run`")
                .with_help("`innkeeper policy learn -- run --fake aws GUEST INPUT`"));
        };
        let observed = run.observe()?;
        let section = observed.manifest.guest(&observed.guest)?;
        let stand_in = stand_in_account(&observed.manifest, DEFAULT_ACCOUNT_ID);
        let missing = missing(&section.policy.clone().with_stand_in_account(stand_in), &observed.decisions);
        for denied in &missing.denied {
            // Where standard error is closed there is nobody to tell.
            let _ = writeln!(anstream::stderr(), "{} {}", styled(WARNING, "denied:"), visible(denied));
        }
        if observed.omitted > 0 {
            let _ = writeln!(
                anstream::stderr(),
                "{} the guest asked for more different things than are looked at: {} decisions are left out",
                styled(WARNING, "warning:"),
                observed.omitted
            );
        }
        let text = match (&section.policy_document, missing.grants.is_empty()) {
            (_, true) => String::new(),
            (Some(_), false) => format!("{}\n", statements(&missing.grants)?),
            (None, false) => diff(&observed, &missing.grants)?,
        };
        output::print_text(&text)?;
        match observed.failure {
            Some(failure) => Err(failure),
            None => Ok(Exit::Success),
        }
    }
}

/// What the policy would deny of what was asked for.
fn missing(policy: &Policy, decisions: &[Decision]) -> Missing {
    let asked: Vec<(Action, Arn, ContextValues, &Decision)> = decisions
        .iter()
        .filter_map(|decision| {
            let mut context = ContextValues::default();
            for (key, value) in &decision.context {
                context.set(key, value).ok()?;
            }
            Some((Action::from_name(decision.action)?, decision.resource.parse().ok()?, context, decision))
        })
        .collect();
    let requests: Vec<Request<'_>> = asked
        .iter()
        .filter_map(|(action, arn, context, decision)| {
            let resource = Resource::from_arn(arn)?;
            let mut context = context.context();
            context.trigger = Some(Trigger::Run.as_str());
            context.current_time = Some(decision.time);
            context.resource_account = resource.account();
            let is_about_a_function =
                resource.service() == Service::Lambda && *action != Action::LambdaListFunctions;
            context.function_arn = is_about_a_function.then_some(ContextText::Arn(resource));
            Some(Request { action: *action, resource, context })
        })
        .collect();
    policy.missing(&requests)
}

/// The statements to add to a policy document.
fn statements(grants: &[Grant]) -> Result<String, Failure> {
    serde_json::to_string_pretty(grants)
        .map_err(|error| Failure::doing(Exit::Io, "the statements cannot be written as JSON", &error))
}

/// The manifest with the grants at its end, as a unified diff. A table of TOML can stand at the end whatever is before it.
fn diff(observed: &Observed, grants: &[Grant]) -> Result<String, Failure> {
    let Observed { manifest, guest, decisions, .. } = observed;
    let mut text = manifest.text().to_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    for grant in grants {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{}", grant.to_toml(guest));
    }
    check(manifest, &text, guest, decisions)?;
    let diff = TextDiff::from_lines(manifest.text(), &text);
    let file = manifest.file();
    Ok(diff.unified_diff().header(file, file).to_string())
}

/// What is proposed is a manifest, and enough.
fn check(manifest: &Manifest, text: &str, guest: &str, decisions: &[Decision]) -> Result<(), Failure> {
    let proposed = manifest.with_text(text.to_owned())?;
    let left = missing(&proposed.guest(guest)?.policy, decisions);
    if left.grants.is_empty() {
        return Ok(());
    }
    let left: String = left.grants.iter().map(|grant| grant.to_toml(guest).to_string()).collect();
    Err(Failure::new(Exit::Manifest, format!("these would have to be granted, and cannot be added:\n{left}")))
}
