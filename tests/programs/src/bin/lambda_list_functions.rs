#![no_main]
//! Lists the functions, page by page.

use test_programs::lambda::{Error, FunctionConfiguration, list_functions};
use test_programs::{Input, Value, configuration, json, pages_and_errors};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let listing = list_functions(input.small("page-size"))?;
    if input.is("again") {
        let page =
            |page: Vec<FunctionConfiguration>| page.iter().map(|function| json!(function.name)).collect();
        return pages_and_errors(|| listing.next_page(), page);
    }
    let pages: Result<Vec<_>, _> = listing.pages().collect();
    let page = |page: &Vec<_>| page.iter().map(configuration).collect::<Value>();
    Ok(json!(pages?.iter().map(page).collect::<Vec<_>>()))
}
