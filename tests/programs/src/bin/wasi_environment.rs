#![no_main]
//! Reads its environment and its arguments.

use test_programs::wasi::wasi::cli::environment::{get_arguments, get_environment};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(_: &Input) -> Result<Value, ()> {
    Ok(json!({ "environment": get_environment(), "arguments": get_arguments() }))
}
