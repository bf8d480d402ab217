#![no_main]
//! Asks for the attributes of an object.

use test_programs::s3::{Bucket, Error, ObjectAttributesOptions};
use test_programs::{Input, Value, checksum, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let options = ObjectAttributesOptions {
        version_id: input.option("version"),
        max_parts: input.small("max-parts"),
        part_number_marker: input.small("marker"),
    };
    let attributes =
        Bucket::open(input.text("bucket"))?.get_object_attributes(input.text("key"), &options)?;
    let parts = attributes.parts.as_ref().map(|parts| {
        let sizes: Vec<_> = parts.parts.iter().map(|part| json!([part.part_number, part.size])).collect();
        json!({ "total": parts.total, "parts": sizes, "next": parts.next_part_number_marker })
    });
    Ok(json!({
        "size": attributes.size,
        "etag": attributes.etag,
        "storage-class": attributes.storage_class,
        "checksum": attributes.checksum.as_ref().map(checksum),
        "checksum-type": attributes.checksum_type.map(|kind| format!("{kind:?}")),
        "parts": parts,
    }))
}
