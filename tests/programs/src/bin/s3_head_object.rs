#![no_main]
//! Asks what S3 keeps beside the bytes of an object.

use test_programs::s3::{Bucket, Error};
use test_programs::{Input, Value, info};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    Bucket::open(input.text("bucket"))?.head_object(input.text("key")).map(|head| info(&head))
}
