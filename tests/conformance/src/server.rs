//! The fake that a suite runs against.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The port that a few tests of moto have written into them. Taken if it is free.
const MOTO_PORT: u16 = 5000;

/// An `innkeeper fake` that runs until it is dropped.
pub(crate) struct Server {
    process: Child,
    port: u16,
}

impl Server {
    pub(crate) fn start(binary: &Path, arguments: &[&str]) -> Result<Self, String> {
        let free = TcpListener::bind(("127.0.0.1", MOTO_PORT)).is_ok();
        let listen = format!("127.0.0.1:{}", if free { MOTO_PORT } else { 0 });
        let mut process = Command::new(binary)
            .args(["fake", "--listen", &listen])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("`{}`: {error}", binary.display()))?;
        let mut url = String::new();
        if let Some(stdout) = process.stdout.take() {
            BufReader::new(stdout).read_line(&mut url).map_err(|error| error.to_string())?;
        }
        let port = url.trim().rsplit(':').next().and_then(|port| port.parse().ok());
        if let Some(port) = port {
            Ok(Self { process, port })
        } else {
            let _ = process.kill();
            let _ = process.wait();
            Err("`innkeeper fake` does not say where it listens".to_owned())
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Best effort: it is gone already, or it goes with this program.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
