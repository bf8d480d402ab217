#![no_main]
//! Sends a request and reads the response.

use test_programs::wasi::wasi::http::types::ErrorCode;
use test_programs::{Input, Value, http};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, ErrorCode> {
    http::send(input)?.read()
}
