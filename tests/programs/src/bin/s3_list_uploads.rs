#![no_main]
//! Lists the unfinished uploads of a bucket, page by page.

use test_programs::s3::{Bucket, Error, ListUploadsOptions, UploadListing, UploadPage};
use test_programs::{Input, Value, json, pages};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let options = ListUploadsOptions {
        prefix: input.option("prefix"),
        delimiter: input.option("delimiter"),
        page_size: input.small("page-size"),
        continuation_token: input.option("token"),
    };
    let listing = Bucket::open(input.text("bucket"))?.list_uploads(&options)?;
    let page = |page: UploadPage| {
        json!(
            page.uploads.into_iter().map(|upload| json!([upload.key, upload.upload_id])).collect::<Vec<_>>()
        )
    };
    pages(input, &listing, page, UploadListing::continuation_token)
}
