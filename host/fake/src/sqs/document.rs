//! A queue as a file: `sqs/QUEUE.json` of a seed.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::attribute::{WireAttribute, check};
use super::error::invalid_value;
use super::message::{MAX_DELAY, MessageState, NewMessage, QueueMessage, trace_header_md5};
use super::settings::Attributes;
use crate::layer::AwsError;

/// A queue as it is written and read: `sqs/QUEUE.json` of a [seed](crate::folder). The name is that of the file.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct QueueDocument {
    /// From the name of the file.
    #[serde(skip)]
    pub(crate) region: Option<String>,
    /// From the name of the file.
    #[serde(skip)]
    pub(crate) account_id: Option<String>,
    /// As `CreateQueue` takes them. Values may also be numbers, booleans, and, for policies, objects.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<String, Value>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) tags: BTreeMap<String, String>,
    #[serde(default)]
    messages: Vec<MessageDocument>,
}

/// A message: its body, or a document where there is more to it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
enum MessageDocument {
    Body(String),
    Full(FullMessage),
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct FullMessage {
    body: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<String, WireAttribute>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deduplication_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delay_seconds: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace_header: Option<String>,
}

/// The attributes that point at other queues.
const POLICIES: &[&str] = &["RedrivePolicy", "RedriveAllowPolicy"];

impl QueueDocument {
    /// A queue with those of its attributes that are not the defaults. A message in flight is written as one that can be
    /// received, since its receipt handle would be worth nothing.
    pub(super) fn new(
        attributes: Attributes,
        tags: BTreeMap<String, String>,
        messages: &[QueueMessage],
        now_millis: u64,
    ) -> Self {
        let delays = attributes.get("DelaySeconds").is_some_and(|delay| delay != "0");
        let parsed = |name: &str, value: String| match serde_json::from_str(&value) {
            Ok(policy) if POLICIES.contains(&name) => policy,
            _ => Value::String(value),
        };
        Self {
            region: None,
            account_id: None,
            attributes: attributes
                .into_iter()
                .map(|(name, value)| {
                    let value = parsed(&name, value);
                    (name, value)
                })
                .collect(),
            tags,
            messages: messages
                .iter()
                .map(|message| MessageDocument::of(message, delays, now_millis))
                .collect(),
        }
    }

    /// The name of the file, without its extension.
    pub(crate) fn stem(&self, name: &str) -> String {
        let parts = [Some(name), self.region.as_deref(), self.account_id.as_deref()];
        parts.into_iter().flatten().collect::<Vec<_>>().join("@")
    }

    pub(super) fn own_attributes(&self) -> Attributes {
        self.text_attributes().filter(|(name, _)| !POLICIES.contains(&name.as_str())).collect()
    }

    /// `RedrivePolicy` and `RedriveAllowPolicy`, with `arn` in place of plain names of queues.
    pub(super) fn policies(&self, arn: impl Fn(&str) -> String) -> Attributes {
        let mut document = self.clone();
        let attributes = &mut document.attributes;
        let mut names: Vec<&mut Value> = Vec::new();
        for (name, policy) in attributes.iter_mut() {
            match name.as_str() {
                "RedrivePolicy" => names.extend(policy.get_mut("deadLetterTargetArn")),
                "RedriveAllowPolicy" => {
                    let sources = policy.get_mut("sourceQueueArns").and_then(Value::as_array_mut);
                    names.extend(sources.into_iter().flatten());
                }
                _ => {}
            }
        }
        for name in names {
            if let Some(plain) = name.as_str().filter(|name| !name.contains(':')) {
                *name = Value::String(arn(plain));
            }
        }
        document.text_attributes().filter(|(name, _)| POLICIES.contains(&name.as_str())).collect()
    }

    pub(super) fn messages(&self) -> Result<Vec<NewMessage>, AwsError> {
        self.messages.iter().map(MessageDocument::message).collect()
    }

    fn text_attributes(&self) -> impl Iterator<Item = (String, String)> {
        self.attributes.iter().map(|(name, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (name.clone(), text)
        })
    }
}

impl MessageDocument {
    /// `delays` is whether the queue has a delay of its own: then what has waited already has to say so.
    fn of(message: &QueueMessage, delays: bool, now_millis: u64) -> Self {
        let delay_seconds = match message.state {
            MessageState::Delayed => {
                let remaining = message.visible_at_millis.saturating_sub(now_millis).div_ceil(1000);
                Some(u16::try_from(remaining).unwrap_or(MAX_DELAY).min(MAX_DELAY))
            }
            MessageState::Visible | MessageState::InFlight => delays.then_some(0),
        };
        let full = FullMessage {
            body: message.body.clone(),
            attributes: message
                .attributes
                .iter()
                .map(|(name, attribute)| (name.clone(), attribute.clone().into()))
                .collect(),
            group_id: message.group_id.clone(),
            deduplication_id: message.deduplication_id.clone(),
            delay_seconds,
            trace_header: message.trace_header.clone(),
        };
        match full {
            FullMessage {
                body,
                attributes,
                group_id: None,
                deduplication_id: None,
                delay_seconds: None,
                trace_header: None,
            } if attributes.is_empty() => Self::Body(body),
            full => Self::Full(full),
        }
    }

    fn message(&self) -> Result<NewMessage, AwsError> {
        let full = match self {
            Self::Body(body) => return Ok(NewMessage::new(body)),
            Self::Full(full) => full.clone(),
        };
        Ok(NewMessage {
            body: full.body,
            attributes: check(full.attributes)?,
            system_md5: full.trace_header.as_deref().and_then(trace_header_md5),
            trace_header: full.trace_header,
            group_id: full.group_id,
            deduplication_id: full.deduplication_id,
            delay_seconds: None,
            remaining_delay: full.delay_seconds.map(delay).transpose()?,
        })
    }
}

/// The delay of a message, in a FIFO queue too: there it is what is left of the queue's, which no sender can say.
fn delay(seconds: u16) -> Result<Duration, AwsError> {
    if seconds > MAX_DELAY {
        let reason = format!("DelaySeconds must be >= 0 and <= {MAX_DELAY}.");
        return Err(invalid_value(&seconds.to_string(), "DelaySeconds", &reason));
    }
    Ok(Duration::from_secs(seconds.into()))
}
