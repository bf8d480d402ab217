//! The commands of this repository, behind aliases in `.cargo/config.toml`: each says what it will do, does it, and ends with
//! the exit code of what failed.
#![expect(clippy::print_stderr, reason = "a command line tool talks to its user")]

mod ci;
mod conformance;
mod demo;
mod fuzz;
mod run;
mod test;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if fuzz::is_wrapper(&arguments) {
        return fuzz::rustc(&arguments);
    }
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["demo", rest @ ..] => demo::demo(rest),
        ["conformance", rest @ ..] => conformance::conformance(rest),
        ["test"] => test::test(),
        ["fuzz"] => fuzz::fuzz(),
        ["ci"] => ci::ci(),
        _ => {
            eprintln!(
                "usage: cargo demo [OPTIONS OF `innkeeper run`] | cargo test-all | cargo conformance [SUITE...] | cargo fuzz-all | cargo ci"
            );
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            eprintln!("error: {failed}");
            ExitCode::FAILURE
        }
    }
}
