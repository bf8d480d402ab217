//! Guest projects to WebAssembly components.
//!
//! A Rust guest is a Cargo package with a `cdylib` library, or with binaries that are `#![no_main]`. [`build`] compiles it
//! to core modules with the user's own Cargo, and makes each of them a component:
//!
//! ```no_run
//! use std::path::Path;
//!
//! # fn main() -> Result<(), innkeeper_build::Error> {
//! let options = innkeeper_build::Options::default();
//! let guests = innkeeper_build::build(Path::new("guests/thumbnailer"), &options, &mut |event| eprintln!("{event}"))?;
//! for guest in &guests {
//!     println!("{}: {} bytes in {}", guest.name, guest.size, guest.path.display());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Where the compiler comes from
//!
//! A Rust installation seldom has the standard library for WebAssembly. [`build`] takes the first of these that works, and
//! says in [`Error::NoToolchain`] what was wrong with each if none does:
//!
//! 1. [`ToolchainSource::InUse`]: the `rustc` in use has the target already.
//! 2. [`ToolchainSource::Rustup`]: rustup adds the target to it.
//! 3. [`ToolchainSource::Installed`]: that `rustc` or `/usr/bin/rustc` comes with the target, or with the source of its
//!    standard library, which is then compiled along with the guest.
//! 4. [`ToolchainSource::Debian`]: Debian's own Rust, with its source, is downloaded with `apt-get` and unpacked into a folder
//!    of the project. Nothing is installed, and no root is needed.
//!
//! Only the second and the last reach for the network, and [`Network::Offline`] skips them.
//!
//! # From a build script
//!
//! [`build`] may be called from a `build.rs`. It compiles into a target directory of its own, so it does not wait for the lock
//! that the outer Cargo holds, and the outer Cargo's variables (`RUSTFLAGS`, `CARGO_TARGET_DIR`, the wrappers and so on) do not
//! reach the inner one. [`Artifact::inputs`] is what to name in `cargo::rerun-if-changed`.

mod artifact;
mod cargo;
mod component;
mod environment;
mod error;
mod event;
mod options;
mod process;
mod project;
mod toolchain;

use std::path::Path;

pub use artifact::{Artifact, ArtifactKind, Freshness};
pub use component::{ComponentError, component};
pub use error::Error;
pub use event::Event;
pub use options::{Color, Features, Guests, Lockfile, Network, Options, Target};
pub use toolchain::{Reason, StandardLibrary, Toolchain, ToolchainSource, Unavailable};

use environment::Environment;
use project::Project;

/// Builds the guests of one Cargo package, all in one run of Cargo, and returns them in the order of their names.
///
/// `package` is the package's folder, or its `Cargo.toml`. `progress` is told what happens as it happens; each [`Event`]
/// displays as one line for a person. What is up to date is not compiled again, and a component that would come out the same
/// is left as it is.
///
/// # Errors
///
/// [`Error`] has a case for each thing that can be wrong with the package, the machine and the code.
pub fn build(
    package: &Path,
    options: &Options,
    progress: &mut dyn FnMut(&Event<'_>),
) -> Result<Vec<Artifact>, Error> {
    let environment = Environment::of_process();
    let project = Project::open(package, options, &environment)?;
    let selected = project.select(&options.guests)?;
    let toolchain = toolchain::resolve(&project, options, &environment, progress)?;
    progress(&Event::Compiling { package: &project.name, toolchain: &toolchain });
    let modules = cargo::build(&project, &selected, &toolchain, options, &environment, progress)?;
    let mut artifacts = Vec::with_capacity(modules.len());
    for module in modules {
        let artifact = artifact::write(&module, &project)?;
        progress(&Event::Built(&artifact));
        artifacts.push(artifact);
    }
    artifacts.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(artifacts)
}
