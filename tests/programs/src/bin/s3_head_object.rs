#![no_main]
//! Asks what S3 keeps beside the bytes of an object.

use test_programs::s3::{Bucket, Error, HeadObjectOptions};
use test_programs::{Input, Value, info};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let options = HeadObjectOptions {
        part_number: input.small("part"),
        version_id: input.option("version"),
        if_match: input.option("if-match"),
        if_none_match: input.option("if-none-match"),
        if_modified_since: input.time("if-modified-since"),
        if_unmodified_since: input.time("if-unmodified-since"),
    };
    Bucket::open(input.text("bucket"))?.head_object(input.text("key"), &options).map(|head| info(&head))
}
