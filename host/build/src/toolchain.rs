//! Finding a toolchain that compiles for WebAssembly.

mod apt;
mod debian;
mod installed;
mod reason;
mod rustup;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

pub use reason::{Reason, Unavailable};

use crate::environment::Environment;
use crate::error::Error;
use crate::event::Event;
use crate::options::{Network, Options, Target};
use crate::project::Project;
use installed::Compiler;

/// What compiles a guest.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Toolchain {
    /// Where it comes from.
    pub source: ToolchainSource,
    /// The compiler.
    pub rustc: PathBuf,
    /// The compiler's version, such as `1.95.0`.
    pub release: String,
    /// The Cargo that runs it.
    pub cargo: PathBuf,
    /// Where the standard library for the target comes from.
    pub standard_library: StandardLibrary,
    /// The linker, where the compiler cannot be left to find its own.
    pub(crate) linker: Option<PathBuf>,
    /// What the compiler needs to run.
    pub(crate) variables: Vec<(OsString, OsString)>,
}

/// Where a toolchain can come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ToolchainSource {
    /// The `rustc` in use (`RUSTC`, or that on `PATH` with `RUSTUP_TOOLCHAIN` and `rust-toolchain.toml` respected), which has the
    /// target.
    InUse,
    /// The same, after `rustup target add`.
    Rustup,
    /// The `rustc` in use or `/usr/bin/rustc`, whichever has the target or else the source of its own standard library.
    Installed,
    /// Debian's `rustc-web` with its source, unpacked in [`Options::toolchain_dir`].
    Debian,
}

impl ToolchainSource {
    /// All of them, in the order in which they are tried by default.
    pub const ALL: [Self; 4] = [Self::InUse, Self::Rustup, Self::Installed, Self::Debian];
}

impl fmt::Display for ToolchainSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InUse => "the Rust in use",
            Self::Rustup => "rustup",
            Self::Installed => "an installed Rust",
            Self::Debian => "Debian's packages",
        })
    }
}

/// Where the standard library for the target comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StandardLibrary {
    /// It came compiled.
    Precompiled,
    /// Cargo compiles it along with the guest, which takes half a minute the first time. Cargo's `-Zbuild-std`, for which the
    /// compiler is told that it may (`RUSTC_BOOTSTRAP`).
    FromSource,
}

/// The first toolchain that works.
pub(crate) fn resolve(
    project: &Project,
    options: &Options,
    environment: &Environment,
    progress: &mut dyn FnMut(&Event<'_>),
) -> Result<Toolchain, Error> {
    let mut search = Search {
        target: options.target,
        network: options.network,
        cargo: environment.named_or_found("CARGO", "cargo").unwrap_or_else(|| PathBuf::from("cargo")),
        project,
        environment,
        in_use: None,
    };
    let mut tried = Vec::new();
    for source in options.toolchains.iter().copied() {
        let found = match source {
            ToolchainSource::InUse => installed::in_use(&mut search),
            ToolchainSource::Rustup => rustup::add_target(&mut search, progress),
            ToolchainSource::Installed => installed::any(&mut search),
            ToolchainSource::Debian => debian::unpacked(&mut search, progress),
        };
        match found {
            Ok(toolchain) => return Ok(toolchain),
            Err(reason) => {
                let unavailable = Unavailable { source, reason };
                progress(&Event::Unavailable(&unavailable));
                tried.push(unavailable);
            }
        }
    }
    Err(Error::NoToolchain { target: options.target, tried })
}

/// What the sources know while they are tried.
struct Search<'a> {
    target: Target,
    network: Network,
    cargo: PathBuf,
    project: &'a Project,
    environment: &'a Environment,
    /// The compiler in use, once it has been asked.
    in_use: Option<Compiler>,
}

impl Search<'_> {
    /// The compiler in use.
    fn in_use(&mut self) -> Result<Compiler, Reason> {
        if let Some(compiler) = &self.in_use {
            return Ok(compiler.clone());
        }
        let rustc = self
            .environment
            .named_or_found("RUSTC", "rustc")
            .ok_or_else(|| Reason::NotFound { program: "rustc".to_owned() })?;
        let compiler = Compiler::ask(&rustc, Vec::new(), self.environment, &self.project.folder)?;
        self.in_use = Some(compiler.clone());
        Ok(compiler)
    }

    fn toolchain(
        &self,
        source: ToolchainSource,
        compiler: Compiler,
        standard_library: StandardLibrary,
        linker: Option<PathBuf>,
    ) -> Toolchain {
        Toolchain {
            source,
            rustc: compiler.rustc,
            release: compiler.release,
            cargo: self.cargo.clone(),
            standard_library,
            linker,
            variables: compiler.variables,
        }
    }
}
