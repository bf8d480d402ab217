use std::io::Write as _;
use std::process::Stdio;

use serde_json::json;

use crate::guests;
use crate::support::{Project, Run};

const KEEPER: &str = r#"
[guest.keeper]
component = "keeper.wasm"

[[guest.keeper.allow]]
actions = ["s3:PutObject"]
resources = ["arn:aws:s3:::uploads/thumbs/*"]

[[guest.keeper.allow]]
actions = ["s3:DeleteObject"]
resources = ["arn:aws:s3:::uploads/*"]
"#;

fn keeper() -> Project {
    Project::new(KEEPER).with("keeper.wasm", guests::keeper()).with("aws/s3/uploads/old.txt", "gone soon")
}

fn echo() -> Project {
    Project::new("[guest.echo]\ncomponent = \"echo.wasm\"\n").with("echo.wasm", guests::echo())
}

/// The summary, without the times in its last line.
fn summary(run: &Run) -> String {
    let mut lines: Vec<_> = run.stderr.lines().collect();
    let last = lines.pop().unwrap();
    let (last, _) = last.split_once(" in ").unwrap();
    lines.push(last);
    lines.join("\n")
}

#[test]
fn the_result_goes_to_stdout_and_what_happened_to_stderr() {
    let project = keeper();
    let run = project.innkeeper(&["run", "--fake", "aws", "keeper"]).exits(0);
    assert_eq!(
        summary(&run),
        r#"Changed in the fake AWS (objects: 1 added, 1 removed)
  - s3://uploads/old.txt       9 B
  + s3://uploads/thumbs/a.txt  5 B

Calls of AWS (2)
  s3 DeleteObject     1 ×
  s3 PutObject        1 ×  5 B sent

Denied by the policy (1)
  × s3:PutObject on arn:aws:s3:::uploads/private/x: not granted
    help: add `"arn:aws:s3:::uploads/private/x"` to `resources` at innkeeper.toml:7:13

ok: `keeper` done"#
    );
    run.prints(r#"{"put":"0 ","delete":"0 ","private":"1A"}"#);
}

#[test]
fn what_changed_is_saved_to_a_folder() {
    let project = keeper();
    let run = project.innkeeper(&["run", "--fake", "aws", "--save", "out", "keeper"]).exits(0);
    run.says(&["1 object (5 B) saved in `out`"]);
    assert_eq!(std::fs::read(project.file("out/s3/uploads/thumbs/a.txt")).unwrap(), b"hello");
    assert!(!project.file("out/s3/uploads/old.txt").exists());
    assert!(project.file("aws/s3/uploads/old.txt").exists(), "the seed is left alone");
}

#[test]
fn the_json_document_has_all_of_it_and_nothing_else_is_printed() {
    let run = keeper().innkeeper(&["run", "--json", "--fake", "aws", "keeper"]).exits(0);
    assert_eq!(run.stderr, "");
    let document = run.json();
    assert_eq!(document["guest"], json!("keeper"));
    assert_eq!(document["exit-code"], json!(0));
    assert_eq!(document["result"], json!({"put": "0 ", "delete": "0 ", "private": "1A"}));
    assert_eq!(document["result-encoding"], json!("json"));
    assert_eq!(document["error"], json!(null));
    let operations: Vec<_> =
        document["calls"].as_array().unwrap().iter().map(|call| &call["operation"]).collect();
    assert_eq!(operations, ["PutObject", "DeleteObject"]);
    assert_eq!(document["calls"][0]["bytes-sent"], json!(5));
    assert_eq!(document["calls"][0]["outcome"], json!("success"));
    let decisions: Vec<_> =
        document["decisions"].as_array().unwrap().iter().map(|d| &d["decision"]).collect();
    assert_eq!(decisions, ["allow", "allow", "deny"]);
    assert_eq!(document["decisions"][2]["resource"], json!("arn:aws:s3:::uploads/private/x"));
    assert_eq!(
        document["changes"]["objects"],
        json!([
            {"kind": "removed", "bucket": "uploads", "key": "old.txt", "size-before": 9, "size-after": null},
            {"kind": "added", "bucket": "uploads", "key": "thumbs/a.txt", "size-before": null, "size-after": 5}
        ])
    );
    assert!(document["timing"]["run"].as_f64().unwrap() > 0.0);
}

#[test]
fn a_fake_reads_nothing_of_the_environment() {
    let project = keeper()
        .env("AWS_ACCESS_KEY_ID", "half")
        .env("AWS_REGION", "no region")
        .env("AWS_PROFILE", "none")
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    project.innkeeper(&["run", "--fake", "aws", "keeper"]).exits(0).says(&["+ s3://uploads/thumbs/a.txt"]);
}

#[test]
fn a_profile_and_a_role_of_the_manifest_need_no_credentials_in_a_fake() {
    let manifest = KEEPER.replace(
        "component =",
        "profile = \"prod\"\nrole-arn = \"arn:aws:iam::123456789012:role/keeper\"\ncomponent =",
    );
    let project = keeper().with("innkeeper.toml", manifest);
    project.innkeeper(&["run", "--fake", "aws", "keeper"]).exits(0).says(&["+ s3://uploads/thumbs/a.txt"]);
}

#[test]
fn the_endpoint_of_the_manifest_is_not_that_of_a_fake() {
    let manifest = format!("[aws]\nendpoint-url = \"https://s3.example.com/path\"\n{KEEPER}")
        .replace("component =", "role-arn = \"arn:aws:iam::123456789012:role/keeper\"\ncomponent =");
    let project = keeper().with("innkeeper.toml", manifest);
    project.innkeeper(&["run", "--fake", "aws", "keeper"]).exits(0).says(&["+ s3://uploads/thumbs/a.txt"]);
}

#[test]
fn a_fake_without_a_folder_is_empty() {
    let run = keeper().innkeeper(&["run", "keeper", "--fake"]).exits(0);
    // The letter counts the cases of the WIT error: `no-such-bucket` is the second.
    run.says(&[
        "Nothing changed in the fake AWS",
        "failed (no-such-bucket)",
        "help: a bucket of the fake AWS is a folder",
    ])
    .prints(r#"{"put":"1B","delete":"1B","private":"1A"}"#);
}

#[test]
fn the_result_is_byte_for_byte_what_the_guest_returned() {
    let run = echo().innkeeper(&["run", "--fake", "--no-cache", "echo", "{\"a\" :\u{1b}[1]}"]);
    run.exits(0).says(&["No call of AWS"]).prints("{\"a\" :\u{1b}[1]}");
}

#[test]
fn a_guest_without_aws_needs_neither_credentials_nor_a_network() {
    let project = echo().env("AWS_REGION", "eu-west-1");
    project.innkeeper(&["run", "echo", "hi"]).exits(0).prints("hi");
}

#[test]
fn input_comes_from_a_file_or_from_standard_input() {
    let project = echo().with("in.json", b"\xff\x00from a file");
    let run = project.innkeeper(&["run", "echo", "@in.json", "--fake"]).exits(0);
    assert_eq!(run.stdout, b"\xff\x00from a file");

    let mut child = project.command(&["run", "echo", "-", "--fake"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"from a pipe").unwrap();
    Run::from(child.wait_with_output().unwrap()).exits(0).prints("from a pipe");
}

#[test]
fn a_command_is_run_as_one() {
    echo().with("echo.wasm", guests::command(0)).innkeeper(&["run", "echo", "--fake"]).exits(0).prints("");
    let failed = echo().with("echo.wasm", guests::command(1)).innkeeper(&["run", "echo", "--fake"]).exits(1);
    failed.says(&["error: guest `echo` exited with status 1\n"]);
}

#[test]
fn compiled_code_is_kept_and_used_again() {
    let project = echo();
    project.innkeeper(&["run", "echo", "one", "--fake"]).exits(0);
    let entries = || std::fs::read_dir(project.file("compiled")).unwrap().count();
    assert_eq!(entries(), 1);
    project.innkeeper(&["run", "echo", "two", "--fake"]).exits(0).prints("two");
    assert_eq!(entries(), 1);
}

#[test]
fn a_cache_that_cannot_be_used_is_a_warning() {
    let project = echo().with("file", "").env("INNKEEPER_CACHE_DIR", "file/cache");
    project
        .innkeeper(&["run", "echo", "hi", "--fake"])
        .exits(0)
        .prints("hi")
        .says(&["warning: `file/cache` cannot hold compiled code", "the guest is compiled each time"]);
}

#[test]
fn a_binary_result_is_base64_in_the_document() {
    let project = echo().with("in", b"\xff");
    let document = project.innkeeper(&["run", "--json", "echo", "@in", "--fake"]).exits(0).json();
    assert_eq!((&document["result"], &document["result-encoding"]), (&json!("/w=="), &json!("base64")));
}

#[test]
fn colour_is_only_for_those_who_ask() {
    let run = echo().innkeeper(&["run", "echo", "hi", "--fake"]).exits(0);
    assert!(!run.stderr.contains('\u{1b}'), "{run}");
    let run = echo().env("CLICOLOR_FORCE", "1").innkeeper(&["run", "echo", "hi", "--fake"]).exits(0);
    assert!(run.stderr.contains('\u{1b}'), "{run}");
}

#[test]
fn the_log_goes_to_stderr_and_shows_no_secret_at_any_level() {
    let project = keeper().env("INNKEEPER_LOG", "trace");
    let run = project.innkeeper(&["run", "--json", "--fake", "aws", "keeper"]).exits(0);
    assert_eq!(run.json()["exit-code"], json!(0));
    let run = run.says(&["innkeeper::gate", "aws_smithy_runtime"]);
    for secret in ["the fake AWS takes any key", "Signature=", "string_to_sign", "TRACE aws_", "TRACE hyper"]
    {
        assert!(!run.stderr.contains(secret), "`{secret}` is in\n{run}");
    }
    let run = keeper().innkeeper(&["run", "-vv", "--fake", "aws", "keeper"]).exits(0);
    run.says(&["DEBUG innkeeper"]);
}

#[test]
fn the_audit_trail_is_complete_and_in_order() {
    let project = keeper();
    project.innkeeper(&["run", "--fake", "aws", "--audit", "audit.jsonl", "keeper"]).exits(0);
    let text = std::fs::read_to_string(project.file("audit.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let events: Vec<_> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["start", "decision", "call", "decision", "call", "decision", "end"]);
    for (sequence, line) in lines.iter().enumerate() {
        assert_eq!((&line["version"], &line["sequence"]), (&json!(1), &json!(sequence)));
    }
    assert_eq!(lines[1]["id"], lines[2]["id"]);
    assert_eq!(lines[1]["context"], json!({"innkeeper:ContentLength": "5"}));
    assert_eq!((&lines[2]["attempts"], &lines[2]["outcome"]), (&json!(1), &json!("success")));
    assert_eq!((&lines[5]["decision"], &lines[5]["rule"]), (&json!("deny"), &json!(null)));

    project.innkeeper(&["run", "--fake", "aws", "--audit", "audit.jsonl", "keeper"]).exits(0);
    let again = std::fs::read_to_string(project.file("audit.jsonl")).unwrap();
    assert!(again.starts_with(&text) && again.lines().count() == 2 * text.lines().count());
}

#[test]
fn an_audit_trail_on_standard_output_comes_before_the_result() {
    let run = keeper().innkeeper(&["run", "--fake", "aws", "--audit", "-", "keeper"]).exits(0);
    let stdout = String::from_utf8(run.stdout).unwrap();
    let lines: Vec<_> = stdout.lines().collect();
    assert!(lines[6].contains(r#""event":"end""#), "{stdout}");
    assert_eq!(lines[7..], [r#"{"put":"0 ","delete":"0 ","private":"1A"}"#]);
}

#[test]
fn errors_when_the_audit_trail_cannot_be_written() {
    let arguments = |file| ["run", "--fake", "aws", "--audit", file, "keeper"];
    let said = "the audit trail cannot be written to";
    keeper().innkeeper(&arguments("none/audit.jsonl")).exits(9).says(&[said]).prints("");
    #[cfg(target_os = "linux")]
    keeper().innkeeper(&arguments("/dev/full")).exits(9).says(&[said]);
}

#[test]
fn a_guest_that_knocks_ten_thousand_times_is_counted() {
    const KNOCKS: usize = 10_100;
    let project = Project::new("[guest.knocker]\ncomponent = \"knocker.wasm\"\nlimits.timeout = \"5m\"\n")
        .with("knocker.wasm", guests::knocker(KNOCKS));
    let run = |arguments: &[&str]| {
        let arguments = [&["run", "--fake", "--audit", "audit.jsonl"], arguments, &["knocker", "k"]].concat();
        project.innkeeper(&arguments).exits(0)
    };
    let document = run(&["--json"]).json();
    let list = document["decisions"].as_array().unwrap();
    let omitted = &document["omitted"];
    assert_eq!(list.len(), 10_000);
    assert_eq!(
        (&omitted["decisions"], &omitted["denials"]),
        (&json!(KNOCKS - list.len()), &json!(0)),
        "{omitted}"
    );
    let denials = document["denials"].as_array().unwrap();
    assert_eq!(denials.len(), 1);
    assert_eq!(
        (&denials[0]["resource"], &denials[0]["times"]),
        (&json!("arn:aws:s3:::uploads/k"), &json!(KNOCKS))
    );
    // The trail has them all.
    let audit = std::fs::read_to_string(project.file("audit.jsonl")).unwrap();
    assert_eq!(audit.lines().filter(|line| line.contains("\"event\":\"decision\"")).count(), KNOCKS);

    run(&["--log", "off"]).says(&["Denied by the policy (10100)", "uploads/k (10100 times): "]);
}

#[cfg(unix)]
#[test]
fn an_audit_trail_is_appended_to_a_file_that_nobody_else_may_write_to() {
    use std::fs::{Permissions, metadata, read_to_string, set_permissions, write};
    use std::os::unix::fs::PermissionsExt as _;

    let project = keeper();
    let file = project.file("audit.jsonl");
    let run = || project.innkeeper(&["run", "--fake", "aws", "--audit", "audit.jsonl", "keeper"]);
    let mode = || metadata(&file).unwrap().permissions().mode() & 0o777;
    run().exits(0);
    assert_eq!(mode(), 0o600, "a new one is nobody else's");

    write(&file, "earlier\n").unwrap();
    set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    run().exits(0);
    assert!(read_to_string(&file).unwrap().starts_with("earlier\n{"));
    assert_eq!(mode(), 0o644, "who may read it is its owner's business");

    for others in [0o620, 0o602, 0o666] {
        write(&file, "earlier\n").unwrap();
        set_permissions(&file, Permissions::from_mode(others)).unwrap();
        run().exits(9).prints("").says(&[
            "the audit trail cannot be written to `audit.jsonl`",
            "others may write to the file, and so could change the trail; take that right away with `chmod go-w`",
        ]);
        assert_eq!((read_to_string(&file).unwrap().as_str(), mode()), ("earlier\n", others));
    }
}
