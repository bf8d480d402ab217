#![no_main]
//! Deletes a queue.

use test_programs::sqs::{Error, Queue};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    Queue::open(input.text("queue"))?.delete().map(|()| json!(null))
}
