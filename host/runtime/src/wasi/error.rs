//! Why a guest cannot be given what its manifest grants of WASI.

use std::path::PathBuf;

use innkeeper_policy::Location;

/// Why a guest cannot be given what its manifest grants of WASI. It then does not start: a program that was to have something, and
/// finds that it has not, does what nobody foresaw.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WasiError {
    /// A variable is to be inherited, and there is none.
    #[error("{location}: the variable `{name}` of the guest is to be inherited, and `{inherited}` {why}")]
    Variable {
        /// What the guest calls it.
        name: String,
        /// What the host calls it.
        inherited: String,
        /// Where in the manifest it is written.
        location: Location,
        /// What is wrong with the host's.
        why: &'static str,
    },
    /// A directory cannot be opened.
    #[error("{location}: the directory `{}` cannot be opened", path.display())]
    Directory {
        /// Its path, from the manifest's folder.
        path: PathBuf,
        /// Where in the manifest it is written.
        location: Location,
        /// Why.
        source: std::io::Error,
    },
}
