#![no_main]
//! Panics in a function whose name the host's backtrace should have.

test_programs::raw_program!(run);

fn run(input: Vec<u8>) -> Result<Vec<u8>, String> {
    Ok(vec![out_of_bounds(&input)])
}

#[inline(never)]
fn out_of_bounds(input: &[u8]) -> u8 {
    input[input.len()]
}
