use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::{Deserialize, Serialize};

use super::Context;
use crate::layer::AwsError;
use crate::sqs::error::{error, invalid_parameter, missing};
use crate::sqs::message::millis;
use crate::sqs::name::{QueueArn, QueueId};
use crate::sqs::store::State;
use crate::sqs::task::{MAX_RATE, MoveTask, Status};

/// The most tasks of a list, which is also as many as are remembered of a queue.
const MAX_RESULTS: i64 = 10;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs) struct StartMessageMoveTask {
    source_arn: Option<String>,
    destination_arn: Option<String>,
    max_number_of_messages_per_second: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct StartMessageMoveTaskResult {
    task_handle: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs) struct ListMessageMoveTasks {
    source_arn: Option<String>,
    max_results: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct ListMessageMoveTasksResult {
    results: Vec<TaskEntry>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct TaskEntry {
    /// Only of a task that can be cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    task_handle: Option<String>,
    status: &'static str,
    source_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_number_of_messages_per_second: Option<u32>,
    approximate_number_of_messages_moved: u64,
    approximate_number_of_messages_to_move: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_reason: Option<String>,
    started_timestamp: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs) struct CancelMessageMoveTask {
    task_handle: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct CancelMessageMoveTaskResult {
    approximate_number_of_messages_moved: u64,
}

/// What a task handle says, in base64.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct TaskHandle {
    task_id: String,
    source_arn: String,
}

/// `StartMessageMoveTask`. The messages move at their rate by the fake's clock, the first after one interval.
pub(in crate::sqs) fn start_message_move_task(
    cx: &Context<'_>,
    input: StartMessageMoveTask,
) -> Result<StartMessageMoveTaskResult, AwsError> {
    let rate = input.max_number_of_messages_per_second.map(|rate| {
        let number = u32::try_from(rate).ok().filter(|rate| (1..=MAX_RATE).contains(rate));
        number.ok_or_else(|| {
            invalid_parameter(format!(
                "Value {rate} for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: Must be between 1 and \
                 {MAX_RATE}, if provided."
            ))
        })
    });
    let rate = rate.transpose()?;
    let now = cx.now();
    let mut state = cx.state(now);
    let source_arn = input.source_arn.ok_or_else(|| missing("SourceArn"))?;
    let source = cx.find(&state, &source_arn, "SourceArn")?;
    let destination = input.destination_arn.map(|arn| {
        let id = cx.find(&state, &arn, "DestinationArn")?;
        Ok((id, arn))
    });
    let destination: Option<(QueueId, String)> = destination.transpose()?;
    if state.sources_of(&source, cx.own()).is_empty() {
        return Err(invalid_parameter("Source queue must be configured as a Dead Letter Queue."));
    }
    if state.tasks.iter().any(|task| task.source == source && task.status == Status::Running) {
        return Err(invalid_parameter(
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
        ));
    }
    let to_move = state.queue(&source, now)?.counts().visible as u64;
    let task = MoveTask {
        id: cx.shared.ids.uuid("task"),
        source,
        source_arn,
        destination,
        rate,
        started: now,
        moved: 0,
        to_move,
        status: if to_move == 0 { Status::Completed } else { Status::Running },
    };
    let task_handle = handle_of(&task);
    // Whoever waits for a message has to look when the task moves one.
    for queue in state.queues.values() {
        queue.changed.notify_waiters();
    }
    state.tasks.push(task);
    Ok(StartMessageMoveTaskResult { task_handle })
}

/// `ListMessageMoveTasks`, the latest first.
pub(in crate::sqs) fn list_message_move_tasks(
    cx: &Context<'_>,
    input: ListMessageMoveTasks,
) -> Result<ListMessageMoveTasksResult, AwsError> {
    let max = input.max_results.unwrap_or(1);
    if !(1..=MAX_RESULTS).contains(&max) {
        return Err(invalid_parameter(format!(
            "Value {max} for parameter MaxResults is invalid. Reason: Must be between 1 and {MAX_RESULTS}, if provided."
        )));
    }
    let state = cx.state(cx.now());
    let source_arn = input.source_arn.ok_or_else(|| missing("SourceArn"))?;
    let source = cx.find(&state, &source_arn, "SourceArn")?;
    let tasks = state.tasks.iter().rev().filter(|task| task.source == source);
    let results = tasks.take(usize::try_from(max).unwrap_or(1)).map(entry_of).collect();
    Ok(ListMessageMoveTasksResult { results })
}

/// `CancelMessageMoveTask`
pub(in crate::sqs) fn cancel_message_move_task(
    cx: &Context<'_>,
    input: CancelMessageMoveTask,
) -> Result<CancelMessageMoveTaskResult, AwsError> {
    let handle = input.task_handle.ok_or_else(|| missing("TaskHandle"))?;
    let json = BASE64_STANDARD.decode(handle).ok();
    let handle = json.and_then(|json| serde_json::from_slice::<TaskHandle>(&json).ok());
    let handle = handle.ok_or_else(|| invalid_parameter("Value for parameter TaskHandle is invalid."))?;
    let mut state = cx.state(cx.now());
    cx.find(&state, &handle.source_arn, "SourceArn")?;
    let task =
        state.tasks.iter_mut().find(|task| task.id == handle.task_id && task.source_arn == handle.source_arn);
    let task = task.ok_or_else(|| error("ResourceNotFoundException", "Task does not exist."))?;
    if task.status != Status::Running {
        return Err(invalid_parameter("Only active tasks can be cancelled."));
    }
    task.status = Status::Cancelled;
    Ok(CancelMessageMoveTaskResult { approximate_number_of_messages_moved: task.moved })
}

impl Context<'_> {
    fn find(&self, state: &State, arn: &str, parameter: &str) -> Result<QueueId, AwsError> {
        // Tasks are an account's own, so to speak of other accounts' queues is to speak of none.
        let own = |arn: &QueueArn| arn.account_id == self.caller.account_id;
        let id = QueueArn::parse(arn).filter(own).and_then(|arn| state.find_arn(&arn, self.own()));
        id.ok_or_else(|| {
            error(
                "ResourceNotFoundException",
                format!("The resource that you specified for the {parameter} parameter doesn't exist."),
            )
        })
    }
}

fn handle_of(task: &MoveTask) -> String {
    let handle = serde_json::json!({ "taskId": task.id, "sourceArn": task.source_arn });
    BASE64_STANDARD.encode(handle.to_string())
}

fn entry_of(task: &MoveTask) -> TaskEntry {
    TaskEntry {
        task_handle: (task.status == Status::Running).then(|| handle_of(task)),
        status: task.status.as_str(),
        source_arn: task.source_arn.clone(),
        destination_arn: task.destination.as_ref().map(|(_, arn)| arn.clone()),
        max_number_of_messages_per_second: task.rate,
        approximate_number_of_messages_moved: task.moved,
        approximate_number_of_messages_to_move: task.to_move,
        failure_reason: match &task.status {
            Status::Failed(reason) => Some(reason.clone()),
            _ => None,
        },
        started_timestamp: millis(task.started),
    }
}
