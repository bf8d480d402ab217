#![no_main]
//! Answers with its input. Imports nothing.

test_programs::raw_program!(run);

fn run(input: Vec<u8>) -> Result<Vec<u8>, String> {
    Ok(input)
}
