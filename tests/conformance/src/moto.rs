//! A real `moto_server`: an AWS that nobody here wrote, on loopback.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::python::PythonEnvironment;

/// The release of moto that the tests know.
const MOTO: &str = "5.2.5";

/// A server that runs until it is dropped.
pub struct Moto {
    server: Child,
    url: String,
}

impl Moto {
    /// Starts a server of its own, after installing moto below `target` if it is not there. `None` if the environment says that it
    /// is to be left out.
    pub fn start() -> Option<Self> {
        let package = format!("moto[server]=={MOTO}");
        let environment = PythonEnvironment::install(&format!("moto-server-{MOTO}"), &[&package])?;
        let program = environment.program("moto_server");
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
        self.request(path, "content-type: application/json\r\n", &document.to_string());
    }

    /// Empties it of everything.
    pub fn reset(&self) {
        self.request("/moto-api/reset", "", "");
    }

    /// Makes a role, which moto wants there to be before a function can have it, in the protocol of IAM.
    pub fn create_role(&self, name: &str) {
        let headers = "content-type: application/x-www-form-urlencoded\r\n\
                       authorization: AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/iam/aws4_request, \
                       SignedHeaders=host, Signature=00\r\n";
        let form =
            format!("Action=CreateRole&Version=2010-05-08&RoleName={name}&AssumeRolePolicyDocument=%7B%7D");
        self.request("/", headers, &form);
    }

    /// Where it listens, such as `http://127.0.0.1:5000`.
    pub fn url(&self) -> &str {
        &self.url
    }

    fn request(&self, path: &str, headers: &str, body: &str) {
        let address = self.url.strip_prefix("http://").expect("moto_server has no TLS");
        let mut stream = TcpStream::connect(address).expect("moto_server listens");
        let length = body.len();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nhost: {address}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
        .expect("moto_server reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("moto_server answers");
        assert!(answer.starts_with("HTTP/1.1 20"), "{path}: {answer}");
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // Best effort: it is gone already, or it goes with the test.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
