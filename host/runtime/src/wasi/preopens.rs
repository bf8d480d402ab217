//! `wasi:filesystem/preopens`, over directories that were opened through `cap-std`.
//!
//! `wasmtime-wasi` opens a directory by its path, with the authority of the whole process: a symbolic link in the manifest's folder
//! would lead wherever it points. Its own interface is therefore replaced by this one, which hands out what is open already. What is
//! done in the directories is `wasmtime-wasi`'s, which keeps every path in them.

use std::sync::Arc;

use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::filesystem::{Descriptor, Dir};
use wasmtime_wasi::p2::bindings::filesystem::preopens;

use super::budget::Budget;
use super::files::Budgets;
use crate::state::State;

/// A directory that is open.
#[derive(Clone)]
pub(crate) struct Preopen {
    pub(super) dir: Dir,
    pub(super) name: String,
    /// `None`: nothing can be written to it.
    pub(super) budget: Option<Arc<Budget>>,
}

/// The directories of a call, and where their handles go.
pub(crate) struct Preopens<'a> {
    pub(crate) table: &'a mut ResourceTable,
    pub(crate) directories: &'a [Preopen],
    pub(crate) budgets: &'a mut Budgets,
}

struct HasPreopens;

impl HasData for HasPreopens {
    type Data<'a> = Preopens<'a>;
}

impl preopens::Host for Preopens<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let Self { table, directories, budgets } = self;
        let open = |Preopen { dir, name, budget }: &Preopen| {
            let handle = table.push(Descriptor::Dir(dir.clone()))?;
            if let Some(budget) = budget {
                budgets.insert(&handle, Arc::clone(budget));
            }
            Ok((handle, name.clone()))
        };
        directories.iter().map(open).collect()
    }
}

/// Puts this interface in the place of the one that is in the linker.
pub(super) fn replace(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    preopens::add_to_linker::<State, HasPreopens>(linker, State::preopens)
}
