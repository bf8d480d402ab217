//! A real `moto_server`: an AWS that nobody here wrote, on loopback.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// The release of moto that the tests know. Its name stands in that of the folder, so that another release is another folder.
const MOTO: &str = "5.2.5";

/// What to do where there is no Python.
const NO_PYTHON: &str = "the test on moto_server needs `python3` with `venv` and `pip` (Debian: `apt-get install python3-venv`), or \
                         INNKEEPER_SKIP_MOTO=1 in the environment to leave it out";

/// A server that runs until it is dropped.
pub struct Moto {
    server: Child,
    url: String,
}

impl Moto {
    /// Starts a server of its own, after installing moto below `target` if it is not there. `None` if the environment says that it
    /// is to be left out.
    pub fn start() -> Option<Self> {
        if std::env::var_os("INNKEEPER_SKIP_MOTO").is_some() {
            return None;
        }
        let program = install();
        // The server is told a free port by the system and says which.
        let mut server = Command::new(&program)
            .args(["--host", "127.0.0.1", "--port", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("`{}`: {error}", program.display()));
        let stderr = server.stderr.take().expect("it was asked for");
        let mut lines = BufReader::new(stderr).lines();
        let url = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.split_once("Running on ").map(|(_, url)| url.trim().to_owned()))
            .expect("moto_server says where it runs");
        // It logs every request; a full pipe would stop it.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Some(Self { server, url })
    }

    /// Posts a document to moto's own API, which settles what it does (`/moto-api/...`).
    pub fn post(&self, path: &str, document: &Value) {
        let address = self.url.strip_prefix("http://").expect("moto_server has no TLS");
        let body = document.to_string();
        let mut stream = TcpStream::connect(address).expect("moto_server listens");
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: \
             close\r\n\r\n{body}",
            body.len()
        )
        .expect("moto_server reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("moto_server answers");
        assert!(answer.starts_with("HTTP/1.1 20"), "{path}: {answer}");
    }

    /// Where it listens, such as `http://127.0.0.1:5000`.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // Best effort: it is gone already, or it goes with the test.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Installs moto into a virtual environment of its own, once, however many tests ask at the same time.
fn install() -> PathBuf {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    fs::create_dir_all(&target).expect("the target folder");
    let environment = target.join(format!("moto-{MOTO}"));
    let program = environment.join("bin/moto_server");
    let complete = environment.join("complete");

    let lock = File::create(target.join("moto.lock")).expect("a file in the target folder");
    lock.lock().expect("a lock on it");
    if !complete.exists() {
        // Left by an installation that was stopped.
        let _ = fs::remove_dir_all(&environment);
        let shown = environment.display().to_string();
        run(Command::new("python3").args(["-m", "venv", &shown]));
        let pip = environment.join("bin/pip");
        run(Command::new(pip).args([
            "install",
            "--quiet",
            "--disable-pip-version-check",
            &format!("moto[server]=={MOTO}"),
        ]));
        File::create(complete).expect("a file in the new environment");
    }
    program
}

fn run(command: &mut Command) {
    let output = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; {NO_PYTHON}"));
    assert!(output.status.success(), "{command:?}: {}\n{NO_PYTHON}", String::from_utf8_lossy(&output.stderr));
}
