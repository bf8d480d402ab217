#![no_main]
//! Gets an object and reads its body as a stream, piece by piece. Of a body that is too large to be answered with, it says the digest.

use std::io::Read;

use test_programs::s3::{Bucket, Error};
use test_programs::{Input, Value, digest, get_options, info, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let bucket = Bucket::open(input.text("bucket"))?;
    let mut object = bucket.get_object(input.text("key"), &get_options(input))?;
    let mut body = Vec::new();
    match input.number("stop-after") {
        Some(bytes) => object.body.by_ref().take(bytes).read_to_end(&mut body)?,
        None => object.body.read_to_end(&mut body)?,
    };
    if input.is("digest") {
        return Ok(json!({ "info": info(&object.info), "length": body.len(), "digest": digest(&body) }));
    }
    Ok(json!({ "info": info(&object.info), "length": body.len(), "body": String::from_utf8_lossy(&body) }))
}
