#![no_main]
//! Asks for a copy of an archived object.

use test_programs::s3::{Bucket, Error, RestoreObjectOptions, RestoreTier};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let options = RestoreObjectOptions {
        version_id: input.option("version"),
        days: input.small("days").unwrap_or(1),
        tier: input.is("bulk").then_some(RestoreTier::Bulk),
    };
    let outcome = Bucket::open(input.text("bucket"))?.restore_object(input.text("key"), &options)?;
    Ok(json!(format!("{outcome:?}")))
}
