#![no_main]
//! Creates a queue.

use test_programs::sqs::{Error, Queue};
use test_programs::{Input, Value, json, queue_settings};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let queue = Queue::create(input.text("queue"), &queue_settings(input), &input.pairs("tags"))?;
    Ok(json!({ "name": queue.name(), "fifo": queue.is_fifo() }))
}
