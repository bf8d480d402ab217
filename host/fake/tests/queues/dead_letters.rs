//! Messages that nobody could handle.

use aws_sdk_sqs::types::{MessageSystemAttributeName as System, QueueAttributeName as Name};
use innkeeper_fake::MessageState;
use pretty_assertions::assert_eq;

use crate::aws::{Queue, fifo, pass, queue, refused, system};

pub(crate) async fn redrive(source: &Queue, target: &Queue, count: u32) {
    let target = target.arn().await;
    let policy = format!("{{\"deadLetterTargetArn\":\"{target}\",\"maxReceiveCount\":\"{count}\"}}");
    source.set(Name::RedrivePolicy, &policy).await;
}

#[tokio::test(start_paused = true)]
async fn moves_a_message_on_the_receive_after_the_last() {
    let queue = queue().await;
    let dead = queue.other("dead", &[]).await;
    redrive(&queue, &dead, 2).await;
    let sent = queue.send("poison").send().await.unwrap();
    for _ in 0..2 {
        assert_eq!(queue.bodies().await, ["poison"]);
        pass(30).await;
    }
    assert_eq!((queue.counts().await, dead.counts().await), ([1, 0, 0], [0, 0, 0]));
    assert_eq!(queue.bodies().await, [""; 0]);
    assert_eq!((queue.counts().await, dead.counts().await), ([0, 0, 0], [1, 0, 0]));
    let message = dead.one().await;
    assert_eq!(message.message_id(), sent.message_id());
    assert_eq!(system(&message, System::DeadLetterQueueSourceArn), Some(&*queue.arn().await));
    assert_eq!(system(&message, System::SentTimestamp), Some("1767225600000"));
    assert_eq!(system(&message, System::ApproximateReceiveCount), Some("3"));
    dead.delete(&message).await;
    assert_eq!(dead.fake.sqs().messages("dead"), []);
}

#[tokio::test(start_paused = true)]
async fn each_queue_of_a_chain_counts_its_own_receives() {
    let first = queue().await;
    let (second, third) = (first.other("second", &[]).await, first.other("third", &[]).await);
    redrive(&first, &second, 1).await;
    redrive(&second, &third, 1).await;
    first.send("poison").send().await.unwrap();
    assert_eq!(first.bodies().await, ["poison"]);
    pass(30).await;
    assert_eq!(first.bodies().await, [""; 0]);
    // The count that receivers see goes on.
    let message = second.one().await;
    assert_eq!(system(&message, System::ApproximateReceiveCount), Some("2"));
    pass(30).await;
    assert_eq!(second.bodies().await, [""; 0]);
    let message = third.one().await;
    assert_eq!(system(&message, System::ApproximateReceiveCount), Some("3"));
}

#[tokio::test(start_paused = true)]
async fn the_message_behind_a_dead_one_is_received() {
    let queue = queue().await;
    let dead = queue.other("dead", &[]).await;
    redrive(&queue, &dead, 1).await;
    queue.send("poison").send().await.unwrap();
    queue.bodies().await;
    pass(30).await;
    queue.send("good").send().await.unwrap();
    let received = queue.receive().max_number_of_messages(1).send().await.unwrap().messages.unwrap();
    assert_eq!(received[0].body(), Some("good"));
    assert_eq!(dead.bodies().await, ["poison"]);
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_unlocks_its_group() {
    let queue = fifo().await;
    let fifo = [(Name::FifoQueue, "true")];
    let dead = queue.other("dead.fifo", &fifo).await;
    redrive(&queue, &dead, 1).await;
    for body in ["1", "2"] {
        queue.send(body).message_group_id("g").send().await.unwrap();
    }
    let first = queue.receive().max_number_of_messages(1).send().await.unwrap().messages.unwrap();
    assert_eq!(first[0].body(), Some("1"));
    pass(30).await;
    assert_eq!(queue.bodies().await, ["2"]);
    let message = dead.one().await;
    assert_eq!(system(&message, System::MessageGroupId), Some("g"));
    assert!(system(&message, System::SequenceNumber).is_some());
    // It begins a new life there.
    assert_eq!(system(&message, System::SentTimestamp), Some("1767225630000"));
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_of_a_standard_queue_keeps_its_age() {
    let queue = queue().await;
    let dead = queue.other("dead", &[(Name::MessageRetentionPeriod, "100")]).await;
    redrive(&queue, &dead, 1).await;
    queue.send("x").send().await.unwrap();
    queue.bodies().await;
    pass(90).await;
    queue.bodies().await;
    assert_eq!(dead.fake.sqs().messages("dead")[0].state, MessageState::Visible);
    pass(10).await;
    assert_eq!(dead.fake.sqs().messages("dead"), []);
}

#[tokio::test(start_paused = true)]
async fn refuses_a_policy_without_a_queue_to_go_to() {
    let queue = queue().await;
    let fifo = queue.other("dead.fifo", &[(Name::FifoQueue, "true")]).await;
    let arn = fifo.arn().await;
    let missing = arn.replace("dead.fifo", "missing");
    for (policy, reason) in [
        (
            r#"{"deadLetterTargetArn":"dummy","maxReceiveCount":42}"#.to_owned(),
            "Invalid value for deadLetterTargetArn.",
        ),
        (format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":1001}}"#), "from 1 to 1000"),
        (format!(r#"{{"deadLetterTargetArn":"{arn}"}}"#), "mandatory attribute: maxReceiveCount"),
        (format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":1}}"#), "same type of queue"),
        (format!(r#"{{"deadLetterTargetArn":"{missing}","maxReceiveCount":1}}"#), "does not exist"),
        ("?".to_owned(), "not a valid JSON map"),
    ] {
        let set = queue
            .client
            .set_queue_attributes()
            .queue_url(&queue.url)
            .attributes(Name::RedrivePolicy, &policy);
        refused(set.send().await, 400, "InvalidParameterValue", reason);
        let create = queue.client.create_queue().queue_name("new").attributes(Name::RedrivePolicy, &policy);
        refused(create.send().await, 400, "InvalidParameterValue", reason);
    }
}

#[tokio::test(start_paused = true)]
async fn a_queue_may_refuse_to_be_that_queue() {
    let queue = queue().await;
    let dead = queue.other("dead", &[]).await;
    let policy = format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":1}}"#, dead.arn().await);
    let set = || {
        queue
            .client
            .set_queue_attributes()
            .queue_url(&queue.url)
            .attributes(Name::RedrivePolicy, &policy)
            .send()
    };
    dead.set(Name::RedriveAllowPolicy, r#"{"redrivePermission":"denyAll"}"#).await;
    refused(set().await, 400, "InvalidParameterValue", "RedriveAllowPolicy");
    let by_queue =
        format!(r#"{{"redrivePermission":"byQueue","sourceQueueArns":["{}"]}}"#, queue.arn().await);
    dead.set(Name::RedriveAllowPolicy, &by_queue).await;
    set().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn lists_the_queues_that_it_is_for() {
    let queue = queue().await;
    let dead = queue.other("dead", &[]).await;
    let list = || queue.client.list_dead_letter_source_queues().queue_url(&dead.url);
    assert_eq!(list().send().await.unwrap().queue_urls(), [""; 0]);
    for name in ["a", "b", "c"] {
        redrive(&queue.other(name, &[]).await, &dead, 3).await;
    }
    let first = list().max_results(2).send().await.unwrap();
    assert_eq!(first.queue_urls().len(), 2);
    let second = list().max_results(2).next_token(first.next_token().unwrap()).send().await.unwrap();
    assert_eq!(second.queue_urls(), [queue.url.replace("orders", "c")]);
    let missing =
        queue.client.list_dead_letter_source_queues().queue_url(format!("{}x", queue.url)).send().await;
    refused(missing, 400, "AWS.SimpleQueueService.NonExistentQueue", "");
}

#[tokio::test(start_paused = true)]
async fn messages_stay_if_the_queue_for_them_is_gone() {
    let queue = queue().await;
    let dead = queue.other("dead", &[]).await;
    redrive(&queue, &dead, 1).await;
    queue.send("x").send().await.unwrap();
    dead.client.delete_queue().queue_url(&dead.url).send().await.unwrap();
    for _ in 0..3 {
        assert_eq!(queue.bodies().await, ["x"]);
        pass(30).await;
    }
}
