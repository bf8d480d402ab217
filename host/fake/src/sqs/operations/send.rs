use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Context;
use super::batch::{BatchResult, check_ids};
use crate::ids::Ids;
use crate::layer::AwsError;
use crate::sqs::attribute::{WireAttribute, check, check_characters};
use crate::sqs::error::{error, invalid_parameter, invalid_value, missing, wrong_queue_type};
use crate::sqs::message::{Content, MAX_DELAY, NewMessage, trace_header_md5};
use crate::sqs::queue::Queue;
use crate::sqs::settings::MAX_MESSAGE;

/// The longest group and deduplication ids.
const MAX_ID: usize = 128;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs) struct SendMessage {
    queue_url: Option<String>,
    #[serde(flatten)]
    message: WireMessage,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs) struct SendMessageBatch {
    queue_url: Option<String>,
    entries: Vec<SendEntry>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct SendEntry {
    id: String,
    #[serde(flatten)]
    message: WireMessage,
}

/// A message as it is transferred, before it has been checked.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct WireMessage {
    message_body: Option<String>,
    delay_seconds: Option<i64>,
    message_attributes: Option<BTreeMap<String, WireAttribute>>,
    message_system_attributes: Option<BTreeMap<String, WireAttribute>>,
    message_deduplication_id: Option<String>,
    message_group_id: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct SendMessageResult {
    pub(in crate::sqs) message_id: String,
    #[serde(rename = "MD5OfMessageBody")]
    md5_of_message_body: String,
    #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
    md5_of_message_attributes: Option<String>,
    #[serde(rename = "MD5OfMessageSystemAttributes", skip_serializing_if = "Option::is_none")]
    md5_of_message_system_attributes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence_number: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct SentEntry {
    id: String,
    #[serde(flatten)]
    sent: SendMessageResult,
}

/// `SendMessage`
pub(in crate::sqs) fn send_message(
    cx: &Context<'_>,
    input: SendMessage,
) -> Result<SendMessageResult, AwsError> {
    let now = cx.now();
    let mut state = cx.state(now);
    let queue = cx.queue(&mut state, input.queue_url.as_deref(), now)?;
    let message = input.message.check(cx)?;
    if queue.is_fifo() && message.group_id.is_none() {
        return Err(missing("MessageGroupId"));
    }
    accept(queue, message, &cx.caller.sender_id, now, &cx.shared.ids)
}

/// `SendMessageBatch`
pub(in crate::sqs) fn send_message_batch(
    cx: &Context<'_>,
    input: SendMessageBatch,
) -> Result<BatchResult<SentEntry>, AwsError> {
    let now = cx.now();
    let mut state = cx.state(now);
    let queue = cx.queue(&mut state, input.queue_url.as_deref(), now)?;
    check_ids("SendMessage", input.entries.iter().map(|entry| entry.id.as_str()))?;
    let size: usize = input.entries.iter().map(|entry| entry.message.size()).sum();
    if size > MAX_MESSAGE as usize {
        return Err(error(
            "BatchRequestTooLong",
            format!("Batch requests cannot be longer than {MAX_MESSAGE} bytes. You have sent {size} bytes."),
        ));
    }
    // What every message of a queue needs fails the batch, not the entry.
    for (entry, number) in input.entries.iter().zip(1..) {
        if entry.message.message_body.as_ref().is_none_or(String::is_empty) {
            return Err(missing(&format!("SendMessageBatchRequestEntry.{number}.MessageBody")));
        }
        if queue.is_fifo() && entry.message.message_group_id.is_none() {
            return Err(invalid_parameter("The request must contain the parameter MessageGroupId."));
        }
        deduplication_id(queue, entry.message.message_deduplication_id.as_deref(), "")?;
    }
    let results = input.entries.into_iter().map(|SendEntry { id, message }| {
        let sent = message.check(cx).and_then(|message| {
            // In other words than of a message that is sent alone.
            if message.size() > queue.settings.max_size as usize {
                return Err(invalid_parameter(format!(
                    "One or more parameters cannot be validated. Reason: Message must be shorter than {} bytes.",
                    queue.settings.max_size
                )));
            }
            let sent = accept(queue, message, &cx.caller.sender_id, now, &cx.shared.ids)?;
            Ok(SentEntry { id: id.clone(), sent })
        });
        (id, sent)
    });
    Ok(BatchResult::of(results))
}

impl WireMessage {
    /// The message, if every part of it is as any queue takes it.
    fn check(self, cx: &Context<'_>) -> Result<NewMessage, AwsError> {
        let body = self.message_body.filter(|body| !body.is_empty()).ok_or_else(|| missing("MessageBody"))?;
        check_characters(&body)?;
        let trace_header = trace_header(self.message_system_attributes.unwrap_or_default())?;
        Ok(NewMessage {
            body,
            attributes: check(self.message_attributes.unwrap_or_default())?,
            system_md5: trace_header.as_deref().and_then(trace_header_md5),
            // A request that is traced hands its trace on.
            trace_header: trace_header.or_else(|| cx.trace_header.clone()),
            group_id: self.message_group_id,
            deduplication_id: self.message_deduplication_id,
            delay_seconds: self.delay_seconds,
            remaining_delay: None,
        })
    }

    fn size(&self) -> usize {
        let attributes = check(self.message_attributes.clone().unwrap_or_default()).unwrap_or_default();
        Content::size_of(self.message_body.as_deref().unwrap_or_default(), &attributes)
    }
}

/// The one system attribute that a sender can set.
fn trace_header(wire: BTreeMap<String, WireAttribute>) -> Result<Option<String>, AwsError> {
    if let Some(name) = wire.keys().find(|name| *name != "AWSTraceHeader") {
        return Err(invalid_parameter(format!(
            "Message system attribute name '{name}' is invalid. The only supported one is AWSTraceHeader."
        )));
    }
    // Its name would be reserved among the attributes of a user; its value has the same rules.
    let renamed = wire.into_values().map(|attribute| ("TraceHeader".to_owned(), attribute)).collect();
    let header = check(renamed)?.into_values().next();
    Ok(header.and_then(|header| header.as_str().map(str::to_owned)))
}

/// Takes a message in, if it is as this queue takes it.
pub(in crate::sqs) fn accept(
    queue: &mut Queue,
    message: NewMessage,
    sender_id: &str,
    now: SystemTime,
    ids: &Ids,
) -> Result<SendMessageResult, AwsError> {
    let max_size = queue.settings.max_size;
    if message.size() > max_size as usize {
        return Err(invalid_parameter(format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {max_size} bytes."
        )));
    }
    let delay = match message.remaining_delay {
        Some(remaining) => Some(remaining),
        None => delay(queue, message.delay_seconds)?,
    };
    if let Some(group_id) = &message.group_id {
        check_id("MessageGroupId", group_id)?;
    }
    let deduplication_id = deduplication_id(queue, message.deduplication_id.as_deref(), &message.body)?;
    let system_md5 = message.system_md5.clone();
    let content = Content::new(message, deduplication_id, sender_id.to_owned());
    let mut result = SendMessageResult {
        message_id: String::new(),
        md5_of_message_body: content.body_md5.clone(),
        md5_of_message_attributes: content.attributes_md5.clone(),
        md5_of_message_system_attributes: system_md5,
        sequence_number: None,
    };
    let sent = queue.send(now, ids.uuid("message"), content, delay);
    result.message_id = sent.message_id;
    result.sequence_number = sent.sequence_number;
    Ok(result)
}

fn delay(queue: &Queue, seconds: Option<i64>) -> Result<Option<Duration>, AwsError> {
    let Some(seconds) = seconds else { return Ok(None) };
    let value = seconds.to_string();
    // A zero changes nothing, and AWS takes it.
    if queue.is_fifo() && seconds != 0 {
        return Err(wrong_queue_type(&value, "DelaySeconds"));
    }
    let duration =
        u64::try_from(seconds).ok().filter(|_| seconds <= MAX_DELAY.into()).map(Duration::from_secs);
    let duration = duration.ok_or_else(|| {
        invalid_value(&value, "DelaySeconds", &format!("DelaySeconds must be >= 0 and <= {MAX_DELAY}."))
    })?;
    Ok((!queue.is_fifo()).then_some(duration))
}

/// The deduplication id of a message: its own, or the digest of its body where the queue says so.
fn deduplication_id(queue: &Queue, id: Option<&str>, body: &str) -> Result<Option<String>, AwsError> {
    match (&queue.settings.fifo, id) {
        (None, Some(id)) => Err(wrong_queue_type(id, "MessageDeduplicationId")),
        (None, None) => Ok(None),
        (Some(_), Some(id)) => {
            check_id("MessageDeduplicationId", id)?;
            Ok(Some(id.to_owned()))
        }
        (Some(fifo), None) if fifo.content_based_deduplication => {
            Ok(Some(hex::encode(Sha256::digest(body.as_bytes()))))
        }
        (Some(_), None) => Err(invalid_parameter(
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
        )),
    }
}

/// The characters and the length of a group or deduplication id.
fn check_id(parameter: &str, id: &str) -> Result<(), AwsError> {
    let characters = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte.is_ascii_punctuation());
    if characters && (1..=MAX_ID).contains(&id.len()) {
        return Ok(());
    }
    Err(invalid_value(
        id,
        parameter,
        &format!(
            "{parameter} can only include alphanumeric and punctuation characters. 1 to {MAX_ID} in length."
        ),
    ))
}
