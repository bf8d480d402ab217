//! The engine of the tests of a process.

use std::path::PathBuf;
use std::sync::OnceLock;

use innkeeper::Engine;

/// The environment variable that names the folder for compiled code.
pub const CACHE_VARIABLE: &str = "INNKEEPER_CACHE_DIR";

/// Where compiled code is kept between processes: the folder that [`CACHE_VARIABLE`] names, or `innkeeper` in the user's folder for
/// caches. None if the user has no such folder.
pub fn cache_directory() -> Option<PathBuf> {
    match std::env::var_os(CACHE_VARIABLE) {
        Some(folder) if !folder.is_empty() => Some(folder.into()),
        _ => {
            directories::ProjectDirs::from("", "", "innkeeper").map(|folders| folders.cache_dir().to_owned())
        }
    }
}

/// One engine for all tests of a process: compiling is what takes time, so each component is compiled once, and kept in
/// [`cache_directory`] for the next process. Where that cannot be written to, each process compiles anew.
///
/// An engine holds no AWS, no policy and nothing of a call, so tests that share it share nothing but code.
///
/// # Errors
///
/// [`innkeeper::Error::Engine`] where the machine cannot run WebAssembly.
pub fn engine() -> Result<Engine, innkeeper::Error> {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    if let Some(engine) = ENGINE.get() {
        return Ok(engine.clone());
    }
    let engine = Engine::new()?.keeping_components();
    let cached = cache_directory().and_then(|folder| engine.clone().with_cache(&folder).ok());
    // Who comes second takes the engine of who came first.
    Ok(ENGINE.get_or_init(|| cached.unwrap_or(engine)).clone())
}
