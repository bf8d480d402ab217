#![no_main]
//! Sends a message.

use test_programs::sqs::{Error, Queue};
use test_programs::{Input, Value, json, send_options};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let queue = Queue::open(input.text("queue"))?;
    let body = match input.number("length") {
        Some(length) => "x".repeat(usize::try_from(length).unwrap_or(usize::MAX)),
        None => input.text("body").to_owned(),
    };
    let mut sent = Vec::new();
    for _ in 0..input.number("times").unwrap_or(1) {
        sent.push(queue.send_message(&body, &send_options(input))?);
    }
    let ids: Vec<_> = sent.iter().map(|sent| &sent.message_id).collect();
    let numbers: Vec<_> = sent.iter().map(|sent| &sent.sequence_number).collect();
    Ok(json!({ "ids": ids, "sequence-numbers": numbers }))
}
