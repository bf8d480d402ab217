use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Context;
use crate::layer::AwsError;
use crate::sqs::attribute::{MessageAttributes, md5, select};
use crate::sqs::error::{invalid_value, unknown_attribute, wrong_queue_type};
use crate::sqs::message::{Message, millis};
use crate::sqs::name::QueueId;
use crate::sqs::receipt::Receipt;
use crate::sqs::receive::{Order, Poll};
use crate::sqs::settings::VISIBILITIES;

/// The most messages of one receive.
const MAX_MESSAGES: i64 = 10;
/// The longest wait, in seconds.
const MAX_WAIT: i64 = 20;

/// The attributes that SQS itself gives a message, and what they are of one.
const SYSTEM_ATTRIBUTES: &[&str] = &[
    "SenderId",
    "SentTimestamp",
    "ApproximateReceiveCount",
    "ApproximateFirstReceiveTimestamp",
    "SequenceNumber",
    "MessageDeduplicationId",
    "MessageGroupId",
    "AWSTraceHeader",
    "DeadLetterQueueSourceArn",
];

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs) struct ReceiveMessage {
    queue_url: Option<String>,
    attribute_names: Vec<String>,
    message_system_attribute_names: Vec<String>,
    message_attribute_names: Vec<String>,
    max_number_of_messages: Option<i64>,
    visibility_timeout: Option<i64>,
    wait_time_seconds: Option<i64>,
    receive_request_attempt_id: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct ReceiveMessageResult {
    // Without any, SQS leaves out the list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<ReceivedMessage>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct ReceivedMessage {
    pub(in crate::sqs) message_id: String,
    pub(in crate::sqs) receipt_handle: String,
    #[serde(rename = "MD5OfBody")]
    pub(in crate::sqs) md5_of_body: String,
    pub(in crate::sqs) body: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::sqs) attributes: BTreeMap<&'static str, String>,
    #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
    pub(in crate::sqs) md5_of_message_attributes: Option<String>,
    #[serde(skip_serializing_if = "MessageAttributes::is_empty")]
    pub(in crate::sqs) message_attributes: MessageAttributes,
}

/// `ReceiveMessage`. Waits for a message to arrive or to become visible, up to the wait time, by the clock of tokio.
pub(in crate::sqs) async fn receive_message(
    cx: &Context<'_>,
    input: ReceiveMessage,
) -> Result<ReceiveMessageResult, AwsError> {
    let max_messages =
        within(input.max_number_of_messages, "MaxNumberOfMessages", 1, MAX_MESSAGES)?.unwrap_or(1);
    let wait = within(input.wait_time_seconds, "WaitTimeSeconds", 0, MAX_WAIT)?;
    let visibility =
        within(input.visibility_timeout, "VisibilityTimeout", 0, i64::from(*VISIBILITIES.end()))?;
    let names = [&input.attribute_names[..], &input.message_system_attribute_names[..]].concat();
    if let Some(unknown) =
        names.iter().find(|name| *name != "All" && !SYSTEM_ATTRIBUTES.contains(&name.as_str()))
    {
        return Err(unknown_attribute(unknown));
    }
    let mut order = Order {
        max_messages: usize::try_from(max_messages).unwrap_or(1),
        visibility: visibility.map(Duration::from_secs),
        attempt_id: input.receive_request_attempt_id,
        poll: Poll::Short,
    };
    let start = cx.now();
    let mut deadline = None;
    loop {
        let (changed, sleep) = {
            let now = cx.now();
            let mut state = cx.state(now);
            let id = cx.id(&state, input.queue_url.as_deref())?;
            let queue = state.queue(&id, now)?;
            if let (Some(attempt_id), false) = (&order.attempt_id, queue.is_fifo()) {
                return Err(wrong_queue_type(attempt_id, "ReceiveRequestAttemptId"));
            }
            let wait = wait.map_or(queue.settings.wait(), Duration::from_secs);
            let deadline = *deadline.get_or_insert(start + wait);
            order.poll = if wait.is_zero() { Poll::Short } else { Poll::Long };
            // Whoever is told of a change from here on is told of one that this look has not seen.
            let changed = Arc::clone(&queue.changed).notified_owned();
            let generation = queue.generation.clone();
            let received = state.receive(&id, now, &order, cx.own())?;
            if !received.is_empty() || now >= deadline {
                let messages = received
                    .iter()
                    .map(|(receipt, message)| {
                        cx.received(receipt, message, &generation, &names, &input.message_attribute_names)
                    })
                    .collect();
                return Ok(ReceiveMessageResult { messages });
            }
            let next = state.next_change(&id).map_or(deadline, |next| next.min(deadline));
            (changed, next.duration_since(now).unwrap_or_default())
        };
        // `sleep` has a resolution of a millisecond; waking a little early would only be one more look.
        tokio::select! {
            () = changed => {}
            () = tokio::time::sleep(sleep) => {}
        }
    }
}

impl Context<'_> {
    /// A message as a receiver gets it, with the attributes that it has asked for.
    pub(in crate::sqs) fn received(
        &self,
        receipt: &Receipt,
        message: &Message,
        generation: &str,
        system: &[String],
        user: &[String],
    ) -> ReceivedMessage {
        let message_attributes = select(&message.content.attributes, user);
        let wanted = |name: &str| system.iter().any(|wanted| wanted == "All" || wanted == name);
        let attributes = SYSTEM_ATTRIBUTES
            .iter()
            .filter(|name| wanted(name))
            .filter_map(|name| Some((*name, self.system_attribute(message, name)?)))
            .collect();
        ReceivedMessage {
            message_id: message.id.clone(),
            receipt_handle: receipt.encode(&self.shared.ids, generation),
            md5_of_body: message.content.body_md5.clone(),
            body: message.content.body.clone(),
            attributes,
            md5_of_message_attributes: md5(&message_attributes),
            message_attributes,
        }
    }

    fn system_attribute(&self, message: &Message, name: &str) -> Option<String> {
        let content = &message.content;
        match name {
            "SenderId" => Some(content.sender_id.clone()),
            "SentTimestamp" => Some(millis(message.sent).to_string()),
            "ApproximateReceiveCount" => Some(message.receive_count.to_string()),
            "ApproximateFirstReceiveTimestamp" => message.first_received.map(|time| millis(time).to_string()),
            "SequenceNumber" => message.sequence_number.clone(),
            "MessageDeduplicationId" => content.deduplication_id.clone(),
            "MessageGroupId" => content.group_id.clone(),
            "AWSTraceHeader" => content.trace_header.clone(),
            "DeadLetterQueueSourceArn" => {
                message.dead_letter_source.as_ref().map(|source: &QueueId| self.arn(source))
            }
            _ => None,
        }
    }
}

fn within(value: Option<i64>, parameter: &str, min: i64, max: i64) -> Result<Option<u64>, AwsError> {
    let Some(value) = value else { return Ok(None) };
    let number = u64::try_from(value).ok().filter(|_| (min..=max).contains(&value));
    number.map(Some).ok_or_else(|| {
        let reason = match parameter {
            "WaitTimeSeconds" => format!("Must be >= {min} and <= {max}, if provided."),
            _ => format!("Must be between {min} and {max}, if provided."),
        };
        invalid_value(&value.to_string(), parameter, &reason)
    })
}
