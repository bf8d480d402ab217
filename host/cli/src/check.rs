//! `innkeeper check`: whether a manifest's guests could be run, and who each of them would be.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use innkeeper::aws::CallerIdentity;
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
others come to; the exit code is that of the first that failed.

The document of --json: [{guest, ok, region, account, principal, error}], where account and principal are null without
--aws, and error is null or {kind, exit-code, message, causes, help}.";

/// The arguments.
#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", Exit::help()))]
pub(crate) struct Args {
    /// The manifest
    #[arg(long, value_name = "PATH", default_value = "innkeeper.toml")]
    manifest: PathBuf,

    /// Ask AWS who each guest is: account, principal and region
    #[arg(long = "aws")]
    ask_aws: bool,

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
}

impl Args {
    pub(crate) fn run(self) -> Exit {
        let (json, path) = (self.json, self.manifest.clone());
        let checked = self.aws.check().and_then(|overrides| {
            let depth = if self.ask_aws { Depth::Aws } else { Depth::Local };
            crate::block_on(check(&path, depth, overrides))?
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
                failures.next().map_or(Exit::Success, Failure::exit)
            }
            Err(failure) => {
                failure.print();
                failure.exit()
            }
        }
    }
}

async fn check(path: &Path, depth: Depth, overrides: AwsOverrides) -> Result<Vec<Checked>, Failure> {
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
        checked.push(Checked { guest, outcome });
    }
    Ok(checked)
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

fn render(checked: &[Checked]) -> String {
    let width = checked.iter().map(|checked| checked.guest.len()).max().unwrap_or(0);
    let mut out = String::new();
    for Checked { guest, outcome } in checked {
        // Writing to a string cannot fail.
        let _ = match outcome {
            Ok(Known { region, caller: None }) => {
                writeln!(out, "{} {guest:width$}  {region}", styled(ADDED, "ok    "))
            }
            Ok(Known { region, caller: Some(caller) }) => writeln!(
                out,
                "{} {guest:width$}  {region}  {}  {}",
                styled(ADDED, "ok    "),
                styled(TITLE, visible(&caller.account)),
                visible(&caller.arn)
            ),
            Err(failure) => {
                let told = failure.to_string().replace('\n', "\n       ");
                writeln!(out, "{} {guest}\n       {told}", styled(REMOVED, "failed"))
            }
        };
    }
    let failed = checked.iter().filter(|checked| checked.outcome.is_err()).count();
    if failed > 0 {
        let _ = writeln!(out, "{}", styled(FAINT, format_args!("{failed} of {} failed", checked.len())));
    }
    out
}

fn document(checked: &[Checked]) -> Result<String, Failure> {
    let guests: Vec<_> = checked
        .iter()
        .map(|Checked { guest, outcome }| {
            let known = outcome.as_ref().ok();
            let caller = known.and_then(|known| known.caller.as_ref());
            Document {
                guest,
                ok: outcome.is_ok(),
                region: known.map(|known| known.region.as_str()),
                account: caller.map(|caller| caller.account.as_str()),
                principal: caller.map(|caller| caller.arn.as_str()),
                error: outcome.as_ref().err().map(Failure::document),
            }
        })
        .collect();
    serde_json::to_string(&guests)
        .map_err(|error| Failure::doing(Exit::Io, "the check cannot be written as JSON", &error))
}
