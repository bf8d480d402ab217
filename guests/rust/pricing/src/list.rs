//! The price list: everything that talks to S3.

use std::io::Read as _;

use innkeeper_guest::s3::{Bucket, Error, GetObjectOptions};

use crate::price::PriceList;

/// The bucket, by the name that the manifest gives it or that it has.
const BUCKET: &str = "price-list";
const KEY: &str = "prices.json";

/// A longer list is not read.
const MOST_BYTES: u64 = 4 << 20;

/// Reads the list.
pub(crate) fn read() -> Result<PriceList, String> {
    let text = fetch().map_err(|error| format!("cannot read the price list: {error}"))?;
    PriceList::parse(&text)
}

fn fetch() -> Result<Vec<u8>, Error> {
    let object = Bucket::open(BUCKET)?.get_object(KEY, &GetObjectOptions::default())?;
    if object.info.size > MOST_BYTES {
        return Err(Error::Other(format!("it is longer than {} MiB", MOST_BYTES >> 20)));
    }
    let mut text = Vec::new();
    object.body.take(MOST_BYTES).read_to_end(&mut text)?;
    Ok(text)
}
