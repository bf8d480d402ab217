#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| innkeeper_fuzz_targets::arn(text));
