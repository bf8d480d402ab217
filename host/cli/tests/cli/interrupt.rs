use std::io::Read as _;
use std::net::TcpListener;
use std::process::Command;

use crate::guests;
use crate::support::{Project, Run};

const MANIFEST: &str = r#"
[aws]
region = "eu-west-1"

[guest.keeper]
component = "keeper.wasm"

[[guest.keeper.allow]]
actions = ["s3:PutObject"]
resources = ["arn:aws:s3:::uploads/thumbs/*"]
"#;

#[test]
fn ctrl_c_ends_the_call_and_tells_what_happened_so_far() {
    let project = Project::new(MANIFEST)
        .with("keeper.wasm", guests::keeper())
        .env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "example");
    // An S3 that listens and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let child = project.command(&["run", "--endpoint-url", &url, "keeper"]).spawn().unwrap();
    let (mut connection, _) = silent.accept().unwrap();
    // From the first byte on, the guest's call is under way.
    connection.read_exact(&mut [0]).unwrap();
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    Run::from(child.wait_with_output().unwrap())
        .exits(130)
        .says(&["s3 PutObject", "1 cancelled", "error: interrupted"])
        .prints("");
}
