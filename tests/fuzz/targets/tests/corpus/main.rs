//! Every file of the corpora, and inputs that are nearly those, on a stable toolchain and without instrumentation. It is the same in every
//! run and bounded by counts, not by time. libFuzzer, which learns from what an input reaches, is run by `cargo fuzz-all`, and for longer as
//! `tests/fuzz/Cargo.toml` says.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod mutator;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

use self::mutator::Mutator;

/// Calls `target` with each file of the corpus of that name, and with so many inputs made of them. One that fails is shown, and kept where
/// libFuzzer would keep it.
fn fuzz(name: &str, mutations: usize, target: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let corpus = folder.join("corpus").join(name);
    let files = fs::read_dir(&corpus).unwrap_or_else(|error| panic!("`{}`: {error}", corpus.display()));
    let mut files: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let seeds: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    for (file, seed) in files.iter().zip(&seeds) {
        println!("{}", file.display());
        target(seed);
    }
    let mut mutator = Mutator::new(seeds);
    for number in 0..mutations {
        let input = mutator.next();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| target(&input))) {
            let artifacts = folder.join("artifacts").join(name);
            let kept = artifacts.join(format!("mutation-{number}"));
            fs::create_dir_all(&artifacts).and_then(|()| fs::write(&kept, &input)).unwrap();
            println!(
                "input {number} fails, and is kept as `{}`: {:?}",
                kept.display(),
                String::from_utf8_lossy(&input)
            );
            resume_unwind(panic);
        }
    }
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
    fuzz("arn", 30_000, text(innkeeper_fuzz_targets::arn));
}

#[test]
fn queue_url() {
    fuzz("queue_url", 30_000, text(innkeeper_fuzz_targets::queue_url));
}

#[test]
fn policy_json() {
    fuzz("policy_json", 5_000, text(innkeeper_fuzz_targets::policy_json));
}

#[cfg(feature = "fake")]
#[test]
fn key() {
    fuzz("key", 300, text(innkeeper_fuzz_targets::key));
}

#[cfg(feature = "runtime")]
#[test]
fn manifest() {
    fuzz("manifest", 3_000, text(innkeeper_fuzz_targets::manifest));
}

#[cfg(feature = "runtime")]
#[test]
fn component() {
    fuzz("component", 3_000, innkeeper_fuzz_targets::component);
}
