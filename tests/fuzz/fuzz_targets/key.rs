#![no_main]

libfuzzer_sys::fuzz_target!(|key: &str| innkeeper_fuzz_targets::key(key));
