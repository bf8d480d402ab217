#![no_main]
//! Opens buckets and drops none.

use test_programs::s3::{Bucket, Error};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let mut held = Vec::new();
    loop {
        match Bucket::open(input.text("bucket")) {
            Ok(bucket) => held.push(bucket),
            Err(error) => return Ok(json!({ "held": held.len(), "error": format!("{error:?}") })),
        }
    }
}
