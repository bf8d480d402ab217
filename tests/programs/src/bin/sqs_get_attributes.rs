#![no_main]
//! Asks for a queue's state and settings.

use test_programs::sqs::{Error, Queue};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let attributes = Queue::open(input.text("queue"))?.get_attributes()?;
    Ok(json!({
        "messages": attributes.messages,
        "not-visible": attributes.messages_not_visible,
        "delayed": attributes.messages_delayed,
        "visibility-timeout": attributes.visibility_timeout,
        "message-retention-period": attributes.message_retention_period,
        "created": attributes.created.map(|time| time.seconds),
        "redrive": attributes.redrive_policy.as_ref().map(|policy| (policy.dead_letter_queue.clone(), policy.max_receive_count)),
        "fifo": attributes.fifo.map(|fifo| fifo.content_based_deduplication),
        "debug": format!("{attributes:?}"),
    }))
}
