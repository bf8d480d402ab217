//! How long a test of a guest takes that makes 200 calls of AWS: 50 rounds of S3's PutObject and GetObject, SQS's SendMessage and
//! Lambda's Invoke, with `innkeeper-testing`. All of it: the fake is made and seeded, the manifest read, the guest made ready, called, and what
//! came of it is checked. `cargo bench -p innkeeper-tests --bench testing`
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark prints, and fails by panicking"
)]

use std::time::{Duration, Instant};

use innkeeper_testing::TestHost;
use innkeeper_tests::{PROGRAMS, program};
use serde_json::{Value, json};

const ROUNDS: usize = 50;
const CALLS: usize = 4 * ROUNDS;

const POLICY: &str = r#"
[[guest.guest.allow]]
actions = ["s3:PutObject", "s3:GetObject", "sqs:GetQueueUrl", "sqs:SendMessage", "lambda:InvokeFunction"]
resources = ["*"]
"#;

fn main() {
    // `cargo bench` passes `--bench`, `cargo test` nothing: a test of a benchmark is that it runs.
    let runs = if std::env::args().any(|argument| argument == "--bench") { 40 } else { 1 };
    let first = test();
    let mut times: Vec<Duration> = (0..runs).map(|_| test()).collect();
    times.sort();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    println!("a test with {CALLS} calls of S3, SQS and Lambda, from an empty fake to the last assertion:");
    println!(
        "  the first of a process {:>8.2} ms (compiles the guest, or loads what was compiled)",
        millis(first)
    );
    println!("  median of {runs:>3} more     {:>8.2} ms", millis(median));
}

/// A test, as `#[tokio::test(start_paused = true)]` runs it.
fn test() -> Duration {
    let started = Instant::now();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let manifest = format!("[guest.guest]\ncomponent = \"{}.wasm\"\n{POLICY}", program::TESTING_ROUNDS);
        let host = TestHost::from_text_in(PROGRAMS, &manifest)
            .with_bucket("uploads")
            .with_queue("jobs")
            .with_function("price", |event| async move {
                let order: Value = event.json()?;
                Ok(json!({ "price": order["order"] }))
            });
        let called = host.call_json("guest", &json!({ "rounds": ROUNDS })).await;
        called.returned_json(&json!({ "ok": { "total": ROUNDS * (ROUNDS - 1) / 2 } })).was_denied_nothing();
        called.made("PutObject").times(ROUNDS).made("Invoke").times(ROUNDS);
        // The queue's URL is asked for once.
        assert_eq!(called.calls().count(), CALLS + 1);
    });
    started.elapsed()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
