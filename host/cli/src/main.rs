//! The command line of Innkeeper: runs WebAssembly components that work with AWS and never see a key.

mod aws_options;
mod build;
mod check;
mod compiled_cache;
mod exit;
mod failure;
mod fake;
mod inspect;
mod interrupt;
mod json;
mod log;
mod output;
mod policy;
mod progress;
mod replay;
mod run;
mod style;
mod test;
mod text;

use std::future::Future;
use std::process::ExitCode;

use clap::Parser as _;

use crate::exit::Exit;
use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  Build a guest, see what it could use, and call it against a fake AWS:
    innkeeper build guests/rust/thumbnailer --out guests/rust/thumbnailer
    innkeeper inspect guests/rust/thumbnailer/thumbnailer.wasm
    cd guests/rust/thumbnailer
    innkeeper run --fake aws thumbnailer '{\"bucket\": \"uploads\", \"prefix\": \"incoming/\"}'

  See who AWS takes each guest of ./innkeeper.toml for:
    innkeeper check --aws";

/// Runs WebAssembly components that work with AWS and never see a key
#[derive(Debug, clap::Parser)]
#[command(
    name = "innkeeper",
    version,
    max_term_width = 110,
    after_long_help = format!("{EXAMPLES}\n\n{}", Exit::help())
)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    #[command(flatten)]
    log: log::Options,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Call a guest of a manifest, against AWS or against a fake
    Run(run::Args),
    /// Show what a component imports and exports, and whether it can be run here
    Inspect(inspect::Args),
    /// Run test files: call guests on fakes, and compare what comes of it with what is expected
    Test(test::Args),
    /// Hold a recorded run against what the guest does now, or against another policy
    Replay(replay::Args),
    /// Build a guest project to components
    Build(build::Args),
    /// Check a manifest and its guests, and, with --aws, who each of them is
    Check(check::Args),
    /// Be an AWS: S3, SQS, Lambda and STS on one port, in memory
    Fake(fake::Args),
    /// Say what guests may do, and why
    Policy(policy::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(failure) = cli.log.start() {
        failure.print();
        return failure.exit().into();
    }
    let exit = match cli.command {
        Command::Run(args) => args.run(),
        Command::Inspect(args) => args.run(),
        Command::Test(args) => args.run(),
        Command::Replay(args) => args.run(),
        Command::Build(args) => args.run(),
        Command::Check(args) => args.run(),
        Command::Fake(args) => args.run(),
        Command::Policy(args) => args.run(),
    };
    exit.into()
}

/// Runs a future to its end, and does not wait for what it has left behind: a compilation that nobody waits for any more.
fn block_on<F: Future>(future: F) -> Result<F::Output, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::doing(Exit::Machine, "the async runtime cannot be started", &error))?;
    let output = runtime.block_on(future);
    runtime.shutdown_background();
    Ok(output)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_documents_its_exit_codes() {
        for command in Cli::command().get_subcommands_mut() {
            let help = command.render_long_help().to_string();
            assert!(help.contains("Exit codes:") && help.contains("Examples:"), "{help}");
        }
    }
}
