#![no_main]
//! In each round: stores an object, reads it, sends it as a message, and has a function answer to it. Four calls of AWS.

use std::fmt::Debug;

use test_programs::lambda::{Function, InvokeOptions};
use test_programs::s3::{Bucket, GetObjectOptions, PutObjectOptions};
use test_programs::sqs::{Queue, SendOptions};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, String> {
    fn word(error: impl Debug) -> String {
        format!("{error:?}")
    }
    let bucket = Bucket::open("uploads").map_err(word)?;
    let queue = Queue::open("jobs").map_err(word)?;
    let function = Function::open("price", None).map_err(word)?;
    let mut total = 0;
    for round in 0..input.number("rounds").unwrap_or(1) {
        let key = format!("orders/{round}.json");
        let order = json!({ "order": round }).to_string();
        bucket.put_object(&key, order.as_bytes(), &PutObjectOptions::default()).map_err(word)?;
        let stored = bucket.read_object(&key, 1024, &GetObjectOptions::default()).map_err(word)?;
        let order = String::from_utf8(stored.bytes).map_err(word)?;
        queue.send_message(&order, &SendOptions::default()).map_err(word)?;
        let answer = function.invoke(order.as_bytes(), &InvokeOptions::default()).map_err(word)?;
        let price: Value = serde_json::from_slice(&answer.payload).map_err(word)?;
        total += price["price"].as_u64().unwrap_or(0);
    }
    Ok(json!({ "total": total }))
}
