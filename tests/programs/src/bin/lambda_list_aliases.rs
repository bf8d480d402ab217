#![no_main]
//! Lists the aliases of a function.

use test_programs::lambda::{Error, Function};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let function = Function::open(input.text("function"), input.option("qualifier").as_deref())?;
    let aliases: Result<Vec<_>, _> = function.list_aliases(input.small("page-size"))?.aliases().collect();
    Ok(aliases?.iter().map(|alias| json!([alias.name, alias.function_version])).collect())
}
