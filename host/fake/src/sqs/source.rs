//! Queues as event sources: what polls them for functions.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};
use tokio::sync::futures::OwnedNotified;

use super::access::Asked;
use super::attribute::MessageAttributes;
use super::named::{NamedQueue, Unreachable};
use super::operations::{Caller, Context};
use super::receipt::Receipt;
use super::receive::{Order, Poll};
use crate::fake::Shared;
use crate::resource_policy::Verdict;

/// What a look into a queue has brought.
pub(crate) struct Polled {
    pub(crate) messages: Vec<SourceMessage>,
    /// Wakes whoever waits for another look.
    pub(crate) changed: OwnedNotified,
    /// When another look may bring something by itself.
    pub(crate) next: Option<SystemTime>,
}

/// A message that has been received for a function.
pub(crate) struct SourceMessage {
    pub(crate) id: String,
    pub(crate) body: String,
    /// As functions get it.
    pub(crate) record: Value,
    receipt: Receipt,
    handle: String,
}

impl NamedQueue {
    /// The visibility timeout of the queue, if `role` of the fake's account may receive from it.
    pub(crate) fn visibility(
        &self,
        shared: &Shared,
        account_id: &str,
        role: &str,
    ) -> Result<Duration, Unreachable> {
        let mut state = shared.sqs.at(shared.clock.now(), &shared.ids);
        let id = self.id(&state, shared).ok_or(Unreachable::NotThere)?;
        let queue = state.queue(&id, shared.clock.now()).map_err(|_| Unreachable::NotThere)?;
        let caller = Caller {
            account_id: account_id.to_owned(),
            arn: role.to_owned(),
            operation: "ReceiveMessage".to_owned(),
            ..Caller::default()
        };
        let asked = Asked {
            shared,
            caller: &caller,
            queue: &self.text,
            region: self.region(),
            is_secure: true,
            now: shared.clock.now(),
        };
        let verdict = queue.settings.policy().map_or(Verdict::Silent, |policy| asked.verdict(policy));
        let is_own = id.account_id.as_deref().unwrap_or(&shared.account_id) == account_id;
        if verdict == Verdict::Deny || (!is_own && verdict == Verdict::Silent) {
            return Err(Unreachable::Denied);
        }
        Ok(queue.settings.visibility())
    }

    /// Receives up to `max` messages. As long as the queue is not there these are none.
    pub(crate) fn poll(&self, shared: &Shared, max: usize) -> Polled {
        let now = shared.clock.now();
        let mut state = shared.sqs.at(now, &shared.ids);
        let queue = self.id(&state, shared).and_then(|id| {
            let queue = state.queue(&id, now).ok()?;
            // Whoever is told of a change from here on is told of one that this look has not seen.
            Some((Arc::clone(&queue.changed).notified_owned(), queue.generation.clone(), id))
        });
        let Some((changed, generation, id)) = queue else {
            let made = Arc::clone(&state.made).notified_owned();
            return Polled { messages: Vec::new(), changed: made, next: None };
        };
        // Who polls without end is not told that a queue has too many messages in flight.
        let order = Order { max_messages: max, visibility: None, attempt_id: None, poll: Poll::Long };
        let received = state.receive(&id, now, &order, &shared.account_id).unwrap_or_default();
        let cx = self.context(shared);
        let messages = received
            .into_iter()
            .map(|(receipt, message)| {
                let all = ["All".to_owned()];
                let received = cx.received(&receipt, &message, &generation, &all, &all);
                let mut record = json!({
                    "messageId": received.message_id,
                    "receiptHandle": received.receipt_handle,
                    "body": received.body,
                    "attributes": received.attributes,
                    "messageAttributes": attributes(&received.message_attributes),
                    "md5OfBody": received.md5_of_body,
                    "eventSource": "aws:sqs",
                    "eventSourceARN": self.text,
                    "awsRegion": self.arn.region,
                });
                if let (Some(md5), Some(record)) =
                    (received.md5_of_message_attributes, record.as_object_mut())
                {
                    record.insert("md5OfMessageAttributes".to_owned(), md5.into());
                }
                let (id, handle) = (received.message_id, received.receipt_handle);
                SourceMessage { id, body: received.body, record, receipt, handle }
            })
            .collect();
        Polled { messages, changed, next: state.next_change(&id) }
    }

    /// Deletes messages. One that has become visible again in the meantime stays in a FIFO queue, as whoever deletes it too late
    /// is told.
    pub(crate) fn delete<'m>(&self, shared: &Shared, messages: impl IntoIterator<Item = &'m SourceMessage>) {
        let now = shared.clock.now();
        let mut state = shared.sqs.at(now, &shared.ids);
        let Some(id) = self.id(&state, shared) else { return };
        let Ok(queue) = state.queue(&id, now) else { return };
        for message in messages {
            let _ = queue.delete(now, &message.receipt, &message.handle);
        }
    }

    /// Whether a message could be received now.
    pub(crate) fn has_messages(&self, shared: &Shared) -> bool {
        let now = shared.clock.now();
        let mut state = shared.sqs.at(now, &shared.ids);
        let Some(id) = self.id(&state, shared) else { return false };
        state.queue(&id, now).is_ok_and(|queue| queue.has_available())
    }

    fn context<'s>(&self, shared: &'s Shared) -> Context<'s> {
        let account_id = shared.account_id.clone();
        let arn = format!("arn:aws:iam::{account_id}:root");
        Context {
            shared,
            region: self.arn.region.clone(),
            caller: Caller { account_id, arn, ..Caller::default() },
            endpoint: String::new(),
            trace_header: None,
        }
    }
}

/// The attributes of a message as functions get them.
fn attributes(attributes: &MessageAttributes) -> BTreeMap<&str, Value> {
    let shown = attributes.iter().map(|(name, attribute)| {
        let (member, value) = match attribute.as_str() {
            Some(text) => ("stringValue", text.to_owned()),
            None => ("binaryValue", BASE64_STANDARD.encode(attribute.as_bytes())),
        };
        let shown = json!({
            member: value,
            "stringListValues": [],
            "binaryListValues": [],
            "dataType": attribute.data_type(),
        });
        (name.as_str(), shown)
    });
    shown.collect()
}
