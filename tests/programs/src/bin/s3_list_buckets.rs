#![no_main]
//! Lists the buckets of the account, page by page.

use test_programs::s3::{BucketListing, BucketPage, Error, ListBucketsOptions, list_buckets};
use test_programs::{Input, Value, json, pages};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let options = ListBucketsOptions {
        prefix: input.option("prefix"),
        page_size: input.small("page-size"),
        continuation_token: input.option("token"),
    };
    let listing = list_buckets(&options)?;
    let page =
        |page: BucketPage| json!(page.buckets.into_iter().map(|bucket| bucket.name).collect::<Vec<_>>());
    pages(input, &listing, page, BucketListing::continuation_token)
}
