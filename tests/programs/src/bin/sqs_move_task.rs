#![no_main]
//! Begins to move messages, and does what the input lists: cancel, list, cancel-listed.

use test_programs::sqs::{Error, Queue};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let queue = Queue::open(input.text("queue"))?;
    let destination = input.option("destination").map(|name| Queue::open(&name)).transpose()?;
    let then = input.texts("then");
    let task = match then.first().map(String::as_str) {
        Some("list") => None,
        _ => Some(queue.start_message_move_task(destination.as_ref(), input.small("rate"))?),
    };
    let mut done = Vec::new();
    for what in then {
        done.push(match what.as_str() {
            "cancel" => match task.as_ref().map(|task| task.cancel()) {
                Some(Ok(moved)) => json!({ "moved": moved }),
                other => json!(format!("{other:?}")),
            },
            _ => queue
                .list_message_move_tasks(Some(10))?
                .iter()
                .map(|task| {
                    json!([
                        format!("{:?}", task.info.status),
                        task.info.destination,
                        task.info.messages_moved,
                        task.handle.is_some(),
                        format!("{:?}", task.info),
                    ])
                })
                .collect(),
        });
    }
    Ok(json!(done))
}
