//! `innkeeper build`: from a guest project to components.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;

use innkeeper_build::{Color, Error, Event, Guests, Lockfile, Network, Options};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::style::{ADDED, FAINT, styled};

const EXAMPLES: &str = "\
Examples:
  The guest project of the current folder; the component lands below its target directory:
    innkeeper build

  Another one, with the component beside its manifest:
    innkeeper build guests/rust/thumbnailer --out guests/rust/thumbnailer

  Build, and look at what came out:
    innkeeper inspect \"$(innkeeper build guests/rust/thumbnailer)\"

Standard output has the path of each component, one in a line; progress goes to standard error. A Rust toolchain for
WebAssembly is looked for, and fetched where there is none: from rustup, or from Debian without installing anything.";

/// The arguments.
#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", Exit::help()))]
pub(crate) struct Args {
    /// The project: a folder with a `Cargo.toml`
    #[arg(value_name = "DIR", default_value = ".")]
    project: PathBuf,

    /// Build only these guests of the project, by the names of their Cargo targets
    #[arg(long = "guest", value_name = "NAME")]
    guests: Vec<String>,

    /// The Cargo profile
    #[arg(long, value_name = "PROFILE", default_value = "release")]
    profile: String,

    /// Write the components to this folder, as NAME.wasm
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Download nothing
    #[arg(long)]
    offline: bool,

    /// Fail if `Cargo.lock` would have to change
    #[arg(long)]
    locked: bool,
}

impl Args {
    pub(crate) fn run(self) -> Exit {
        let options = Options {
            profile: self.profile,
            guests: if self.guests.is_empty() { Guests::All } else { Guests::Named(self.guests) },
            out_dir: self.out,
            network: if self.offline { Network::Offline } else { Network::Allowed },
            lockfile: if self.locked { Lockfile::Locked } else { Lockfile::Update },
            color: if std::io::stderr().is_terminal() { Color::Always } else { Color::Never },
            ..Options::default()
        };
        let built = innkeeper_build::build(&self.project, &options, &mut tell)
            .map_err(|error| failure(&error))
            .and_then(|artifacts| {
                artifacts
                    .iter()
                    .try_for_each(|artifact| output::print_text(&format!("{}\n", artifact.path.display())))
            });
        match built {
            Ok(()) => Exit::Success,
            Err(failure) => {
                failure.print();
                failure.exit()
            }
        }
    }
}

fn tell(event: &Event<'_>) {
    let mut stderr = anstream::stderr();
    // Where standard error is closed there is nobody to tell.
    let _ = match event {
        Event::Output { .. } => writeln!(stderr, "{event}"),
        Event::Built(_) => writeln!(stderr, "{} {event}", styled(ADDED, "innkeeper:")),
        _ => writeln!(stderr, "{} {event}", styled(FAINT, "innkeeper:")),
    };
}

fn failure(error: &Error) -> Failure {
    let failure = Failure::because(Exit::Build, error);
    match error {
        Error::NotFound { .. } | Error::NotAPackage { .. } => {
            failure.with_help("name the folder of a guest project: `innkeeper build DIR`")
        }
        // Cargo's own words have been shown as they came.
        _ => failure,
    }
}
