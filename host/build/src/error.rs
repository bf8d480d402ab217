//! What can go wrong.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use crate::component::ComponentError;
use crate::options::Target;
use crate::toolchain::{Reason, Unavailable};

/// Why a guest was not built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is nothing at the given path.
    #[error("there is no file or folder `{}`", path.display())]
    NotFound {
        /// The path as given.
        path: PathBuf,
    },
    /// The folder is there but holds no `Cargo.toml`.
    #[error("`{}` is no Cargo package: it has no `Cargo.toml`", path.display())]
    NotAPackage {
        /// The folder.
        path: PathBuf,
    },
    /// The `Cargo.toml` is that of a workspace and describes no package.
    #[error("`{}` is a workspace and no package; name the folder of one of its members{}", path.display(), list(" (", members, ")"))]
    VirtualWorkspace {
        /// The `Cargo.toml`.
        path: PathBuf,
        /// The names of the members.
        members: Vec<String>,
    },
    /// Cargo cannot read the package. [`Error::details`] has what it says.
    #[error("cargo cannot read `{}`", path.display())]
    Manifest {
        /// The `Cargo.toml`.
        path: PathBuf,
        /// The end of what Cargo wrote.
        details: String,
    },
    /// The package has nothing that could become a component.
    #[error(
        "package `{package}` has no guest: neither a library of the type `cdylib` nor a binary; add to its `Cargo.toml`:\n[lib]\ncrate-type = [\"cdylib\"]"
    )]
    NoGuest {
        /// The package's name.
        package: String,
    },
    /// The package has no target of that name, or it is a library that is no `cdylib`.
    #[error("package `{package}` has no guest `{name}`{}", list("; it has ", available, ""))]
    UnknownGuest {
        /// The package's name.
        package: String,
        /// The name that was asked for.
        name: String,
        /// What could have been asked for.
        available: Vec<String>,
    },
    /// No way to compile for the target was found. The message says what was tried and what to install.
    #[error("{}", no_toolchain(*target, tried))]
    NoToolchain {
        /// The target.
        target: Target,
        /// What was tried, in order, and what came of it.
        tried: Vec<Unavailable>,
    },
    /// Cargo could not build the package. [`Error::details`] has what it says.
    #[error("cargo could not build package `{package}` ({status})")]
    Cargo {
        /// The package's name.
        package: String,
        /// How Cargo ended.
        status: ExitStatus,
        /// The end of what Cargo wrote, with the compiler's errors.
        details: String,
    },
    /// Cargo succeeded and compiled nothing.
    #[error(
        "cargo built no module of package `{package}`: what it has needs `required-features` that are off"
    )]
    NoModule {
        /// The package's name.
        package: String,
    },
    /// The module was compiled but cannot become a component.
    #[error("`{}` cannot become a component", path.display())]
    Component {
        /// The core module.
        path: PathBuf,
        /// Why not.
        source: ComponentError,
    },
    /// A program could not be started.
    #[error("cannot run `{program}`")]
    Program {
        /// The program.
        program: String,
        /// Why not.
        source: io::Error,
    },
    /// A file or folder could not be read or written.
    #[error("cannot {action} `{}`", path.display())]
    File {
        /// What was attempted, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

impl Error {
    /// What Cargo wrote last, where it was Cargo that failed. The same lines have been an [`Event::Output`](crate::Event::Output)
    /// each, so this is for a caller who did not show those.
    pub fn details(&self) -> Option<&str> {
        match self {
            Self::Manifest { details, .. } | Self::Cargo { details, .. } => Some(details),
            _ => None,
        }
    }
}

/// The words, quoted and separated, between `before` and `after`; nothing where there are none.
fn list(before: &str, words: &[String], after: &str) -> String {
    if words.is_empty() {
        return String::new();
    }
    let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    format!("{before}{}{after}", words.join(", "))
}

fn no_toolchain(target: Target, tried: &[Unavailable]) -> String {
    let triple = target.triple();
    let mut text = format!("no Rust toolchain here compiles for `{triple}`");
    for unavailable in tried {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {unavailable}");
        let failed =
            if let Reason::Failed { details, .. } = &unavailable.reason { details.as_str() } else { "" };
        for line in failed.lines() {
            let _ = write!(text, "\n    | {line}");
        }
    }
    let _ = write!(text, "\nany one of these mends it:\n  with rustup:      rustup target add {triple}");
    text.push_str(match target {
        Target::Wasm32UnknownUnknown => {
            "\n  Debian 12:        apt-get install rustc-web rust-web-src lld\
             \n  Debian, Ubuntu:   apt-get install rustc libstd-rust-dev-wasm32 lld\
             \n  Fedora:           dnf install rust rust-std-static-wasm32-unknown-unknown lld"
        }
        Target::Wasm32Wasip2 => "",
    });
    let _ = write!(
        text,
        "\n  macOS, others:    install rustup from https://rustup.rs, then rustup target add {triple}"
    );
    text
}
