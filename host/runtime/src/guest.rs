//! A guest that is ready to be called, and its calls.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wasmtime::component::{Component, Linker};
use wasmtime::{Store, Trap, UpdateDeadline};
use wasmtime_wasi::I32Exit;
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi_config::WasiConfig;

use crate::bindings::PluginPre;
use crate::component::{ComponentBytes, ComponentError, Problem};
use crate::context::{AwsCtx, add_to_linker};
use crate::cpu_time::CpuTime;
use crate::engine::Engine;
use crate::error::{CallError, GuestBacktrace, Limit};
use crate::exchange;
use crate::inspect::{Inspection, Provider};
use crate::limits::Limits;
use crate::state::State;
use crate::trigger::Trigger;
use crate::wasi::http::{Connector, Outgoing};
use crate::wasi::{self, Wasi};

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
    wasi: Wasi,
    connector: Arc<Connector>,
    /// Calls that have ended, and whose unfinished uploads are still being given up.
    left: Mutex<Vec<AwsCtx>>,
}

/// What a guest is made of, beside its component.
pub(crate) struct Parts {
    pub(crate) aws: AwsCtx,
    pub(crate) limits: Limits,
    pub(crate) config: BTreeMap<String, String>,
    pub(crate) wasi: Wasi,
    pub(crate) connector: Arc<Connector>,
}

/// How long the end of a call waits for its unfinished uploads to be given up.
const TIDY_WAIT: Duration = Duration::from_secs(5);

/// What of the guest is called.
enum Entry {
    /// `run` of `innkeeper:aws/plugin`.
    Plugin(PluginPre<State>),
    /// `run` of `wasi:cli/run`.
    Command(CommandPre<State>),
}

/// What a call gives back when all goes well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The result: what a plugin's `run` returns, or what a command writes to its standard output.
    pub output: Vec<u8>,
    /// What the guest wrote beside it: a plugin's standard output and standard error, a command's standard error. Untrusted text.
    pub log: Vec<u8>,
}

/// What comes of a call, well or not.
#[derive(Debug)]
pub struct Called {
    /// The result, as in [`Reply::output`], or why there is none.
    pub result: Result<Vec<u8>, CallError>,
    /// What the guest wrote beside it, as in [`Reply::log`]: of a guest that failed, often why. Untrusted text.
    pub log: Vec<u8>,
}

impl Guest {
    pub(crate) fn prepare(
        name: &str,
        engine: &Engine,
        component: &ComponentBytes,
        parts: Parts,
    ) -> Result<Self, Box<ComponentError>> {
        let at = |problem: Problem| problem.at(&component.path);
        let linker = linker(engine, &parts.aws).map_err(|error| at(Problem::Mismatch(error)))?;
        let inspection = Inspection::of(component)?;
        let unknown = inspection.unknown_imports();
        if !unknown.is_empty() {
            return Err(at(Problem::UnknownImports(unknown)));
        }
        // What nothing is granted of is not there: a guest that needs it is better refused than left to find out.
        if let Some(import) = inspection.outgoing_http().filter(|_| parts.wasi.http.is_empty()) {
            return Err(at(Problem::UngrantedHttp { import: import.to_owned() }));
        }
        let compiled = component.compile(engine)?;
        let entry = Entry::of(&linker, &compiled, engine).map_err(at)?;
        let uses_aws = inspection.imports.iter().any(|import| import.provider == Provider::Aws);
        let Parts { aws, limits, config, wasi, connector } = parts;
        let (name, engine) = (name.to_owned(), engine.clone());
        let inner = Inner {
            name,
            engine,
            entry,
            uses_aws,
            aws,
            limits,
            config,
            wasi,
            connector,
            left: Mutex::default(),
        };
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

    /// Calls the guest once, as [`Guest::call`] does.
    ///
    /// # Errors
    ///
    /// [`CallError`]. What the guest wrote before it failed is lost; [`Guest::call`] keeps it.
    pub async fn run(&self, input: &[u8]) -> Result<Reply, CallError> {
        let Called { result, log } = self.call(input).await;
        result.map(|output| Reply { output, log })
    }

    /// Ends the giving up of uploads that calls have left unfinished, which goes on behind them for a minute at most, and has it written
    /// down as cancelled: for a process that ends, so that its audit trail is complete.
    pub async fn cut_off(&self) {
        let left = std::mem::take(&mut *self.inner.left.lock().unwrap_or_else(PoisonError::into_inner));
        for call in left {
            call.cut_off().await;
        }
    }

    /// Calls the guest once: a plugin's `run` with `input`, or a command with `input` on its standard input.
    ///
    /// The call runs in a store of its own. To end it, drop the future: what AWS was being asked is given up, and the guest never
    /// runs on. However it ends, the next call begins anew.
    pub async fn call(&self, input: &[u8]) -> Called {
        let inner = &*self.inner;
        let stdin = match inner.entry {
            Entry::Plugin(_) => Vec::new(),
            Entry::Command(_) => input.to_vec(),
        };
        let cpu_time = CpuTime::default();
        let aws = inner.aws.for_call(Trigger::Run, Some(inner.limits.timeout));
        let _underway = Underway { guest: inner, aws: aws.clone() };
        let mut store = inner.store(aws.clone(), stdin, cpu_time.clone());
        let call = cpu_time.count(async {
            match &inner.entry {
                Entry::Plugin(pre) => run_plugin(&mut store, pre, input).await,
                Entry::Command(pre) => run_command(&mut store, pre).await,
            }
        });
        let ended = tokio::time::timeout(inner.limits.timeout, call).await;
        let state = store.data();
        let (stdout, stderr) = (state.stdout.take(), state.stderr.take());
        let (output, log) = match inner.entry {
            Entry::Plugin(_) => (Vec::new(), [stdout, stderr].concat()),
            Entry::Command(_) => (stdout, stderr),
        };
        let result = match ended {
            Ok(Ok(Ended::Returned(output))) => Ok(output),
            Ok(Ok(Ended::Reported(message))) => Err(CallError::Reported(message)),
            Ok(Ok(Ended::Exited(0))) => Ok(output),
            Ok(Ok(Ended::Exited(status))) => Err(CallError::Exit { status, output }),
            Ok(Err(error)) => Err(failure(&error, state)),
            Err(_) => Err(CallError::Limit {
                limit: Limit::Timeout { after: inner.limits.timeout },
                backtrace: GuestBacktrace::default(),
            }),
        };
        // Uploads that the guest left unfinished are given up now. Whoever ends the process after the call should not leave them
        // behind, and whoever does not should not wait for an S3 that does not answer: it goes on without us.
        drop(store);
        let _ = tokio::time::timeout(TIDY_WAIT, aws.settle()).await;
        Called { result, log }
    }
}

impl std::fmt::Debug for Guest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guest").field("name", &self.inner.name).finish_non_exhaustive()
    }
}

/// A call. However it ends, what it leaves to be given up is known to [`Guest::cut_off`].
struct Underway<'a> {
    guest: &'a Inner,
    aws: AwsCtx,
}

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        if !self.aws.is_settled() {
            let mut left = self.guest.left.lock().unwrap_or_else(PoisonError::into_inner);
            left.retain(|call| !call.is_settled());
            left.push(self.aws.clone());
        }
    }
}

impl Inner {
    fn store(&self, aws: AwsCtx, stdin: Vec<u8>, cpu_time: CpuTime) -> Store<State> {
        let limits = &self.limits;
        let (grants, connector) = (Arc::clone(&self.wasi.http), Arc::clone(&self.connector));
        let outgoing = Outgoing::new(grants, connector, aws.clone(), limits);
        let state = State::new(aws, limits, &self.wasi, outgoing, self.config.clone(), stdin);
        let mut store = Store::new(self.engine.wasmtime(), state);
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(usize::try_from(limits.host_call_bytes).unwrap_or(usize::MAX));

        // A guest that computes is interrupted at each tick: to see whether its time is over, and to let others have the thread.
        let limit = limits.cpu_time;
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |_| {
            if cpu_time.spent() > limit {
                return Err(LimitReached(Limit::CpuTime { after: limit }).into());
            }
            Ok(UpdateDeadline::Yield(1))
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

async fn run_plugin(
    store: &mut Store<State>,
    pre: &PluginPre<State>,
    input: &[u8],
) -> wasmtime::Result<Ended> {
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

fn linker(engine: &Engine, aws: &AwsCtx) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine.wasmtime());
    wasi::add_to_linker(&mut linker)?;
    wasmtime_wasi_config::add_to_linker(&mut linker, |state: &mut State| WasiConfig::from(&state.config))?;
    match aws.recorder() {
        Some(_) => exchange::add_to_linker(&mut linker)?,
        None => add_to_linker(&mut linker)?,
    }
    Ok(linker)
}
