#![no_main]
//! Deletes an object.

use test_programs::s3::{Bucket, Error};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let deleted = Bucket::open(input.text("bucket"))?.delete_object(input.text("key"))?;
    Ok(json!({ "delete-marker": deleted.delete_marker }))
}
