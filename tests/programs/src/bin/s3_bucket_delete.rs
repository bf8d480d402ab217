#![no_main]
//! Deletes a bucket.

use test_programs::s3::{Bucket, Error};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    Bucket::open(input.text("bucket"))?.delete().map(|()| json!({}))
}
