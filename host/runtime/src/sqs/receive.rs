//! Receiving.

use std::time::Duration;

use aws_sdk_sqs::types::MessageSystemAttributeName;
use innkeeper_policy::SqsOperation;
use tokio::time::Instant;

use crate::bindings::sqs_types::{Error, MessageContent, ReceiveOptions};
use crate::context::AwsCtx;
use crate::sqs::queue::Queue;
use crate::sqs::{convert, digest, send, settle};

/// The longest that SQS waits for a message, in seconds.
const MAX_WAIT: u32 = 20;

/// What is asked of SQS beside what the sender has said. `SenderId` is not: it names users and roles of an account.
const SYSTEM_ATTRIBUTES: [MessageSystemAttributeName; 8] = [
    MessageSystemAttributeName::ApproximateFirstReceiveTimestamp,
    MessageSystemAttributeName::ApproximateReceiveCount,
    MessageSystemAttributeName::AwsTraceHeader,
    MessageSystemAttributeName::DeadLetterQueueSourceArn,
    MessageSystemAttributeName::MessageDeduplicationId,
    MessageSystemAttributeName::MessageGroupId,
    MessageSystemAttributeName::SentTimestamp,
    MessageSystemAttributeName::SequenceNumber,
];

/// How many messages are asked for, of what the guest says.
pub(crate) fn max_messages(options: ReceiveOptions) -> Result<i32, Error> {
    let max = u32::try_from(send::MAX_ENTRIES).unwrap_or(u32::MAX);
    convert::within("max-messages", options.max_messages.unwrap_or(1), 1..=max)
}

/// Receives messages, each with its receipt.
pub(crate) async fn receive(
    ctx: &AwsCtx,
    queue: &Queue,
    options: ReceiveOptions,
) -> Result<Vec<(MessageContent, String)>, Error> {
    let max_messages = max_messages(options)?;
    let wait = convert::option_within("wait-time-seconds", options.wait_time_seconds, 0..=MAX_WAIT)?;
    let visibility = convert::option_within(
        "visibility-timeout",
        options.visibility_timeout,
        0..=convert::MAX_VISIBILITY,
    )?;
    let mut leave = queue.leave(ctx, SqsOperation::ReceiveMessage { queue: queue.arn() }).await?;
    let request = leave
        .client
        .receive_message()
        .queue_url(&*leave.url)
        .max_number_of_messages(max_messages)
        .set_wait_time_seconds(wait.map(|wait| within_time(ctx, wait)))
        .set_visibility_timeout(visibility)
        .set_message_system_attribute_names(Some(SYSTEM_ATTRIBUTES.to_vec()))
        .message_attribute_names("All")
        // With it a retry of the SDK gets the messages of an answer that was lost, where a FIFO queue's groups would else be locked.
        .set_receive_request_attempt_id(queue.is_fifo().then(|| uuid::Uuid::new_v4().to_string()))
        .send();
    let request = leave.call.observe(request);
    // Without a wait of the guest's it is the queue that says how long, and nobody knows that here.
    let answer = match end_of_wait(ctx).filter(|_| wait.is_none()) {
        Some(end) => match tokio::time::timeout_at(end, request).await {
            Ok(answer) => answer,
            Err(_) => return Ok(Vec::new()),
        },
        None => request.await,
    };
    let output = match answer {
        Ok(output) => output,
        failed => return settle(&mut leave.call, failed).map(|_| Vec::new()),
    };
    let mut messages = Vec::new();
    let mut bytes = 0_u64;
    for message in output.messages.into_iter().flatten() {
        let md5 = (message.md5_of_body.clone(), message.md5_of_message_attributes.clone());
        let Some((content, receipt)) = convert::content(message) else { continue };
        if let Err(error) =
            digest::verify(&content.body, &content.attributes, md5.0.as_deref(), md5.1.as_deref())
        {
            leave.call.fail(super::error::case(&error), &Damaged);
            return Err(error);
        }
        let length = convert::length(&content);
        bytes = bytes.saturating_add(length as u64);
        if bytes > ctx.call_bytes() {
            break;
        }
        leave.call.received(length);
        messages.push((content, receipt));
    }
    if messages.is_empty() && bytes > 0 {
        let error = Error::LimitExceeded("host-call-bytes".to_owned());
        leave.call.fail(super::error::case(&error), &TooLong);
        return Err(error);
    }
    leave.call.succeed();
    Ok(messages)
}

/// Why a receive failed, for the audit trail.
#[derive(Debug, thiserror::Error)]
#[error("a message has another digest than SQS says")]
struct Damaged;

/// Why a receive failed, for the audit trail.
#[derive(Debug, thiserror::Error)]
#[error("the first message is longer than one host call may return")]
struct TooLong;

/// What a wait leaves the guest of its time, to end by itself.
const MOMENT: Duration = Duration::from_millis(500);

/// A wait that ends before the guest's time does, so that no message is received for a guest that is gone.
fn within_time(ctx: &AwsCtx, wait: i32) -> i32 {
    let Some(deadline) = ctx.transfers().deadline() else { return wait };
    let left = deadline.saturating_duration_since(Instant::now()).saturating_sub(MOMENT);
    wait.min(i32::try_from(left.as_secs()).unwrap_or(i32::MAX))
}

/// When a wait of unknown length is given up. `None` for never, and where the guest's time is too short for any wait.
fn end_of_wait(ctx: &AwsCtx) -> Option<Instant> {
    ctx.transfers().deadline()?.checked_sub(MOMENT).filter(|end| *end > Instant::now())
}
