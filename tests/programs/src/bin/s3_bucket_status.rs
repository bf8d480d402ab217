#![no_main]
//! Asks whether a bucket exists.

use test_programs::s3::{Bucket, Error};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    Bucket::open(input.text("bucket"))?.status().map(|status| json!(format!("{status:?}")))
}
