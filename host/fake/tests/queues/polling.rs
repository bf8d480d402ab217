//! Long polls: they wait on the clock and on arrivals, and take no real time.

use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName;
use pretty_assertions::assert_eq;
use tokio::time::Instant;

use crate::aws::{Queue, fifo, pass, queue, refused};

/// What a long poll receives, and after how many seconds.
fn poll(queue: &Queue, wait: i32) -> tokio::task::JoinHandle<(Vec<String>, u64)> {
    let receive = queue.receive().wait_time_seconds(wait);
    tokio::spawn(async move {
        let start = Instant::now();
        let received = receive.send().await.unwrap().messages.unwrap_or_default();
        let bodies = received.into_iter().map(|message| message.body.unwrap()).collect();
        (bodies, start.elapsed().as_secs())
    })
}

fn bodies(bodies: &[&str]) -> Vec<String> {
    bodies.iter().map(|&body| body.to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_poll_ends_empty_when_its_time_is_over() {
    let queue = queue().await;
    assert_eq!(poll(&queue, 20).await.unwrap(), (bodies(&[]), 20));
    assert_eq!(poll(&queue, 0).await.unwrap(), (bodies(&[]), 0));
    queue.set(QueueAttributeName::ReceiveMessageWaitTimeSeconds, "5").await;
    let start = Instant::now();
    assert_eq!(queue.bodies().await, [""; 0]);
    assert_eq!(start.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_poll_ends_with_what_is_there() {
    let queue = queue().await;
    queue.send("x").send().await.unwrap();
    assert_eq!(poll(&queue, 20).await.unwrap(), (bodies(&["x"]), 0));
}

#[tokio::test(start_paused = true)]
async fn a_poll_ends_when_a_message_arrives() {
    let queue = queue().await;
    let poll = poll(&queue, 20);
    tokio::time::sleep(Duration::from_secs(7)).await;
    queue.send("x").send().await.unwrap();
    assert_eq!(poll.await.unwrap(), (bodies(&["x"]), 7));
}

#[tokio::test(start_paused = true)]
async fn one_message_ends_one_poll() {
    let queue = queue().await;
    let polls = [poll(&queue, 20), poll(&queue, 20), poll(&queue, 20)];
    tokio::time::sleep(Duration::from_secs(1)).await;
    queue.send("x").send().await.unwrap();
    let mut ends = Vec::new();
    for poll in polls {
        ends.push(poll.await.unwrap());
    }
    ends.sort();
    assert_eq!(ends, [(bodies(&[]), 20), (bodies(&[]), 20), (bodies(&["x"]), 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_poll_ends_when_a_message_becomes_visible() {
    let queue = queue().await;
    queue.send("delayed").delay_seconds(4).send().await.unwrap();
    assert_eq!(poll(&queue, 20).await.unwrap(), (bodies(&["delayed"]), 4));
    pass(20).await;
    assert_eq!(poll(&queue, 20).await.unwrap(), (bodies(&["delayed"]), 10));
}

#[tokio::test(start_paused = true)]
async fn a_poll_ends_when_somebody_releases_a_message() {
    let queue = queue().await;
    queue.send("x").send().await.unwrap();
    let message = queue.one().await;
    let poll = poll(&queue, 20);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let release = queue.client.change_message_visibility().queue_url(&queue.url).visibility_timeout(0);
    release.receipt_handle(message.receipt_handle().unwrap()).send().await.unwrap();
    assert_eq!(poll.await.unwrap(), (bodies(&["x"]), 3));
}

#[tokio::test(start_paused = true)]
async fn a_poll_ends_when_a_group_is_free() {
    let queue = fifo().await;
    for body in ["1", "2"] {
        queue.send(body).message_group_id("g").send().await.unwrap();
    }
    let first = queue.receive().max_number_of_messages(1).send().await.unwrap().messages.unwrap();
    let poll = poll(&queue, 20);
    tokio::time::sleep(Duration::from_secs(6)).await;
    queue.delete(&first[0]).await;
    assert_eq!(poll.await.unwrap(), (bodies(&["2"]), 6));
}

#[tokio::test(start_paused = true)]
async fn a_poll_ends_with_its_queue() {
    let queue = queue().await;
    let receive = queue.receive().wait_time_seconds(20);
    let poll = tokio::spawn(receive.send());
    tokio::time::sleep(Duration::from_secs(1)).await;
    queue.client.delete_queue().queue_url(&queue.url).send().await.unwrap();
    refused(poll.await.unwrap(), 400, "AWS.SimpleQueueService.NonExistentQueue", "");
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_nobody_waits_for_takes_nothing() {
    let queue = queue().await;
    let poll = poll(&queue, 20);
    tokio::time::sleep(Duration::from_secs(1)).await;
    poll.abort();
    assert!(poll.await.unwrap_err().is_cancelled());
    queue.send("x").send().await.unwrap();
    assert_eq!(queue.counts().await, [1, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_week_of_visibility_timeouts_takes_no_time() {
    let queue = queue().await;
    queue.set(QueueAttributeName::VisibilityTimeout, "43200").await;
    queue.set(QueueAttributeName::MessageRetentionPeriod, "1209600").await;
    queue.send("x").send().await.unwrap();
    let real = std::time::Instant::now();
    for _ in 0..14 {
        assert_eq!(queue.bodies().await, ["x"]);
        pass(43_200).await;
    }
    assert!(real.elapsed() < Duration::from_secs(5));
}
