#![no_main]
//! Lists the functions, page by page.

use test_programs::lambda::{Error, list_functions};
use test_programs::{Input, Value, configuration, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let pages: Result<Vec<_>, _> = list_functions(input.small("page-size"))?.pages().collect();
    let page = |page: &Vec<_>| page.iter().map(configuration).collect::<Value>();
    Ok(json!(pages?.iter().map(page).collect::<Vec<_>>()))
}
