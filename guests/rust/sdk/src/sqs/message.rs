//! Messages, as one likes to write and to receive them.

use std::iter::FusedIterator;

use super::{
    AttributeValue, Error, MessageAttribute, Queue, ReceiveOptions, ReceivedMessage, SendEntry, SendOptions,
};

impl MessageAttribute {
    /// A text.
    pub fn text(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: AttributeValue::Text(value.into()), custom_type: None }
    }

    /// A number.
    pub fn number(name: impl Into<String>, value: &impl ToString) -> Self {
        Self { name: name.into(), value: AttributeValue::Number(value.to_string()), custom_type: None }
    }

    /// Bytes.
    pub fn binary(name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), value: AttributeValue::Binary(value.into()), custom_type: None }
    }
}

/// A message with nothing but its body.
impl From<String> for SendEntry {
    fn from(body: String) -> Self {
        Self { body, options: SendOptions::default() }
    }
}

impl ReceivedMessage {
    /// Deletes the message from its queue: `Message::delete`.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn delete(&self) -> Result<(), Error> {
        self.handle.delete()
    }

    /// Makes the message invisible to others for so many seconds from now: `Message::extend`.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn extend(&self, visibility_timeout: u32) -> Result<(), Error> {
        self.handle.extend(visibility_timeout)
    }

    /// Gives the message back, so that it can be received again at once: `Message::release`.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn release(&self) -> Result<(), Error> {
        self.handle.release()
    }
}

impl Queue {
    /// What is received, again and again, until there is no message. With a wait of 0 SQS may find none though there are some: use a
    /// `wait_time_seconds` above.
    pub fn batches(&self, options: ReceiveOptions) -> Batches<'_> {
        Batches { queue: Some(self), options }
    }
}

/// Batches of up to ten messages. It ends where there are none, or after the first error.
#[derive(Debug)]
pub struct Batches<'a> {
    /// `None` at the end.
    queue: Option<&'a Queue>,
    options: ReceiveOptions,
}

impl Iterator for Batches<'_> {
    type Item = Result<Vec<ReceivedMessage>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let received = self.queue?.receive_messages(self.options);
        if !matches!(&received, Ok(messages) if !messages.is_empty()) {
            self.queue = None;
        }
        Some(received).filter(|received| !matches!(received, Ok(messages) if messages.is_empty()))
    }
}

impl FusedIterator for Batches<'_> {}
