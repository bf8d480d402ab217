//! A server in a process of its own, so that its work is not measured as this one's: the benchmark itself, called with `serve`.

use std::io::{BufRead, BufReader, Read as _};
use std::process::{Child, ChildStdin, Command, Stdio};

/// A server in another process, until it is dropped.
pub(crate) struct Server {
    process: Child,
    url: String,
    /// What tells it that this process is there.
    _alive: ChildStdin,
}

impl Server {
    /// Calls this program with `serve WHICH`, which is to print its URL as its first line.
    pub(crate) fn start(which: &str) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["serve", which])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let alive = process.stdin.take().unwrap();
        Self { process, url: url.trim().to_owned(), _alive: alive }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Best effort: it ends with this process anyway.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// In the other process: ends it when nobody is left at the other end of its input.
pub(crate) fn end_with_parent() {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
}
