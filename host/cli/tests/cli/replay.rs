use std::io::{BufRead as _, BufReader};

use serde_json::{Value, json};

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

const CALLER: &str = r#"
[guest.caller]
component = "caller.wasm"

[[guest.caller.allow]]
actions = ["lambda:InvokeFunction"]
resources = ["arn:aws:lambda:*:*:function:pricing"]

[guest.echo]
component = "echo.wasm"
"#;

/// A project with a recording of its guest, on a fake from the folder `aws`.
fn recorded() -> Project {
    let project = Project::new(MANIFEST)
        .with("keeper.wasm", guests::keeper())
        .with("aws/s3/uploads/old.txt", "gone soon")
        .with("in", b"\xffinput");
    project.innkeeper(&["run", "--fake", "aws", "--record", "run.jsonl", "keeper", "@in"]).exits(0);
    project
}

fn lines(project: &Project) -> Vec<Value> {
    let text = std::fs::read_to_string(project.file("run.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_recording_has_what_was_called_and_neither_bodies_nor_secrets() {
    let project = recorded();
    let lines = lines(&project);
    let (start, end) = (&lines[0], &lines[lines.len() - 1]);
    assert_eq!(
        (&start["event"], &start["version"], &start["guest"]),
        (&json!("start"), &json!(2), &json!("keeper"))
    );
    assert_eq!(start["input"], json!({ "base64": "/2lucHV0" }));
    assert_eq!((&end["event"], &end["result"]["bytes"]), (&json!("end"), &json!(41)));
    let of = |event: &str| lines.iter().filter(|line| line["event"] == event).collect::<Vec<_>>();
    let exchanges = of("exchange");
    let functions: Vec<_> = exchanges.iter().map(|exchange| &exchange["function"]).collect();
    assert_eq!(
        functions,
        ["s3.bucket.open", "s3.bucket.put-object", "s3.bucket.delete-object", "s3.bucket.put-object"]
    );
    assert_eq!(exchanges[1]["on"], json!("bucket uploads"));
    assert_eq!(exchanges[1]["arguments"]["key"], json!("thumbs/a.txt"));
    assert_eq!(
        exchanges[1]["arguments"]["body"],
        json!({ "bytes": 5, "sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" })
    );
    assert!(exchanges[1]["answer"]["ok"]["etag"].is_string());
    assert_eq!(exchanges[3]["answer"], json!({ "err": "access-denied" }));
    let requests = of("request");
    assert_eq!(
        *requests[0],
        json!({
            "event": "request",
            "operation": "PutObject",
            "action": "s3:PutObject",
            "resource": "arn:aws:s3:::uploads/thumbs/a.txt",
            "context": { "innkeeper:ContentLength": "5" },
            "allowed": true,
        })
    );
    assert_eq!(requests[2]["allowed"], json!(false));
    let answers = of("answer");
    assert_eq!(answers.len(), 2, "what was denied was not sent");
    assert_eq!(
        (&answers[0]["request"]["method"], &answers[0]["response"]["status"]),
        (&json!("PUT"), &json!(200))
    );
    let text = std::fs::read_to_string(project.file("run.jsonl")).unwrap();
    for secret in ["hello", "FAKE", "the fake AWS takes any key", "authorization", "request-id", "\"put\""] {
        assert!(!text.contains(secret), "`{secret}` is in\n{text}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(project.file("run.jsonl")).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "it is nobody else's");
    }
}

#[test]
fn the_guest_is_run_with_the_recorded_answers() {
    let project = recorded();
    // Neither the folder nor anything else of that AWS is needed any more.
    std::fs::remove_dir_all(project.file("aws")).unwrap();
    project
        .innkeeper(&["replay", "run.jsonl"])
        .exits(0)
        .prints("ok: `keeper` does the same as recorded (4 calls)\n");
    let document = project.innkeeper(&["replay", "run.jsonl", "--json"]).exits(0).json();
    assert_eq!(
        document,
        json!({
            "exit-code": 0, "requests": null, "denied": null, "allowed": null, "differences": [], "not-fed": [],
        })
    );

    // What the policy of now allows, the recording has no answer to; what it denies is answered otherwise.
    let project = project.with("more.toml", MANIFEST.replace("uploads/thumbs/*", "uploads/private/*"));
    let run = project.innkeeper(&["replay", "run.jsonl", "--manifest", "more.toml", "--run"]).exits(15);
    let printed = String::from_utf8(run.stdout.clone()).unwrap();
    for text in [
        "s3.bucket.put-object on bucket uploads is answered otherwise:\n  - {\"ok\":",
        "\n  + {\"err\":\"access-denied\"}\n",
        "\n  - {\"err\":\"access-denied\"}\n",
        "the result is another:\n  - {\"bytes\":41,",
        "# not replayed: s3 PUT https://uploads.s3.us-east-1.amazonaws.com/private/x: the recording has no answer to it\n",
        "failed: `keeper` differs in 3 places: `-` is recorded (4 calls), `+` is now\n",
    ] {
        assert!(printed.contains(text), "`{text}` is not in\n{run}");
    }
}

/// The binary as a fake AWS on a port, until it is dropped.
struct Listening(std::process::Child);

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_run_over_the_network_is_replayed_without_one() {
    let project = Project::new(MANIFEST)
        .with("keeper.wasm", guests::keeper())
        .with("aws/s3/uploads/old.txt", "gone soon")
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
        .env("AWS_SESSION_TOKEN", "the session token")
        .env("AWS_REGION", "eu-west-1");
    let server = project.command(&["fake", "--listen", "127.0.0.1:0", "--seed", "aws"]).spawn().unwrap();
    let mut server = Listening(server);
    let mut url = String::new();
    BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let url = url.trim();
    project.innkeeper(&["run", "--endpoint-url", url, "--record", "run.jsonl", "keeper"]).exits(0);
    drop(server);

    let lines = lines(&project);
    assert_eq!(
        (&lines[0]["region"], &lines[0]["endpoint"]),
        (&json!("eu-west-1"), &json!(format!("{url}/")))
    );
    let text = std::fs::read_to_string(project.file("run.jsonl")).unwrap();
    for secret in ["AKIDEXAMPLE", "wJalrXUtnFEMI", "the session token", "AWS4-HMAC", "hello"] {
        assert!(!text.contains(secret), "`{secret}` is in\n{text}");
    }
    project
        .innkeeper(&["replay", "run.jsonl"])
        .exits(0)
        .prints("ok: `keeper` does the same as recorded (4 calls)\n");
}

#[test]
fn another_input_is_another_call() {
    let project = Project::new(CALLER)
        .with("caller.wasm", guests::caller())
        .with("echo.wasm", guests::echo())
        .with("aws/lambda/pricing.json", r#"{"guest": "echo"}"#);
    project
        .innkeeper(&["run", "caller", "[3]", "--record", "run.jsonl", "--fake", "aws"])
        .exits(0)
        .prints("[3]");
    project.innkeeper(&["replay", "run.jsonl"]).exits(0);
    let document = project.innkeeper(&["replay", "run.jsonl", "--input", "[40]", "--json"]).exits(15).json();
    let change = &document["differences"][0];
    assert_eq!(
        (&change["kind"], &change["what"]),
        (&json!("other-arguments"), &json!("lambda.function.invoke on function pricing"))
    );
    assert_eq!(
        (&change["recorded"]["payload"]["bytes"], &change["now"]["payload"]["bytes"]),
        (&json!(3), &json!(4))
    );
    // It was given the answer to the other input all the same, so it returns that.
    assert_eq!(document["differences"].as_array().unwrap().len(), 1);
    assert_eq!(document["not-fed"], json!([]));
}

#[test]
fn without_its_bodies_a_recording_says_what_it_cannot_give() {
    let project = Project::new(CALLER)
        .with("caller.wasm", guests::caller())
        .with("echo.wasm", guests::echo())
        .with("aws/lambda/pricing.json", r#"{"guest": "echo"}"#);
    let record = [
        "run",
        "caller",
        "[\"secret\"]",
        "--record",
        "run.jsonl",
        "--record-bodies",
        "none",
        "--fake",
        "aws",
    ];
    project.innkeeper(&record).exits(0);
    assert!(!project.file("run.jsonl.bodies").exists());
    let answers = lines(&project).into_iter().filter(|line| line["event"] == "answer");
    assert!(answers.into_iter().all(|answer| !answer.to_string().contains("secret")));
    let run = project.innkeeper(&["replay", "run.jsonl"]).exits(15);
    let printed = String::from_utf8(run.stdout.clone()).unwrap();
    assert!(printed.contains("it cannot be replayed without"), "{run}");
    // What it asked for is there.
    project.innkeeper(&["replay", "run.jsonl", "--manifest", "innkeeper.toml"]).exits(0);
}

#[test]
fn another_policy_is_asked_about_what_was_recorded() {
    let project = recorded();
    project
        .innkeeper(&["replay", "run.jsonl", "--manifest", "innkeeper.toml"])
        .exits(0)
        .prints("3 requests asked of `innkeeper.toml`: 0 would be denied, 0 would be allowed\n");

    let new =
        MANIFEST.replace("s3:DeleteObject", "s3:GetObject").replace("uploads/thumbs/*", "uploads/private/*");
    let project = project.with("new.toml", new);
    let run = project.innkeeper(&["replay", "run.jsonl", "--manifest", "new.toml"]).exits(12);
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
    project.innkeeper(&["replay", "run.jsonl", "--manifest", "conditions.toml"]).exits(0);
    let document =
        project.innkeeper(&["replay", "run.jsonl", "--json", "--manifest", "new.toml"]).exits(12).json();
    assert_eq!((&document["exit-code"], &document["requests"]), (&json!(12), &json!(3)));
    assert_eq!(document["denied"][1]["action"], json!("s3:DeleteObject"));
    assert_eq!(document["differences"], json!(null));
}

#[test]
fn the_guest_is_run_again_on_a_fake_and_compared() {
    let project = recorded();
    project
        .innkeeper(&["replay", "run.jsonl", "--fake", "aws"])
        .exits(0)
        .prints("ok: `keeper` does the same as recorded (4 calls)\n");

    let more = MANIFEST.replace("uploads/thumbs/*", "uploads/*");
    let run =
        project.with("innkeeper.toml", more).innkeeper(&["replay", "run.jsonl", "--fake", "aws"]).exits(15);
    let printed = String::from_utf8(run.stdout.clone()).unwrap();
    for line in [
        "s3.bucket.put-object on bucket uploads is answered otherwise:\n  - {\"err\":\"access-denied\"}\n  + {\"ok\":",
        "failed: `keeper` differs in 2 places: `-` is recorded (4 calls), `+` is now\n",
    ] {
        assert!(printed.contains(line), "`{line}` is not in\n{run}");
    }
}

#[test]
fn a_fake_is_filled_when_the_recorded_call_began() {
    const DAY: i32 = 86_400;
    let manifest = MANIFEST.replace("keeper", "header").replace("s3:PutObject", "s3:GetObject");
    let project = Project::new(&manifest.replace("uploads/thumbs/*", "uploads/*"))
        .with("header.wasm", guests::header())
        .with("aws/s3/uploads/old.txt", "old");
    project.innkeeper(&["run", "--fake", "aws", "--record", "run.jsonl", "header"]).exits(0);
    // As it would have been yesterday.
    let mut lines = lines(&project);
    let earlier = |value: &mut Value| *value = json!(value.as_f64().unwrap() - f64::from(DAY));
    earlier(&mut lines[0]["began"]);
    let answered = lines.iter_mut().find(|line| line["function"] == "s3.bucket.head-object").unwrap();
    let seconds = &mut answered["answer"]["ok"]["last-modified"]["seconds"];
    *seconds = json!(seconds.as_i64().unwrap() - i64::from(DAY));
    let written = |lines: &[Value]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let project = project.with("run.jsonl", written(&lines));
    project.innkeeper(&["replay", "run.jsonl", "--fake", "aws"]).exits(0);
    // What was stored at another time is another answer.
    earlier(&mut lines[0]["began"]);
    let project = project.with("run.jsonl", written(&lines));
    let run = project.innkeeper(&["replay", "run.jsonl", "--fake", "aws"]).exits(15);
    assert!(
        String::from_utf8_lossy(&run.stdout)
            .contains("s3.bucket.head-object on bucket uploads is answered otherwise"),
        "{run}"
    );
}

#[test]
fn a_failure_is_recorded_as_one() {
    let project = Project::new("[guest.fail]\ncomponent = \"fail.wasm\"\n").with("fail.wasm", guests::fail());
    project.innkeeper(&["run", "fail", "no luck", "--record", "run.jsonl", "--fake"]).exits(1);
    assert_eq!(lines(&project)[1]["result"], json!({ "failed": "guest" }));
    project.innkeeper(&["replay", "run.jsonl"]).exits(0);
    project.innkeeper(&["replay", "run.jsonl", "--fake"]).exits(0);
}

#[test]
fn errors_when_there_is_no_recording_or_it_cannot_be_written() {
    let project = recorded();
    let text = std::fs::read_to_string(project.file("run.jsonl")).unwrap();
    let cut: String = text.split_inclusive('\n').take(3).collect();
    for (content, said) in [
        ("{}", "line 1: missing field `version`"),
        ("not json", "line 1: expected ident"),
        (&text.replace("\"version\":2", "\"version\":1"), "its version is 1, and this `innkeeper` knows 2"),
        (&cut, "the recording was cut short"),
    ] {
        std::fs::write(project.file("wrong.jsonl"), content).unwrap();
        project.innkeeper(&["replay", "wrong.jsonl"]).exits(9).says(&["cannot be read as a recording", said]);
    }
    project
        .innkeeper(&["replay", "none.jsonl"])
        .exits(9)
        .says(&["`none.jsonl` cannot be read as a recording"]);
    project
        .innkeeper(&["run", "--fake", "aws", "--record", "none/run.jsonl", "keeper"])
        .exits(9)
        .says(&["the recording cannot be written to `none/run.jsonl`"]);
    project.innkeeper(&["run", "--fake", "aws", "--record-bodies", "none", "keeper"]).exits(2);
}

#[test]
fn a_run_that_is_too_long_for_a_recording_says_so_and_goes_on() {
    let project = Project::new("[guest.knocker]\ncomponent = \"knocker.wasm\"\nlimits.timeout = \"5m\"\n")
        .with("knocker.wasm", guests::knocker(1_200))
        // More than 70 MB of keys.
        .with("in", "k".repeat(60_000))
        .with("run.jsonl", "an earlier one");
    let run = ["run", "--fake", "--record", "run.jsonl", "knocker", "@in"];
    project.innkeeper(&run).exits(9).says(&[
        "`knocker` ended in",
        "the recording cannot be written to `run.jsonl`",
        "it would have more than 64 MiB, which is the most that `innkeeper replay` reads",
        "`--audit FILE` has no bound",
    ]);
    assert_eq!(std::fs::read_to_string(project.file("run.jsonl")).unwrap(), "an earlier one");

    // The bound is that of whoever reads.
    let file = std::fs::File::options().append(true).open(project.file("run.jsonl")).unwrap();
    file.set_len((64 << 20) + 1).unwrap();
    project
        .innkeeper(&["replay", "run.jsonl"])
        .exits(9)
        .says(&["it has more than 64 MiB, and no recording has"]);
}
