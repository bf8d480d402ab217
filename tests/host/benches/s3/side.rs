//! What the figures have in common: the guest, the runtime, medians, and the memory of the process.

use std::time::{Duration, Instant};

use innkeeper::Guest;
use innkeeper_tests::{TestHost, program};
use serde_json::{Value, json};

pub(crate) const BUCKET: &str = "bench";

pub(crate) const MIB: u64 = 1 << 20;

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
}

/// A host whose guest may do all with the bucket, and whose limits are the defaults but for those of time and of one call's bytes.
pub(crate) fn host() -> TestHost {
    TestHost::new()
        .allow("s3:*", &format!("arn:aws:s3:::{BUCKET}*"))
        .setting("limits.timeout = \"1h\"")
        .setting("limits.cpu-time = \"1h\"")
        .setting("limits.memory = \"256MiB\"")
        .setting("limits.host-call-bytes = \"128MiB\"")
}

/// The guest that does what the bare SDK is measured by.
pub(crate) async fn guest(host: &TestHost) -> Guest {
    host.guest(program::S3_LOAD).await
}

/// One call of the guest: does something so many times.
pub(crate) async fn load(guest: &Guest, operation: &str, key: &str, times: u64, bytes: u64) -> u64 {
    let input =
        json!({ "bucket": BUCKET, "operation": operation, "key": key, "times": times, "bytes": bytes });
    let reply = guest.run(input.to_string().as_bytes()).await.unwrap();
    let answer: Value = serde_json::from_slice(&reply.output).unwrap();
    answer.pointer("/ok/moved").and_then(Value::as_u64).unwrap_or_else(|| panic!("{operation}: {answer}"))
}

/// How long it takes.
pub(crate) async fn time(work: impl Future) -> Duration {
    let started = Instant::now();
    work.await;
    started.elapsed()
}

/// How long all threads of this process have computed: what tells the sides apart where the machine is busy with other things.
pub(crate) fn cpu_time() -> Duration {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let nanoseconds = threads.filter_map(|thread| {
        // One that has ended meanwhile computes no more.
        let told = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        told.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanoseconds.sum())
}

pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// By how much the slowest turn was slower than the fastest: what the machine was busy with besides.
pub(crate) fn spread(times: &[Duration]) -> f64 {
    let (fastest, slowest) = (times.iter().min(), times.iter().max());
    fastest.zip(slowest).map_or(0.0, |(fastest, slowest)| slowest.as_secs_f64() / fastest.as_secs_f64() - 1.0)
}

/// In megabytes a second.
pub(crate) fn rate(bytes: u64, time: Duration) -> f64 {
    bytes as f64 / time.as_secs_f64() / 1e6
}

/// The resident memory of this process in bytes: now, and at most since [`forget_peak`].
pub(crate) fn resident() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1_024
    };
    (of("VmRSS:"), of("VmHWM:"))
}

pub(crate) fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}
