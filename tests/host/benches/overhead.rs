//! What policy, quotas and audit trail cost a call that does nothing else, beside a bare host call of wasmtime in the same run.
//!
//! The guest asks to delete an object, which one of 100 grants allows and a quota refuses, since its one call is used up: the policy is
//! asked, its decision and that of the quota are written to an audit trail of JSON lines, nothing is sent, and the guest has a typed
//! error. The same call with a key that no object can have is refused before the policy is asked: what the first takes longer is what
//! policy, quota and audit trail cost, and the rest is what a function with handles and records costs. The bare call takes a text of the same length and returns an error, through the same engine, asynchronous as well; it is
//! repeated by a loop in WebAssembly text. `cargo bench -p innkeeper-tests --bench overhead`
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and fails by panicking")]

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use innkeeper::Guest;
use innkeeper::audit::JsonLines;
use innkeeper_tests::{PROGRAMS, TestHost, engine, program};
use serde_json::json;
use wasmtime::Store;
use wasmtime::component::{Component, Linker};

/// A loop around one import.
const BARE: &str = r#"(component
    (import "call" (func $call (param "key" string) (result (result (error string)))))
    (core module $libc
        (memory (export "memory") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
    (core instance $libc (instantiate $libc))
    (core func $lowered (canon lower (func $call)
        (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
    (core module $m
        (import "libc" "memory" (memory 1))
        (import "host" "call" (func $call (param i32 i32 i32)))
        (func (export "run") (param $times i32)
            (loop $again
                (if (local.get $times) (then
                    (call $call (i32.const 0) (i32.const 3) (i32.const 64))
                    (local.set $times (i32.sub (local.get $times) (i32.const 1)))
                    (br $again))))))
    (core instance $m (instantiate $m
        (with "libc" (instance $libc))
        (with "host" (instance (export "call" (func $lowered))))))
    (func (export "run") (param "times" u32) (canon lift (core func $m "run"))))"#;

fn main() {
    // `cargo bench` passes `--bench`, `cargo test` nothing: a test of a benchmark is that it runs.
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let (times, rounds) = if is_bench { (100_000, 9) } else { (100, 1) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (guest, mut bare) = (guest().await, Bare::new().await);
        let (mut through_the_gate, mut before_it, mut without) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            // They take turns, so that what else the machine does falls on all.
            let start_alone = call(&guest, "key", 1).await;
            through_the_gate.push(call(&guest, "key", times).await.saturating_sub(start_alone));
            before_it.push(call(&guest, "", times).await.saturating_sub(start_alone));
            without.push(bare.call(times).await);
        }
        let gate = per_call(through_the_gate, times);
        let (before, bare) = (per_call(before_it, times), per_call(without, times));
        let show = |what: &str, time: Duration| {
            let ratio = time.as_secs_f64() / bare.as_secs_f64();
            println!("  {what:<44} {:>8.3} us  {ratio:>6.2} x", microseconds(time));
        };
        println!("a call that does nothing, median of {rounds} rounds of {times}:");
        show("through policy of 100 grants, quota and audit", gate);
        show("the same, refused before them", before);
        show("so policy, quota and audit", gate.saturating_sub(before));
        show("bare host call of wasmtime", bare);
    });
}

/// A guest with 100 grants and a quota of one call, on a host that writes its audit trail where nothing is kept.
async fn guest() -> Guest {
    let mut host = TestHost::new().setting("quota.calls-per-run = 1");
    for tenant in 0..99 {
        let mut resource = String::new();
        write!(resource, "arn:aws:s3:::uploads/tenant-{tenant:02}/*").unwrap();
        host = host.allow("s3:DeleteObject", &resource);
    }
    let host = host.allow("s3:DeleteObject", "arn:aws:s3:::uploads/key");
    host.aws().s3().create_bucket("uploads").unwrap();
    let component = format!("{}.wasm", program::QUOTA_LOOP);
    let builder = host.builder(host.manifest(Path::new(PROGRAMS), &component), engine());
    let trail = JsonLines::new(std::io::sink()).unwrap();
    builder.audit(Arc::new(trail)).build().unwrap().guest("guest").await.unwrap()
}

async fn call(guest: &Guest, key: &str, times: u32) -> Duration {
    let input = json!({ "bucket": "uploads", "key": key, "times": times }).to_string();
    let started = Instant::now();
    let reply = guest.run(input.as_bytes()).await.unwrap();
    let elapsed = started.elapsed();
    // The first one of a run is within the quota.
    let refused = if key.is_empty() { times } else { times - 1 };
    assert_eq!(reply.output, json!({ "ok": refused }).to_string().into_bytes());
    elapsed
}

struct Bare {
    store: Store<()>,
    run: wasmtime::component::TypedFunc<(u32,), ()>,
}

impl Bare {
    async fn new() -> Self {
        let engine = engine();
        let engine = engine.wasmtime();
        let component = Component::new(engine, wat::parse_str(BARE).unwrap()).unwrap();
        let mut linker = Linker::<()>::new(engine);
        linker
            .root()
            .func_wrap_async("call", |_, (key,): (String,)| {
                Box::new(async move {
                    Ok((if key.len() == 3 { Err("quota-exceeded".to_owned()) } else { Ok(()) },))
                })
            })
            .unwrap();
        let mut store = Store::new(engine, ());
        store.set_epoch_deadline(u64::MAX / 2);
        let instance = linker.instantiate_async(&mut store, &component).await.unwrap();
        let run = instance.get_typed_func(&mut store, "run").unwrap();
        Self { store, run }
    }

    async fn call(&mut self, times: u32) -> Duration {
        let started = Instant::now();
        self.run.call_async(&mut self.store, (times,)).await.unwrap();
        started.elapsed()
    }
}

fn per_call(mut rounds: Vec<Duration>, times: u32) -> Duration {
    rounds.sort();
    rounds.get(rounds.len() / 2).copied().unwrap_or_default() / times
}

fn microseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
