#![no_main]
//! Sends, receives and deletes `count` messages of `length` bytes, `batch` at a time, and answers with how many came back. With a batch of
//! one each is a call of its own. The benchmark `sqs` runs it.

use test_programs::sqs::{Error, Queue, ReceiveOptions, SendEntry, SendOptions};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let queue = Queue::open(input.text("queue"))?;
    let body = "x".repeat(input.small("length").unwrap_or(1) as usize);
    let (mut left, batch) = (input.small("count").unwrap_or(1), input.small("batch").unwrap_or(1));
    let mut received = 0;
    while left > 0 {
        let count = left.min(batch);
        received += if batch == 1 { one(&queue, &body)? } else { many(&queue, &body, count)? };
        left -= count;
    }
    Ok(json!(received))
}

fn one(queue: &Queue, body: &str) -> Result<usize, Error> {
    queue.send_message(body, &SendOptions::default())?;
    let messages = queue.receive_messages(ReceiveOptions::default())?;
    messages.iter().try_for_each(|message| message.delete())?;
    Ok(messages.len())
}

fn many(queue: &Queue, body: &str, count: u32) -> Result<usize, Error> {
    let entries: Vec<_> = (0..count).map(|_| SendEntry::from(body.to_owned())).collect();
    for sent in queue.send_messages(&entries)? {
        sent?;
    }
    let messages =
        queue.receive_messages(ReceiveOptions { max_messages: Some(count), ..Default::default() })?;
    let handles: Vec<_> = messages.iter().map(|message| &message.handle).collect();
    for deleted in queue.delete_messages(&handles)? {
        deleted?;
    }
    Ok(messages.len())
}
