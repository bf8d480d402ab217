#![no_main]
//! Lists a bucket, page by page, and asks once more for a page that failed.

use std::cell::RefCell;

use test_programs::s3::{Bucket, Error, ListObjectsOptions, ObjectListing, ObjectPage};
use test_programs::{Input, Value, json, pages};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let options = ListObjectsOptions {
        prefix: input.option("prefix"),
        delimiter: input.option("delimiter"),
        start_after: input.option("start-after"),
        page_size: input.small("page-size"),
        continuation_token: input.option("token"),
    };
    let listing = Bucket::open(input.text("bucket"))?.list_objects(&options)?;
    let prefixes = RefCell::new(Vec::new());
    let page = |page: ObjectPage| {
        prefixes.borrow_mut().extend(page.common_prefixes);
        json!(page.objects.into_iter().map(|object| object.key).collect::<Vec<_>>())
    };
    let mut answer = pages(input, &listing, page, ObjectListing::continuation_token)?;
    answer["prefixes"] = json!(prefixes.into_inner());
    Ok(answer)
}
