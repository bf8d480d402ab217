#![no_main]
//! Receives messages, and sets their visibility timeouts all at once: the first `seconds`, the next one more ...

use test_programs::sqs::{Error, Queue};
use test_programs::{Input, Value, json, receive_options, results};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let queue = Queue::open(input.text("queue"))?;
    let messages = queue.receive_messages(receive_options(input))?;
    let seconds = input.small("seconds").unwrap_or(60);
    let changes: Vec<_> = messages
        .iter()
        .zip(0..)
        .map(|(message, more)| (&message.handle, seconds.saturating_add(more)))
        .collect();
    Ok(results(queue.change_visibility(&changes)?, |()| json!(null)))
}
