#![no_main]
//! Reads the configuration that the manifest gives it.

use test_programs::config::{self, Error};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    Ok(json!(config::get(input.text("key"))?))
}
