#![no_main]
//! Deletes many objects at once: those that it is told, and so many that are numbered.

use test_programs::s3::{Bucket, Error, ObjectIdentifier};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let identifier = |key: &str, object: Option<&Input>| ObjectIdentifier {
        key: key.to_owned(),
        version_id: object.and_then(|object| object.option("version")),
        if_match: object.and_then(|object| object.option("if-match")),
    };
    let told = input.objects("objects");
    let mut objects: Vec<_> =
        told.iter().map(|object| identifier(object.text("key"), Some(object))).collect();
    objects.extend(
        (0..input.number("count").unwrap_or(0)).map(|number| identifier(&format!("n/{number}"), None)),
    );
    let results = Bucket::open(input.text("bucket"))?.delete_objects(&objects)?;
    let results: Vec<_> = results
        .iter()
        .map(|result| match result {
            Ok(deleted) => json!({ "delete-marker": deleted.delete_marker, "version": deleted.version_id }),
            Err(error) => json!(format!("{error:?}")),
        })
        .collect();
    Ok(json!(results))
}
