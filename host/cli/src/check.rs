//! `innkeeper check`: whether a manifest's guests could be run, what is wrong with their policies, and who each of them would be.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use innkeeper::aws::CallerIdentity;
use innkeeper::manifest::Finding;
use innkeeper::{Host, Manifest};
use serde::Serialize;

use crate::aws_options::{AwsOptions, AwsOverrides};
use crate::compiled_cache::{self, Caching};
use crate::exit::Exit;
use crate::failure::{Failure, FailureDocument};
use crate::interrupt::Interrupt;
use crate::output;
use crate::progress::{WithoutTerminal, while_waiting};
use crate::style::{ADDED, FAINT, REMOVED, TITLE, styled};
use crate::text::visible;

const EXAMPLES: &str = "\
Examples:
  Whether the manifest and the components of its guests are sound:
    innkeeper check

  And who AWS takes each guest for:
    innkeeper check --aws
    innkeeper check --aws --profile staging

Without --aws nothing is sent. With it, credentials are loaded (roles are assumed, where the manifest names some) and
STS is asked GetCallerIdentity, which needs no permission and changes nothing. All guests are checked, whatever the
others come to; the exit code is that of the first that failed, or 3 where something was found.

The document of --json: [{guest, ok, region, account, principal, error, findings}], where account and principal are null
without --aws, error is null or {kind, exit-code, message, causes, help}, and findings is a list of {kind, message,
location}, of which location is null for what is about the component. `ok`: there is no error and nothing was found.";

/// The section of `--help` about what is found.
fn kinds() -> String {
    let mut text = "What is found in a guest's section, and can be allowed with --allow KIND:".to_owned();
    for (kind, meaning) in Finding::KINDS {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {kind:17}  {meaning}");
    }
    text
}

/// The arguments.
#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}\n\n{}", kinds(), Exit::help()))]
pub(crate) struct Args {
    /// The manifest
    #[arg(long, value_name = "PATH", default_value = "innkeeper.toml")]
    manifest: PathBuf,

    /// Ask AWS who each guest is: account, principal and region
    #[arg(long = "aws")]
    ask_aws: bool,

    /// A kind of finding that is no failure; can be given more than once
    #[arg(long, value_name = "KIND", value_parser = Finding::KINDS.iter().map(|(kind, _)| *kind).collect::<Vec<_>>())]
    allow: Vec<String>,

    /// Print one JSON document
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    aws: AwsOptions,
}

/// How far the check goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    /// What can be known without asking anyone.
    Local,
    /// And who AWS takes each guest for.
    Aws,
}

/// What is known of a guest.
struct Checked {
    guest: String,
    outcome: Result<Known, Failure>,
    findings: Vec<Finding>,
}

struct Known {
    region: String,
    caller: Option<CallerIdentity>,
}

#[derive(Serialize)]
struct Document<'a> {
    guest: &'a str,
    ok: bool,
    region: Option<&'a str>,
    account: Option<&'a str>,
    principal: Option<&'a str>,
    error: Option<FailureDocument>,
    findings: Vec<FindingDocument<'a>>,
}

#[derive(Serialize)]
struct FindingDocument<'a> {
    kind: &'a str,
    message: &'a str,
    location: Option<String>,
}

impl Args {
    pub(crate) fn run(self) -> Exit {
        let (json, path) = (self.json, self.manifest.clone());
        let checked = self.aws.check().and_then(|overrides| {
            let depth = if self.ask_aws { Depth::Aws } else { Depth::Local };
            crate::block_on(check(&path, depth, &self.allow, overrides))?
        });
        let shown = checked.and_then(|checked| {
            if json {
                output::print_document(&document(&checked)?)?;
            } else {
                output::print_text(&render(&checked))?;
            }
            Ok(checked)
        });
        match shown {
            Ok(checked) => {
                let mut failures = checked.iter().filter_map(|checked| checked.outcome.as_ref().err());
                let found = if checked.iter().all(Checked::is_ok) { Exit::Success } else { Exit::Manifest };
                failures.next().map_or(found, Failure::exit)
            }
            Err(failure) => {
                failure.print();
                failure.exit()
            }
        }
    }
}

async fn check(
    path: &Path,
    depth: Depth,
    allowed: &[String],
    overrides: AwsOverrides,
) -> Result<Vec<Checked>, Failure> {
    let interrupt = Interrupt::listen();
    let manifest = Manifest::load(path)?;
    let names: Vec<String> = manifest.guest_names().map(str::to_owned).collect();
    if names.is_empty() {
        return Err(Failure::new(Exit::Manifest, format!("`{}` has no guest", path.display()))
            .with_help("a guest is a section `[guest.NAME]`"));
    }
    let engine = compiled_cache::engine(Caching::On)?;
    let host = overrides.apply(Host::builder(manifest)).engine(engine).build()?;
    let mut checked = Vec::with_capacity(names.len());
    for guest in names {
        let what = format!("checking `{guest}`");
        let outcome =
            while_waiting(&what, WithoutTerminal::Silence, Box::pin(check_guest(&host, &guest, path, depth)));
        let outcome = interrupt.or(outcome).await?;
        let findings = findings(&host, &guest, allowed)?;
        checked.push(Checked { guest, outcome, findings });
    }
    Ok(checked)
}

/// What is found in a guest's section. A component that cannot be read is its guest's failure, and says nothing here.
fn findings(host: &Host, guest: &str, allowed: &[String]) -> Result<Vec<Finding>, Failure> {
    let section = host.manifest().guest(guest)?;
    let mut findings = section.review(SystemTime::now());
    if let Ok(inspection) = host.inspect(guest) {
        findings.extend(section.review_imports(&inspection));
    }
    findings.retain(|finding| !allowed.iter().any(|kind| kind == finding.kind));
    Ok(findings)
}

async fn check_guest(host: &Host, guest: &str, manifest: &Path, depth: Depth) -> Result<Known, Failure> {
    host.guest(guest).await.map_err(|error| Failure::of_guest(error, manifest))?;
    let scope = host.scope(guest)?;
    match depth {
        Depth::Local => Ok(Known { region: host.factory().region(&scope).await?.to_string(), caller: None }),
        Depth::Aws => {
            let caller = host.factory().caller_identity(&scope).await?;
            Ok(Known { region: caller.region.to_string(), caller: Some(caller) })
        }
    }
}

impl Checked {
    fn is_ok(&self) -> bool {
        self.outcome.is_ok() && self.findings.is_empty()
    }
}

fn render(checked: &[Checked]) -> String {
    let width = checked.iter().map(|checked| checked.guest.len()).max().unwrap_or(0);
    let mut out = String::new();
    for checked in checked {
        let Checked { guest, outcome, findings } = checked;
        let status = if findings.is_empty() { styled(ADDED, "ok    ") } else { styled(REMOVED, "found ") };
        // Writing to a string cannot fail.
        let _ = match outcome {
            Ok(Known { region, caller: None }) => {
                writeln!(out, "{status} {guest:width$}  {region}")
            }
            Ok(Known { region, caller: Some(caller) }) => writeln!(
                out,
                "{status} {guest:width$}  {region}  {}  {}",
                styled(TITLE, visible(&caller.account)),
                visible(&caller.arn)
            ),
            Err(failure) => {
                let told = failure.to_string().replace('\n', "\n       ");
                writeln!(out, "{} {guest}\n       {told}", styled(REMOVED, "failed"))
            }
        };
        for Finding { kind, message, location } in findings {
            let place = location.as_ref().map(|location| format!("{location}: ")).unwrap_or_default();
            let mut lines = message.lines();
            let first = lines.next().unwrap_or_default();
            let _ = writeln!(
                out,
                "       {}{} {}",
                visible(&place),
                visible(first),
                styled(FAINT, format_args!("({kind})"))
            );
            for line in lines {
                let _ = writeln!(out, "         {}", visible(line));
            }
        }
    }
    let failed = checked.iter().filter(|checked| !checked.is_ok()).count();
    if failed > 0 {
        let _ = writeln!(out, "{}", styled(FAINT, format_args!("{failed} of {} failed", checked.len())));
    }
    out
}

fn document(checked: &[Checked]) -> Result<String, Failure> {
    let guests: Vec<_> = checked
        .iter()
        .map(|checked| {
            let Checked { guest, outcome, findings } = checked;
            let known = outcome.as_ref().ok();
            let caller = known.and_then(|known| known.caller.as_ref());
            Document {
                guest,
                ok: checked.is_ok(),
                region: known.map(|known| known.region.as_str()),
                account: caller.map(|caller| caller.account.as_str()),
                principal: caller.map(|caller| caller.arn.as_str()),
                error: outcome.as_ref().err().map(Failure::document),
                findings: findings
                    .iter()
                    .map(|Finding { kind, message, location }| FindingDocument {
                        kind,
                        message,
                        location: location.as_ref().map(ToString::to_string),
                    })
                    .collect(),
            }
        })
        .collect();
    serde_json::to_string(&guests)
        .map_err(|error| Failure::doing(Exit::Io, "the check cannot be written as JSON", &error))
}
