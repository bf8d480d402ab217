//! The order book: everything that talks to S3.

use innkeeper_guest::s3::{Bucket, Error, PutObjectOptions};
use serde::Serialize;

use crate::order::Order;

/// The bucket, by the name that the manifest gives it or that it has.
const BUCKET: &str = "order-book";

/// An order with its price, as it is written down.
#[derive(Serialize)]
struct Entry<'a> {
    #[serde(flatten)]
    order: &'a Order,
    /// Cents.
    total: u64,
}

/// The bucket.
pub(crate) struct Book(Bucket);

impl Book {
    pub(crate) fn open() -> Result<Self, Error> {
        Bucket::open(BUCKET).map(Self)
    }

    /// Writes an order down. An order that comes twice is written twice, and is then the same.
    pub(crate) fn write(&self, order: &Order, total: u64) -> Result<(), Error> {
        let entry =
            serde_json::to_vec(&Entry { order, total }).map_err(|error| Error::Other(error.to_string()))?;
        let options = PutObjectOptions {
            content_type: Some("application/json".to_owned()),
            ..PutObjectOptions::default()
        };
        self.0.put_object(&order.key(), &entry, &options).map(drop)
    }
}
