#![no_main]
//! Changes the settings of a queue.

use test_programs::sqs::{Error, Queue};
use test_programs::{Input, Value, json, queue_settings};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    Queue::open(input.text("queue"))?.set_attributes(&queue_settings(input)).map(|()| json!(null))
}
