#![no_main]
//! Sends the same request `times` times, and holds on to every response without reading it.

use test_programs::wasi::wasi::http::types::ErrorCode;
use test_programs::{Input, Value, http, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, ErrorCode> {
    let (mut held, mut refused) = (Vec::new(), None);
    for _ in 0..input.number("times").unwrap_or_default() {
        match http::send(input) {
            Ok(response) => held.push((response.body(), response)),
            Err(error) => refused = Some(format!("{error:?}")),
        }
    }
    let first = held.len();
    held.clear();
    let again = http::send(input).map(|response| response.status()).ok();
    Ok(json!({ "held": first, "refused": refused, "again": again }))
}
