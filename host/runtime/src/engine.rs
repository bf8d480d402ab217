//! The WebAssembly engine: how guests are compiled, and the clock that interrupts them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use wasmtime::Config;
use wasmtime::component::Component;

use crate::cache::CompiledCache;
use crate::error::Error;

/// How often a running guest is interrupted to see whether its time is over, and to let other tasks run.
///
/// Ten milliseconds is short beside any limit that is worth setting, and long beside the microsecond that an interruption costs.
const TICK: Duration = Duration::from_millis(10);

/// How deep a guest may recurse. wasmtime's own default, spelled out, since what a guest can make grow has a bound.
const WASM_STACK: usize = 512 * 1024;

/// The stack of a call: the guest's, and room for the host functions that it calls.
const CALL_STACK: usize = 2 * 1024 * 1024;

/// Compiles guests and runs them. Cheap to clone; clones share compiled code, the cache and the epoch clock.
///
/// One engine serves any number of hosts. It holds no AWS state.
#[derive(Clone)]
pub struct Engine {
    wasmtime: wasmtime::Engine,
    cache: Option<Arc<CompiledCache>>,
    kept: Option<Arc<Kept>>,
}

/// Compiled components in memory, by the digest of their bytes.
type Kept = Mutex<BTreeMap<[u8; 32], Component>>;

impl Engine {
    /// An engine that compiles each component anew.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`] where the machine cannot run WebAssembly, or no thread can be started.
    pub fn new() -> Result<Self, Error> {
        let mut config = Config::new();
        config
            .wasm_component_model(true)
            .epoch_interruption(true)
            .max_wasm_stack(WASM_STACK)
            .async_stack_size(CALL_STACK)
            .wasm_backtrace_details(wasmtime::WasmBacktraceDetails::Disable)
            // Nothing that a guest toolchain emits by default needs these, and each is code that an attacker could reach.
            .wasm_memory64(false)
            .wasm_relaxed_simd(false);
        let wasmtime = wasmtime::Engine::new(&config).map_err(Error::Engine)?;
        start_epoch_clock(&wasmtime)?;
        Ok(Self { wasmtime, cache: None, kept: None })
    }

    /// Keeps compiled code in `directory`, so that the next start does not compile again. See [`CompiledCache`] for what is
    /// trusted.
    ///
    /// # Errors
    ///
    /// [`Error::Cache`] where the directory cannot be made, or others than its owner may write to it.
    pub fn with_cache(mut self, directory: &Path) -> Result<Self, Error> {
        self.cache = Some(Arc::new(CompiledCache::open(directory)?));
        Ok(self)
    }

    /// Keeps compiled code in memory too, for as long as the engine lives: a component that is made ready again and again, by one host
    /// after the other, is compiled and loaded once. For tests. It grows with every other component, so it is not for a host that
    /// runs on.
    #[must_use]
    pub fn keeping_components(mut self) -> Self {
        self.kept = Some(Arc::default());
        self
    }

    /// What was compiled before of these bytes, or what `compile` makes of them. Who asks for the same meanwhile waits for it.
    pub(crate) fn compiled<E>(
        &self,
        wasm: &[u8],
        compile: impl FnOnce() -> Result<Component, E>,
    ) -> Result<Component, E> {
        let Some(kept) = &self.kept else { return compile() };
        let digest = Sha256::digest(wasm).into();
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(component) = kept.get(&digest) {
            return Ok(component.clone());
        }
        let component = compile()?;
        kept.insert(digest, component.clone());
        Ok(component)
    }

    /// The wasmtime engine, for those who have a store of their own.
    pub fn wasmtime(&self) -> &wasmtime::Engine {
        &self.wasmtime
    }

    pub(crate) fn cache(&self) -> Option<&CompiledCache> {
        self.cache.as_deref()
    }
}

/// Advances the engine's epoch until the last clone of the engine is gone.
///
/// A thread of its own, since a guest that never yields may occupy every thread of the async runtime.
fn start_epoch_clock(engine: &wasmtime::Engine) -> Result<(), Error> {
    let engine = engine.weak();
    std::thread::Builder::new()
        .name("innkeeper-epoch".to_owned())
        .spawn(move || {
            loop {
                std::thread::sleep(TICK);
                match engine.upgrade() {
                    Some(engine) => engine.increment_epoch(),
                    None => return,
                }
            }
        })
        .map(drop)
        .map_err(|error| Error::Engine(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_compiled_once() {
        let wasm = wat::parse_str("(component)").unwrap();
        let times = std::cell::Cell::new(0);
        let compile = |engine: &Engine| {
            engine.compiled(&wasm, || {
                times.set(times.get() + 1);
                Component::new(engine.wasmtime(), &wasm)
            })
        };
        let engine = Engine::new().unwrap();
        compile(&engine).unwrap();
        compile(&engine).unwrap();
        assert_eq!(times.get(), 2, "nothing is kept unasked");
        let engine = engine.keeping_components();
        compile(&engine).unwrap();
        compile(&engine.clone()).unwrap();
        assert_eq!(times.get(), 3);
        let component = compile(&engine).unwrap();
        assert_eq!(engine.compiled(b"other", || Err::<Component, _>("broken")).err(), Some("broken"));
        assert!(engine.compiled(b"other", || Ok::<_, ()>(component)).is_ok(), "a failure is not kept");
    }

    #[test]
    fn the_epoch_clock_ends_with_the_engine() {
        let engine = Engine::new().unwrap();
        let weak = engine.wasmtime().weak();
        drop(engine);
        // The clock holds the engine only while it ticks.
        while weak.upgrade().is_some() {
            std::thread::yield_now();
        }
    }
}
