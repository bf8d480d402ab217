use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::batch::{BatchResult, check_ids};
use super::{Context, Nothing};
use crate::ids::Ids;
use crate::layer::AwsError;
use crate::sqs::error::{invalid_value, missing};
use crate::sqs::queue::Queue;
use crate::sqs::receipt::Receipt;
use crate::sqs::settings::VISIBILITIES;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs) struct DeleteMessage {
    queue_url: Option<String>,
    receipt_handle: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs) struct ChangeMessageVisibility {
    queue_url: Option<String>,
    receipt_handle: Option<String>,
    visibility_timeout: Option<i64>,
}

/// The input of the batch forms of both.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs) struct ReceiptBatch {
    queue_url: Option<String>,
    entries: Vec<ReceiptEntry>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ReceiptEntry {
    id: String,
    receipt_handle: Option<String>,
    visibility_timeout: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct DoneEntry {
    id: String,
}

/// `DeleteMessage`
pub(in crate::sqs) fn delete_message(cx: &Context<'_>, input: DeleteMessage) -> Result<Nothing, AwsError> {
    let now = cx.now();
    let mut state = cx.state(now);
    let queue = cx.queue(&mut state, input.queue_url.as_deref(), now)?;
    delete(queue, input.receipt_handle, now, &cx.shared.ids)
}

/// `DeleteMessageBatch`
pub(in crate::sqs) fn delete_message_batch(
    cx: &Context<'_>,
    input: ReceiptBatch,
) -> Result<BatchResult<DoneEntry>, AwsError> {
    each(cx, input, "DeleteMessage", |queue, entry, now, ids| delete(queue, entry.receipt_handle, now, ids))
}

/// `ChangeMessageVisibility`
pub(in crate::sqs) fn change_message_visibility(
    cx: &Context<'_>,
    input: ChangeMessageVisibility,
) -> Result<Nothing, AwsError> {
    let now = cx.now();
    let mut state = cx.state(now);
    let queue = cx.queue(&mut state, input.queue_url.as_deref(), now)?;
    change(queue, input.receipt_handle, input.visibility_timeout, now, &cx.shared.ids)
}

/// `ChangeMessageVisibilityBatch`
pub(in crate::sqs) fn change_message_visibility_batch(
    cx: &Context<'_>,
    input: ReceiptBatch,
) -> Result<BatchResult<DoneEntry>, AwsError> {
    each(cx, input, "ChangeMessageVisibility", |queue, entry, now, ids| {
        change(queue, entry.receipt_handle, entry.visibility_timeout, now, ids)
    })
}

fn each(
    cx: &Context<'_>,
    input: ReceiptBatch,
    operation: &str,
    change: impl Fn(&mut Queue, ReceiptEntry, SystemTime, &Ids) -> Result<Nothing, AwsError>,
) -> Result<BatchResult<DoneEntry>, AwsError> {
    let now = cx.now();
    let mut state = cx.state(now);
    let queue = cx.queue(&mut state, input.queue_url.as_deref(), now)?;
    check_ids(operation, input.entries.iter().map(|entry| entry.id.as_str()))?;
    let results = input.entries.into_iter().map(|entry| {
        let id = entry.id.clone();
        let result = change(queue, entry, now, &cx.shared.ids).map(|Nothing {}| DoneEntry { id: id.clone() });
        (id, result)
    });
    Ok(BatchResult::of(results))
}

fn delete(
    queue: &mut Queue,
    handle: Option<String>,
    now: SystemTime,
    ids: &Ids,
) -> Result<Nothing, AwsError> {
    let handle = handle.ok_or_else(|| missing("ReceiptHandle"))?;
    let receipt = Receipt::decode(&handle, ids, &queue.generation)?;
    queue.delete(now, &receipt, &handle).map(|()| Nothing {})
}

fn change(
    queue: &mut Queue,
    handle: Option<String>,
    timeout: Option<i64>,
    now: SystemTime,
    ids: &Ids,
) -> Result<Nothing, AwsError> {
    let handle = handle.ok_or_else(|| missing("ReceiptHandle"))?;
    let seconds = timeout.ok_or_else(|| missing("VisibilityTimeout"))?;
    let max = *VISIBILITIES.end();
    let timeout = u64::try_from(seconds).ok().filter(|seconds| *seconds <= u64::from(max));
    let timeout = timeout.map(Duration::from_secs).ok_or_else(|| {
        invalid_value(
            &seconds.to_string(),
            "VisibilityTimeout",
            &format!("VisibilityTimeout must be an integer between 0 and {max}."),
        )
    })?;
    let receipt = Receipt::decode(&handle, ids, &queue.generation)
        // In other words than where a message is deleted.
        .map_err(|refused| AwsError {
            message: "The input receipt handle is invalid.".to_owned(),
            ..refused
        })?;
    queue.change_visibility(now, &receipt, &handle, timeout).map(|()| Nothing {})
}
