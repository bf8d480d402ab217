#![no_main]
//! Opens the body of the same object `times` times and reads none, then lets them go and opens one more.

use test_programs::s3::{Bucket, Error, GetObjectOptions};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let bucket = Bucket::open(input.text("bucket"))?;
    let open = || bucket.get_object(input.text("key"), &GetObjectOptions::default());
    let (mut held, mut refused) = (Vec::new(), None);
    for _ in 0..input.number("times").unwrap_or_default() {
        match open() {
            Ok(object) => held.push(object),
            Err(error) => refused = Some(format!("{error:?}")),
        }
    }
    let first = held.len();
    held.clear();
    let again = open().is_ok();
    Ok(json!({ "held": first, "refused": refused, "again": again }))
}
