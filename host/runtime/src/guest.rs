//! A guest that is ready to be called, and its calls.

use std::collections::BTreeMap;
use std::sync::Arc;

use wasmtime::component::{Component, Linker};
use wasmtime::{Store, Trap, UpdateDeadline};
use wasmtime_wasi::I32Exit;
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi_config::WasiConfig;

use crate::bindings::PluginPre;
use crate::component::{ComponentBytes, ComponentError, Problem};
use crate::context::{AwsCtx, add_to_linker};
use crate::engine::{Engine, TICK};
use crate::error::{GuestBacktrace, CallError, Limit};
use crate::inspect::{Inspection, Provider};
use crate::limits::Limits;
use crate::state::State;

/// A guest, compiled, linked and checked. Cheap to clone; clones, and calls of one guest at the same time, share nothing but code
/// and the way to AWS.
#[derive(Clone)]
pub struct Guest {
    inner: Arc<Inner>,
}

struct Inner {
    name: String,
    engine: Engine,
    entry: Entry,
    uses_aws: bool,
    aws: AwsCtx,
    limits: Limits,
    config: BTreeMap<String, String>,
}

/// What of the guest is called.
enum Entry {
    /// `run` of `innkeeper:aws/plugin`.
    Plugin(PluginPre<State>),
    /// `run` of `wasi:cli/run`.
    Command(CommandPre<State>),
}

/// What a call gives back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The result: what a plugin's `run` returns, or what a command writes to its standard output.
    pub output: Vec<u8>,
    /// What the guest wrote beside it: a plugin's standard output and standard error, a command's standard error. Untrusted text.
    pub log: Vec<u8>,
}

impl Guest {
    pub(crate) fn prepare(
        name: &str,
        engine: &Engine,
        component: &ComponentBytes,
        aws: AwsCtx,
        limits: Limits,
        config: BTreeMap<String, String>,
    ) -> Result<Self, Box<ComponentError>> {
        let at = |problem: Problem| problem.at(&component.path);
        let linker = linker(engine).map_err(|error| at(Problem::Mismatch(error)))?;
        let inspection = Inspection::of(component)?;
        let unknown = inspection.unknown_imports();
        if !unknown.is_empty() {
            return Err(at(Problem::UnknownImports(unknown)));
        }
        let compiled = component.compile(engine)?;
        let entry = Entry::of(&linker, &compiled, engine).map_err(at)?;
        let uses_aws = inspection.imports.iter().any(|import| import.provider == Provider::Aws);
        let inner = Inner { name: name.to_owned(), engine: engine.clone(), entry, uses_aws, aws, limits, config };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The guest's name.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Whether the guest imports an interface of AWS. One that does not needs no credentials.
    pub fn uses_aws(&self) -> bool {
        self.inner.uses_aws
    }

    /// The limits of each call.
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// Calls the guest once: a plugin's `run` with `input`, or a command with `input` on its standard input.
    ///
    /// The call runs in a store of its own. To end it, drop the future: what AWS was being asked is given up, and the guest never
    /// runs on.
    ///
    /// # Errors
    ///
    /// [`CallError`]. Whatever it is, the next call begins anew.
    pub async fn run(&self, input: &[u8]) -> Result<Reply, CallError> {
        let inner = &*self.inner;
        let stdin = match inner.entry {
            Entry::Plugin(_) => Vec::new(),
            Entry::Command(_) => input.to_vec(),
        };
        let mut store = inner.store(stdin);
        let call = async {
            match &inner.entry {
                Entry::Plugin(pre) => run_plugin(&mut store, pre, input).await,
                Entry::Command(pre) => run_command(&mut store, pre).await,
            }
        };
        let ended = tokio::time::timeout(inner.limits.timeout, call).await;
        let state = store.data();
        match ended {
            Ok(Ok(ended)) => ended.with_output(state),
            Ok(Err(error)) => Err(failure(&error, state)),
            Err(_) => Err(CallError::Limit {
                limit: Limit::Timeout { after: inner.limits.timeout },
                backtrace: GuestBacktrace::default(),
            }),
        }
    }
}

impl std::fmt::Debug for Guest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guest").field("name", &self.inner.name).finish_non_exhaustive()
    }
}

impl Inner {
    fn store(&self, stdin: Vec<u8>) -> Store<State> {
        let limits = &self.limits;
        let state = State::new(self.aws.clone(), limits, self.config.clone(), stdin);
        let mut store = Store::new(self.engine.wasmtime(), state);
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(usize::try_from(limits.host_call_bytes).unwrap_or(usize::MAX));

        // The guest is interrupted at each tick in which it computes; ticks that pass while the host works for it are not
        // counted, since the deadline is only looked at between the guest's instructions.
        let ticks = limits.cpu_time.as_nanos().div_ceil(TICK.as_nanos());
        let mut ticks_left = u64::try_from(ticks).unwrap_or(u64::MAX);
        let after = limits.cpu_time;
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |_| match ticks_left.checked_sub(1) {
            Some(left) => {
                ticks_left = left;
                Ok(UpdateDeadline::Yield(1))
            }
            None => Err(LimitReached(Limit::CpuTime { after }).into()),
        });
        store
    }
}

impl Entry {
    fn of(linker: &Linker<State>, component: &Component, engine: &Engine) -> Result<Self, Problem> {
        let pre = linker.instantiate_pre(component).map_err(Problem::Mismatch)?;
        let ty = component.component_type();
        let exports: Vec<String> = ty.exports(engine.wasmtime()).map(|(name, _)| name.to_owned()).collect();
        if exports.iter().any(|name| name == "run") {
            PluginPre::new(pre).map(Self::Plugin).map_err(Problem::Mismatch)
        } else if exports.iter().any(|name| name.starts_with("wasi:cli/run@0.2.")) {
            CommandPre::new(pre).map(Self::Command).map_err(Problem::Mismatch)
        } else {
            Err(Problem::NoEntry(exports))
        }
    }
}

/// How a guest came to its end, without its output.
enum Ended {
    Returned(Vec<u8>),
    Reported(String),
    Exited(i32),
}

impl Ended {
    fn with_output(self, state: &State) -> Result<Reply, CallError> {
        let (stdout, stderr) = (state.stdout.take(), state.stderr.take());
        match self {
            Self::Returned(output) => Ok(Reply { output, log: [stdout, stderr].concat() }),
            Self::Reported(message) => Err(CallError::Reported(message)),
            Self::Exited(0) => Ok(Reply { output: stdout, log: stderr }),
            Self::Exited(status) => {
                Err(CallError::Exit { status, output: Box::new(Reply { output: stdout, log: stderr }) })
            }
        }
    }
}

async fn run_plugin(store: &mut Store<State>, pre: &PluginPre<State>, input: &[u8]) -> wasmtime::Result<Ended> {
    let plugin = pre.instantiate_async(&mut *store).await?;
    Ok(match plugin.call_run(store, input).await? {
        Ok(output) => Ended::Returned(output),
        Err(message) => Ended::Reported(message),
    })
}

async fn run_command(store: &mut Store<State>, pre: &CommandPre<State>) -> wasmtime::Result<Ended> {
    let command = pre.instantiate_async(&mut *store).await?;
    match command.wasi_cli_run().call_run(store).await {
        Ok(Ok(())) => Ok(Ended::Exited(0)),
        Ok(Err(())) => Ok(Ended::Exited(1)),
        Err(error) => match error.downcast_ref::<I32Exit>() {
            Some(exit) => Ok(Ended::Exited(exit.0)),
            None => Err(error),
        },
    }
}

/// A limit that ends the call where it is reached.
#[derive(Debug, thiserror::Error)]
#[error("limit reached: {0}")]
struct LimitReached(Limit);

fn failure(error: &wasmtime::Error, state: &State) -> CallError {
    let backtrace = GuestBacktrace::of(error);
    let reached = error.downcast_ref::<LimitReached>().map(|LimitReached(limit)| limit.clone());
    // A guest that was refused memory a moment ago has most likely given up because of that.
    if let Some(limit) = reached.or_else(|| state.limiter.refused()) {
        return CallError::Limit { limit, backtrace };
    }
    let reason = match error.downcast_ref::<Trap>() {
        Some(trap) => trap.to_string(),
        None => error.root_cause().to_string(),
    };
    CallError::Trap { reason, backtrace }
}

fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine.wasmtime());
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_config::add_to_linker(&mut linker, |state: &mut State| WasiConfig::from(&state.config))?;
    add_to_linker(&mut linker)?;
    Ok(linker)
}
