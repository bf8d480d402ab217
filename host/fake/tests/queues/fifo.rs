//! FIFO queues: order, groups, deduplication, receives that are tried again.

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName as System, QueueAttributeName as Name};
use pretty_assertions::assert_eq;

use crate::aws::{Queue, fifo, pass, queue_with, refused, system};

async fn send(queue: &Queue, group: &str, body: &str) -> (String, String) {
    let sent = queue.send(body).message_group_id(group).send().await.unwrap();
    (sent.message_id.unwrap(), sent.sequence_number.unwrap())
}

fn bodies(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.body().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn needs_a_group_and_a_deduplication_id() {
    let queue = queue_with("q.fifo", &[(Name::FifoQueue, "true")]).await;
    let no_id = queue.send("x").message_group_id("g").send().await;
    refused(no_id, 400, "InvalidParameterValue", "ContentBasedDeduplication enabled or");
    let no_group = queue.send("x").message_deduplication_id("d").send().await;
    refused(no_group, 400, "MissingParameter", "MessageGroupId");
    let delayed =
        queue.send("x").message_deduplication_id("d").message_group_id("g").delay_seconds(2).send().await;
    let reason =
        "Value 2 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not";
    refused(delayed, 400, "InvalidParameterValue", reason);
    let sent =
        queue.send("x").message_deduplication_id("d").message_group_id("g").delay_seconds(0).send().await;
    assert_eq!(sent.unwrap().sequence_number().unwrap().len(), 20);
    let message = queue.one().await;
    assert_eq!(system(&message, System::MessageDeduplicationId), Some("d"));
    assert_eq!(system(&message, System::MessageGroupId), Some("g"));
    assert_eq!(message.attributes().unwrap().len(), 7);
}

#[tokio::test(start_paused = true)]
async fn keeps_the_order_of_a_group_and_locks_it() {
    let queue = fifo().await;
    let mut numbers = Vec::new();
    for (group, body) in [("a", "a1"), ("b", "b1"), ("a", "a2"), ("a", "a3")] {
        numbers.push(send(&queue, group, body).await.1);
    }
    assert!(numbers.is_sorted());
    let first = queue.receive().max_number_of_messages(1).send().await.unwrap().messages.unwrap();
    assert_eq!(bodies(&first), ["a1"]);
    // The group is locked, the other is not.
    assert_eq!(queue.bodies().await, ["b1"]);
    assert_eq!(queue.bodies().await, [""; 0]);
    queue.delete(&first[0]).await;
    let rest = queue.messages().await;
    assert_eq!(bodies(&rest), ["a2", "a3"]);
    // The lock holds until the last is done.
    queue.delete(&rest[0]).await;
    send(&queue, "a", "a4").await;
    assert_eq!(queue.bodies().await, [""; 0]);
    pass(30).await;
    assert_eq!(queue.bodies().await, ["b1", "a3", "a4"]);
}

#[tokio::test(start_paused = true)]
async fn what_lies_in_front_of_a_message_in_flight_can_be_received() {
    // As recorded on AWS: of three messages in flight the one at `place` stays so when the others have become visible.
    for (place, rest) in [(0, &[][..]), (1, &["1"]), (2, &["1", "2"])] {
        let queue = fifo().await;
        for body in ["1", "2", "3"] {
            send(&queue, "g", body).await;
        }
        let all = queue.receive().visibility_timeout(10).send().await.unwrap().messages.unwrap();
        let extend = queue.client.change_message_visibility().queue_url(&queue.url).visibility_timeout(40);
        extend.receipt_handle(all[place].receipt_handle().unwrap()).send().await.unwrap();
        pass(25).await;
        assert_eq!(queue.bodies().await, rest, "{place}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_released_message_stays_in_front_of_its_group() {
    let queue = fifo().await;
    send(&queue, "g", "1").await;
    send(&queue, "g", "2").await;
    let both = queue.messages().await;
    let release = |message: &Message| {
        let change = queue.client.change_message_visibility().queue_url(&queue.url).visibility_timeout(0);
        change.receipt_handle(message.receipt_handle().unwrap()).send()
    };
    release(&both[1]).await.unwrap();
    assert_eq!(queue.bodies().await, [""; 0], "the one ahead is in flight");
    release(&both[0]).await.unwrap();
    assert_eq!(queue.bodies().await, ["1", "2"]);
}

#[tokio::test(start_paused = true)]
async fn groups_take_turns() {
    // The orders are recorded on AWS.
    let queue = fifo().await;
    for (group, body) in [("1", "g1-m1"), ("2", "g2-m1"), ("2", "g2-m2"), ("3", "g3-m1"), ("1", "g1-m2")] {
        send(&queue, group, body).await;
    }
    let seen = |max: i32| {
        let receive = queue.receive().max_number_of_messages(max).visibility_timeout(0).send();
        async {
            receive
                .await
                .unwrap()
                .messages
                .unwrap()
                .into_iter()
                .map(|it| it.body.unwrap())
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(seen(3).await, ["g1-m1", "g1-m2", "g2-m1"]);
    assert_eq!(seen(10).await, ["g3-m1", "g1-m1", "g1-m2", "g2-m1", "g2-m2"]);
}

#[tokio::test(start_paused = true)]
async fn takes_only_the_last_handle_and_in_time() {
    let queue = fifo().await;
    send(&queue, "g", "1").await;
    let late = queue.one().await;
    pass(30).await;
    let handle = late.receipt_handle().unwrap();
    let delete =
        |handle: &str| queue.client.delete_message().queue_url(&queue.url).receipt_handle(handle).send();
    refused(delete(handle).await, 400, "InvalidParameterValue", "The receipt handle has expired.");
    let change = queue.client.change_message_visibility().queue_url(&queue.url).visibility_timeout(9);
    let reason = "not available for visibility timeout change";
    refused(change.receipt_handle(handle).send().await, 400, "InvalidParameterValue", reason);
    let again = queue.one().await;
    refused(delete(handle).await, 400, "InvalidParameterValue", "The receipt handle has expired.");
    queue.delete(&again).await;
    delete(handle).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_same_content_within_five_minutes_is_one_message() {
    let queue = fifo().await;
    let first = send(&queue, "g", "x").await;
    pass(299).await;
    assert_eq!(send(&queue, "g", "x").await, first);
    // In another group too, since ids are the queue's; and whatever has become of the message.
    assert_eq!(send(&queue, "other", "x").await, first);
    queue.delete(&queue.one().await).await;
    assert_eq!(send(&queue, "g", "x").await, first);
    assert_eq!(queue.bodies().await, [""; 0]);
    pass(1).await;
    let second = send(&queue, "g", "x").await;
    assert!(second.1 > first.1 && second.0 != first.0);
    assert_eq!(queue.bodies().await, ["x"]);
}

#[tokio::test(start_paused = true)]
async fn an_id_of_its_own_goes_before_the_content() {
    let queue = fifo().await;
    let send = |body: &'static str, id: &'static str| {
        queue.send(body).message_group_id("g").message_deduplication_id(id).send()
    };
    let first = send("x", "1").await.unwrap();
    assert_ne!(send("x", "2").await.unwrap().message_id, first.message_id);
    let same = send("y", "1").await.unwrap();
    assert_eq!(same.message_id, first.message_id);
    assert_ne!(same.md5_of_message_body, first.md5_of_message_body);
    assert_eq!(queue.bodies().await, ["x", "x"]);
    refused(send("x", "ä").await, 400, "InvalidParameterValue", "MessageDeduplicationId");
}

#[tokio::test(start_paused = true)]
async fn ids_can_be_those_of_a_group() {
    let queue = fifo().await;
    queue.set(Name::DeduplicationScope, "messageGroup").await;
    let first = send(&queue, "a", "x").await;
    assert_eq!(send(&queue, "a", "x").await, first);
    // As recorded on AWS: a change is not in force at once.
    assert_eq!(send(&queue, "b", "x").await, first);
    pass(60).await;
    assert_ne!(send(&queue, "b", "x").await, first);
    assert_eq!(queue.bodies().await, ["x", "x"]);
}

#[tokio::test(start_paused = true)]
async fn a_queues_delay_is_also_that_of_messages_that_wait() {
    let queue = fifo().await;
    queue.set(Name::DelaySeconds, "100").await;
    send(&queue, "g", "1").await;
    send(&queue, "g", "2").await;
    assert_eq!(queue.counts().await, [0, 0, 2]);
    pass(10).await;
    queue.set(Name::DelaySeconds, "20").await;
    assert_eq!(queue.counts().await, [0, 0, 2]);
    pass(10).await;
    assert_eq!(queue.bodies().await, ["1", "2"]);
}

#[tokio::test(start_paused = true)]
async fn a_receive_that_is_tried_again_gets_the_same_messages() {
    let queue = fifo().await;
    send(&queue, "g", "1").await;
    let receive = || queue.receive().receive_request_attempt_id("try");
    let first = receive().send().await.unwrap().messages.unwrap();
    pass(20).await;
    let again = receive().send().await.unwrap().messages.unwrap();
    assert_eq!(again, first);
    // The visibility timeout has begun anew.
    pass(20).await;
    assert_eq!(queue.bodies().await, [""; 0]);
    queue.delete(&first[0]).await;
    assert_eq!(receive().send().await.unwrap().messages, None);
}

#[tokio::test(start_paused = true)]
async fn another_attempt_after_a_change_is_a_receive_of_its_own() {
    let queue = fifo().await;
    send(&queue, "g", "1").await;
    let receive = || queue.receive().receive_request_attempt_id("try");
    let first = receive().send().await.unwrap().messages.unwrap();
    let change = queue.client.change_message_visibility().queue_url(&queue.url).visibility_timeout(5);
    change.receipt_handle(first[0].receipt_handle().unwrap()).send().await.unwrap();
    assert_eq!(receive().send().await.unwrap().messages, None);
    pass(5).await;
    let second = receive().send().await.unwrap().messages.unwrap();
    assert_ne!(second[0].receipt_handle(), first[0].receipt_handle());
    // Nor does an attempt outlive its message's visibility.
    pass(300).await;
    let third = receive().send().await.unwrap().messages.unwrap();
    assert_eq!(system(&third[0], System::ApproximateReceiveCount), Some("3"));
}

#[tokio::test(start_paused = true)]
async fn a_purge_forgets_deduplication_ids() {
    let queue = fifo().await;
    let first = send(&queue, "g", "x").await;
    queue.client.purge_queue().queue_url(&queue.url).send().await.unwrap();
    assert_ne!(send(&queue, "g", "x").await, first);
    assert_eq!(queue.bodies().await, ["x"]);
}
