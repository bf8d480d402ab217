//! What of WASI a guest has: what its manifest grants, and nothing else.
//!
//! Without a grant there are clocks, in steps of a millisecond, random numbers, and the standard streams; no environment, no
//! arguments, no directory, no network. Sockets are never granted: what a guest may reach of the network is named by host and method,
//! and a socket has neither.

mod budget;
mod clocks;
mod error;
mod file_output;
mod files;
pub(crate) mod http;
mod io_error;
mod preopens;
mod random;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cap_std::fs::Dir as CapDir;
use wasmtime::component::Linker;
use wasmtime_wasi::filesystem::Dir;
use wasmtime_wasi::{FsPerms, OpenMode, WasiCtx, WasiCtxBuilder};

use self::budget::Budget;
use self::clocks::{MonotonicClock, WallClock};
pub use self::error::WasiError;
pub(crate) use self::files::{Budgets, Files};
use self::http::HttpGrant;
pub(crate) use self::io_error::Errors;
pub(crate) use self::preopens::{Preopen, Preopens};
use self::random::Seeded;
use crate::manifest::wasi::{Access, Variable, WasiSection};
use crate::state::State;

/// What a guest is granted, with its directories open and its variables read.
#[derive(Clone)]
pub(crate) struct Wasi {
    environment: Vec<(String, String)>,
    arguments: Vec<String>,
    directories: Arc<[Preopen]>,
    clock_resolution: Duration,
    random_seed: Option<u64>,
    pub(crate) http: Arc<[HttpGrant]>,
}

/// Where variables that are inherited come from.
#[derive(Clone, Debug, Default)]
pub(crate) enum Environment {
    /// The process's own.
    #[default]
    Process,
    /// These, and no others.
    Fixed(Arc<BTreeMap<String, String>>),
}

impl Wasi {
    /// Opens and reads what a section grants; its directories are below `folder`.
    pub(crate) fn open(
        section: &WasiSection,
        folder: &CapDir,
        environment: &Environment,
    ) -> Result<Self, Box<WasiError>> {
        let environment: Result<Vec<_>, WasiError> = section
            .environment
            .iter()
            .map(|(name, variable)| Ok((name.clone(), environment.value_of(name, variable)?)))
            .collect();
        let directories: Result<Arc<[_]>, WasiError> = section
            .directories
            .iter()
            .map(|directory| {
                let refused = |source| WasiError::Directory {
                    path: directory.path.clone(),
                    location: directory.location.clone(),
                    source,
                };
                let opened = folder.open_dir(&directory.path).map_err(refused)?;
                let (permissions, mode, budget) = match directory.access {
                    Access::ReadOnly => (FsPerms::ReadOnly, OpenMode::READ, None),
                    Access::ReadWrite => {
                        let budget = Budget::new(opened.try_clone().map_err(refused)?, directory.max_bytes);
                        (FsPerms::ReadWrite, OpenMode::READ | OpenMode::WRITE, Some(Arc::new(budget)))
                    }
                };
                // A slow disk must not hold up the guests that share the thread.
                let dir = Dir::new(opened.into_std_file(), permissions, mode, false);
                Ok(Preopen { dir, name: directory.name.clone(), budget })
            })
            .collect();
        Ok(Self {
            environment: environment?,
            arguments: section.arguments.clone(),
            directories: directories?,
            clock_resolution: section.clock_resolution,
            random_seed: section.random_seed,
            http: section.http.clone().into(),
        })
    }

    /// The directories, open.
    pub(crate) fn directories(&self) -> Arc<[Preopen]> {
        Arc::clone(&self.directories)
    }

    /// A context of one call, with the time of day of its host, whose streams are still to be given.
    pub(crate) fn context(&self, time_of_day: impl Fn() -> SystemTime + Send + 'static) -> WasiCtxBuilder {
        let mut context = WasiCtx::builder();
        context
            .envs(&self.environment)
            .args(&self.arguments)
            .wall_clock(WallClock::new(self.clock_resolution, time_of_day))
            .monotonic_clock(MonotonicClock::new(self.clock_resolution))
            .allow_ip_name_lookup(false)
            .allow_tcp(false)
            .allow_udp(false);
        if let Some(seed) = self.random_seed {
            context
                .secure_random(Seeded::new(seed, "random"))
                .insecure_random(Seeded::new(seed, "insecure"))
                .insecure_random_seed(Seeded::new(seed, "insecure-seed").number());
        }
        context
    }
}

impl Environment {
    fn value_of(&self, name: &str, variable: &Variable) -> Result<String, WasiError> {
        let (inherited, location) = match variable {
            Variable::Value(value) => return Ok(value.clone()),
            Variable::Inherited { name: inherited, location } => (inherited, location),
        };
        let found = match self {
            Self::Process => std::env::var_os(inherited).map(std::ffi::OsString::into_string),
            Self::Fixed(variables) => variables.get(inherited).cloned().map(Ok),
        };
        let missing = |why| WasiError::Variable {
            name: name.to_owned(),
            inherited: inherited.clone(),
            location: location.clone(),
            why,
        };
        match found {
            Some(Ok(value)) => Ok(value),
            Some(Err(_)) => Err(missing("is no text")),
            None => Err(missing("is not set")),
        }
    }
}

/// Adds WASI, as this host has it, to a linker.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    linker.allow_shadowing(true);
    preopens::replace(linker)?;
    files::replace(linker)?;
    io_error::replace(linker)?;
    linker.allow_shadowing(false);
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)
}
