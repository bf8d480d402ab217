#![no_main]
//! Passes a body of so many bytes to the host.

use test_programs::s3::{Bucket, Error, PutObjectOptions};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let bytes = usize::try_from(input.number("bytes").unwrap_or_default()).unwrap_or(usize::MAX);
    let bucket = Bucket::open(input.text("bucket"))?;
    bucket.put_object("large", &vec![b'x'; bytes], &PutObjectOptions::default()).map(|_| json!(bytes))
}
