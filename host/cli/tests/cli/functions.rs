//! Functions of the fake that are guests of the manifest.

use serde_json::json;

use crate::guests;
use crate::support::Project;

const MANIFEST: &str = r#"
[guest.caller]
component = "caller.wasm"

[[guest.caller.allow]]
actions = ["lambda:InvokeFunction"]
resources = ["arn:aws:lambda:*:*:function:pricing"]

[guest.echo]
component = "echo.wasm"

[guest.fail]
component = "fail.wasm"

[guest.keeper]
component = "keeper.wasm"
"#;

/// What the guest `keeper` may do of what it does.
const KEEPER_MAY: &str = r#"
[[guest.keeper.allow]]
actions = ["s3:PutObject"]
resources = ["arn:aws:s3:::uploads/thumbs/*"]
"#;

/// A guest that invokes `pricing`, which is a guest of that name.
fn project(guest: &str) -> Project {
    Project::new(MANIFEST)
        .with("caller.wasm", guests::caller())
        .with("echo.wasm", guests::echo())
        .with("fail.wasm", guests::fail())
        .with("keeper.wasm", guests::keeper())
        .with("aws/lambda/pricing.json", json!({ "guest": guest }).to_string())
}

#[test]
fn a_guest_invokes_another_and_the_summary_says_so() {
    let run = project("echo").innkeeper(&["run", "--fake", "aws", "caller", "[1]"]).exits(0);
    run.says(&[
        "Nothing changed in the fake AWS\n\nFunctions invoked in the fake AWS (1)\n  pricing     1 ×  returned\n",
        "Calls of AWS (1)\n  lambda Invoke     1 ×  3 B sent  3 B received\n",
    ])
    .prints("[1]");
}

#[test]
fn what_a_function_fails_with_is_told() {
    let run = project("fail").innkeeper(&["run", "--fake", "aws", "caller", "\"no\""]).exits(1);
    run.says(&[
        "pricing     1 ×  failed (handled)\n      {\"errorMessage\":\"\\\"no\\\"\",\"errorType\":\"Error\"}",
    ]);
}

#[test]
fn a_run_waits_for_what_it_has_invoked_asynchronously() {
    let project = project("keeper")
        .with("caller.wasm", guests::notifier())
        .with("aws/s3/uploads/old.txt", "old")
        .with("innkeeper.toml", MANIFEST.to_owned() + KEEPER_MAY);
    let run = project.innkeeper(&["run", "--fake", "aws", "caller", "{}"]).exits(0);
    run.says(&["uploads/thumbs/a.txt", "pricing     1 ×  returned, asynchronously\n"]).prints("{}");
}

/// A project with a letter in a queue, for the function `pricing`.
fn letter(guest: &str) -> Project {
    let mapping = json!({ "event-source-mappings": [{ "function": "pricing", "source": "inbox" }] });
    project(guest)
        .with("aws/sqs/inbox.json", r#"{ "messages": ["a letter"] }"#)
        .with("aws/lambda/.innkeeper.json", mapping.to_string())
}

#[test]
fn a_function_gets_what_lies_in_its_queue() {
    let run = letter("echo").innkeeper(&["run", "--json", "--fake", "aws", "caller", "[1]"]).exits(0);
    let document = run.json();
    let invocations = document["changes"]["invocations"].as_array().unwrap();
    assert_eq!(invocations.len(), 2, "one by the caller, and one for the letter: {invocations:?}");
    assert!(document.to_string().contains("inbox"), "the queue is another now: {document}");
}

#[test]
fn a_run_does_not_wait_for_what_its_function_fails_with() {
    let run = letter("fail").innkeeper(&["run", "--json", "--fake", "aws", "echo", "[1]"]).exits(0);
    let document = run.json();
    let invocations = document["changes"]["invocations"].as_array().unwrap();
    assert_eq!(invocations.len(), 1, "the letter comes again in half a minute: {invocations:?}");
    assert_eq!(invocations[0]["outcome"], "failed-handled");
}

#[test]
fn the_json_document_has_the_invocations() {
    let run = project("echo").innkeeper(&["run", "--json", "--fake", "aws", "caller", "[1]"]).exits(0);
    let document = run.json();
    let invocation = &document["changes"]["invocations"][0];
    assert_eq!((&invocation["function"], &invocation["outcome"]), (&json!("pricing"), &json!("returned")));
    assert_eq!(
        (&invocation["invocation-type"], &invocation["error"]),
        (&json!("request-response"), &json!(null))
    );
    assert!(invocation["log"].as_str().unwrap().starts_with("START RequestId: "));
}

#[test]
fn a_guest_that_there_is_not_is_named_with_the_file_that_wants_it() {
    project("ecko").innkeeper(&["run", "--fake", "aws", "caller", "[1]"]).exits(3).says(&[
        "error: `innkeeper.toml` has no guest `ecko`",
        "caused by: `aws/lambda/pricing.json` says that the function `pricing` is the guest `ecko`",
        "did you mean `echo`?",
    ]);
    let project = project("echo").with("echo.wasm", "no component");
    project
        .innkeeper(&["run", "--fake", "aws", "caller", "[1]"])
        .exits(4)
        .says(&["echo.wasm", "aws/lambda/pricing.json"]);
}

#[test]
fn a_function_is_answers_or_a_guest() {
    let project = project("echo").with("aws/lambda/pricing.json", "{}");
    project
        .innkeeper(&["run", "--fake", "aws", "caller", "[1]"])
        .exits(8)
        .says(&["aws/lambda/pricing.json", "a function has `answers` or a `guest`"]);
}

#[test]
fn what_a_function_asks_for_is_not_learnt_as_its_callers() {
    let project = project("keeper")
        .with("innkeeper.toml", MANIFEST.replace("InvokeFunction", "GetFunction"))
        .with("aws/s3/uploads/old.txt", "old");
    let run = project.innkeeper(&["policy", "learn", "--", "run", "--fake", "aws", "caller", "{}"]).exits(0);
    let diff = String::from_utf8(run.stdout).unwrap();
    assert!(diff.contains("lambda:InvokeFunction") && !diff.contains("s3:"), "{diff}");
}
