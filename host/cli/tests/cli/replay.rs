use serde_json::json;

use crate::guests;
use crate::support::Project;

const MANIFEST: &str = r#"
[guest.keeper]
component = "keeper.wasm"

[[guest.keeper.allow]]
actions = ["s3:PutObject"]
resources = ["arn:aws:s3:::uploads/thumbs/*"]

[[guest.keeper.allow]]
actions = ["s3:DeleteObject"]
resources = ["arn:aws:s3:::uploads/*"]
"#;

/// A project with a record of its guest, on a fake from the folder `aws`.
fn recorded() -> Project {
    let project = Project::new(MANIFEST)
        .with("keeper.wasm", guests::keeper())
        .with("aws/s3/uploads/old.txt", "gone soon")
        .with("in", b"\xffinput");
    project.innkeeper(&["run", "--fake", "aws", "--record", "run.json", "keeper", "@in"]).exits(0);
    project
}

#[test]
fn a_record_has_what_was_asked_and_neither_bodies_nor_secrets() {
    let project = recorded();
    let text = std::fs::read_to_string(project.file("run.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&record["version"], &record["guest"]), (&json!(1), &json!("keeper")));
    assert_eq!(record["input"], json!({ "base64": "/2lucHV0" }));
    let operations: Vec<_> =
        record["operations"].as_array().unwrap().iter().map(|operation| &operation["operation"]).collect();
    assert_eq!(operations, ["PutObject", "DeleteObject", "PutObject"]);
    assert_eq!(
        record["operations"][0],
        json!({
            "operation": "PutObject",
            "requests": [{
                "action": "s3:PutObject",
                "resource": "arn:aws:s3:::uploads/thumbs/a.txt",
                "context": { "innkeeper:ContentLength": "5" },
                "allowed": true,
            }],
            "calls": [{
                "service": "s3",
                "resource": "arn:aws:s3:::uploads/thumbs/a.txt",
                "outcome": "success",
                "bytes-sent": 5,
                "bytes-received": 0,
            }],
        })
    );
    assert_eq!(record["operations"][2]["requests"][0]["allowed"], json!(false));
    assert_eq!(record["operations"][2]["calls"], json!([]));
    assert_eq!(record["result"]["bytes"], json!(41));
    for secret in ["hello", "FAKE", "the fake AWS takes any key", "request-id", "\"put\""] {
        assert!(!text.contains(secret), "`{secret}` is in\n{text}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(project.file("run.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "it is nobody else's");
    }
}

#[test]
fn another_policy_is_asked_about_what_was_recorded() {
    let project = recorded();
    project
        .innkeeper(&["replay", "run.json"])
        .exits(0)
        .prints("3 requests asked of `innkeeper.toml`: 0 would be denied, 0 would be allowed\n");

    let new =
        MANIFEST.replace("s3:DeleteObject", "s3:GetObject").replace("uploads/thumbs/*", "uploads/private/*");
    let project = project.with("new.toml", new);
    let run = project.innkeeper(&["replay", "run.json", "--manifest", "new.toml"]).exits(12);
    let printed = String::from_utf8(run.stdout.clone()).unwrap();
    for text in [
        "Would be denied (2)\n  × s3:PutObject on arn:aws:s3:::uploads/thumbs/a.txt (for PutObject): not granted\n    help: ",
        "  × s3:DeleteObject on arn:aws:s3:::uploads/old.txt (for DeleteObject): not granted\n",
        "Would be allowed, and was denied (1)\n  + s3:PutObject on arn:aws:s3:::uploads/private/x (for PutObject): ",
        "3 requests asked of `new.toml`: 2 would be denied, 1 would be allowed\n",
    ] {
        assert!(printed.contains(text), "`{text}` is not in\n{run}");
    }
    // Who ran the guest is known of every record.
    let conditions = MANIFEST.replace(
        "[\"s3:DeleteObject\"]",
        "[\"s3:DeleteObject\"]\ncondition = { StringEquals = { \"innkeeper:Trigger\" = \"run\" } }",
    );
    let project = project.with("conditions.toml", conditions);
    project.innkeeper(&["replay", "run.json", "--manifest", "conditions.toml"]).exits(0);
    let document =
        project.innkeeper(&["replay", "run.json", "--json", "--manifest", "new.toml"]).exits(12).json();
    assert_eq!((&document["exit-code"], &document["requests"]), (&json!(12), &json!(3)));
    assert_eq!(document["denied"][1]["action"], json!("s3:DeleteObject"));
    assert_eq!(document["diff"], json!(null));
}

#[test]
fn the_guest_is_run_again_and_compared() {
    let project = recorded();
    project
        .innkeeper(&["replay", "run.json", "--fake", "aws"])
        .exits(0)
        .prints("ok: `keeper` asks for the same as recorded\n");

    let more = MANIFEST.replace("uploads/thumbs/*", "uploads/*");
    let run =
        project.with("innkeeper.toml", more).innkeeper(&["replay", "run.json", "--fake", "aws"]).exits(15);
    let printed = String::from_utf8(run.stdout.clone()).unwrap();
    for line in [
        "\n- PutObject: s3:PutObject on arn:aws:s3:::uploads/private/x (innkeeper:ContentLength = 5): denied\n",
        "\n+ PutObject: s3 called on arn:aws:s3:::uploads/private/x: success, 5 bytes sent, 0 received\n",
        "\n- returned 41 bytes, SHA-256 ",
        "failed: `keeper` differs: `-` is recorded, `+` is now\n",
    ] {
        assert!(printed.contains(line), "`{line}` is not in\n{run}");
    }
}

#[test]
fn a_failure_is_recorded_as_one() {
    let project = Project::new("[guest.fail]\ncomponent = \"fail.wasm\"\n").with("fail.wasm", guests::fail());
    project.innkeeper(&["run", "fail", "no luck", "--record", "run.json", "--fake"]).exits(1);
    let text = std::fs::read_to_string(project.file("run.json")).unwrap();
    assert!(text.contains("\"failed\": \"guest\""), "{text}");
    project.innkeeper(&["replay", "run.json", "--fake"]).exits(0);
}

#[test]
fn errors_when_there_is_no_record_or_it_cannot_be_written() {
    let project = recorded();
    for (content, said) in [
        ("{}", "missing field `version`"),
        ("not json", "expected ident"),
        (
            r#"{"version": 2, "guest": "keeper", "input": {"text": ""}, "operations": [], "result": {"failed": "trap"}}"#,
            "its version is 2",
        ),
    ] {
        std::fs::write(project.file("wrong.json"), content).unwrap();
        project.innkeeper(&["replay", "wrong.json"]).exits(9).says(&["cannot be read as a record", said]);
    }
    project.innkeeper(&["replay", "none.json"]).exits(9).says(&["`none.json` cannot be read as a record"]);
    project
        .innkeeper(&["run", "--fake", "aws", "--record", "none/run.json", "keeper"])
        .exits(9)
        .says(&["the record cannot be written to `none/run.json`"]);
}
