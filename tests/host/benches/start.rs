//! From the start of a process to the first instruction of the example guest, with compiled code in the cache: the host, beside a bare
//! wasmtime embedding that does the same with a component compiled before.
//!
//! Each run is a process of its own, started by this one, and the two sides take turns. Both read the component's compiled code,
//! link it, instantiate it, and call `run` with an input that the guest refuses in its first steps. The host also reads and checks the
//! manifest, verifies the digest of the compiled code, checks the imports, and finds the region. `cargo bench -p innkeeper-tests --bench start`
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a benchmark prints, and fails by panicking"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use innkeeper::policy::Source;
use innkeeper::{CallError, Engine, Manifest};
use innkeeper_tests::{THUMBNAILER, TestHost};
use wasmtime::component::{Component, Linker};

const RUNS: usize = 40;

/// What the guest refuses: it is no JSON.
const INPUT: &[u8] = b"!";

fn main() {
    let cache = std::env::temp_dir().join(format!("innkeeper-bench-{}", std::process::id()));
    match std::env::args().nth(1).as_deref() {
        Some("host") => host(Path::new(&std::env::args().nth(2).unwrap())),
        Some("bare") => bare(Path::new(&std::env::args().nth(2).unwrap())),
        // `cargo bench` passes `--bench`, `cargo test` nothing: a test of a benchmark is that it runs.
        mode => measure(&cache, if mode == Some("--bench") { RUNS } else { 1 }),
    }
}

fn measure(cache: &Path, runs: usize) {
    std::fs::create_dir_all(cache).unwrap();
    let (code, precompiled) = (cache.join("code"), cache.join("bare.cwasm"));
    std::fs::write(&precompiled, bare_component(&bare_engine()).serialize().unwrap()).unwrap();
    // Fills the cache.
    run("host", &code);

    let (mut host, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        host.push(run("host", &code));
        bare.push(run("bare", &precompiled));
    }
    std::fs::remove_dir_all(cache).unwrap();
    let (host, bare) = (median(host), median(bare));
    println!(
        "start to first guest instruction, thumbnailer, compiled code in the cache, median of {runs} processes:"
    );
    println!("  host          {:>7.2} ms", milliseconds(host));
    println!("  bare wasmtime {:>7.2} ms", milliseconds(bare));
    println!("  ratio         {:>7.2}", host.as_secs_f64() / bare.as_secs_f64());
}

/// One process, from its start to its end.
fn run(side: &str, cache: &Path) -> Duration {
    let started = Instant::now();
    let status = Command::new(std::env::current_exe().unwrap()).arg(side).arg(cache).status().unwrap();
    let elapsed = started.elapsed();
    assert!(status.success(), "{side} failed");
    elapsed
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// As `innkeeper run` does it.
fn host(cache: &Path) {
    runtime().block_on(async {
        let manifest =
            PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../guests/rust/thumbnailer/innkeeper.toml");
        let text = std::fs::read_to_string(manifest).unwrap();
        let folder =
            Dir::open_ambient_dir(Path::new(THUMBNAILER).parent().unwrap(), ambient_authority()).unwrap();
        let manifest = Manifest::parse(Source::new("innkeeper.toml", text), folder).unwrap();
        let engine = Engine::new().unwrap().with_cache(cache).unwrap();
        let host = TestHost::new().host_on(manifest, engine);
        match host.guest("thumbnailer").await.unwrap().run(INPUT).await {
            Err(CallError::Reported(_)) => {}
            other => panic!("{other:?}"),
        }
    });
}

fn bare_engine() -> wasmtime::Engine {
    wasmtime::Engine::new(wasmtime::Config::new().wasm_component_model(true).epoch_interruption(true))
        .unwrap()
}

fn bare_component(engine: &wasmtime::Engine) -> Component {
    Component::from_file(engine, THUMBNAILER).unwrap()
}

/// The least that an embedding can do.
#[expect(
    unsafe_code,
    reason = "that is how wasmtime loads compiled code, and this process has just compiled it"
)]
fn bare(precompiled: &Path) {
    runtime().block_on(async {
        let engine = bare_engine();
        // SAFETY: the file is what `measure` serialised with the same engine.
        let component = unsafe { Component::deserialize_file(&engine, precompiled) }.unwrap();
        let mut linker = Linker::<()>::new(&engine);
        linker.define_unknown_imports_as_traps(&component).unwrap();
        let mut store = wasmtime::Store::new(&engine, ());
        store.set_epoch_deadline(1_000_000);
        let instance = linker.instantiate_async(&mut store, &component).await.unwrap();
        let run =
            instance.get_typed_func::<(Vec<u8>,), (Result<Vec<u8>, String>,)>(&mut store, "run").unwrap();
        let (answer,) = run.call_async(&mut store, (INPUT.to_vec(),)).await.unwrap();
        assert!(answer.is_err());
    });
}
