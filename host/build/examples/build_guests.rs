//! Builds the guests of a package: `cargo run -p innkeeper-build --example build_guests -- FOLDER [PROFILE]`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example is a program")]

use std::path::Path;
use std::process::ExitCode;

use innkeeper_build::{Options, build};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(folder) = arguments.next() else {
        eprintln!("usage: build_guests FOLDER [PROFILE]");
        return ExitCode::from(2);
    };
    let mut options = Options::default();
    if let Some(profile) = arguments.next() {
        options.profile = profile;
    }
    match build(Path::new(&folder), &options, &mut |event| eprintln!("{event}")) {
        Ok(guests) => {
            for guest in guests {
                println!("{}", guest.path.display());
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            let mut source = std::error::Error::source(&error);
            while let Some(cause) = source {
                eprintln!("  because {cause}");
                source = cause.source();
            }
            ExitCode::FAILURE
        }
    }
}
