//! What a client costs: the time of a hit, and the memory of one more guest.
//!
//! `cargo bench -p innkeeper-aws`. Beside each number stands what it costs to do without the factory.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark fails by panicking, and prints its results"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use innkeeper_aws::{Class, ClientFactory, Endpoint, Identity, Scope, StaticKeys};
use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

/// The most that a hit may take, in a release build.
const HIT_LIMIT: Duration = Duration::from_nanos(200);

const GUESTS: u32 = 10_000;

/// Enough for an average, and few enough for the memory of any machine.
const FEW_GUESTS: u32 = 500;

/// The discard port, where a connection is refused at once.
const NOBODY: &str = "http://127.0.0.1:9";

struct Counting;

static ALLOCATED: AtomicI64 = AtomicI64::new(0);

fn size(layout: Layout) -> i64 {
    i64::try_from(layout.size()).unwrap_or(i64::MAX)
}

#[expect(unsafe_code, reason = "only a global allocator sees every allocation; it passes them on unchanged")]
// SAFETY: every call is the system allocator's, with the same arguments.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(size(layout), Ordering::Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(size(layout), Ordering::Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let hit = runtime.block_on(time_hit());
    let build = time(10_000, || drop(black_box(without_factory())));
    println!("one client: {hit:?} for a hit, {build:?} for one built without the factory");

    let own = |guest| Identity::Static(StaticKeys::new(format!("AKID{guest}"), "secret"));
    let shared = runtime.block_on(bytes_per_guest(|_| Identity::DefaultChain));
    let own = runtime.block_on(bytes_per_guest(own));
    let without = runtime.block_on(bytes_per_guest_without_factory());
    println!(
        "one more guest that has made a call: {shared} bytes, {own} with an identity of its own (of {GUESTS} guests); \
         {without} without the factory (of {FEW_GUESTS})"
    );
    if !cfg!(debug_assertions) {
        assert!(hit < HIT_LIMIT, "a hit takes {hit:?}, which is over {HIT_LIMIT:?}");
    }
}

async fn time_hit() -> Duration {
    let (_, factory) = support::factory();
    let scope = Scope::builder().guest("guest").build().unwrap();
    drop(factory.s3(&scope).await.unwrap());
    let rounds = 1_000_000;
    let start = Instant::now();
    for _ in 0..rounds {
        drop(black_box(factory.s3(black_box(&scope)).await));
    }
    start.elapsed() / rounds
}

fn time(rounds: u32, run: impl Fn()) -> Duration {
    let start = Instant::now();
    for _ in 0..rounds {
        run();
    }
    start.elapsed() / rounds
}

/// What the memory of a scope, a session and a client of a guest come to, where there are as many others. Each has made
/// a call, to a port of this machine where nobody listens, so that what a client only makes when it connects is there.
async fn bytes_per_guest(identity: impl Fn(u32) -> Identity) -> i64 {
    let many = NonZeroU64::new(u64::from(GUESTS) * 2).unwrap();
    let factory = ClientFactory::builder()
        .environment(support::variables(support::KEYS))
        .region(innkeeper_aws::Region::new("eu-west-1").unwrap())
        .max_clients(many)
        .max_sessions(many)
        .build()
        .unwrap();
    let scope = |guest: u32| {
        let builder =
            Scope::builder().identity(identity(guest)).guest(format!("guest{guest}")).class(Class::PROBE);
        builder.endpoint(Endpoint::new(NOBODY).unwrap()).build().unwrap()
    };
    let warm = scope(GUESTS);
    factory.s3(&warm).await.unwrap().list_buckets().send().await.unwrap_err();
    let before = ALLOCATED.load(Ordering::Relaxed);
    let mut scopes = Vec::new();
    for guest in 0..GUESTS {
        let scope = scope(guest);
        drop(factory.s3(&scope).await.unwrap().list_buckets().send().await);
        scopes.push(scope);
    }
    assert_eq!(factory.stats().live_clients, u64::from(GUESTS) + 1);
    let after = ALLOCATED.load(Ordering::Relaxed);
    drop(scopes);
    (after - before) / i64::from(GUESTS)
}

async fn bytes_per_guest_without_factory() -> i64 {
    drop(without_factory().list_buckets().send().await);
    let before = ALLOCATED.load(Ordering::Relaxed);
    let mut clients = Vec::new();
    for _ in 0..FEW_GUESTS {
        let client = without_factory();
        drop(client.list_buckets().send().await);
        clients.push(client);
    }
    let after = ALLOCATED.load(Ordering::Relaxed);
    drop(clients);
    (after - before) / i64::from(FEW_GUESTS)
}

/// A client as a host would make it for each guest that must share nothing: its own connections and credentials.
fn without_factory() -> aws_sdk_s3::Client {
    use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

    let http =
        aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("eu-west-1"))
        .credentials_provider(Credentials::new("AKID", "secret", None, None, "static"))
        .endpoint_url(NOBODY)
        .retry_config(RetryConfig::disabled())
        .http_client(http);
    aws_sdk_s3::Client::from_conf(config.build())
}
