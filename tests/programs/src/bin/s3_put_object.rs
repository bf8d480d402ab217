#![no_main]
//! Stores an object.

use test_programs::s3::{Bucket, Error, PutObjectOptions};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let options = PutObjectOptions {
        content_type: input.option("content-type"),
        cache_control: input.option("cache-control"),
        metadata: input.pairs("metadata"),
        if_match: input.option("if-match"),
        if_none_match: input.option("if-none-match"),
        ..PutObjectOptions::default()
    };
    let bucket = Bucket::open(input.text("bucket"))?;
    let stored = bucket.put_object(input.text("key"), input.text("body").as_bytes(), &options)?;
    Ok(json!({ "etag": stored.etag }))
}
