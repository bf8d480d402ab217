//! Message move tasks.

use std::time::Duration;

use aws_sdk_sqs::types::ListMessageMoveTasksResultEntry;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use pretty_assertions::assert_eq;

use crate::aws::{Queue, pass, queue, refused};
use crate::dead_letters::redrive;

/// `orders` with its dead-letter queue, which has as many messages.
async fn dead(count: usize) -> (Queue, Queue) {
    let queue = queue().await;
    let dead = queue.other("dead", &[]).await;
    redrive(&queue, &dead, 1).await;
    for number in 0..count {
        queue.send(&number.to_string()).send().await.unwrap();
    }
    while !queue.bodies().await.is_empty() {}
    pass(30).await;
    assert_eq!(queue.bodies().await, [""; 0]);
    assert_eq!(dead.counts().await, [count, 0, 0]);
    (queue, dead)
}

async fn start(dead: &Queue, rate: Option<i32>) -> String {
    let start = dead.client.start_message_move_task().source_arn(dead.arn().await);
    let started = start.set_max_number_of_messages_per_second(rate).send().await.unwrap();
    started.task_handle.unwrap()
}

async fn last(dead: &Queue) -> ListMessageMoveTasksResultEntry {
    let list = dead.client.list_message_move_tasks().source_arn(dead.arn().await).send().await.unwrap();
    list.results()[0].clone()
}

#[tokio::test(start_paused = true)]
async fn returns_messages_to_where_they_came_from() {
    let (queue, dead) = dead(2).await;
    let before: Vec<_> =
        dead.fake.sqs().messages("dead").into_iter().map(|message| message.message_id).collect();
    start(&dead, None).await;
    pass(1).await;
    let task = last(&dead).await;
    assert_eq!(task.status(), Some("COMPLETED"));
    assert_eq!(
        (task.approximate_number_of_messages_moved(), task.approximate_number_of_messages_to_move()),
        (2, Some(2))
    );
    assert_eq!((task.destination_arn(), task.task_handle(), task.failure_reason()), (None, None, None));
    assert_eq!(dead.counts().await, [0, 0, 0]);
    let messages = queue.messages().await;
    assert_eq!(messages.len(), 2);
    for message in messages {
        assert!(!before.contains(&message.message_id.unwrap()), "a message that is moved is a new one");
        assert_eq!(message.attributes.unwrap()[&"ApproximateReceiveCount".into()], "1");
    }
}

#[tokio::test(start_paused = true)]
async fn moves_to_another_queue_at_a_rate() {
    let (queue, dead) = dead(5).await;
    let other = queue.other("other", &[]).await;
    let start = dead.client.start_message_move_task().source_arn(dead.arn().await);
    let start = start.destination_arn(other.arn().await).max_number_of_messages_per_second(1);
    start.send().await.unwrap();
    let task = last(&dead).await;
    assert_eq!((task.status(), task.approximate_number_of_messages_moved()), (Some("RUNNING"), 0));
    assert_eq!(task.destination_arn(), Some(&*other.arn().await));
    assert_eq!(task.max_number_of_messages_per_second(), Some(1));
    // A poll sees each message as it comes.
    let start = tokio::time::Instant::now();
    for second in 1..=5 {
        let received = other.receive().wait_time_seconds(20).send().await.unwrap();
        assert_eq!(received.messages().len(), 1);
        assert_eq!(start.elapsed(), Duration::from_secs(second));
    }
    assert_eq!(last(&dead).await.status(), Some("COMPLETED"));
}

#[tokio::test(start_paused = true)]
async fn one_task_runs_at_a_time_and_can_be_cancelled() {
    let (queue, dead) = dead(10).await;
    let handle = start(&dead, Some(1)).await;
    let second = dead.client.start_message_move_task().source_arn(dead.arn().await).send().await;
    refused(second, 400, "InvalidParameterValue", "already a task running");
    pass(2).await;
    let cancel = || dead.client.cancel_message_move_task().task_handle(&handle).send();
    assert_eq!(cancel().await.unwrap().approximate_number_of_messages_moved(), 2);
    refused(cancel().await, 400, "InvalidParameterValue", "Only active tasks");
    pass(10).await;
    let task = last(&dead).await;
    assert_eq!((task.status(), task.approximate_number_of_messages_moved()), (Some("CANCELLED"), 2));
    assert_eq!((queue.counts().await, dead.counts().await), ([2, 0, 0], [8, 0, 0]));
}

#[tokio::test(start_paused = true)]
async fn fails_if_its_destination_goes_or_a_message_has_no_home() {
    let (queue, dead) = dead(3).await;
    start(&dead, Some(1)).await;
    pass(1).await;
    queue.client.delete_queue().queue_url(&queue.url).send().await.unwrap();
    pass(1).await;
    let task = last(&dead).await;
    assert_eq!(task.status(), Some("FAILED"));
    assert_eq!(task.failure_reason(), Some("AWS.SimpleQueueService.NonExistentQueue"));
    assert_eq!(dead.counts().await, [2, 0, 0]);

    let source = queue.other("source", &[]).await;
    redrive(&source, &dead, 1).await;
    dead.client.purge_queue().queue_url(&dead.url).send().await.unwrap();
    dead.send("sent here").send().await.unwrap();
    start(&dead, None).await;
    pass(1).await;
    assert_eq!(last(&dead).await.failure_reason(), Some("CouldNotDetermineMessageSource"));
    assert_eq!(dead.counts().await, [1, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn refuses_tasks_of_queues_that_are_not_there_or_no_dead_letter_queues() {
    let queue = queue().await;
    let arn = queue.arn().await;
    let missing = arn.replace("orders", "missing");
    let start = |arn: &str| queue.client.start_message_move_task().source_arn(arn);
    refused(
        start(&arn).send().await,
        400,
        "InvalidParameterValue",
        "must be configured as a Dead Letter Queue",
    );
    refused(start(&missing).send().await, 404, "ResourceNotFoundException", "SourceArn");
    let to_missing = start(&arn).destination_arn(&missing).send().await;
    refused(to_missing, 404, "ResourceNotFoundException", "DestinationArn");
    refused(
        start(&arn).max_number_of_messages_per_second(501).send().await,
        400,
        "InvalidParameterValue",
        "1 and 500",
    );
    let list = queue.client.list_message_move_tasks().source_arn(&missing).send().await;
    refused(list, 404, "ResourceNotFoundException", "SourceArn");
    let list = queue.client.list_message_move_tasks().source_arn(&arn).max_results(11).send().await;
    refused(list, 400, "InvalidParameterValue", "MaxResults");
    let cancel = |handle: &str| queue.client.cancel_message_move_task().task_handle(handle).send();
    refused(
        cancel("foobar").await,
        400,
        "InvalidParameterValue",
        "Value for parameter TaskHandle is invalid.",
    );
    let handle = |arn: &str| BASE64_STANDARD.encode(format!(r#"{{"taskId":"1","sourceArn":"{arn}"}}"#));
    refused(cancel(&handle(&missing)).await, 404, "ResourceNotFoundException", "SourceArn");
    refused(cancel(&handle(&arn)).await, 404, "ResourceNotFoundException", "Task does not exist.");
}
