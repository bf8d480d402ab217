#![no_main]
//! Receives messages, and keeps the handles of all receives.

use test_programs::sqs::{Error, Queue};
use test_programs::{Input, Value, content, json, receive_options};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let queue = Queue::open(input.text("queue"))?;
    let mut held = Vec::new();
    for _ in 0..input.number("times").unwrap_or(1) {
        held.extend(queue.receive_messages(receive_options(input))?);
    }
    Ok(json!(held.iter().map(|message| content(&message.content)).collect::<Vec<_>>()))
}
