#![no_main]
//! Receives one message, and does with it what the input lists: delete, release, extend by `seconds`, or wait for so long at the queue
//! that `wait-at` names.

use test_programs::sqs::{Error, Queue, ReceiveOptions};
use test_programs::{Input, Value, json, receive_options};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let queue = Queue::open(input.text("queue"))?;
    let messages = queue.receive_messages(receive_options(input))?;
    let Some(message) = messages.first() else { return Ok(json!(null)) };
    let mut done = Vec::new();
    for what in input.texts("then") {
        let result = match what.as_str() {
            "delete" => message.delete(),
            "release" => message.release(),
            "wait" => {
                let wait =
                    ReceiveOptions { wait_time_seconds: input.small("seconds"), ..ReceiveOptions::default() };
                Queue::open(input.text("wait-at"))?.receive_messages(wait).map(drop)
            }
            _ => message.extend(input.small("seconds").unwrap_or(60)),
        };
        done.push(match result {
            Ok(()) => json!("ok"),
            Err(error) => json!(format!("{error:?}")),
        });
    }
    Ok(json!(done))
}
