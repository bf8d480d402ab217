//! Messages a second through a guest, beside the bare SDK: send, receive and delete of small messages, one by one and in batches of ten.
//!
//! Both sides are in this process, and take turns: first on the built-in fake in this process, where a
//! call costs little but what the SDK and the fake compute, then on the same fake over HTTP in another process, as on a network without
//! delay. The bare SDK asks for the same attributes of a message as the host does. The host also calls the guest, asks the policy, writes
//! the audit trail, and compares the digests of what was sent and received. `cargo bench -p innkeeper-tests --bench sqs`
//!
//! On a machine with other work the time that the thread has run says more than that on the wall: it is printed too, where Linux tells it.
//! For a profiler, `SIDE=guest` and `SIDE=bare` in the environment leave the other side out.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and fails by panicking")]

#[path = "process/mod.rs"]
mod process;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, MessageSystemAttributeName as Name, SendMessageBatchRequestEntry,
};
use innkeeper::Guest;
use innkeeper::audit::JsonLines;
use innkeeper_fake::{Clock, FakeAws};
use innkeeper_tests::{PROGRAMS, SECRET, TestHost, engine, program};
use serde_json::json;

use crate::process::Server;

/// How often each side has its turn.
const TURNS: usize = 30;
/// Bytes of a message.
const LENGTH: usize = 256;

/// What the host asks for.
const ATTRIBUTES: [Name; 8] = [
    Name::ApproximateFirstReceiveTimestamp,
    Name::ApproximateReceiveCount,
    Name::AwsTraceHeader,
    Name::DeadLetterQueueSourceArn,
    Name::MessageDeduplicationId,
    Name::MessageGroupId,
    Name::SentTimestamp,
    Name::SequenceNumber,
];

/// Where the queue is.
const QUEUE: &str = "orders";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    if arguments.first().is_some_and(|word| word == "serve") {
        process::end_with_parent();
        return runtime.block_on(serve());
    }
    // `cargo bench` passes `--bench`, `cargo test` nothing: a test of a benchmark is that it runs.
    let turns = if arguments.iter().any(|word| word == "--bench") { TURNS } else { 1 };
    runtime.block_on(async {
        println!(
            "send, receive and delete of messages of {LENGTH} bytes, median of {turns} turns, messages/s:"
        );
        let counts = |one: usize, many: usize| [("one by one", 1, one), ("in batches of 10", 10, many)];
        println!("the built-in fake, in this process:");
        for (how, batch, count) in counts(300, 2_000) {
            measure(how, batch, count, turns, None).await;
        }
        let server = Server::start("fake");
        println!("the same fake over HTTP, in another process:");
        for (how, batch, count) in counts(100, 600) {
            measure(how, batch, count, turns, Some(server.url())).await;
        }
    });
}

/// The other process.
async fn serve() {
    let fake = FakeAws::builder().clock(Clock::real()).build();
    fake.sqs().create_queue(QUEUE).unwrap();
    let server = innkeeper_fake::Server::bind(&fake, "127.0.0.1:0").await.unwrap();
    println!("{}", server.url());
    server.run(std::future::pending()).await;
}

/// What a turn took.
#[derive(Clone, Copy)]
struct Took {
    wall: Duration,
    /// Time of this thread on a processor.
    cpu: Option<Duration>,
}

/// From here on.
struct Watch(Instant, Option<Duration>);

impl Watch {
    fn start() -> Self {
        Self(Instant::now(), thread_time())
    }

    fn took(&self) -> Took {
        let cpu = thread_time().zip(self.1).map(|(now, then)| now.saturating_sub(then));
        Took { wall: self.0.elapsed(), cpu }
    }
}

/// For how long this thread has run, if the system tells.
fn thread_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// On the fake of this process, or on that at a URL.
async fn measure(how: &str, batch: usize, count: usize, turns: usize, url: Option<&str>) {
    let mut test = TestHost::new()
        .allow("sqs:*", "arn:aws:sqs:eu-west-1:000000000000:orders")
        .setting("limits.timeout = \"1h\"")
        .setting("limits.cpu-time = \"1h\"");
    test.aws().sqs().create_queue(QUEUE).unwrap();
    if let Some(url) = url {
        test = test.at(url);
    }
    let manifest = test.manifest(Path::new(PROGRAMS), &format!("{}.wasm", program::SQS_ROUND_TRIPS));
    // Where a host that runs on writes its trail: in memory it would grow with every call.
    let trail = Arc::new(JsonLines::new(std::io::sink()).unwrap());
    let guest = test.builder(manifest, engine()).audit(trail).build().unwrap().guest("guest").await.unwrap();
    let (client, url) = bare_client(&test, url).await;

    // The first turn of each looks up what the others remember: credentials, the queue's URL.
    through_guest(&guest, batch, batch).await;
    bare(&client, &url, batch, batch).await;
    let (mut host, mut sdk) = (Vec::new(), Vec::new());
    for _ in 0..turns {
        let side = std::env::var("SIDE").unwrap_or_default();
        if side != "bare" {
            host.push(through_guest(&guest, batch, count).await);
        }
        if side != "guest" {
            sdk.push(bare(&client, &url, batch, count).await);
        }
        test.aws().clear_calls();
    }
    let print = |what: &str, of: &dyn Fn(&Took) -> Option<Duration>| {
        let rate = |turns: &[Took]| {
            let times: Option<Vec<Duration>> = turns.iter().map(of).collect();
            Some(u32::try_from(count).map_or(0.0, f64::from) / median(times?).as_secs_f64())
        };
        if let (Some(host), Some(sdk)) = (rate(&host), rate(&sdk)) {
            println!("  {how:<16} {what}  guest {host:>8.0}  bare SDK {sdk:>8.0}  ratio {:.3}", host / sdk);
        }
    };
    print("by the wall     ", &|turn| Some(turn.wall));
    print("by the processor", &|turn| turn.cpu);
}

/// A client as anybody would make one, with no part of the host in it.
#[expect(clippy::disallowed_methods, reason = "what is measured is what lies under the host's clients")]
async fn bare_client(test: &TestHost, endpoint: Option<&str>) -> (Client, String) {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("AKIDEXAMPLE", SECRET, None, None, "benchmark"));
    let fake = test.aws();
    let config = match endpoint {
        Some(url) => {
            config.http_client(aws_smithy_http_client::Builder::new().build_http()).endpoint_url(url)
        }
        None => {
            config.http_client(fake.http_client()).time_source(fake.time_source()).sleep_impl(fake.sleep())
        }
    };
    let client = Client::from_conf(config.build());
    let url = client.get_queue_url().queue_name(QUEUE).send().await.unwrap().queue_url.unwrap();
    (client, url)
}

async fn through_guest(guest: &Guest, batch: usize, count: usize) -> Took {
    let input = json!({ "queue": QUEUE, "batch": batch, "count": count, "length": LENGTH }).to_string();
    let watch = Watch::start();
    let reply = guest.run(input.as_bytes()).await.unwrap();
    let took = watch.took();
    assert_eq!(reply.output, json!({ "ok": count }).to_string().as_bytes());
    took
}

async fn bare(client: &Client, url: &str, batch: usize, count: usize) -> Took {
    let body = "x".repeat(LENGTH);
    let watch = Watch::start();
    let mut received = 0;
    let mut left = count;
    while left > 0 {
        let of_batch = left.min(batch);
        received +=
            if batch == 1 { one(client, url, &body).await } else { many(client, url, &body, of_batch).await };
        left -= of_batch;
    }
    let took = watch.took();
    assert_eq!(received, count);
    took
}

async fn one(client: &Client, url: &str, body: &str) -> usize {
    client.send_message().queue_url(url).message_body(body).send().await.unwrap();
    let received = receive(client, url, 1).await;
    for receipt in &received {
        client.delete_message().queue_url(url).receipt_handle(receipt).send().await.unwrap();
    }
    received.len()
}

async fn many(client: &Client, url: &str, body: &str, count: usize) -> usize {
    let entry = |id: usize| {
        SendMessageBatchRequestEntry::builder().id(id.to_string()).message_body(body).build().unwrap()
    };
    let entries = (0..count).map(entry).collect();
    let sent = client.send_message_batch().queue_url(url).set_entries(Some(entries)).send().await.unwrap();
    assert!(sent.failed.is_empty());
    let received = receive(client, url, count).await;
    let entry = |(id, receipt): (usize, &String)| {
        DeleteMessageBatchRequestEntry::builder().id(id.to_string()).receipt_handle(receipt).build().unwrap()
    };
    let entries = received.iter().enumerate().map(entry).collect();
    let deleted =
        client.delete_message_batch().queue_url(url).set_entries(Some(entries)).send().await.unwrap();
    assert!(deleted.failed.is_empty());
    received.len()
}

/// Receives messages, and returns their receipts.
async fn receive(client: &Client, url: &str, count: usize) -> Vec<String> {
    let received = client
        .receive_message()
        .queue_url(url)
        .max_number_of_messages(i32::try_from(count).unwrap())
        .message_attribute_names("All")
        .set_message_system_attribute_names(Some(ATTRIBUTES.to_vec()))
        .send()
        .await
        .unwrap();
    received.messages.into_iter().flatten().map(|message| message.receipt_handle.unwrap()).collect()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
