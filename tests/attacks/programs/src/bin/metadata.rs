#![no_main]
//! Stores an object with so many entries of metadata.

use test_programs::s3::{Bucket, Error, PutObjectOptions};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let count = input.number("count").unwrap_or_default();
    let entry = |number: u64| match input.option("name") {
        Some(name) => (name, String::new()),
        None => (format!("{number}"), "v".to_owned()),
    };
    let options =
        PutObjectOptions { metadata: (0..count).map(entry).collect(), ..PutObjectOptions::default() };
    Bucket::open(input.text("bucket"))?.put_object("k", b"", &options).map(|_| json!(count))
}
