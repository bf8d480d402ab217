#![no_main]
//! Takes random numbers.

use test_programs::wasi::wasi::random::{insecure, random};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(_: &Input) -> Result<Value, ()> {
    Ok(json!({ "secure": random::get_random_bytes(32), "insecure": insecure::get_insecure_random_bytes(32) }))
}
