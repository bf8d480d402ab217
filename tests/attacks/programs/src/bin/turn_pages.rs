#![no_main]
//! Asks for page after page of a listing, and keeps none.

use test_programs::s3::{Bucket, Error, ListObjectsOptions};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let listing = Bucket::open(input.text("bucket"))?.list_objects(&ListObjectsOptions::default())?;
    let (mut pages, mut keys) = (0, 0);
    while let Some(page) = listing.next_page()? {
        pages += 1;
        keys += page.objects.len();
    }
    Ok(json!({ "pages": pages, "keys": keys }))
}
