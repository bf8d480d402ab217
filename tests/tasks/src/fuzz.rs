//! `cargo fuzz-all`: libFuzzer, some seconds for each target, with the toolchain that is there.
//!
//! libFuzzer learns from what an input reaches, for which the code has to count it. The flags for that are stable, but must not reach
//! build scripts and what others wrote, which would all be built anew: so cargo is given this program as the wrapper of rustc for the
//! crates of this workspace, and it adds them where a library of ours is compiled.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use crate::run::{Failed, both_outputs, cargo, root, run};

const TARGETS: [&str; 6] = ["arn", "component", "key", "manifest", "policy_json", "queue_url"];

/// How long each runs, in seconds, beside what it takes to read its corpus.
const SECONDS: u32 = 5;

/// What lets libFuzzer see which inputs reach something new.
const COUNTING: [&str; 6] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cdebug-assertions",
];

pub(crate) fn fuzz() -> Result<(), Failed> {
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    let found = Command::new(&compiler).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !found.is_ok_and(|status| status.success()) {
        eprintln!(
            "libFuzzer is not run: it needs a C++ compiler, and `{compiler}` is none (Debian: `apt-get install g++`). The corpora are \
             still replayed and mutated by `cargo test-all`."
        );
        return Ok(());
    }
    let this = std::env::current_exe().map_err(|error| Failed::because(error.to_string()))?;
    let wrapper = format!("RUSTC_WORKSPACE_WRAPPER={}", this.display());
    let cargo = cargo();
    let build = [
        &wrapper,
        &cargo,
        "test",
        "--quiet",
        "--features",
        "innkeeper-fuzz-targets/libfuzzer",
        "--test",
        "libfuzzer",
    ];
    run("env", &[&build[..], &["--no-run"]].concat())?;
    for target in TARGETS {
        eprint!("{target}: ");
        // What it finds is new each time; what is worth keeping goes into the corpus by hand.
        let found = empty_folder(&root().join("target/fuzz").join(target))?;
        let chosen = format!("INNKEEPER_FUZZ_TARGET={target}");
        let time = format!("-max_total_time={SECONDS}");
        let artifacts = format!("-artifact_prefix={found}/");
        let corpus = format!("../corpus/{target}");
        let options =
            ["--", &time, "-timeout=60", "-verbosity=0", "-print_final_stats=1", &artifacts, &found, &corpus];
        let told = both_outputs("env", &[&[chosen.as_str()], &build[..], &options[..]].concat())?;
        let runs = told.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
        let runs =
            runs.ok_or_else(|| Failed::because(format!("libFuzzer does not say what it did:\n{told}")))?;
        eprintln!("{} runs in {SECONDS} seconds, and none failed", runs.trim());
    }
    Ok(())
}

fn empty_folder(folder: &Path) -> Result<String, Failed> {
    let _ = std::fs::remove_dir_all(folder);
    let made = std::fs::create_dir_all(folder).and_then(|()| folder.canonicalize());
    made.map(|folder| folder.display().to_string()).map_err(|error| Failed::because(error.to_string()))
}

/// Whether this program was called as the wrapper of rustc, by what cargo says first.
pub(crate) fn is_wrapper(arguments: &[String]) -> bool {
    arguments.first().is_some_and(|first| Path::new(first).file_stem().is_some_and(|stem| stem == "rustc"))
}

/// Runs rustc, as cargo says, and has our libraries count.
pub(crate) fn rustc(arguments: &[String]) -> ExitCode {
    let Some((rustc, arguments)) = arguments.split_first() else { return ExitCode::from(2) };
    let is_library = value_of(arguments, "--crate-type") == Some("lib");
    let is_ours = value_of(arguments, "--crate-name").is_some_and(|name| name.starts_with("innkeeper"));
    let mut command = Command::new(rustc);
    command.args(arguments);
    if is_library && is_ours {
        command.args(COUNTING);
    }
    match command.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(status) => ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)),
        Err(error) => {
            eprintln!("error: `{rustc}`: {error}");
            ExitCode::FAILURE
        }
    }
}

fn value_of<'a>(arguments: &'a [String], option: &str) -> Option<&'a str> {
    let at = arguments.iter().position(|argument| argument == option)?;
    arguments.get(at + 1).map(String::as_str)
}
