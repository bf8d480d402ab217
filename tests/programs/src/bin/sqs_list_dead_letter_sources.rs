#![no_main]
//! Lists the queues whose dead letters come to a queue.

use test_programs::sqs::{Error, Queue};
use test_programs::{Input, Value, json, pages_and_errors};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let listing = Queue::open(input.text("queue"))?.list_dead_letter_sources(input.small("page-size"))?;
    if input.is("again") {
        return pages_and_errors(|| listing.next_page(), |names| json!(names));
    }
    let names: Result<Vec<_>, _> = listing.names().collect();
    Ok(json!(names?))
}
