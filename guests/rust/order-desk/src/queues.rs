//! The two queues: everything that talks to SQS.

use innkeeper_guest::sqs::{
    Error, Message, MessageAttribute, Queue, ReceiveOptions, ReceivedMessage, SendEntry, SendOptions,
};

/// The queue of orders, by the name that the manifest gives it or that it has.
const ORDERS: &str = "orders";
/// Where messages go that are no good orders.
const REJECTED: &str = "rejected-orders";

/// What SQS gives at once at most.
const BATCH: u32 = 10;
/// Seconds to wait for a message. With a wait of 0 SQS may find none though there are some.
const WAIT: u32 = 1;

/// The two queues.
pub(crate) struct Queues {
    orders: Queue,
    rejected: Queue,
}

impl Queues {
    pub(crate) fn open() -> Result<Self, Error> {
        Ok(Self { orders: Queue::open(ORDERS)?, rejected: Queue::open(REJECTED)? })
    }

    /// The next orders, and none where there are none. The queue says for how long nobody else gets them.
    pub(crate) fn receive(&self, most: u32) -> Result<Vec<ReceivedMessage>, Error> {
        self.orders.receive_messages(ReceiveOptions {
            max_messages: Some(most.min(BATCH)),
            wait_time_seconds: Some(WAIT),
            visibility_timeout: None,
        })
    }

    /// Has nobody else get messages for so many seconds more. One that cannot be kept may be handled twice, which does no harm.
    pub(crate) fn keep<'a>(
        &self,
        messages: impl IntoIterator<Item = &'a Message>,
        seconds: u32,
    ) -> Result<(), Error> {
        let messages: Vec<_> = messages.into_iter().map(|message| (message, seconds)).collect();
        self.orders.change_visibility(&messages).map(drop)
    }

    /// Sends what is no good order to the other queue, as it came, with the reason. A result for each.
    pub(crate) fn reject(
        &self,
        rejected: &[(ReceivedMessage, String)],
    ) -> Result<Vec<Result<(), Error>>, Error> {
        let entries: Vec<_> = rejected.iter().map(|(message, reason)| entry(message, reason)).collect();
        let results = self.rejected.send_messages(&entries)?;
        Ok(results.into_iter().map(|result| result.map(drop)).collect())
    }

    /// Deletes what is done with. A result for each.
    pub(crate) fn delete(&self, messages: &[ReceivedMessage]) -> Result<Vec<Result<(), Error>>, Error> {
        let messages: Vec<_> = messages.iter().map(|message| &message.handle).collect();
        self.orders.delete_messages(&messages)
    }
}

fn entry(message: &ReceivedMessage, reason: &str) -> SendEntry {
    let attributes = vec![
        MessageAttribute::text("reason", reason),
        MessageAttribute::text("message-id", message.content.message_id.as_str()),
    ];
    SendEntry {
        body: message.content.body.clone(),
        options: SendOptions { attributes, ..SendOptions::default() },
    }
}
