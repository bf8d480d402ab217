#![no_main]
//! Fails with its input as the reason.

test_programs::raw_program!(run);

fn run(input: Vec<u8>) -> Result<Vec<u8>, String> {
    Err(String::from_utf8_lossy(&input).into_owned())
}
