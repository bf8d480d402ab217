#![no_main]
//! Calls the host for ever: each call is cheap.

use test_programs::s3::{Bucket, Error, HeadObjectOptions};
use test_programs::{Input, Value};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let bucket = Bucket::open(input.text("bucket"))?;
    loop {
        let _ = match input.option("key") {
            Some(key) => bucket.head_object(&key, &HeadObjectOptions::default()).map(drop),
            None => Bucket::open(input.text("bucket")).map(drop),
        };
    }
}
