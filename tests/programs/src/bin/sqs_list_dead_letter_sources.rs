#![no_main]
//! Lists the queues whose dead letters come to a queue.

use test_programs::sqs::{Error, Queue};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let listing = Queue::open(input.text("queue"))?.list_dead_letter_sources(input.small("page-size"))?;
    let names: Result<Vec<_>, _> = listing.names().collect();
    Ok(json!(names?))
}
