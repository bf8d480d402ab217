#![no_main]
//! Stores an object.

use test_programs::s3::{Bucket, Error};
use test_programs::{Input, Value, put_options};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let bucket = Bucket::open(input.text("bucket"))?;
    let stored = bucket.put_object(input.text("key"), input.text("body").as_bytes(), &put_options(input))?;
    Ok(test_programs::stored(&stored))
}
