#![no_main]
//! Sets the tags of an object.

use test_programs::s3::{Bucket, Error};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let version = input.option("version");
    Bucket::open(input.text("bucket"))?.set_object_tags(
        input.text("key"),
        version.as_deref(),
        &input.pairs("tags"),
    )?;
    Ok(json!({}))
}
