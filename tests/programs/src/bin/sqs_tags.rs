#![no_main]
//! Adds tags to a queue, removes some, and lists them.

use test_programs::sqs::{Error, Queue};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let queue = Queue::open(input.text("queue"))?;
    let (add, remove) = (input.pairs("add"), input.texts("remove"));
    if !add.is_empty() {
        queue.tag(&add)?;
    }
    if !remove.is_empty() {
        queue.untag(&remove)?;
    }
    Ok(json!(queue.list_tags()?))
}
