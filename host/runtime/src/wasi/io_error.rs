//! `wasi:io/error`, which tells a guest what an error says and nothing of the host.
//!
//! `wasmtime-wasi-io` shows errors as `Debug` does: with all of their causes, and, on a host with `RUST_BACKTRACE` set, with the host's
//! own backtrace, the paths of its sources among it.

use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi_io::bindings::wasi::io::error;

use crate::state::State;

/// The table that the errors are in.
pub(crate) struct Errors<'a>(pub(crate) &'a mut ResourceTable);

struct HasErrors;

impl HasData for HasErrors {
    type Data<'a> = Errors<'a>;
}

impl error::Host for Errors<'_> {}

impl error::HostError for Errors<'_> {
    fn to_debug_string(&mut self, error: Resource<error::Error>) -> wasmtime::Result<String> {
        Ok(self.0.get(&error)?.to_string())
    }

    fn drop(&mut self, error: Resource<error::Error>) -> wasmtime::Result<()> {
        self.0.delete(error)?;
        Ok(())
    }
}

/// Puts this interface in the place of the one that is in the linker.
pub(super) fn replace(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    error::add_to_linker::<State, HasErrors>(linker, State::errors)
}
