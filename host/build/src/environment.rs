//! The variables of this process, and which of them a Cargo that it starts may see.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a Cargo started from `build.rs`, `cargo run` or `cargo test` must not inherit from the outer one, since it is about the
/// outer one's package, its host and its compiler's wrappers.
const NOT_INHERITED: &[&str] = &[
    "OUT_DIR",
    "RUSTC",
    "RUSTC_BOOTSTRAP",
    "RUSTC_LINKER",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTDOC",
    "RUSTDOCFLAGS",
    "RUSTFLAGS",
    "TARGET",
];

/// Of the variables that begin with `CARGO`, those that say how this machine reaches its registries, and the job server.
const INHERITED_OF_CARGO: &[&str] = &[
    "CARGO_CACHE_",
    "CARGO_HOME",
    "CARGO_HTTP_",
    "CARGO_MAKEFLAGS",
    "CARGO_NET_",
    "CARGO_REGISTR",
    "CARGO_TERM_",
];

/// A process's variables, and where its machine keeps a Rust of its own.
pub(crate) struct Environment {
    variables: BTreeMap<OsString, OsString>,
    /// The compiler that the distribution installs.
    pub(crate) system_rustc: PathBuf,
}

impl Environment {
    /// That of this process.
    pub(crate) fn of_process() -> Self {
        Self { variables: env::vars_os().collect(), system_rustc: PathBuf::from("/usr/bin/rustc") }
    }

    /// A made-up one.
    #[cfg(test)]
    pub(crate) fn of(variables: &[(&str, &OsStr)], system_rustc: &Path) -> Self {
        let variables = variables.iter().map(|(name, value)| (name.into(), (*value).to_owned())).collect();
        Self { variables, system_rustc: system_rustc.to_owned() }
    }

    /// The value of a variable that is set and not empty.
    pub(crate) fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// The path of a program on `PATH`, or `None`.
    pub(crate) fn find(&self, program: impl AsRef<OsStr>) -> Option<PathBuf> {
        let folder = env::current_dir().unwrap_or_default();
        which::which_in(program, self.variable("PATH"), folder).ok()
    }

    /// A program that a variable names, or else the one on `PATH`.
    pub(crate) fn named_or_found(&self, variable: &str, program: &str) -> Option<PathBuf> {
        match self.variable(variable) {
            Some(named) => self.find(named),
            None => self.find(program),
        }
    }

    /// A command that runs in `folder` with what an inner Cargo or compiler may see of these variables.
    pub(crate) fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(folder)
            .env_clear()
            .envs(self.variables.iter().filter(|(name, _)| inherited(name)));
        command
    }
}

fn inherited(name: &OsStr) -> bool {
    // A name that is not text is none of Cargo's.
    let Some(name) = name.to_str() else { return true };
    if name.starts_with("CARGO") || name.starts_with("__CARGO") {
        INHERITED_OF_CARGO.iter().any(|prefix| name.starts_with(prefix))
    } else {
        !NOT_INHERITED.contains(&name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inner_cargo_sees_the_registries_but_not_the_outer_build() {
        for name in
            ["PATH", "HOME", "RUSTUP_TOOLCHAIN", "CARGO_HOME", "CARGO_REGISTRIES_X_INDEX", "CARGO_HTTP_PROXY"]
        {
            assert!(inherited(OsStr::new(name)), "{name}");
        }
        for name in [
            "CARGO",
            "CARGO_BUILD_TARGET",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_MANIFEST_DIR",
            "CARGO_PKG_NAME",
            "CARGO_PROFILE_RELEASE_LTO",
            "CARGO_TARGET_DIR",
            "RUSTC",
            "RUSTC_WRAPPER",
            "RUSTFLAGS",
            "__CARGO_TEST",
        ] {
            assert!(!inherited(OsStr::new(name)), "{name}");
        }
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let environment = Environment::of(&[("RUSTC", OsStr::new(""))], Path::new("/none"));
        assert_eq!(environment.variable("RUSTC"), None);
    }
}
