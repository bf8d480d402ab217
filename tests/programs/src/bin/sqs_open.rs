#![no_main]
//! Opens a queue by the name that it is given.

use test_programs::sqs::{Error, Queue};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let queue = Queue::open(input.text("queue"))?;
    Ok(json!({ "name": queue.name(), "fifo": queue.is_fifo() }))
}
