//! Messages a second through a guest, beside the bare SDK: send, receive and delete of small messages, one by one and in batches of ten.
//!
//! Both sides are in this process, on the same fake AWS and with clients of the same factory, and take turns. The bare SDK asks for the
//! same attributes of a message as the host does. The host also calls the guest, asks the policy, writes the audit trail, and compares
//! the digests of what was sent and received. `cargo bench -p innkeeper-tests --bench sqs`
//!
//! On a machine with other work the time that the thread has run says more than that on the wall: it is printed too, where Linux tells it.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and fails by panicking")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, MessageSystemAttributeName as Name, SendMessageBatchRequestEntry,
};
use innkeeper::Guest;
use innkeeper::audit::JsonLines;
use innkeeper::aws::{Identity, Region, Scope, StaticKeys};
use innkeeper_tests::{PROGRAMS, SECRET, TestHost, engine, factory, program};
use serde_json::json;

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

fn main() {
    // `cargo bench` passes `--bench`, `cargo test` nothing: a test of a benchmark is that it runs.
    let turns = if std::env::args().any(|argument| argument == "--bench") { TURNS } else { 1 };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        println!(
            "send, receive and delete of messages of {LENGTH} bytes, median of {turns} turns, messages/s:"
        );
        for (how, batch, count) in [("one by one", 1, 300), ("in batches of 10", 10, 2_000)] {
            measure(how, batch, count, turns).await;
        }
    });
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

async fn measure(how: &str, batch: usize, count: usize, turns: usize) {
    let test = TestHost::new()
        .allow("sqs:*", "arn:aws:sqs:eu-west-1:000000000000:orders")
        .setting("limits.timeout = \"1h\"")
        .setting("limits.cpu-time = \"1h\"");
    test.aws().sqs().create_queue("orders").unwrap();
    let manifest = test.manifest(Path::new(PROGRAMS), &format!("{}.wasm", program::SQS_ROUND_TRIPS));
    // Where a host that runs on writes its trail: in memory it would grow with every call.
    let trail = Arc::new(JsonLines::new(std::io::sink()).unwrap());
    let guest = test.builder(manifest, engine()).audit(trail).build().unwrap().guest("guest").await.unwrap();
    let (client, url) = bare_client(&test).await;

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

async fn bare_client(test: &TestHost) -> (Client, String) {
    let scope = Scope::builder()
        .identity(Identity::Static(StaticKeys::new("AKIDEXAMPLE", SECRET)))
        .region("eu-west-1".parse::<Region>().unwrap())
        .build()
        .unwrap();
    let client = factory(test.aws()).sqs(&scope).await.unwrap();
    let url = client.get_queue_url().queue_name("orders").send().await.unwrap().queue_url.unwrap();
    (client, url)
}

async fn through_guest(guest: &Guest, batch: usize, count: usize) -> Took {
    let input = json!({ "queue": "orders", "batch": batch, "count": count, "length": LENGTH }).to_string();
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
