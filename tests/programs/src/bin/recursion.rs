#![no_main]
//! Calls itself for ever.

test_programs::raw_program!(run);

fn run(_: Vec<u8>) -> Result<Vec<u8>, String> {
    Ok(deeper(0).to_le_bytes().to_vec())
}

#[expect(unconditional_recursion, reason = "that is what it is for")]
fn deeper(depth: u64) -> u64 {
    std::hint::black_box(deeper(std::hint::black_box(depth + 1))) + 1
}
