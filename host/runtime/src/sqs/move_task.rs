//! Moving the messages of a dead-letter queue.

use aws_sdk_sqs::types::ListMessageMoveTasksResultEntry;
use innkeeper_policy::SqsOperation;

use crate::bindings::sqs_types::{Error, MoveTaskInfo, MoveTaskStatus};
use crate::context::AwsCtx;
use crate::sqs::queue::Queue;
use crate::sqs::{convert, settle};

/// The most messages that SQS moves in a second.
const MAX_PER_SECOND: u32 = 500;

/// The `move-task` resource: SQS's handle of a task, which has the account in it and which no guest sees.
#[derive(Clone, Debug)]
pub struct MoveTask {
    source: Queue,
    handle: String,
}

/// Begins to move messages.
pub(crate) async fn start(
    ctx: &AwsCtx,
    source: &Queue,
    destination: Option<&Queue>,
    max_per_second: Option<u32>,
) -> Result<MoveTask, Error> {
    let max_per_second =
        convert::option_within("max-messages-per-second", max_per_second, 1..=MAX_PER_SECOND)?;
    let operation =
        SqsOperation::StartMessageMoveTask { source: source.arn(), destination: destination.map(Queue::arn) };
    let mut permit = ctx.gate().sqs(operation).await?;
    let request = permit
        .client
        .start_message_move_task()
        .source_arn(source.arn().to_string())
        .set_destination_arn(destination.map(|queue| queue.arn().to_string()))
        .set_max_number_of_messages_per_second(max_per_second)
        .send();
    let answer = permit.call.observe(request).await;
    let handle = settle(&mut permit.call, answer)?.task_handle;
    let handle = handle.ok_or_else(|| Error::Other("the answer has no handle of the task".to_owned()))?;
    Ok(MoveTask { source: source.clone(), handle })
}

/// How many tasks are asked for, of what the guest says.
pub(crate) fn max_results(max_results: Option<u32>) -> Result<i32, Error> {
    convert::within("max-results", max_results.unwrap_or(1), 1..=10)
}

/// The last tasks, newest first; with each that is running its handle.
pub(crate) async fn list(
    ctx: &AwsCtx,
    source: &Queue,
    max_results: i32,
) -> Result<Vec<(MoveTaskInfo, Option<MoveTask>)>, Error> {
    let mut permit = ctx.gate().sqs(SqsOperation::ListMessageMoveTasks { source: source.arn() }).await?;
    let request = permit
        .client
        .list_message_move_tasks()
        .source_arn(source.arn().to_string())
        .max_results(max_results)
        .send();
    let answer = permit.call.observe(request).await;
    let tasks = settle(&mut permit.call, answer)?.results.unwrap_or_default();
    let listed = |entry: ListMessageMoveTasksResultEntry| {
        let handle = entry.task_handle.clone().map(|handle| MoveTask { source: source.clone(), handle });
        (info(entry), handle)
    };
    // SQS gives as many as it was asked for; whoever gives more does not fill the guest's table with them.
    Ok(tasks.into_iter().take(usize::try_from(max_results).unwrap_or_default()).map(listed).collect())
}

impl MoveTask {
    /// Ends the task. The answer is how many messages were moved.
    pub(crate) async fn cancel(&self, ctx: &AwsCtx) -> Result<u64, Error> {
        let operation = SqsOperation::CancelMessageMoveTask { source: self.source.arn() };
        let mut permit = ctx.gate().sqs(operation).await?;
        let request = permit.client.cancel_message_move_task().task_handle(&self.handle).send();
        let answer = permit.call.observe(request).await;
        match settle(&mut permit.call, answer) {
            Ok(output) => Ok(u64::try_from(output.approximate_number_of_messages_moved).unwrap_or_default()),
            // The handle is all that was said, and SQS made it: what there is not is the task, or no longer.
            Err(Error::QueueNotFound | Error::InvalidArgument(_)) => Err(Error::MoveTaskNotFound),
            Err(error) => Err(error),
        }
    }
}

fn info(entry: ListMessageMoveTasksResultEntry) -> MoveTaskInfo {
    MoveTaskInfo {
        status: match entry.status.as_deref() {
            Some("RUNNING") => MoveTaskStatus::Running,
            Some("COMPLETED") => MoveTaskStatus::Completed,
            Some("CANCELLING") => MoveTaskStatus::Cancelling,
            Some("CANCELLED") => MoveTaskStatus::Cancelled,
            _ => MoveTaskStatus::Failed,
        },
        destination: entry.destination_arn.as_deref().and_then(convert::queue_name_in_arn),
        max_messages_per_second: entry
            .max_number_of_messages_per_second
            .and_then(|max| u32::try_from(max).ok()),
        messages_moved: u64::try_from(entry.approximate_number_of_messages_moved).unwrap_or_default(),
        messages_to_move: entry
            .approximate_number_of_messages_to_move
            .and_then(|count| u64::try_from(count).ok()),
        started: Some(entry.started_timestamp)
            .filter(|time| *time > 0)
            .map(convert::timestamp_of_milliseconds),
        failure_reason: entry.failure_reason.filter(|reason| is_code(reason)),
    }
}

/// SQS gives a code for the reason. What is more than that could name an account.
fn is_code(reason: &str) -> bool {
    reason.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_told_without_accounts() {
        let entry = |reason: &str| {
            let entry = ListMessageMoveTasksResultEntry::builder()
                .status("FAILED")
                .destination_arn("arn:aws:sqs:eu-west-1:123456789012:orders")
                .failure_reason(reason)
                .started_timestamp(1_767_225_600_500)
                .build();
            info(entry)
        };
        let told = entry("AWS.SimpleQueueService.NonExistentQueue");
        assert_eq!(told.status, MoveTaskStatus::Failed);
        assert_eq!(told.destination.as_deref(), Some("orders"));
        assert!(told.failure_reason.is_some());
        assert_eq!(told.started.unwrap().nanoseconds, 500_000_000);
        assert!(entry("arn:aws:sqs:eu-west-1:123456789012:orders is gone").failure_reason.is_none());
    }
}
