#![no_main]
//! Reads a whole object, or a range of it, up to a bound.

use test_programs::s3::{Bucket, Error};
use test_programs::{Input, Value, get_options, info, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let bucket = Bucket::open(input.text("bucket"))?;
    let max_bytes = input.number("max-bytes").unwrap_or(u64::MAX);
    let object = bucket.read_object(input.text("key"), max_bytes, &get_options(input))?;
    Ok(json!({ "info": info(&object.info), "body": String::from_utf8_lossy(&object.bytes) }))
}
