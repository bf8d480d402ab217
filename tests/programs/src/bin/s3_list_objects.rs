#![no_main]
//! Lists a bucket, page by page, and asks once more for a page that failed.

use test_programs::s3::{Bucket, Error, ListObjectsOptions};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let options = ListObjectsOptions {
        prefix: input.option("prefix"),
        delimiter: input.option("delimiter"),
        start_after: input.option("start-after"),
        page_size: input.number("page-size").map(|size| u32::try_from(size).unwrap_or(u32::MAX)),
    };
    let listing = Bucket::open(input.text("bucket"))?.list_objects(&options)?;
    let (mut pages, mut prefixes, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        match listing.next_page() {
            Ok(Some(page)) => {
                pages.push(page.objects.into_iter().map(|object| object.key).collect::<Vec<_>>());
                prefixes.extend(page.common_prefixes);
            }
            Ok(None) => return Ok(json!({ "pages": pages, "prefixes": prefixes, "errors": errors })),
            Err(error) if errors.is_empty() && input.option("again").is_some() => {
                errors.push(format!("{error:?}"))
            }
            Err(error) => return Err(error),
        }
    }
}
