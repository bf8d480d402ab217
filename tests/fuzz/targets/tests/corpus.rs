//! Replays every file of the corpora, on a stable toolchain.

use std::fs;
use std::path::Path;

/// Calls `target` with each file of the corpus of that name.
fn replay(name: &str, target: impl Fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus").join(name);
    let mut files = 0;
    for entry in fs::read_dir(&corpus).unwrap_or_else(|error| panic!("`{}`: {error}", corpus.display())) {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        target(&fs::read(path).unwrap());
        files += 1;
    }
    assert!(files > 0, "the corpus `{name}` is empty");
}

/// As libFuzzer's `&str` has it: what is no UTF-8 is passed over.
fn text(target: impl Fn(&str)) -> impl Fn(&[u8]) {
    move |bytes| {
        if let Ok(text) = std::str::from_utf8(bytes) {
            target(text);
        }
    }
}

#[test]
fn arn() {
    replay("arn", text(innkeeper_fuzz_targets::arn));
}

#[test]
fn queue_url() {
    replay("queue_url", text(innkeeper_fuzz_targets::queue_url));
}

#[test]
fn policy_json() {
    replay("policy_json", text(innkeeper_fuzz_targets::policy_json));
}

#[cfg(feature = "fake")]
#[test]
fn key() {
    replay("key", text(innkeeper_fuzz_targets::key));
}

#[cfg(feature = "runtime")]
#[test]
fn manifest() {
    replay("manifest", text(innkeeper_fuzz_targets::manifest));
}

#[cfg(feature = "runtime")]
#[test]
fn component() {
    replay("component", innkeeper_fuzz_targets::component);
}
