#![no_main]
//! Sleeps, and says how much time has gone by, by both of its clocks.

use test_programs::wasi::wasi::clocks::{monotonic_clock, wall_clock};
use test_programs::{Input, Value, json};

test_programs::program!(run);

const SECOND: u64 = 1_000_000_000;

fn run(input: &Input) -> Result<Value, ()> {
    let (day, began) = (wall_clock::now().seconds, monotonic_clock::now());
    monotonic_clock::subscribe_duration(input.number("seconds").unwrap_or_default() * SECOND).block();
    Ok(json!({
        "began": day,
        "wall": wall_clock::now().seconds - day,
        "monotonic": (monotonic_clock::now() - began) / SECOND,
    }))
}
