//! `innkeeper test`: files of cases, each a call of a guest on a fake AWS of its own, and what has to come of it.

mod case;
mod content;
mod document;
mod expect;
mod file;
mod junit;
mod message;
mod report;
mod runner;
mod seed;
mod snapshot;

use std::path::PathBuf;
use std::time::Instant;

use self::case::Case;
use self::file::TestFile;
use self::report::Report;
use crate::compiled_cache::{self, Caching};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;

const EXAMPLES: &str = "\
Examples:
  All cases of a file:
    innkeeper test tests.toml

  The cases of all examples with `denied` in their names, and a file for the CI's page of results:
    innkeeper test --filter denied --junit target/junit.xml guests/*/*/tests.toml

  Take what the guests return now for what is expected from now on, where a file says `snapshot = \"FILE\"`:
    innkeeper test --accept tests.toml";

/// The arguments.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "`innkeeper test --help` has examples, all keys of a test file, the exit codes and the JSON document.",
    after_long_help = format!("{EXAMPLES}\n\n{}\n\n{}\n\n{}", file::HELP, document::HELP, Exit::help()),
)]
pub(crate) struct Args {
    /// The test files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Run only the cases in whose names this text occurs
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,

    /// Write the snapshots that differ or are missing, in place of failing
    ///
    /// They are written once all cases have run. A case that fails for another reason has none accepted, and two cases that want
    /// different things of one file both fail.
    #[arg(long)]
    accept: bool,

    /// Print one JSON document with all that happened, and no report
    #[arg(long)]
    json: bool,

    /// Write a report in JUnit's XML to a file
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// How many cases run at the same time; as many as there are processors, if not given
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,

    /// Compile the guests anew, and do not keep the compiled code
    #[arg(long)]
    no_cache: bool,
}

/// What is done with a snapshot that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Snapshots {
    /// The case fails.
    Compare,
    /// It is written anew, once all cases have run.
    Accept,
}

impl Args {
    pub(crate) fn run(self) -> Exit {
        let started = Instant::now();
        let report = self.report(started);
        let printed = match (&report, self.json) {
            (Ok(report), true) => document::print(report),
            (Ok(report), false) => output::print_text(&report::render(report)),
            (Err(failures), true) => document::print_failures(failures, started.elapsed()),
            (Err(failures), false) => {
                failures.iter().for_each(Failure::print);
                Ok(())
            }
        };
        let exit = match &report {
            Ok(report) => report.exit(),
            Err(failures) => failures.first().map_or(Exit::TestFile, Failure::exit),
        };
        let written = match (&report, &self.junit) {
            (Ok(report), Some(path)) => junit::write(report, path),
            _ => Ok(()),
        };
        for failure in [printed, written].into_iter().filter_map(Result::err) {
            failure.print();
            if exit == Exit::Success {
                return failure.exit();
            }
        }
        exit
    }

    /// Runs the cases. `Err`: it did not come to that, since something is wrong with a file or its manifest.
    fn report(&self, started: Instant) -> Result<Report, Vec<Failure>> {
        let mut files = Vec::new();
        let mut failures = Vec::new();
        for path in &self.files {
            match TestFile::load(path) {
                Ok(file) => files.push(file),
                Err(failure) => failures.push(failure),
            }
        }
        // So that all that is wrong is told at once, and before anything runs.
        if !failures.is_empty() {
            return Err(failures);
        }
        let total: usize = files.iter().map(|file| file.cases.len()).sum();
        let chosen: Vec<(&TestFile, &Case)> = files
            .iter()
            .flat_map(|file| file.cases.iter().map(move |case| (file, case)))
            .filter(|(_, case)| self.filter.as_ref().is_none_or(|text| case.name.contains(text.as_str())))
            .collect();
        if chosen.is_empty() {
            let text = self.filter.as_deref().unwrap_or_default();
            return Err(vec![
                Failure::new(Exit::Usage, format!("no case has `{text}` in its name"))
                    .with_help("`--filter` looks for the text as it is, with upper and lower case"),
            ]);
        }
        let caching = if self.no_cache { Caching::Off } else { Caching::On };
        let engine = compiled_cache::engine(caching).map_err(|failure| vec![failure])?.keeping_components();
        let snapshots = if self.accept { Snapshots::Accept } else { Snapshots::Compare };
        let jobs = self.jobs.map(usize::from);
        let cases = runner::run(&chosen, &engine, snapshots, jobs);
        Ok(Report { left_out: total - cases.len(), cases, elapsed: started.elapsed() })
    }
}
