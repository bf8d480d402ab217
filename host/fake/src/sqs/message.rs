//! Messages: what they carry, and what has happened to them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use time::OffsetDateTime;

use super::attribute::{MessageAttribute, MessageAttributes, md5, md5_of, size};
use super::name::QueueId;

/// The longest delay of a message, in seconds.
pub(super) const MAX_DELAY: u16 = 900;

/// A message for [`Sqs::send`](crate::Sqs::send).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct NewMessage {
    pub(super) body: String,
    pub(super) attributes: MessageAttributes,
    pub(super) trace_header: Option<String>,
    /// `MD5OfMessageSystemAttributes`, of those that the sender has set.
    pub(super) system_md5: Option<String>,
    pub(super) group_id: Option<String>,
    pub(super) deduplication_id: Option<String>,
    pub(super) delay_seconds: Option<i64>,
    /// The delay of a message that is given back to its queue, which may be a FIFO queue's: what is left of the queue's own.
    pub(super) remaining_delay: Option<Duration>,
}

impl NewMessage {
    /// A message with this body and nothing else.
    pub fn new(body: impl Into<String>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }

    /// Adds an attribute.
    pub fn attribute(mut self, name: impl Into<String>, value: MessageAttribute) -> Self {
        self.attributes.insert(name.into(), value);
        self
    }

    /// Sets the message group, which every message of a FIFO queue needs.
    pub fn group_id(mut self, group_id: impl Into<String>) -> Self {
        self.group_id = Some(group_id.into());
        self
    }

    /// Sets the deduplication id, for FIFO queues.
    pub fn deduplication_id(mut self, deduplication_id: impl Into<String>) -> Self {
        self.deduplication_id = Some(deduplication_id.into());
        self
    }

    /// The bytes that count against the limits. System attributes are free.
    pub(super) fn size(&self) -> usize {
        Content::size_of(&self.body, &self.attributes)
    }

    /// Sets the delay in seconds, up to 900. Not for FIFO queues.
    pub fn delay_seconds(mut self, seconds: u16) -> Self {
        self.delay_seconds = Some(seconds.into());
        self
    }
}

impl<T: Into<String>> From<T> for NewMessage {
    fn from(body: T) -> Self {
        Self::new(body)
    }
}

/// What a message carries, which never changes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Content {
    pub(super) body: String,
    pub(super) body_md5: String,
    pub(super) attributes: MessageAttributes,
    pub(super) attributes_md5: Option<String>,
    /// `AWSTraceHeader`.
    pub(super) trace_header: Option<String>,
    pub(super) group_id: Option<String>,
    pub(super) deduplication_id: Option<String>,
    pub(super) sender_id: String,
}

impl Content {
    /// `message` with the deduplication id that it has or is given, from `sender_id`.
    pub(super) fn new(message: NewMessage, deduplication_id: Option<String>, sender_id: String) -> Self {
        Self {
            body_md5: md5_of(&message.body),
            attributes_md5: md5(&message.attributes),
            body: message.body,
            attributes: message.attributes,
            trace_header: message.trace_header,
            group_id: message.group_id,
            deduplication_id,
            sender_id,
        }
    }

    /// The bytes that count against the limits. System attributes are free.
    pub(super) fn size_of(body: &str, attributes: &MessageAttributes) -> usize {
        body.len() + size(attributes)
    }
}

/// `MD5OfMessageSystemAttributes` of a message whose only one is the trace header.
pub(super) fn trace_header_md5(trace_header: &str) -> Option<String> {
    let value = MessageAttribute::string(trace_header);
    md5(&MessageAttributes::from([("AWSTraceHeader".to_owned(), value)]))
}

/// A message in a queue.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(super) id: String,
    pub(super) content: Arc<Content>,
    /// `SequenceNumber`, in FIFO queues.
    pub(super) sequence_number: Option<String>,
    pub(super) sent: SystemTime,
    /// Until then it is delayed, or in flight.
    pub(super) visible_at: SystemTime,
    pub(super) receive_count: u32,
    pub(super) first_received: Option<SystemTime>,
    pub(super) receive: Option<Receive>,
    pub(super) dead_letter_source: Option<QueueId>,
}

/// The last receive of a message from the queue that it is in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Receive {
    /// The receives from this queue, which number its receipt handles. A dead letter's count goes on from its source
    /// queue's; its handles do not.
    pub(super) number: u32,
    pub(super) at: SystemTime,
    /// Whether the receiver has made the message visible again before its time.
    pub(super) released: bool,
}

/// Where a message is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessageState {
    /// It can be received.
    Visible,
    /// It has been received, and neither deleted nor has its visibility timeout run out.
    InFlight,
    /// It has never been received, and its delay has not run out.
    Delayed,
}

/// A message as it is in a queue, seen without receiving it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct QueueMessage {
    /// `MessageId`.
    pub message_id: String,
    /// Its body.
    pub body: String,
    /// Its attributes, set by its sender.
    pub attributes: BTreeMap<String, MessageAttribute>,
    /// `AWSTraceHeader`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_header: Option<String>,
    /// `MessageGroupId`.
    pub group_id: Option<String>,
    /// `MessageDeduplicationId`: the sender's, or the SHA-256 of the body.
    pub deduplication_id: Option<String>,
    /// Where it is in its life.
    pub state: MessageState,
    /// When it becomes visible, in milliseconds since the Unix epoch; in the past if it is.
    pub visible_at_millis: u64,
    /// When it was sent, in milliseconds since the Unix epoch.
    pub sent_at_millis: u64,
    /// How often it has been received.
    pub receive_count: u32,
    /// The name of the queue whose dead letter it is.
    pub dead_letter_source: Option<String>,
}

impl Message {
    /// How often it has been received from the queue that it is in, which is what a redrive policy counts.
    /// `ApproximateReceiveCount` goes on over all the queues that it has been in.
    pub(super) fn receives_here(&self) -> u32 {
        self.receive.map_or(0, |receive| receive.number)
    }

    pub(super) fn state(&self, now: SystemTime) -> MessageState {
        match (self.visible_at > now, self.receive) {
            (false, _) => MessageState::Visible,
            (true, None) => MessageState::Delayed,
            (true, Some(_)) => MessageState::InFlight,
        }
    }

    pub(super) fn view(&self, now: SystemTime) -> QueueMessage {
        QueueMessage {
            message_id: self.id.clone(),
            body: self.content.body.clone(),
            attributes: self.content.attributes.clone(),
            trace_header: self.content.trace_header.clone(),
            group_id: self.content.group_id.clone(),
            deduplication_id: self.content.deduplication_id.clone(),
            state: self.state(now),
            visible_at_millis: millis(self.visible_at),
            sent_at_millis: millis(self.sent),
            receive_count: self.receive_count,
            dead_letter_source: self.dead_letter_source.as_ref().map(|queue| queue.name.clone()),
        }
    }
}

/// A time as SQS's timestamps have it.
pub(super) fn millis(time: SystemTime) -> u64 {
    let nanoseconds = OffsetDateTime::from(time).unix_timestamp_nanos();
    u64::try_from(nanoseconds / 1_000_000).unwrap_or(0)
}
