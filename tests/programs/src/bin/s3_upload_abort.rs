#![no_main]
//! Gives up an upload that somebody began.

use test_programs::s3::{Bucket, Error};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    Bucket::open(input.text("bucket"))?
        .abort_upload(input.text("key"), input.text("upload"))
        .map(|()| json!({}))
}
