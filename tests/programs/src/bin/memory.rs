#![no_main]
//! Takes more memory, until there is none.

test_programs::raw_program!(run);

fn run(_: Vec<u8>) -> Result<Vec<u8>, String> {
    let mut taken = Vec::new();
    loop {
        taken.push(vec![1_u8; 1 << 20]);
        std::hint::black_box(&taken);
    }
}
