#![no_main]
//! Deletes all messages of a queue.

use test_programs::sqs::{Error, Queue};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    Queue::open(input.text("queue"))?.purge().map(|()| json!(null))
}
