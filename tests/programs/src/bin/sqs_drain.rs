#![no_main]
//! Receives until there is nothing, and deletes what it received.

use test_programs::sqs::{Error, Queue};
use test_programs::{Input, Value, json, receive_options};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let queue = Queue::open(input.text("queue"))?;
    let mut bodies = Vec::new();
    for batch in queue.batches(receive_options(input)) {
        let batch = batch?;
        let handles: Vec<_> = batch.iter().map(|message| &message.handle).collect();
        for deleted in queue.delete_messages(&handles)? {
            deleted?;
        }
        bodies.extend(batch.into_iter().map(|message| message.content.body));
    }
    Ok(json!(bodies))
}
