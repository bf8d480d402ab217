//! `innkeeper fake`, over a socket.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::guests;
use crate::support::Project;

/// A fake that listens, and writes what it logs to a file. It ends with the test.
struct Fake {
    project: Project,
    process: Child,
    address: String,
}

impl Fake {
    fn start(project: Project, arguments: &[&str]) -> Self {
        let log = File::create(project.file("log")).unwrap();
        let arguments = [&["fake", "--listen", "127.0.0.1:0"], arguments].concat();
        let mut process = project.command(&arguments).stderr(Stdio::from(log)).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let address = url.trim().strip_prefix("http://").unwrap().to_owned();
        Self { project, process, address }
    }

    /// Sends a request without a body, and returns the whole of the answer.
    fn send(&self, request: &str, headers: &str) -> String {
        self.send_body(request, headers, "")
    }

    fn send_body(&self, request: &str, headers: &str, body: &str) -> String {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        let (host, length) = (&self.address, body.len());
        write!(
            connection,
            "{request} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Ends it, and returns what it has logged.
    fn log(mut self) -> String {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        std::fs::read_to_string(self.project.file("log")).unwrap()
    }
}

#[cfg(unix)]
impl Fake {
    /// Ends it as a service manager does, upon which it saves.
    fn terminate(mut self) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let status = self.process.wait().unwrap();
        assert_eq!(status.code(), Some(0), "{}", std::fs::read_to_string(self.project.file("log")).unwrap());
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        // Best effort: it is gone already, or it goes with the test.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// `20261124T201233Z` of the `date` of an answer, `Tue, 24 Nov 2026 20:12:33 GMT`.
fn date(answer: &str) -> String {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let line = answer.lines().find_map(|line| line.strip_prefix("date: ")).unwrap();
    let words: Vec<&str> = line.split(' ').collect();
    let month = MONTHS.find(words[2]).unwrap() / 3 + 1;
    format!("{}{month:02}{}T{}Z", words[3], words[1], words[4].replace(':', ""))
}

#[test]
fn the_log_has_no_token_and_no_signature_at_any_level() {
    let project = Project::new("").env("INNKEEPER_LOG", "trace").env("RUST_LOG", "trace");
    let fake = Fake::start(project, &[]);
    let credential = "AKIDEXAMPLE/20260101/us-east-1/s3/aws4_request";
    let headers = format!(
        "authorization: AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=5166cafe\r\n\
         x-amz-security-token: TOKENTOKEN\r\nx-amz-content-sha256: UNSIGNED-PAYLOAD\r\n"
    );
    let created = fake.send("PUT /bucket", &headers);
    assert!(created.starts_with("HTTP/1.1 200"), "{created}");
    let keyed = "x-amz-server-side-encryption-customer-algorithm: AES256\r\n\
                 x-amz-server-side-encryption-customer-key: CUSTOMERKEY\r\n";
    fake.send("PUT /bucket/key", &(headers.clone() + keyed));
    let (date, credential) = (date(&created), credential.replace('/', "%2F"));
    let listed = fake.send(
        &format!(
            "GET /bucket?list-type=2&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}&X-Amz-Date={date}&\
             X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Security-Token=TOKENTOKEN&X-Amz-Signature=5166cafe"
        ),
        "",
    );
    assert!(listed.starts_with("HTTP/1.1 200"), "{listed}");
    fake.send("GET /bucket/none", &headers);

    let log = fake.log();
    assert!(log.contains("innkeeper_fake"), "{log}");
    for secret in ["TOKENTOKEN", "5166cafe", "CUSTOMERKEY", "string_to_sign", "DEBUG s3s", "TRACE hyper"] {
        assert!(!log.contains(secret), "`{secret}` is in\n{log}");
    }
}

#[cfg(unix)]
#[test]
fn what_is_not_saved_is_told() {
    let credential = "AKIDEXAMPLE/20260101/us-east-1/s3/aws4_request";
    let headers = format!(
        "authorization: AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=00\r\n\
         x-amz-content-sha256: UNSIGNED-PAYLOAD\r\n"
    );
    for (uploads, told) in [(0, None), (2, Some("warning: not saved: 2 unfinished multipart uploads"))] {
        let mut fake = Fake::start(Project::new(""), &["--save", "out"]);
        let created = fake.send("PUT /bucket", &headers);
        assert!(created.starts_with("HTTP/1.1 200"), "{created}");
        for _ in 0..uploads {
            let created = fake.send("POST /bucket/key?uploads", &headers);
            assert!(created.starts_with("HTTP/1.1 200"), "{created}");
        }
        let id = fake.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert!(fake.process.wait().unwrap().success());
        let log = fake.log();
        assert!(log.contains("saved: 0 objects"), "{log}");
        assert_eq!(log.contains("not saved"), told.is_some(), "{log}");
        assert!(told.is_none_or(|told| log.contains(told)), "{log}");
    }
}

/// A seed in which `pricing` is the guest `echo`, and a manifest that has it.
fn with_a_guest_as_function() -> Project {
    Project::new("[guest.echo]\ncomponent = \"echo.wasm\"\n")
        .with("echo.wasm", guests::echo())
        .with("aws/lambda/pricing.json", json!({ "guest": "echo" }).to_string())
}

const INVOKE: &str = "POST /2015-03-31/functions/pricing/invocations";
/// By which the fake knows the service.
const OF_LAMBDA: &str = "authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/lambda/aws4_request, \
                         SignedHeaders=host, Signature=5166cafe\r\n";

#[test]
fn a_function_of_the_seed_is_a_guest_of_the_manifest() {
    let arguments = ["--seed", "aws", "--manifest", "innkeeper.toml"];
    let fake = Fake::start(with_a_guest_as_function(), &arguments);
    let answer = fake.send_body(INVOKE, OF_LAMBDA, "[1]");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n[1]"), "{answer}");
    assert_eq!(fake.log(), "");
}

#[test]
fn without_a_manifest_a_function_that_is_a_guest_has_no_code() {
    let fake = Fake::start(with_a_guest_as_function(), &["--seed", "aws"]);
    let answer = fake.send_body(INVOKE, OF_LAMBDA, "[1]");
    assert!(answer.contains("\"errorType\":\"NoCode\""), "{answer}");
    let log = fake.log();
    assert!(
        log.contains("the function `pricing` is the guest `echo`") && log.contains("`--manifest`"),
        "{log}"
    );
}

#[test]
fn a_function_of_the_seed_that_is_no_guest_of_the_manifest_is_told_at_once() {
    let project =
        with_a_guest_as_function().with("innkeeper.toml", "[guest.ecko]\ncomponent = \"echo.wasm\"\n");
    let run = project.innkeeper(&["fake", "--seed", "aws", "--manifest", "innkeeper.toml"]).exits(3);
    run.says(&["has no guest `echo`", "the function `pricing` is the guest `echo`", "did you mean `ecko`?"]);
    project.innkeeper(&["fake", "--manifest", "innkeeper.toml"]).exits(2).says(&["--seed"]);
}

const OF_S3: &str = "authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/s3/aws4_request, \
                     SignedHeaders=host, Signature=5166cafe\r\nx-amz-content-sha256: UNSIGNED-PAYLOAD\r\n";
const SEED: &str = "aws/s3/order-book/orders/1.json";

#[test]
fn a_folder_that_no_save_has_written_is_not_saved_to() {
    let project = Project::new("").with(SEED, "1").with("other/sqs/orders.json", "{}");
    for seed in [&[][..], &["--seed", "other"]] {
        let arguments = [&["fake", "--listen", "127.0.0.1:0", "--save", "aws"], seed].concat();
        let run = project.innkeeper(&arguments).exits(8).prints("");
        run.says(&["error: `aws` has files in it that no earlier save", "`--seed aws --save aws`"]);
        assert_eq!(std::fs::read(project.file(SEED)).unwrap(), b"1");
    }
    let run = project.innkeeper(&["fake", "--save", "innkeeper.toml"]).exits(8);
    run.says(&["error: cannot write `innkeeper.toml`"]);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("nowhere/at/all", project.file("link")).unwrap();
        let run = project.innkeeper(&["fake", "--save", "link"]).exits(9);
        run.says(&["the folder `link` of `--save` cannot be made"]);
    }
}

#[cfg(unix)]
#[test]
fn a_folder_is_saved_to_that_is_new_or_was_saved_to_before() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let arguments = ["--save", out.to_str().unwrap()];
    for bucket in ["first", "second"] {
        let fake = Fake::start(Project::new(""), &arguments);
        let answer = fake.send(&format!("PUT /{bucket}"), OF_S3);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        fake.terminate();
        assert!(out.join("s3").join(bucket).is_dir());
    }
    assert!(!out.join("s3/first").exists(), "what is saved is what was there at the end");
}

#[cfg(unix)]
#[test]
fn a_folder_is_saved_to_that_was_the_seed_however_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let seed = folder.path().join("aws/s3/order-book");
    std::fs::create_dir_all(&seed).unwrap();
    std::fs::write(seed.join("1.json"), "1").unwrap();
    std::fs::write(seed.join(".gitkeep"), "mine").unwrap();
    let (aws, other) = (folder.path().join("aws"), folder.path().join("aws/../aws/."));
    let arguments = ["--seed", aws.to_str().unwrap(), "--save", other.to_str().unwrap()];
    Fake::start(Project::new(""), &arguments).terminate();
    assert_eq!(std::fs::read_to_string(seed.join(".gitkeep")).unwrap(), "mine", "the seed passes it over");
    assert_eq!(std::fs::read(seed.join("1.json")).unwrap(), b"1");
}

#[test]
fn two_identities_with_one_id_are_refused() {
    let arguments = ["fake", "--listen", "127.0.0.1:0", "--identity", "AKIA:b", "--identity", "AKIA:c"];
    Project::new("").innkeeper(&arguments).exits(2).says(&["given twice for the access key `AKIA`"]);
}

#[test]
fn a_fault_of_an_operation_that_there_is_not_is_refused() {
    let fake = Fake::start(Project::new(""), &[]);
    let add = |operation: &str| {
        fake.send_body(
            "POST /_innkeeper/faults",
            "",
            &json!({ "error": "SlowDown", "operation": operation }).to_string(),
        )
    };
    let answer = add("PutObjec");
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("did you mean `PutObject`?"), "{answer}");
    assert!(add("PutObject").starts_with("HTTP/1.1 200"));
}

#[test]
fn what_clients_do_wrong_is_not_logged_unless_it_is_asked_for() {
    let wrong = |fake: &Fake| {
        let answer = fake.send_body("PUT /bucket", OF_S3, "<no");
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
        let answer = fake.send("GET /bucket/key?torrent", OF_S3);
        assert!(answer.starts_with("HTTP/1.1 501") || answer.starts_with("HTTP/1.1 404"), "{answer}");
    };
    let fake = Fake::start(Project::new(""), &[]);
    wrong(&fake);
    assert_eq!(fake.log(), "");
    let fake = Fake::start(Project::new("").env("INNKEEPER_LOG", "warn"), &[]);
    wrong(&fake);
    let log = fake.log();
    assert!(log.contains("s3s"), "{log}");
}
