#![no_main]
//! Sends many messages: those that are listed, or so many of a length.

use test_programs::sqs::{Error, Queue, SendEntry};
use test_programs::{Input, Value, json, results, send_options};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let queue = Queue::open(input.text("queue"))?;
    let listed = input.objects("entries");
    let mut entries: Vec<SendEntry> = listed
        .iter()
        .map(|entry| SendEntry { body: entry.text("body").to_owned(), options: send_options(entry) })
        .collect();
    let length = usize::try_from(input.number("length").unwrap_or(1)).unwrap_or(usize::MAX);
    entries.extend((0..input.number("count").unwrap_or(0)).map(|_| SendEntry::from("x".repeat(length))));
    Ok(results(queue.send_messages(&entries)?, |sent| json!(!sent.message_id.is_empty())))
}
