#![no_main]
//! Lists the versions of a function.

use test_programs::lambda::{Error, Function, FunctionConfiguration};
use test_programs::{Input, Value, json, pages_and_errors};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let function = Function::open(input.text("function"), input.option("qualifier").as_deref())?;
    let listing = function.list_versions(input.small("page-size"))?;
    if input.is("again") {
        let page =
            |page: Vec<FunctionConfiguration>| page.iter().map(|version| json!(version.version)).collect();
        return pages_and_errors(|| listing.next_page(), page);
    }
    let versions: Result<Vec<_>, _> = listing.functions().collect();
    Ok(versions?.iter().map(|version| json!(version.version)).collect())
}
