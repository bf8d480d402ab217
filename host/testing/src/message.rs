//! What a message of a queue has to be.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use innkeeper_fake::{MessageState, QueueMessage};

use crate::check::Mismatch;
use crate::difference::{Content, Difference};

/// A message of a queue, as it is expected to be. What is not said fits any.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[must_use]
pub struct ExpectedMessage {
    /// Its body.
    pub body: Content,
    /// Attributes that it has, by their names: the text or number, or the bytes in base64. It may have others.
    pub attributes: BTreeMap<String, String>,
    /// `MessageGroupId`.
    pub group_id: Option<String>,
    /// `MessageDeduplicationId`: the sender's, or the SHA-256 of the body.
    pub deduplication_id: Option<String>,
    /// How long it was to wait before it could be received. Of one that was received nobody knows.
    pub delay: Option<Duration>,
    /// Where it is in its life.
    pub state: Option<MessageState>,
    /// How often it has been received.
    pub receive_count: Option<u32>,
}

impl ExpectedMessage {
    /// With a body, and otherwise any.
    pub fn new(body: impl Into<Content>) -> Self {
        Self {
            body: body.into(),
            attributes: BTreeMap::new(),
            group_id: None,
            deduplication_id: None,
            delay: None,
            state: None,
            receive_count: None,
        }
    }

    /// With an attribute.
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.insert(name.into(), value.into());
        self
    }

    /// Of a message group.
    pub fn group_id(mut self, group_id: impl Into<String>) -> Self {
        self.group_id = Some(group_id.into());
        self
    }

    /// With a deduplication id.
    pub fn deduplication_id(mut self, deduplication_id: impl Into<String>) -> Self {
        self.deduplication_id = Some(deduplication_id.into());
        self
    }

    /// That was sent with a delay.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = Some(delay);
        self
    }

    /// In a state.
    pub fn state(mut self, state: MessageState) -> Self {
        self.state = Some(state);
        self
    }

    /// That was received so often.
    pub fn receive_count(mut self, times: u32) -> Self {
        self.receive_count = Some(times);
        self
    }

    /// Whether a message, whose body has been looked at, is so in all else. `what` names it.
    pub(crate) fn check(&self, what: &str, message: &QueueMessage) -> Result<(), Mismatch> {
        for (name, value) in &self.attributes {
            let attribute = message.attributes.get(name).map(|attribute| match attribute.as_str() {
                Some(text) => text.to_owned(),
                None => STANDARD.encode(attribute.as_bytes()),
            });
            differs(&format!("the attribute `{name}` of {what}"), value, attribute.as_deref())?;
        }
        let texts = [
            ("group id", &self.group_id, &message.group_id),
            ("deduplication id", &self.deduplication_id, &message.deduplication_id),
        ];
        for (name, expected, actual) in texts {
            if let Some(expected) = expected {
                differs(&format!("the {name} of {what}"), expected, actual.as_deref())?;
            }
        }
        if let Some(delay) = self.delay {
            let was = (message.receive_count == 0).then(|| {
                let millis = message.visible_at_millis.saturating_sub(message.sent_at_millis);
                format!("{:?}", Duration::from_millis(millis))
            });
            differs(&format!("the delay of {what}"), &format!("{delay:?}"), was.as_deref())?;
        }
        if let Some(state) = self.state {
            differs(&format!("the state of {what}"), state_word(state), Some(state_word(message.state)))?;
        }
        if let Some(times) = self.receive_count {
            let was = message.receive_count.to_string();
            differs(&format!("the receive count of {what}"), &times.to_string(), Some(&was))?;
        }
        Ok(())
    }
}

/// A body, and otherwise any.
impl From<Content> for ExpectedMessage {
    fn from(body: Content) -> Self {
        Self::new(body)
    }
}

/// The word for a state.
fn state_word(state: MessageState) -> &'static str {
    match state {
        MessageState::Visible => "visible",
        MessageState::InFlight => "in-flight",
        MessageState::Delayed => "delayed",
    }
}

/// Whether a text is as it is expected to be.
pub(crate) fn differs(what: &str, expected: &str, actual: Option<&str>) -> Result<(), Mismatch> {
    match actual {
        Some(actual) if actual == expected => Ok(()),
        Some(actual) => {
            Err(Mismatch::with(format!("{what} is another"), Difference::of_text(expected, actual)))
        }
        None => Err(Mismatch::new(format!("{what} was expected to be `{expected}`, and there is none"))),
    }
}
