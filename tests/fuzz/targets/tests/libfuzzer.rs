//! All targets in one program of libFuzzer's, for `cargo fuzz-all`, which names the one that is meant in `INNKEEPER_FUZZ_TARGET`.
#![no_main]
#![allow(unsafe_code, missing_docs, reason = "what libFuzzer calls is a function of C's")]
#![expect(clippy::panic, reason = "a target that there is not is a mistake of whoever calls")]

use std::sync::LazyLock;

use libfuzzer_sys::{Corpus, fuzz_target};

/// What is done with an input. Whether it is worth keeping is for libFuzzer to see; not if it is no text where that is wanted.
static TARGET: LazyLock<Box<dyn Fn(&[u8]) -> Corpus + Send + Sync>> = LazyLock::new(|| {
    let name = std::env::var("INNKEEPER_FUZZ_TARGET").unwrap_or_default();
    match name.as_str() {
        "arn" => text(innkeeper_fuzz_targets::arn),
        "component" => Box::new(|bytes| {
            innkeeper_fuzz_targets::component(bytes);
            Corpus::Keep
        }),
        "key" => text(innkeeper_fuzz_targets::key),
        "manifest" => text(innkeeper_fuzz_targets::manifest),
        "policy_json" => text(innkeeper_fuzz_targets::policy_json),
        "queue_url" => text(innkeeper_fuzz_targets::queue_url),
        other => panic!("INNKEEPER_FUZZ_TARGET is `{other}`, which is no target"),
    }
});

fn text(target: fn(&str)) -> Box<dyn Fn(&[u8]) -> Corpus + Send + Sync> {
    Box::new(move |bytes| match std::str::from_utf8(bytes) {
        Ok(text) => {
            target(text);
            Corpus::Keep
        }
        Err(_) => Corpus::Reject,
    })
}

fuzz_target!(|bytes: &[u8]| -> Corpus { TARGET(bytes) });
