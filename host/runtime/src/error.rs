//! What can go wrong, by cause.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::component::ComponentError;
use crate::manifest::ManifestError;
use crate::wasi::WasiError;

/// Why a host or a guest could not be made ready. Nothing of the guest has run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The manifest cannot be read, or is wrong.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The manifest has no guest of that name.
    #[error("`{manifest}` has no guest `{name}`")]
    UnknownGuest {
        /// The name that was asked for.
        name: String,
        /// The manifest's file.
        manifest: String,
        /// The names that it has.
        known: Vec<String>,
    },
    /// The component cannot be loaded, or is not one that this host can run.
    #[error(transparent)]
    Component(#[from] Box<ComponentError>),
    /// Region, credentials or configuration of AWS.
    #[error(transparent)]
    Aws(#[from] innkeeper_aws::Error),
    /// What the manifest grants of WASI is not there to be given.
    #[error(transparent)]
    Wasi(#[from] Box<WasiError>),
    /// The folder for compiled code cannot be used.
    #[error("`{}` cannot hold compiled code", path.display())]
    Cache {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The WebAssembly engine cannot be started.
    #[error("the WebAssembly engine cannot be started")]
    Engine(#[source] wasmtime::Error),
}

/// Why a call has no result. The guest is gone; its next call begins anew.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The guest ran to its end and reports a failure, in its own words. Untrusted text.
    #[error("the guest reports: {0}")]
    Reported(String),
    /// The guest ended itself with a status that says that it failed (`wasi:cli/exit`, or `err` of `wasi:cli/run`).
    #[error("the guest exited with status {status}")]
    Exit {
        /// The status, 1 where the guest gave none.
        status: i32,
        /// What it had written to its standard output.
        output: Vec<u8>,
    },
    /// The guest reached one of its limits.
    #[error("the guest reached its limit: {limit}")]
    Limit {
        /// Which.
        limit: Limit,
        /// Where in the guest, as far as is known.
        backtrace: GuestBacktrace,
    },
    /// The guest did what WebAssembly does not allow, or gave up (`unreachable`: a panic, an abort).
    #[error("the guest trapped: {reason}")]
    Trap {
        /// What it did.
        reason: String,
        /// Where in the guest.
        backtrace: GuestBacktrace,
    },
}

/// A limit of a guest, and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// Linear memory.
    Memory {
        /// The limit in bytes.
        bytes: u64,
    },
    /// Elements of tables.
    TableElements {
        /// The limit.
        elements: usize,
    },
    /// Wall time.
    Timeout {
        /// The limit.
        after: Duration,
    },
    /// Time in which the guest computes.
    CpuTime {
        /// The limit.
        after: Duration,
    },
}

impl Limit {
    /// The key in the manifest's `[guest.NAME.limits]`.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Memory { .. } => "memory",
            Self::TableElements { .. } => "table-elements",
            Self::Timeout { .. } => "timeout",
            Self::CpuTime { .. } => "cpu-time",
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory { bytes } => write!(f, "memory, {}", bytesize::ByteSize(*bytes)),
            Self::TableElements { elements } => write!(f, "table-elements, {elements}"),
            Self::Timeout { after } => write!(f, "timeout, {}", humantime::format_duration(*after)),
            Self::CpuTime { after } => write!(f, "cpu-time, {}", humantime::format_duration(*after)),
        }
    }
}

/// Where in the guest it happened, innermost function first. Names are the guest's own: untrusted text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuestBacktrace {
    frames: Vec<String>,
}

impl GuestBacktrace {
    pub(crate) fn of(error: &wasmtime::Error) -> Self {
        let Some(backtrace) = error.downcast_ref::<wasmtime::WasmBacktrace>() else { return Self::default() };
        let frames = backtrace.frames().iter().map(|frame| match frame.func_name() {
            Some(name) => wasmtime_name(name),
            None => format!("function {}", frame.func_index()),
        });
        Self { frames: frames.collect() }
    }

    /// The functions, innermost first.
    pub fn frames(&self) -> &[String] {
        &self.frames
    }
}

impl fmt::Display for GuestBacktrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.frames.iter().enumerate().try_for_each(|(depth, frame)| writeln!(f, "  {depth:>3}: {frame}"))
    }
}

/// A function's name as a person reads it: demangled if it is Rust's, and on one line whatever the guest put there.
fn wasmtime_name(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name)).chars().filter(|c| !c.is_control()).take(500).collect()
}
