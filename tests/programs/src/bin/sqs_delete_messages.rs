#![no_main]
//! Receives messages, and deletes them all at once, from the queue that `of` names.

use test_programs::sqs::{Error, Queue};
use test_programs::{Input, Value, json, receive_options, results};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let queue = Queue::open(input.text("queue"))?;
    let other = Queue::open(&input.option("of").unwrap_or_else(|| queue.name()))?;
    let mut messages = Vec::new();
    for _ in 0..input.number("times").unwrap_or(1) {
        messages.extend(queue.receive_messages(receive_options(input))?);
    }
    let handles: Vec<_> = messages.iter().map(|message| &message.handle).collect();
    Ok(results(other.delete_messages(&handles)?, |()| json!(null)))
}
