//! Amazon S3 through a guest, beside the bare SDK that does the same in the same process.
//!
//! | figure | what is measured | goal |
//! |---|---|---|
//! | `transfers` | 1 GiB from and to a server that caps each connection at 80 MB/s | at least 3 times the bare SDK's one connection |
//! | `memory` | the resident memory of the process while 10 GiB come and go | at most 64 MiB above what it is at rest |
//! | `throughput` | objects of 1 KiB and of 64 MiB, on the built-in fake and over HTTP | 0.95 and 0.90 of the bare SDK |
//! | `listing` | a million keys | memory flat, time linear |
//!
//! The servers are processes of their own, so that the memory and the time are the host's. The sides take turns, and the median of
//! their turns counts. `cargo bench -p innkeeper-tests --bench s3` measures all, `-- transfers` one. Without `--bench`, as under
//! `cargo test --benches`, each runs once with little: that it runs is the test of a benchmark.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::large_futures,
    reason = "a benchmark prints, and fails by panicking; its figures have three digits"
)]

mod capped;
mod client;
mod listing;
mod memory;
#[path = "../process/mod.rs"]
mod process;
mod server;
mod side;
mod throughput;
mod transfers;

use std::process::Command;

/// How much is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scale {
    Full,
    /// As little as shows that it runs.
    Short,
}

type Measure = fn(Scale);

const FIGURES: [(&str, Measure); 5] = [
    ("transfers", transfers::measure),
    ("memory-get", memory::measure_get),
    ("memory-upload", memory::measure_upload),
    ("throughput", throughput::measure),
    ("listing", listing::measure),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut words = arguments.iter().map(String::as_str).filter(|word| *word != "--bench");
    let scale = if arguments.iter().any(|word| word == "--bench") { Scale::Full } else { Scale::Short };
    match (words.next(), words.next()) {
        (Some("serve"), which) => server::run(which.unwrap_or("uncapped")),
        // A process of its own, so that nothing that another figure has left behind is measured.
        (Some("measure"), Some(name)) => {
            let (_, measure) = FIGURES.into_iter().find(|(figure, _)| *figure == name).unwrap();
            measure(scale);
        }
        (chosen, _) => {
            for (name, _) in FIGURES {
                if chosen.is_none_or(|chosen| name.starts_with(chosen)) {
                    let mut command = Command::new(std::env::current_exe().unwrap());
                    command.args(["measure", name]).args((scale == Scale::Full).then_some("--bench"));
                    assert!(command.status().unwrap().success(), "`{name}` failed");
                }
            }
        }
    }
}
