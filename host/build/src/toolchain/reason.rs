//! Why a source of a toolchain is of no use.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use super::ToolchainSource;
use crate::process::{Outcome, RunError};

/// A source of a toolchain that was tried in vain.
#[derive(Debug)]
pub struct Unavailable {
    /// The source.
    pub source: ToolchainSource,
    /// What was wrong with it.
    pub reason: Reason,
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.source, self.reason)
    }
}

/// What is wrong with a source of a toolchain.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// A program is not there.
    #[error("there is no `{program}`")]
    NotFound {
        /// The program.
        program: String,
    },
    /// The compiler has no standard library for the target.
    #[error("rustc {release} (`{}`) has no `{target}`", rustc.display())]
    NoTarget {
        /// The compiler.
        rustc: PathBuf,
        /// Its version.
        release: String,
        /// The target triple.
        target: &'static str,
    },
    /// Nor is there the source to compile one from.
    #[error("rustc {release} (`{}`) has neither the target nor the source of its standard library", rustc.display())]
    NoSource {
        /// The compiler.
        rustc: PathBuf,
        /// Its version.
        release: String,
    },
    /// There is a source, but of another version than the compiler, which cannot compile it.
    #[error("rustc {release} (`{}`) has the source of another version, {found}", rustc.display())]
    SourceMismatch {
        /// The compiler.
        rustc: PathBuf,
        /// Its version.
        release: String,
        /// The version of the source.
        found: String,
    },
    /// The standard library of `wasm32-wasip2` needs wasi-libc, which only comes with a compiled one.
    #[error("`wasm32-wasip2` can only be had compiled")]
    NotFromSource,
    /// There is no linker for WebAssembly.
    #[error("there is no linker for WebAssembly: neither `rust-lld` nor `wasm-ld` (in the package `lld`)")]
    NoLinker,
    /// The compiler in use does not belong to rustup.
    #[error("`{}` is no toolchain of rustup", sysroot.display())]
    NotRustups {
        /// Where the compiler in use lives.
        sysroot: PathBuf,
    },
    /// It would need the network.
    #[error("offline")]
    Offline,
    /// Debian's compiler is installed without its source, or the other way round, so that apt does not download both.
    #[error(
        "only one of `rustc-web` and `rust-web-src` is installed: apt-get install rustc-web rust-web-src"
    )]
    InstalledInPart,
    /// A program could not be started.
    #[error("cannot run `{command}`: {cause}")]
    Start {
        /// The program and its arguments.
        command: String,
        /// Why not.
        cause: io::Error,
    },
    /// A program ended with an error.
    #[error("`{command}` failed ({status})")]
    Failed {
        /// The program and its arguments.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// The end of what it wrote.
        details: String,
    },
    /// A program took too long and was killed.
    #[error("`{command}` took longer than {} s", limit.as_secs())]
    TimedOut {
        /// The program and its arguments.
        command: String,
        /// The limit.
        limit: Duration,
    },
    /// A compiler does not answer as compilers do.
    #[error("`{}` does not say its {what}", rustc.display())]
    Unintelligible {
        /// The compiler.
        rustc: PathBuf,
        /// What it was asked for.
        what: &'static str,
    },
    /// A file or folder could not be read or written.
    #[error("cannot {action} `{}`: {cause}", path.display())]
    File {
        /// What was attempted, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why it failed.
        cause: io::Error,
    },
}

impl Reason {
    pub(super) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |cause| Self::File { action, path, cause }
    }

    /// That a command did not succeed, or nothing where it did.
    pub(super) fn check(command: &str, result: Result<Outcome, RunError>) -> Result<(), Self> {
        let command = command.to_owned();
        match result {
            Ok(outcome) if outcome.status.success() => Ok(()),
            Ok(Outcome { status, details }) => Err(Self::Failed { command, status, details }),
            Err(RunError::Start(cause)) => Err(Self::Start { command, cause }),
            Err(RunError::TimedOut(limit)) => Err(Self::TimedOut { command, limit }),
        }
    }
}
