#![no_main]
//! Lists the versions of a bucket's objects, page by page.

use test_programs::s3::{Bucket, Error, ListObjectVersionsOptions, VersionListing, VersionPage};
use test_programs::{Input, Value, json, pages};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let options = ListObjectVersionsOptions {
        prefix: input.option("prefix"),
        delimiter: input.option("delimiter"),
        page_size: input.small("page-size"),
        continuation_token: input.option("token"),
    };
    let listing = Bucket::open(input.text("bucket"))?.list_object_versions(&options)?;
    let page = |page: VersionPage| {
        let versions = page.versions.into_iter();
        let versions = versions.map(|version| {
            json!([version.key, version.version_id, version.is_latest, version.delete_marker, version.size])
        });
        json!(versions.collect::<Vec<_>>())
    };
    pages(input, &listing, page, VersionListing::continuation_token)
}
