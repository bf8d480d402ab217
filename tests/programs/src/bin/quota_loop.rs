#![no_main]
//! Deletes an object `times` times, and counts how often a quota says no, or the host that there can be no such `key`.

use test_programs::s3::{Bucket, DeleteObjectOptions, Error};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let bucket = Bucket::open(input.text("bucket"))?;
    let key = input.option("key").unwrap_or_else(|| "key".to_owned());
    let options = DeleteObjectOptions::default();
    let mut refused = 0;
    for _ in 0..input.number("times").unwrap_or_default() {
        match bucket.delete_object(&key, &options) {
            Ok(_) => {}
            Err(Error::QuotaExceeded(_) | Error::InvalidArgument(_)) => refused += 1,
            Err(error) => return Err(error),
        }
    }
    Ok(json!(refused))
}
