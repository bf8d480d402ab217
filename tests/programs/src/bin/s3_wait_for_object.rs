#![no_main]
//! Waits until an object exists or does not.

use test_programs::s3::{Bucket, Error};
use test_programs::{Input, Value, existence, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let seconds = input.small("seconds").unwrap_or(10);
    Bucket::open(input.text("bucket"))?.wait_for_object(input.text("key"), existence(input), seconds)?;
    Ok(json!({}))
}
