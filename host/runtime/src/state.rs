//! What the store of one call holds.

use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::filesystem::{WasiFilesystemCtx, WasiFilesystemCtxView};
use wasmtime_wasi::p2::pipe::MemoryInputPipe;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_config::WasiConfigVariables;
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::context::{AwsCtx, AwsCtxView, AwsView};
use crate::limits::{Limits, StoreLimiter};
use crate::output::BoundedOutput;
use crate::wasi::http::Outgoing;
use crate::wasi::{Budgets, Errors, Files, Preopen, Preopens, Wasi};

/// The data of a store. One per call: nothing of a call is there in the next.
pub(crate) struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    directories: Arc<[Preopen]>,
    files: WasiFilesystemCtx,
    budgets: Budgets,
    http: WasiHttpCtx,
    outgoing: Outgoing,
    pub(crate) config: WasiConfigVariables,
    aws: AwsCtx,
    pub(crate) limiter: StoreLimiter,
    pub(crate) stdout: BoundedOutput,
    pub(crate) stderr: BoundedOutput,
}

impl State {
    pub(crate) fn new(
        aws: AwsCtx,
        limits: &Limits,
        wasi: &Wasi,
        outgoing: Outgoing,
        config: impl IntoIterator<Item = (String, String)>,
        stdin: Vec<u8>,
    ) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        let (stdout, stderr) =
            (BoundedOutput::new(limits.output_bytes), BoundedOutput::new(limits.output_bytes));
        let clock = aws.clone();
        let mut context = wasi.context(move || clock.gate().now());
        context.stdin(MemoryInputPipe::new(stdin)).stdout(stdout.clone()).stderr(stderr.clone());
        Self {
            table,
            wasi: context.build(),
            directories: wasi.directories(),
            // A slow disk must not hold up the guests that share the thread, which is the default.
            files: WasiFilesystemCtx::default(),
            budgets: Budgets::default(),
            http: WasiHttpCtx::new(),
            outgoing,
            config: config.into_iter().collect(),
            aws,
            limiter: StoreLimiter::new(limits),
            stdout,
            stderr,
        }
    }
}

impl State {
    /// For `wasi:filesystem/preopens`.
    pub(crate) fn preopens(&mut self) -> Preopens<'_> {
        Preopens { table: &mut self.table, directories: &self.directories, budgets: &mut self.budgets }
    }

    /// For `wasi:filesystem/types`.
    pub(crate) fn files(&mut self) -> Files<'_> {
        let view = WasiFilesystemCtxView { ctx: &mut self.files, table: &mut self.table };
        Files { view, budgets: &mut self.budgets }
    }

    /// For `wasi:io/error`.
    pub(crate) fn errors(&mut self) -> Errors<'_> {
        Errors(&mut self.table)
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.outgoing, table: &mut self.table, ctx: &mut self.http }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl AwsView for State {
    fn aws(&mut self) -> AwsCtxView<'_> {
        AwsCtxView { ctx: &mut self.aws, table: &mut self.table }
    }
}
