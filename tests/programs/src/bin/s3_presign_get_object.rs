#![no_main]
//! Signs a URL to get an object with.

use test_programs::s3::{Bucket, Error, PresignGetOptions};
use test_programs::{Input, Value, presigned, response_headers};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let options = PresignGetOptions {
        expires_in: input.small("expires-in"),
        version_id: input.option("version"),
        response_headers: response_headers(input),
    };
    Bucket::open(input.text("bucket"))?
        .presign_get_object(input.text("key"), &options)
        .map(|request| presigned(&request))
}
