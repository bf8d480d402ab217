//! What bad input gets: a message that names the thing and the place and says what to do, and an exit code.

use std::net::TcpListener;

use serde_json::json;

use crate::guests;
use crate::support::Project;

const ECHO: &str = "[guest.echo]\ncomponent = \"echo.wasm\"\n";

fn echo() -> Project {
    Project::new(ECHO).with("echo.wasm", guests::echo())
}

/// A project with a component that may be none.
fn with_component(bytes: &[u8]) -> Project {
    Project::new(ECHO).with("echo.wasm", bytes)
}

fn keeper(aws: &str) -> Project {
    let manifest = format!(
        "[aws]\n{aws}\n[guest.keeper]\ncomponent = \"keeper.wasm\"\n[[guest.keeper.allow]]\nactions = [\"s3:PutObject\"]\n\
         resources = [\"arn:aws:s3:::uploads/thumbs/*\"]\n"
    );
    Project::new(&manifest).with("keeper.wasm", guests::keeper())
}

#[test]
fn a_missing_manifest() {
    echo()
        .innkeeper(&["run", "--manifest", "no/such.toml", "echo"])
        .exits(3)
        .says(&["error: there is no manifest `no/such.toml`\n", "help: name one with `--manifest PATH`"])
        .prints("");
}

#[test]
fn an_unknown_key() {
    Project::new("[guest.echo]\ncomponent = \"echo.wasm\"\ncomponnent = \"x\"\n")
        .innkeeper(&["run", "echo"])
        .exits(3)
        .says(&[
            "error: unknown field `componnent`",
            "innkeeper.toml:3:1",
            "componnent = \"x\"",
            "^^^",
            "did you mean `component`?",
        ]);
}

#[test]
fn a_malformed_arn() {
    let allow = "[[guest.echo.allow]]\nactions = [\"s3:GetObject\"]\nresources = [\"arn:aws:s3::uploads\"]\n";
    Project::new(&format!("{ECHO}{allow}")).innkeeper(&["run", "echo"]).exits(3).says(&[
        "error: ",
        "innkeeper.toml:5:14",
        "arn:aws:s3::uploads",
        "^^^",
    ]);
}

#[test]
fn every_mistake_of_a_manifest_is_told_at_once() {
    let run = Project::new("[aws]\nregion = \"nowhere\"\n[guest.echo]\ncomponent = \"../echo.wasm\"\n")
        .innkeeper(&["run", "echo"])
        .exits(3)
        .says(&["innkeeper.toml:2:10", "innkeeper.toml:4:13"]);
    assert_eq!(run.stderr.matches("error: ").count(), 2, "{run}");
}

#[test]
fn an_unknown_guest() {
    echo()
        .innkeeper(&["run", "ehco"])
        .exits(3)
        .says(&["error: `innkeeper.toml` has no guest `ehco`\n", "help: did you mean `echo`?"]);
}

#[test]
fn a_missing_component() {
    Project::new(ECHO).with("Cargo.toml", "").innkeeper(&["run", "echo", "--fake"]).exits(4).says(&[
        "error: there is no component `echo.wasm`\n",
        "help: build it with `innkeeper build . --out .`",
    ]);
}

#[test]
fn a_file_that_is_no_component() {
    with_component(b"#!/bin/sh\n")
        .innkeeper(&["run", "echo", "--fake"])
        .exits(4)
        .says(&["`echo.wasm`: the file is no WebAssembly; it begins with `#!/bin/s`"]);
}

#[test]
fn a_truncated_component() {
    let whole = guests::echo();
    with_component(&whole[..whole.len() / 2]).innkeeper(&["run", "echo", "--fake"]).exits(4).says(&[
        "`echo.wasm`: the file is damaged:",
        &format!("of {}", whole.len() / 2),
        "help: build or copy it again",
    ]);
}

#[test]
fn a_component_for_another_world() {
    let no_run = wat::parse_str("(component)").unwrap();
    with_component(&no_run).innkeeper(&["run", "echo", "--fake"]).exits(4).says(&[
        "the component exports no `run: func(list<u8>) -> result<list<u8>, string>` and no `wasi:cli/run`",
        "help: build the guest against the world `innkeeper:aws/plugin`",
    ]);
    let other =
        wat::parse_str(r#"(component (import "acme:db/query@1.0.0" (instance (export "ask" (func)))))"#)
            .unwrap();
    with_component(&other)
        .innkeeper(&["run", "echo", "--fake"])
        .exits(4)
        .says(&["imports what this host does not provide: acme:db/query@1.0.0", "help: "]);
}

#[test]
fn an_unknown_profile() {
    let project = keeper("region = \"eu-west-1\"\nprofile = \"prdo\"")
        .with(".aws/config", "[profile prod]\nregion = eu-west-1\n");
    project.innkeeper(&["run", "keeper"]).exits(5).says(&[
        "error: no credentials for profile `prdo`",
        "there is no profile `prdo`",
        ".aws/config",
        "help: did you mean `prod`?",
    ]);
    project.innkeeper(&["run", "--profile", "x", "keeper"]).exits(5).says(&["there is no profile `x`"]);
}

#[test]
fn half_given_credentials() {
    keeper("region = \"eu-west-1\"")
        .env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        .innkeeper(&["run", "keeper"])
        .exits(5)
        .says(&[
            "error: no credentials for the default chain",
            "`AWS_ACCESS_KEY_ID`",
            "help: set `AWS_SECRET_ACCESS_KEY` too",
        ]);
}

#[test]
fn no_credentials_at_all() {
    keeper("region = \"eu-west-1\"")
        .innkeeper(&["run", "keeper"])
        .exits(5)
        .says(&["error: no credentials for the default chain", "help: name a profile with `--profile`"]);
}

#[test]
fn no_region() {
    keeper("").innkeeper(&["run", "keeper"]).exits(5).says(&[
        "error: no region",
        "AWS_REGION",
        "help: give one with `--region`",
    ]);
}

#[test]
fn an_unreachable_endpoint() {
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}");
    let project =
        keeper("region = \"eu-west-1\"\nclass.standard.max-attempts = 1\nclass.data.max-attempts = 1")
            .env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "hunter2");
    let run = project.innkeeper(&["run", "--endpoint-url", &url, "keeper"]).exits(0);
    // `connection` is the nineteenth case of the WIT error.
    let run = run.prints(r#"{"put":"1Z","delete":"1A","private":"1A"}"#).says(&[
        "failed (connection): arn:aws:s3:::uploads/thumbs/a.txt",
        "onnection refused",
        &format!("help: is `{url}/` the right endpoint, running, and reachable from here?"),
    ]);
    assert!(!run.stderr.contains("hunter2"), "{run}");
}

#[test]
fn input_that_the_guest_does_not_take() {
    Project::new(ECHO)
        .with("echo.wasm", guests::fail())
        .innkeeper(&["run", "--fake", "--json", "echo", "the input is no JSON: expected `{` at line 1"])
        .exits(1)
        .says(&["error: guest `echo` reports: the input is no JSON: expected `{` at line 1\n"]);
}

#[test]
fn a_guest_that_traps() {
    let run = with_component(&guests::trap()).innkeeper(&["run", "echo", "--fake"]).exits(7).prints("");
    let run = run.says(&["error: guest `echo` trapped: wasm trap: wasm `unreachable` instruction executed"]);
    let frames: Vec<_> = ["broken", "middle"].iter().map(|name| run.stderr.find(name).unwrap()).collect();
    assert!(frames.is_sorted(), "{run}");
}

#[test]
fn a_guest_that_reaches_its_limit() {
    let manifest = format!("{ECHO}limits = {{ cpu-time = \"50ms\" }}\n");
    Project::new(&manifest)
        .with("echo.wasm", guests::spin())
        .innkeeper(&["run", "echo", "--fake"])
        .exits(6)
        .says(&[
            "error: guest `echo` reached its limit: cpu-time, 50ms",
            "help: if it needs more, raise `cpu-time` in `[guest.echo.limits]`",
        ]);
}

#[test]
fn a_folder_for_the_fake_that_is_none() {
    let project = echo();
    project
        .innkeeper(&["run", "--fake", "echo", "{}"])
        .exits(8)
        .says(&["error: the folder `echo` of `--fake` does not exist\n", "put `--fake` last"]);
    project
        .innkeeper(&["run", "--fake", "innkeeper.toml", "echo"])
        .exits(8)
        .says(&["`innkeeper.toml` of `--fake` is not a folder"]);
    let project = echo().with("aws/s4/bucket/key", "");
    project.innkeeper(&["run", "--fake", "aws", "echo"]).exits(8).says(&["s4"]);
}

#[test]
fn an_input_file_that_is_missing() {
    echo()
        .innkeeper(&["run", "echo", "@no.json", "--fake"])
        .exits(9)
        .says(&["error: cannot read the input from `no.json`\n"]);
}

#[test]
fn a_folder_that_cannot_be_saved_to() {
    echo()
        .innkeeper(&["run", "--fake", "--json", "--save", "innkeeper.toml/out", "echo", "hi"])
        .exits(9)
        .says(&["error: cannot write `innkeeper.toml/out`"]);
}

#[test]
fn a_command_line_that_makes_no_sense() {
    let project = echo();
    project.innkeeper(&["run"]).exits(2).says(&["the name of the guest is missing"]);
    project
        .innkeeper(&["run", "--fake", "echo"])
        .exits(2)
        .says(&["`echo` was taken for the folder of `--fake`"]);
    project
        .innkeeper(&["run", "--region", "x@evil.example/", "echo"])
        .exits(2)
        .says(&["wrong value for `--region`"]);
    project.innkeeper(&["run", "--fake", "--endpoint-url", "http://x", "echo"]).exits(2);
    project.innkeeper(&["rnu"]).exits(2).says(&["unrecognized subcommand"]);
    project.innkeeper(&["run", "--log", "innkeeper=loud", "echo"]).exits(2).says(&["is no log filter"]);
    let run = project.innkeeper(&["run", "--endpoint-url", "https://me:hunter2@host/", "echo"]).exits(2);
    assert!(!run.stderr.contains("hunter2"), "{run}");
}

#[test]
fn a_failure_before_the_call_is_a_document_too() {
    let run = echo().innkeeper(&["run", "--json", "ehco"]).exits(3);
    let document = run.json();
    assert_eq!(document["result"], json!(null));
    assert_eq!(document["error"]["kind"], json!("manifest"));
    assert_eq!(document["error"]["exit-code"], json!(3));
    assert_eq!(document["error"]["help"], json!(["did you mean `echo`?"]));
}
