#![no_main]
//! Takes handles of a kind and gives none back.

use test_programs::s3::{Bucket, Error, GetObjectOptions, ListObjectsOptions};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let bucket = Bucket::open(input.text("bucket"))?;
    let (mut listings, mut bodies) = (Vec::new(), Vec::new());
    let error = loop {
        let taken = match input.text("kind") {
            "listing" => {
                bucket.list_objects(&ListObjectsOptions::default()).map(|listing| listings.push(listing))
            }
            _ => bucket
                .get_object(input.text("key"), &GetObjectOptions::default())
                .map(|object| bodies.push(object)),
        };
        if let Err(error) = taken {
            break error;
        }
    };
    Ok(json!({ "held": listings.len() + bodies.len(), "error": format!("{error:?}") }))
}
