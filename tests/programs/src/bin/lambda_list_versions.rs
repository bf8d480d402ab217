#![no_main]
//! Lists the versions of a function.

use test_programs::lambda::{Error, Function};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let function = Function::open(input.text("function"), input.option("qualifier").as_deref())?;
    let versions: Result<Vec<_>, _> = function.list_versions(input.small("page-size"))?.functions().collect();
    Ok(versions?.iter().map(|version| json!(version.version)).collect())
}
