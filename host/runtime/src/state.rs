//! What the store of one call holds.

use wasmtime::component::ResourceTable;
use wasmtime_wasi::p2::pipe::MemoryInputPipe;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_config::WasiConfigVariables;

use crate::context::{AwsCtx, AwsCtxView, AwsView};
use crate::limits::{Limits, StoreLimiter};
use crate::output::BoundedOutput;

/// The data of a store. One per call: nothing of a call is there in the next.
pub(crate) struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    pub(crate) config: WasiConfigVariables,
    aws: AwsCtx,
    pub(crate) limiter: StoreLimiter,
    pub(crate) stdout: BoundedOutput,
    pub(crate) stderr: BoundedOutput,
}

impl State {
    /// WASI with nothing granted: no environment, no arguments, no directories, no network; clocks and random numbers only.
    pub(crate) fn new(
        aws: AwsCtx,
        limits: &Limits,
        config: impl IntoIterator<Item = (String, String)>,
        stdin: Vec<u8>,
    ) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        let (stdout, stderr) =
            (BoundedOutput::new(limits.output_bytes), BoundedOutput::new(limits.output_bytes));
        let wasi = WasiCtx::builder()
            .stdin(MemoryInputPipe::new(stdin))
            .stdout(stdout.clone())
            .stderr(stderr.clone())
            .allow_ip_name_lookup(false)
            .allow_tcp(false)
            .allow_udp(false)
            .build();
        Self {
            table,
            wasi,
            config: config.into_iter().collect(),
            aws,
            limiter: StoreLimiter::new(limits),
            stdout,
            stderr,
        }
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
