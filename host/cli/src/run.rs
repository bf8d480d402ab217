//! `innkeeper run`: calls a guest, and tells what came of it.

mod again;
mod audit;
mod document;
mod input;
mod observe;
mod record;
mod report;
mod requests;
mod summary;
mod tally;
mod world;

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::CommandFactory as _;
use clap::error::ErrorKind;
use innkeeper::audit::AuditSink;
use innkeeper::{CallError, Guest, Host, Manifest};
use innkeeper_fake::Changes;
use innkeeper_testing::recording::Recorder;

pub(crate) use self::again::{Again, on_fake, play};
use self::audit::Trail;
use self::input::Input;
pub(crate) use self::observe::Observed;
use self::record::{RecordBodies, RecordTo, Recorded};
use self::report::{Called, Report, Timing};
use self::tally::Tally;
use self::world::{Fake, World};
use crate::Cli;
use crate::aws_options::AwsOptions;
use crate::compiled_cache::{self, Caching};
use crate::exit::Exit;
use crate::failure::{self, Failure};
use crate::interrupt::Interrupt;
use crate::output;
use crate::progress::{WithoutTerminal, while_waiting};

const EXAMPLES: &str = "\
Examples:
  A guest of ./innkeeper.toml, against a fake AWS that is filled from the folder `aws`:
    innkeeper run --fake aws thumbnailer '{\"bucket\": \"uploads\"}'

  The same, with what it wrote in the folder `out`:
    innkeeper run --fake aws --save out thumbnailer '{\"bucket\": \"uploads\"}'

  Against AWS, as the manifest says, and with another profile and region:
    innkeeper run thumbnailer @request.json
    innkeeper run --profile staging --region eu-west-1 thumbnailer @request.json

  Against another S3:
    innkeeper run --endpoint-url http://127.0.0.1:9000 thumbnailer - < request.json";

/// The arguments as they are given.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "innkeeper run [OPTIONS] <GUEST> [INPUT]",
    after_help = "`innkeeper run --help` has examples, the exit codes and the JSON document.",
    after_long_help = format!(
        "{EXAMPLES}\n\n{}\n\n{}\n\n{}\n\n{}",
        document::HELP,
        audit::HELP,
        record::HELP,
        Exit::help()
    ),
)]
pub(crate) struct Args {
    /// The guest: the NAME of a section `[guest.NAME]` of the manifest
    #[arg(value_name = "GUEST")]
    guest: Option<String>,

    /// What the guest is called with: the text itself, `-` for standard input, or `@FILE` for a file
    ///
    /// A plugin gets it as the argument of `run`, a command on its standard input. What it means is between you and the guest;
    /// JSON is usual. Without it the guest is called with nothing.
    #[arg(value_name = "INPUT", default_value = "", hide_default_value = true)]
    input: String,

    /// The manifest
    #[arg(long, value_name = "PATH", default_value = "innkeeper.toml")]
    manifest: PathBuf,

    /// Use a fake AWS in memory, filled from a folder (DIR/s3/BUCKET/KEY..., DIR/sqs/QUEUE.json, DIR/lambda/FUNCTION.json)
    ///
    /// Nothing is read from the environment and nothing is sent anywhere. The argument that follows is the folder. To begin with
    /// an empty AWS, give no folder: put `--fake` behind GUEST and INPUT, or before another option. A function whose file is
    /// `{"guest": "NAME"}` is that guest of the manifest, with its own policy and limits.
    #[arg(long, value_name = "DIR", num_args = 0..=1, conflicts_with_all = ["endpoint_url", "profile"])]
    #[expect(clippy::option_option, reason = "how clap says that the option's value may be left out")]
    fake: Option<Option<PathBuf>>,

    /// Write what the guest changed in the fake AWS to a folder (OUT/s3/BUCKET/KEY...)
    #[arg(long, value_name = "OUT", requires = "fake")]
    save: Option<PathBuf>,

    /// Write each decision and each call of AWS to a file, as lines of JSON; `-` for standard output
    ///
    /// Lines are appended. On standard output they come before the result.
    #[arg(long, value_name = "FILE")]
    audit: Option<PathBuf>,

    /// Write what the guest asked of AWS, what it was answered and how it ended to a file that `innkeeper replay` reads
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,

    /// Whether the bodies of the answers are kept, in the folder FILE.bodies; without them no guest that reads one can be replayed
    #[arg(long, value_enum, value_name = "WHICH", default_value_t, requires = "record")]
    record_bodies: RecordBodies,

    /// Print one JSON document with the result and all that happened, and no summary
    #[arg(long)]
    json: bool,

    /// Compile the guest anew, and do not keep the compiled code
    ///
    /// Compiled code is kept in the user's folder for caches, or in `INNKEEPER_CACHE_DIR`.
    #[arg(long)]
    no_cache: bool,

    #[command(flatten)]
    aws: AwsOptions,
}

/// The arguments, checked: one call of one guest.
struct Call {
    manifest: PathBuf,
    guest: String,
    input: Input,
    world: World,
    save: Option<PathBuf>,
    audit: Option<PathBuf>,
    record: Option<RecordTo>,
    /// Looks on, for somebody who does not want a file.
    watched: Option<Recorder>,
    caching: Caching,
    enforcement: Enforcement,
}

/// What the guest is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Enforcement {
    /// Its policy.
    Policy,
    /// Nothing: on a fake, to see what it would ask for.
    Nothing,
}

/// How the report is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// The result on standard output, a summary on standard error.
    Summary,
    /// One JSON document on standard output.
    Json,
}

impl Args {
    pub(crate) fn run(self) -> Exit {
        let started = Instant::now();
        let (format, guest) = (self.format(), self.guest.clone().unwrap_or_default());
        let report = self.resolve().and_then(|call| crate::block_on(call.run(started))?);
        match report {
            Ok(report) => print(&report, format),
            Err(failure) => print_early(failure, guest, format, started),
        }
    }

    fn format(&self) -> Format {
        if self.json { Format::Json } else { Format::Summary }
    }

    fn resolve(self) -> Result<Call, Failure> {
        let Some(guest) = self.guest.clone() else { self.exit_without_guest() };
        let world = match self.fake {
            Some(folder) => World::fake(folder, self.aws.check()?)?,
            None => World::Aws(self.aws.check()?),
        };
        Ok(Call {
            manifest: self.manifest,
            guest,
            input: Input::from_argument(self.input),
            world,
            save: self.save,
            audit: self.audit,
            record: self.record.map(|path| RecordTo::new(path, self.record_bodies)),
            watched: None,
            caching: if self.no_cache { Caching::Off } else { Caching::On },
            enforcement: Enforcement::Policy,
        })
    }

    /// Says what is missing as `clap` would, and why it may be.
    fn exit_without_guest(&self) -> ! {
        let taken = match &self.fake {
            Some(Some(folder)) => format!(
                "\n\n`{}` was taken for the folder of `--fake`; to begin with an empty AWS, put `--fake` last",
                folder.display()
            ),
            _ => String::new(),
        };
        let message = format!("the name of the guest is missing{taken}");
        let mut cli = Cli::command();
        cli.build();
        let mut run = cli.find_subcommand("run").cloned().unwrap_or(cli);
        run.error(ErrorKind::MissingRequiredArgument, message).exit()
    }
}

impl Call {
    /// Calls the guest. `Err`: it did not come to a call.
    async fn run(mut self, started: Instant) -> Result<Report, Failure> {
        let input = self.input.read()?;
        let interrupt = Interrupt::listen();
        let manifest = Manifest::load(&self.manifest)?;
        // A wrong name is told before anything is compiled or filled.
        manifest.guest(&self.guest)?;

        let manifest = match self.enforcement {
            Enforcement::Policy => manifest,
            Enforcement::Nothing => observe::permit_everything(manifest, &self.guest)?,
        };
        let tally = match self.enforcement {
            Enforcement::Policy => Tally::new(),
            Enforcement::Nothing => Tally::of_different_decisions(),
        };
        let audit = Trail::open(self.audit.clone(), tally)?;
        let fake = self.world.fill(&manifest)?;
        let engine = compiled_cache::engine(self.caching)?;
        let record = self.record.take().map(|to| to.begin(&self.guest));
        let recorder = record.as_ref().map(Recorded::recorder).or(self.watched.as_ref());
        let mut sinks = vec![audit.sink()];
        sinks.extend(recorder.map(|recorder| Arc::new(recorder.clone()) as Arc<dyn AuditSink>));
        let host = self.world.host(manifest, fake.as_ref(), recorder)?;
        let host = host.engine(engine).audit(Arc::new(sinks)).build()?;
        if let Some(fake) = &fake {
            let what = "compiling the guests that are functions";
            let resolved = while_waiting(what, WithoutTerminal::Line, fake.resolve_functions(&host));
            let resolved = interrupt.or(Box::pin(resolved)).await?;
            resolved.map_err(|error| Failure::of_function(error, &self.manifest))?;
        }
        let guest = self.ready(&host, &interrupt).await?;
        let start = record::start(&host, &self.guest, &input).await?;
        let prepare = started.elapsed();

        let called = Instant::now();
        let what = format!("running `{}`", self.guest);
        let ended = interrupt.or(while_waiting(&what, WithoutTerminal::Silence, guest.call(&input))).await;
        let run = called.elapsed();
        if let (Some(fake), Ok(_)) = (&fake, &ended) {
            let what = "waiting for functions that were invoked asynchronously";
            // With Ctrl-C the report is of what has happened until then.
            let _ = interrupt.or(while_waiting(what, WithoutTerminal::Line, Box::pin(fake.settle()))).await;
        }

        // Nothing is to happen behind the end of the audit trail.
        guest.cut_off().await;

        let mut report = Report {
            called: called_by(&host, &self.guest, fake.as_ref())?,
            guest: self.guest,
            output: None,
            failure: None,
            log: Vec::new(),
            seen: audit.tally().take(),
            changes: None,
            saved: None,
            timing: Timing { prepare, run },
        };
        report.take_ended(ended);
        if let Some(fake) = fake {
            report.take_changes(fake.changes(), self.save.as_deref());
        }
        let recorded = record.map_or(Ok(()), |record| record.write(start, &report));
        for written in [recorded, audit.finish()] {
            match written {
                // The guest's own failure comes first; this one is told all the same.
                Err(failure) if report.failure.is_some() => failure.print(),
                Err(failure) => report.failure = Some(failure),
                Ok(()) => {}
            }
        }
        Ok(report)
    }

    /// Makes the guest ready to be called, with all that can be found wrong before.
    async fn ready(&self, host: &Host, interrupt: &Interrupt) -> Result<Guest, Failure> {
        let name = &self.guest;
        let compiling = match self.caching {
            Caching::On => format!("compiling `{name}`, which is done once"),
            Caching::Off => format!("compiling `{name}`"),
        };
        let guest = while_waiting(&compiling, WithoutTerminal::Line, Box::pin(host.guest(name)));
        let guest = interrupt.or(guest).await?.map_err(|error| Failure::of_guest(error, &self.manifest))?;
        if guest.uses_aws() {
            // So that a missing profile or half a key pair is told as such, and not as an error that the guest got.
            let scope = host.scope(name)?;
            let connected =
                while_waiting("getting credentials", WithoutTerminal::Line, host.factory().s3(&scope));
            interrupt.or(connected).await??;
        }
        Ok(guest)
    }
}

fn called_by(host: &Host, guest: &str, fake: Option<&Fake>) -> Result<Called, Failure> {
    Ok(match (fake, host.scope(guest)?.endpoint()) {
        (Some(_), _) => Called::Fake,
        (None, Some(endpoint)) => Called::Endpoint(endpoint.to_string()),
        (None, None) => Called::Aws,
    })
}

impl Report {
    /// Takes what the call ended with; `Err` is Ctrl-C.
    fn take_ended(&mut self, ended: Result<innkeeper::Called, Failure>) {
        let called = match ended {
            Ok(called) => called,
            Err(interrupted) => {
                self.failure = Some(interrupted);
                return;
            }
        };
        self.log = called.log;
        match called.result {
            Ok(output) => self.output = Some(output),
            Err(error) => {
                self.failure = Some(failure::of_call(&self.guest, &error));
                if let CallError::Exit { output, .. } = error {
                    self.output = Some(output);
                }
            }
        }
    }

    /// Takes what is different in the fake AWS, and writes it to a folder.
    fn take_changes(&mut self, changes: Changes, save: Option<&Path>) {
        match save.map(|folder| world::save(&changes, folder)).transpose() {
            Ok(saved) => self.saved = saved,
            // The guest's own failure comes first; this one is told all the same.
            Err(failure) if self.failure.is_some() => failure.print(),
            Err(failure) => self.failure = Some(failure),
        }
        self.changes = Some(changes.into());
    }
}

/// Gives the report: the result on standard output, what happened on standard error.
fn print(report: &Report, format: Format) -> Exit {
    let printed = match format {
        Format::Json => print_document(report),
        Format::Summary => {
            let printed = report.output.as_deref().map_or(Ok(()), output::print_result);
            // Where both end up on one terminal, a line between them.
            let gap = if std::io::stdout().is_terminal() && report.output.is_some() { "\n" } else { "" };
            // Where standard error is closed there is nobody to tell.
            let _ = write!(anstream::stderr(), "{gap}{}", summary::render(report));
            printed
        }
    };
    if let Some(failure) = &report.failure {
        failure.print();
    }
    let exit = report.failure.as_ref().map_or(Exit::Success, Failure::exit);
    match printed {
        Ok(()) => exit,
        Err(failure) => {
            failure.print();
            if exit == Exit::Success { failure.exit() } else { exit }
        }
    }
}

fn print_document(report: &Report) -> Result<(), Failure> {
    let document = document::render(report)
        .map_err(|error| Failure::doing(Exit::Io, "the report cannot be written as JSON", &error))?;
    output::print_document(&document)
}

/// Tells why it did not come to a call.
fn print_early(failure: Failure, guest: String, format: Format, started: Instant) -> Exit {
    let exit = failure.exit();
    match format {
        Format::Summary => {
            failure.print();
            exit
        }
        Format::Json => print(&Report::without_call(guest, failure, started.elapsed()), format),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::Command;

    fn args(line: &[&str]) -> Result<Args, clap::Error> {
        let line = ["innkeeper", "run"].iter().chain(line);
        Cli::try_parse_from(line).map(|cli| match cli.command {
            Command::Run(args) => args,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn the_argument_behind_fake_is_its_folder() {
        let args = args(&["--manifest", "m.toml", "--fake", "aws", "thumbnailer", "{}"]).unwrap();
        assert_eq!(args.fake, Some(Some("aws".into())));
        assert_eq!(args.guest.as_deref(), Some("thumbnailer"));
        assert_eq!(args.input, "{}");
    }

    #[test]
    fn fake_without_a_folder_stands_last_or_before_an_option() {
        for line in [&["thumbnailer", "{}", "--fake"][..], &["--fake", "--json", "thumbnailer", "{}"]] {
            let args = args(line).unwrap();
            assert_eq!(args.fake, Some(None), "{line:?}");
            assert_eq!(args.guest.as_deref(), Some("thumbnailer"));
        }
    }

    #[test]
    fn a_fake_needs_no_endpoint_and_no_profile() {
        for option in ["--endpoint-url", "--profile"] {
            let error = args(&["--fake", "aws", option, "x", "g"]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ArgumentConflict);
        }
        assert!(args(&["--fake", "aws", "--region", "eu-west-1", "g"]).is_ok());
    }

    #[test]
    fn errors_when_something_is_saved_without_a_fake() {
        let error = args(&["--save", "out", "g"]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::MissingRequiredArgument);
    }

    #[test]
    fn standard_input_is_a_dash() {
        assert_eq!(args(&["g", "-"]).unwrap().input, "-");
        assert_eq!(args(&["g"]).unwrap().input, "");
    }
}
