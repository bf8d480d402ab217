//! `wasi:filesystem/preopens`, over directories that were opened through `cap-std`.
//!
//! `wasmtime-wasi` opens a directory by its path, with the authority of the whole process: a symbolic link in the manifest's folder
//! would lead wherever it points. Its own interface is therefore replaced by this one, which hands out what is open already. What is
//! done in the directories is `wasmtime-wasi`'s, which keeps every path in them.

use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::filesystem::{Descriptor, Dir};
use wasmtime_wasi::p2::bindings::filesystem::preopens;

use crate::state::State;

/// The directories of a call, and where their handles go.
pub(crate) struct Preopens<'a> {
    pub(crate) table: &'a mut ResourceTable,
    pub(crate) directories: &'a [(Dir, String)],
}

struct HasPreopens;

impl HasData for HasPreopens {
    type Data<'a> = Preopens<'a>;
}

impl preopens::Host for Preopens<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let open =
            |(dir, name): &(Dir, String)| Ok((self.table.push(Descriptor::Dir(dir.clone()))?, name.clone()));
        self.directories.iter().map(open).collect()
    }
}

/// Puts this interface in the place of the one that is in the linker.
pub(super) fn replace(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    preopens::add_to_linker::<State, HasPreopens>(linker, State::preopens)
}
