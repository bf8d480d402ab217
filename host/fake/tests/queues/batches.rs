//! Batches: entries that fail on their own, and batches that fail whole.

use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, ChangeMessageVisibilityBatchResultEntry,
    DeleteMessageBatchRequestEntry, SendMessageBatchRequestEntry,
};
use pretty_assertions::assert_eq;

use crate::aws::{Queue, fifo, queue, refused};

const PREFIX: &str = "AWS.SimpleQueueService";

fn entry(id: &str, body: &str) -> SendMessageBatchRequestEntry {
    SendMessageBatchRequestEntry::builder().id(id).message_body(body).build().unwrap()
}

fn delete(id: &str, handle: &str) -> DeleteMessageBatchRequestEntry {
    DeleteMessageBatchRequestEntry::builder().id(id).receipt_handle(handle).build().unwrap()
}

fn change(id: &str, handle: &str, seconds: i32) -> ChangeMessageVisibilityBatchRequestEntry {
    let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(id).receipt_handle(handle);
    entry.visibility_timeout(seconds).build().unwrap()
}

fn send(
    queue: &Queue,
    entries: Vec<SendMessageBatchRequestEntry>,
) -> aws_sdk_sqs::operation::send_message_batch::builders::SendMessageBatchFluentBuilder {
    queue.client.send_message_batch().queue_url(&queue.url).set_entries(Some(entries))
}

#[tokio::test(start_paused = true)]
async fn sends_what_it_can_and_says_what_not() {
    let queue = queue().await;
    let delayed = SendMessageBatchRequestEntry::builder().id("delayed").message_body("x").delay_seconds(901);
    let entries = vec![entry("good", "msg"), entry("bad", "\u{1}"), delayed.build().unwrap()];
    let sent = send(&queue, entries).send().await.unwrap();
    assert_eq!(sent.successful().len(), 1);
    assert_eq!(sent.successful()[0].id(), "good");
    assert_eq!(sent.successful()[0].md5_of_message_body(), "6e2baaf3b97dbeef01c0043275f9a0e7");
    let failed: Vec<_> =
        sent.failed().iter().map(|failed| (failed.id(), failed.code(), failed.sender_fault())).collect();
    assert_eq!(failed, [("bad", "InvalidMessageContents", true), ("delayed", "InvalidParameterValue", true)]);
    assert_eq!(queue.bodies().await, ["msg"]);
}

#[tokio::test(start_paused = true)]
async fn refuses_a_batch_with_wrong_ids() {
    let queue = queue().await;
    let long = "i".repeat(81);
    let none = send(&queue, vec![]).send().await;
    refused(none, 400, &format!("{PREFIX}.EmptyBatchRequest"), "at least one SendMessageBatchRequestEntry");
    let many = (0..11).map(|number| entry(&format!("e{number}"), "x")).collect();
    let many = send(&queue, many).send().await;
    refused(many, 400, &format!("{PREFIX}.TooManyEntriesInBatchRequest"), "You have sent 11.");
    for id in ["", "invalid:id", long.as_str()] {
        let invalid = send(&queue, vec![entry("good", "x"), entry(id, "x")]).send().await;
        refused(invalid, 400, &format!("{PREFIX}.InvalidBatchEntryId"), "at most 80 letters long");
    }
    let twice = send(&queue, vec![entry("a", "x"), entry("b", "x"), entry("a", "x")]).send().await;
    refused(twice, 400, &format!("{PREFIX}.BatchEntryIdsNotDistinct"), "Id a repeated.");
    assert_eq!(queue.counts().await, [0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn refuses_a_batch_that_is_too_long_in_all() {
    let queue = queue().await;
    let half = "x".repeat(512 * 1024);
    send(&queue, vec![entry("a", &half), entry("b", &half)]).send().await.unwrap();
    let more = send(&queue, vec![entry("a", &half), entry("b", &half), entry("c", "x")]).send().await;
    refused(more, 400, &format!("{PREFIX}.BatchRequestTooLong"), "You have sent 1048577 bytes.");
    assert_eq!(queue.counts().await, [2, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn what_a_fifo_queue_needs_fails_the_batch() {
    let queue = fifo().await;
    let grouped = |id: &str, group: Option<&str>| {
        let entry = SendMessageBatchRequestEntry::builder().id(id).message_body(id);
        entry.set_message_group_id(group.map(str::to_owned)).build().unwrap()
    };
    let missing = send(&queue, vec![grouped("a", Some("g")), grouped("b", None)]).send().await;
    refused(missing, 400, "InvalidParameterValue", "must contain the parameter MessageGroupId");
    let entries = ["a", "b", "c"].map(|id| grouped(id, Some("g"))).to_vec();
    let sent = send(&queue, entries).send().await.unwrap();
    let numbers: Vec<_> = sent.successful().iter().map(|entry| entry.sequence_number().unwrap()).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
    assert_eq!(queue.bodies().await, ["a", "b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn deletes_and_hides_what_it_can() {
    let queue = queue().await;
    for body in ["1", "2"] {
        queue.send(body).send().await.unwrap();
    }
    let messages = queue.messages().await;
    let handles: Vec<_> = messages.iter().map(|message| message.receipt_handle().unwrap()).collect();
    let changed = queue
        .client
        .change_message_visibility_batch()
        .queue_url(&queue.url)
        .entries(change("a", handles[0], 0))
        .entries(change("b", handles[1], 43_201))
        .entries(change("c", "garbage", 1))
        .send()
        .await
        .unwrap();
    let changed_ids: Vec<_> =
        changed.successful().iter().map(ChangeMessageVisibilityBatchResultEntry::id).collect();
    assert_eq!(changed_ids, ["a"]);
    let codes: Vec<_> = changed.failed().iter().map(|failed| (failed.id(), failed.code())).collect();
    assert_eq!(codes, [("b", "InvalidParameterValue"), ("c", "ReceiptHandleIsInvalid")]);
    assert_eq!(queue.counts().await, [1, 1, 0]);
    let deleted = queue
        .client
        .delete_message_batch()
        .queue_url(&queue.url)
        .entries(delete("a", handles[0]))
        .entries(delete("b", handles[1]))
        .entries(delete("c", "garbage"))
        .send()
        .await
        .unwrap();
    assert_eq!(deleted.successful().len(), 2);
    assert_eq!(deleted.failed()[0].code(), "ReceiptHandleIsInvalid");
    assert_eq!(queue.counts().await, [0, 0, 0]);
    let empty =
        queue.client.delete_message_batch().queue_url(&queue.url).set_entries(Some(vec![])).send().await;
    refused(empty, 400, &format!("{PREFIX}.EmptyBatchRequest"), "DeleteMessageBatchRequestEntry");
    let twice = queue.client.change_message_visibility_batch().queue_url(&queue.url);
    let twice = twice.entries(change("a", "x", 1)).entries(change("a", "y", 1)).send().await;
    refused(twice, 400, &format!("{PREFIX}.BatchEntryIdsNotDistinct"), "Id a repeated.");
}
