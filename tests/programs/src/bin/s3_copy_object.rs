#![no_main]
//! Copies an object.

use test_programs::s3::{Bucket, CopiedMetadata, CopiedTags, CopyObjectOptions, Error, ObjectHeaders};
use test_programs::{Input, Value, algorithm, encryption, stored};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let replace = ObjectHeaders {
        content_type: input.option("content-type"),
        metadata: input.pairs("metadata"),
        ..ObjectHeaders::default()
    };
    let options = CopyObjectOptions {
        source_version_id: input.option("source-version"),
        source_if_match: input.option("source-if-match"),
        source_if_none_match: input.option("source-if-none-match"),
        source_if_modified_since: input.time("source-if-modified-since"),
        source_if_unmodified_since: input.time("source-if-unmodified-since"),
        if_match: input.option("if-match"),
        if_none_match: input.option("if-none-match"),
        metadata: input.is("replace-metadata").then_some(CopiedMetadata::Replace(replace)),
        tags: input.is("replace-tags").then(|| CopiedTags::Replace(input.pairs("tags"))),
        storage_class: input.option("storage-class"),
        encryption: encryption(input),
        checksum: input.option("algorithm").map(|name| algorithm(&name)),
    };
    let source = Bucket::open(input.text("source-bucket"))?;
    let bucket = Bucket::open(input.text("bucket"))?;
    let copied = bucket.copy_object(input.text("key"), &source, input.text("source-key"), &options)?;
    Ok(stored(&copied))
}
