#![no_main]
//! Deletes an object, or a version of it.

use test_programs::s3::{Bucket, DeleteObjectOptions, Error};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let options =
        DeleteObjectOptions { version_id: input.option("version"), if_match: input.option("if-match") };
    let deleted = Bucket::open(input.text("bucket"))?.delete_object(input.text("key"), &options)?;
    Ok(json!({ "delete-marker": deleted.delete_marker, "version": deleted.version_id }))
}
