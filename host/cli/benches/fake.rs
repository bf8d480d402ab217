//! How long `innkeeper fake` takes from the start of its process until it answers, and how much memory it has then, beside
//! `innkeeper --version`, which does nothing, in the same run. `cargo bench -p innkeeper-cli --bench fake`
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and fails by panicking")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const BINARY: &str = env!("CARGO_BIN_EXE_innkeeper");

fn main() {
    // `cargo bench` passes `--bench`, `cargo test` nothing: a test of a benchmark is that it runs.
    let rounds = if std::env::args().any(|argument| argument == "--bench") { 40 } else { 1 };
    let (mut nothing, mut answers, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let started = Instant::now();
        let version = Command::new(BINARY).arg("--version").stdout(Stdio::null()).status().unwrap();
        nothing.push(started.elapsed());
        assert!(version.success());
        let started = Instant::now();
        let fake = Fake::start();
        fake.ask();
        answers.push(started.elapsed());
        memory.extend(fake.resident());
    }
    println!("`innkeeper fake`, median of {rounds}:");
    println!("  from its start to its first answer {:>8.1} ms", milliseconds(median(answers)));
    println!("  `innkeeper --version`, all of it   {:>8.1} ms", milliseconds(median(nothing)));
    if memory.is_empty() {
        println!("  resident memory is known on Linux alone");
    } else {
        println!("  resident once it has answered      {:>8.1} MiB", median(memory));
    }
}

/// A fake that listens, until this is dropped.
struct Fake {
    process: Child,
    /// `127.0.0.1:PORT`
    address: String,
}

impl Fake {
    fn start() -> Self {
        let mut command = Command::new(BINARY);
        command.args(["fake", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let address = url.trim().strip_prefix("http://").unwrap().to_owned();
        Self { process, address }
    }

    /// Has it say what is in it.
    fn ask(&self) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "GET /_innkeeper/state HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
            self.address
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    /// Its resident memory, in MiB.
    fn resident(&self) -> Option<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kilobytes / 1024.0)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn median<T: PartialOrd + Copy>(mut values: Vec<T>) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).unwrap());
    *values.get(values.len() / 2).unwrap()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
