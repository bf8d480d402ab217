#![no_main]
//! Computes for ever.

test_programs::raw_program!(run);

fn run(_: Vec<u8>) -> Result<Vec<u8>, String> {
    let mut counter = 0_u64;
    loop {
        counter = std::hint::black_box(counter.wrapping_add(1));
    }
}
