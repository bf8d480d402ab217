#![no_main]
//! Reads its clocks.

use test_programs::wasi::wasi::clocks::{monotonic_clock, wall_clock};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(_: &Input) -> Result<Value, ()> {
    let (now, resolution) = (wall_clock::now(), wall_clock::resolution());
    Ok(json!({
        "wall": [now.seconds, now.nanoseconds],
        "wall-resolution": [resolution.seconds, resolution.nanoseconds],
        "monotonic": monotonic_clock::now(),
        "monotonic-resolution": monotonic_clock::resolution(),
    }))
}
