//! Compilers that are on the machine.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Reason, Search, StandardLibrary, Toolchain, ToolchainSource};
use crate::environment::Environment;
use crate::options::Target;
use crate::process::{self, Line};

/// rustc answers in milliseconds; the shim of a rustup that installs a missing toolchain first does not.
const ANSWER_LIMIT: Duration = Duration::from_mins(2);

/// A compiler and what it says of itself.
#[derive(Debug, Clone)]
pub(super) struct Compiler {
    pub(super) rustc: PathBuf,
    /// Its version, such as `1.95.0`.
    pub(super) release: String,
    /// The triple of the machine.
    pub(super) host: String,
    pub(super) sysroot: PathBuf,
    /// What it needs to run.
    pub(super) variables: Vec<(OsString, OsString)>,
}

impl Compiler {
    /// Asks a compiler.
    pub(super) fn ask(
        rustc: &Path,
        variables: Vec<(OsString, OsString)>,
        environment: &Environment,
        folder: &Path,
    ) -> Result<Self, Reason> {
        let ask = |arguments: &[&str]| {
            let mut command = environment.command(rustc, folder);
            command.args(arguments).envs(variables.iter().cloned());
            let mut answer = Vec::new();
            let result = process::run(&mut command, Some(ANSWER_LIMIT), &mut |line| {
                if let Line::Stdout(line) = line {
                    answer.push(line.clone());
                }
            });
            Reason::check(&format!("{} {}", rustc.display(), arguments.join(" ")), result)?;
            Ok(answer)
        };
        let version = ask(&["-vV"])?;
        let field = |name: &str, what| {
            version
                .iter()
                .find_map(|line| line.strip_prefix(name))
                .map(|value| value.trim().to_owned())
                .ok_or(Reason::Unintelligible { rustc: rustc.to_owned(), what })
        };
        let sysroot = ask(&["--print", "sysroot"])?
            .pop()
            .ok_or_else(|| Reason::Unintelligible { rustc: rustc.to_owned(), what: "sysroot" })?;
        Ok(Self {
            rustc: rustc.to_owned(),
            release: field("release:", "version")?,
            host: field("host:", "host")?,
            sysroot: PathBuf::from(sysroot),
            variables,
        })
    }

    /// Whether it has a compiled standard library for the target.
    pub(super) fn has(&self, target: Target) -> bool {
        let folder = self.sysroot.join("lib/rustlib").join(target.triple()).join("lib");
        fs::read_dir(folder).is_ok_and(|entries| {
            entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
        })
    }

    /// Whether it has the source of its own standard library.
    pub(super) fn check_source(&self) -> Result<(), Reason> {
        let (rustc, release) = (self.rustc.clone(), self.release.clone());
        let folder = self.sysroot.join("lib/rustlib/src/rust");
        if !folder.join("library/std/Cargo.toml").is_file() {
            return Err(Reason::NoSource { rustc, release });
        }
        // Debian's is a link to `/usr/src/rustc-VERSION`, from a package that can be newer or older than the compiler's.
        let real = folder.canonicalize().unwrap_or(folder);
        let name = real.file_name().unwrap_or_default().to_string_lossy();
        match name.strip_prefix("rustc-") {
            Some(found) if found != release => {
                Err(Reason::SourceMismatch { rustc, release, found: found.to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// The linker for WebAssembly that comes with rustup's toolchains.
    pub(super) fn rust_lld(&self) -> Option<PathBuf> {
        let file = format!("rust-lld{}", std::env::consts::EXE_SUFFIX);
        let path = self.sysroot.join("lib/rustlib").join(&self.host).join("bin").join(file);
        path.is_file().then_some(path)
    }
}

/// The compiler in use, which needs nothing more.
pub(super) fn in_use(search: &mut Search<'_>) -> Result<Toolchain, Reason> {
    let compiler = search.in_use()?;
    if compiler.has(search.target) {
        let linker = if compiler.rust_lld().is_some() { None } else { linker(search) };
        return Ok(search.toolchain(ToolchainSource::InUse, compiler, StandardLibrary::Precompiled, linker));
    }
    Err(Reason::NoTarget { rustc: compiler.rustc, release: compiler.release, target: search.target.triple() })
}

/// The compiler in use or the distribution's, with the target or with source.
pub(super) fn any(search: &mut Search<'_>) -> Result<Toolchain, Reason> {
    let system = search.environment.system_rustc.clone();
    let mut compilers: Vec<_> = search.in_use().into_iter().collect();
    if system.is_file() && compilers.iter().all(|compiler| compiler.rustc != system) {
        let folder = &search.project.folder;
        compilers.push(Compiler::ask(&system, Vec::new(), search.environment, folder)?);
    }
    let source = ToolchainSource::Installed;
    if let Some(compiler) = compilers.iter().find(|compiler| compiler.has(search.target)) {
        let linker = linker(search);
        return Ok(search.toolchain(source, compiler.clone(), StandardLibrary::Precompiled, linker));
    }
    if search.target == Target::Wasm32Wasip2 {
        return Err(Reason::NotFromSource);
    }
    let mut reason = Reason::NotFound { program: "rustc".to_owned() };
    for compiler in compilers {
        match compiler.check_source() {
            Ok(()) => {
                let linker = linker(search).ok_or(Reason::NoLinker)?;
                return Ok(search.toolchain(source, compiler, StandardLibrary::FromSource, Some(linker)));
            }
            Err(error) => reason = error,
        }
    }
    Err(reason)
}

/// A linker for WebAssembly: that of the compiler in use, or one on `PATH`.
pub(super) fn linker(search: &mut Search<'_>) -> Option<PathBuf> {
    search
        .in_use()
        .ok()
        .and_then(|compiler| compiler.rust_lld())
        .or_else(|| search.environment.find("rust-lld"))
        .or_else(|| search.environment.find("wasm-ld"))
}
