#![no_main]
//! Lists the aliases of a function.

use test_programs::lambda::{Error, Function, FunctionAlias};
use test_programs::{Input, Value, json, pages_and_errors};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let function = Function::open(input.text("function"), input.option("qualifier").as_deref())?;
    let listing = function.list_aliases(input.small("page-size"))?;
    if input.is("again") {
        let page = |page: Vec<FunctionAlias>| page.iter().map(|alias| json!(alias.name)).collect();
        return pages_and_errors(|| listing.next_page(), page);
    }
    let aliases: Result<Vec<_>, _> = listing.aliases().collect();
    Ok(aliases?.iter().map(|alias| json!([alias.name, alias.function_version])).collect())
}
