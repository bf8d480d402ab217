//! `innkeeper replay`: holds a recorded run against what the guest does now, or against another policy.

mod again;
mod ask;

use std::path::PathBuf;

use innkeeper::Manifest;
use innkeeper_testing::recording::{ReadError, Recording};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::run::{on_fake, play};

const EXAMPLES: &str = "\
Examples:
  Does the guest, as it is built now, still do the same with the same answers?
    innkeeper run --record run.jsonl thumbnailer @request.json
    innkeeper replay run.jsonl

  What of what it asked for would another policy deny?
    innkeeper replay run.jsonl --manifest new.toml

  What would it do under that policy?
    innkeeper replay run.jsonl --manifest new.toml --run

A replay is the real host with the recorded answers in place of AWS: nothing is sent to AWS, no credentials are needed, and
the guest's clock begins where it began; so does that of a fake (--fake), which is filled at that time. Calls of functions,
handles, arguments, answers and the result are compared; random numbers are the same if the manifest gives the guest a
`wasi.random-seed`. The times in what a fake answers, as of when a message was sent, are taken for the same if they are less
than ten minutes apart: its clock runs. What the guest does beside AWS is done again: it writes to the directories that it
is granted, and names of hosts are not looked up.

A policy is asked about requests as they were recorded. Of the region and the account a recording says nothing, so that a
rule with a condition on one of them does not apply, be it an allow or a deny; and quotas are not counted.

The document of --json: {exit-code, requests, denied, allowed, differences, not-fed}. Asked of a policy, `requests` is how many
different requests were recorded, `denied` those that were allowed and would be denied, `allowed` the other way round: lists
of {operation, action, resource, reason, suggestion}; else they are null. Of a run, `differences` is a list of {kind, what,
recorded, now}, of which kind is \"new\", \"missing\", \"moved\", \"other-arguments\", \"other-answer\", \"other-body\" or
\"other-result\", and `not-fed` a list of {service, request, why}: what the recording had no answer to; else they are null.";

/// The arguments.
#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", Exit::help()))]
pub(crate) struct Args {
    /// What `innkeeper run --record` has written
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The manifest whose policy is asked about what was recorded; with --run, --fake or --input, whose guest is run
    #[arg(long, value_name = "PATH")]
    manifest: Option<PathBuf>,

    /// Run the guest again, with the recorded answers. What is done without --manifest, with `innkeeper.toml`
    #[arg(long)]
    run: bool,

    /// Run the guest again on a fake AWS that is filled from a folder, in place of the recorded answers
    #[arg(long, value_name = "DIR", num_args = 0..=1, conflicts_with = "run")]
    #[expect(clippy::option_option, reason = "how clap says that the option's value may be left out")]
    fake: Option<Option<PathBuf>>,

    /// Call the guest with this text, in place of the recorded input
    #[arg(long, value_name = "TEXT")]
    input: Option<String>,

    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Where the manifest is, if nobody says.
const MANIFEST: &str = "innkeeper.toml";

impl Args {
    pub(crate) fn run(self) -> Exit {
        self.replay().unwrap_or_else(|failure| {
            failure.print();
            failure.exit()
        })
    }

    fn replay(self) -> Result<Exit, Failure> {
        let file = &self.file;
        let failed = |error: ReadError| {
            let what =
                format!("`{}` cannot be read as a recording of `innkeeper run --record`", file.display());
            Failure::doing(Exit::Io, what, &error)
        };
        let recording = Recording::read(file).map_err(failed)?;
        let runs = self.run || self.fake.is_some() || self.input.is_some();
        if let (Some(manifest), false) = (&self.manifest, runs) {
            return ask::ask(&recording, &Manifest::load(manifest)?, self.json);
        }
        let input = match self.input {
            Some(text) => text.into_bytes(),
            None => recording.start.input.bytes().map_err(failed)?,
        };
        let manifest = self.manifest.unwrap_or_else(|| MANIFEST.into());
        let again = match self.fake {
            Some(folder) => on_fake(&recording, manifest, folder, input)?,
            None => play(&recording, file, &manifest, &input)?,
        };
        again::tell(&recording, &again, self.json)
    }
}
