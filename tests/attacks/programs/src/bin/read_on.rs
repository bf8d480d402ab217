#![no_main]
//! Reads a body to its end or its error, and reads on; or never reads it.

use test_programs::s3::{Bucket, Error, GetObjectOptions};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let object =
        Bucket::open(input.text("bucket"))?.get_object(input.text("key"), &GetObjectOptions::default())?;
    if input.option("never").is_some() {
        return Ok(json!({}));
    }
    let (mut bytes, mut ends) = (0, Vec::new());
    while ends.len() < 3 {
        match object.body.blocking_read(1 << 16) {
            Ok(read) => bytes += read.len(),
            Err(end) => ends.push(if format!("{end:?}").contains("Closed") { "closed" } else { "failed" }),
        }
    }
    Ok(json!({ "bytes": bytes, "ends": ends }))
}
