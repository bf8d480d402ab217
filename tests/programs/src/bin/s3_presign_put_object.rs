#![no_main]
//! Signs a URL to put an object with.

use test_programs::s3::{Bucket, Checksum, Error, PresignPutOptions};
use test_programs::{Input, Value, algorithm, presigned};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let checksum = input.option("algorithm").zip(input.option("checksum"));
    let options = PresignPutOptions {
        expires_in: input.small("expires-in"),
        content_type: input.option("content-type"),
        content_length: input.number("content-length"),
        checksum: checksum.map(|(name, value)| Checksum { algorithm: algorithm(&name), value }),
        if_none_match: input.option("if-none-match"),
    };
    Bucket::open(input.text("bucket"))?
        .presign_put_object(input.text("key"), &options)
        .map(|request| presigned(&request))
}
