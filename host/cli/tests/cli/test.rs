use serde_json::json;

use crate::guests;
use crate::support::{Project, Run};

const MANIFEST: &str = r#"
[guest.keeper]
component = "keeper.wasm"

[[guest.keeper.allow]]
actions = ["s3:PutObject"]
resources = ["arn:aws:s3:::uploads/thumbs/*"]

[[guest.keeper.allow]]
actions = ["s3:DeleteObject"]
resources = ["arn:aws:s3:::uploads/*"]

[guest.echo]
component = "echo.wasm"

[guest.fail]
component = "fail.wasm"

[guest.trap]
component = "trap.wasm"

[guest.missing]
component = "missing.wasm"
"#;

fn project(tests: &str) -> Project {
    Project::new(MANIFEST)
        .with("keeper.wasm", guests::keeper())
        .with("echo.wasm", guests::echo())
        .with("fail.wasm", guests::fail())
        .with("trap.wasm", guests::trap())
        .with("tests.toml", tests)
}

/// Runs the file, one case after the other.
fn test(tests: &str) -> Run {
    project(tests).innkeeper(&["test", "--jobs", "1", "tests.toml"])
}

/// Standard output, without what was measured.
fn report(run: &Run) -> String {
    let text = String::from_utf8(run.stdout.clone()).unwrap();
    let lines = text.lines().map(|line| match line.rsplit_once(" (") {
        Some((line, time)) if time.ends_with("s)") => line,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// All that can be expected, and holds.
const KEEPER: &str = r#"
guest = "keeper"

[seed]
buckets = ["uploads"]

[[case]]
name = "keeps what it may"
seed.object = [{ bucket = "uploads", key = "old.txt", content = "gone soon", metadata = { by = "test" } }]
seed.queues.jobs = { messages = ["one", { body = '{"two":2}' }] }
seed.functions.price = { answers = [{ payload = { total = 3 } }] }
expect.result = { json = { put = "0 ", delete = "0 ", private = "1A" } }
expect.object = [
    { bucket = "uploads", key = "thumbs/a.txt", content = "hello", content-type = "application/octet-stream" },
    { bucket = "uploads", key = "thumbs/a.txt", content = { base64 = "aGVsbG8=" } },
    { bucket = "uploads", key = "old.txt", absent = true },
]
expect.log = [""]
expect.messages.jobs = ["one", { json-with = { two = 2 } }]
expect.invocations.price = []
expect.call = [
    { operation = "PutObject", on = "arn:aws:s3:::uploads/thumbs/*", times = 1 },
    { operation = "s3:DeleteObject", attempts = 1 },
    { operation = "GetObject", times = 0 },
]
expect.denied = [{ action = "s3:PutObject", on = "arn:aws:s3:::uploads/private/x", times = 1 }]

[[case]]
name = "outlasts an S3 that is slow, in no time"
fault = [{ error = "SlowDown", operation = "PutObject", delay-millis = 5000, times = 2 }]
config = { page = "2" }
expect.call = [{ operation = "PutObject", attempts = 3 }]
expect.result = { json-with = { put = "0 " } }

[[case]]
name = "is told that the bucket is gone"
seed.folder = "aws"
fault = [{ error = "NoSuchBucket", operation = "PutObject" }]
expect.result.text-with = '"put":"1B"'
expect.call = [{ operation = "PutObject", error = "no-such-bucket" }]
"#;

#[test]
fn what_is_as_expected_passes() {
    let project = project(KEEPER).with("aws/s3/uploads/x.txt", "x");
    let run = project.innkeeper(&["test", "tests.toml"]).exits(0);
    assert_eq!(
        report(&run),
        "tests.toml\n  ok     keeps what it may\n  ok     outlasts an S3 that is slow, in no time\n  \
         ok     is told that the bucket is gone\n\nok: 3 cases: 3 passed"
    );
    assert_eq!(run.stderr, "");
}

#[test]
fn time_is_virtual() {
    let started = std::time::Instant::now();
    let hour = r#"
        guest = "keeper"
        seed.buckets = ["uploads"]
        [[case]]
        name = "an hour"
        fault = [{ delay-millis = 3600000, operation = "PutObject" }]
        expect.error = { kind = "limit", text-with = "timeout" }
        expect.call = [{ operation = "PutObject", error = "cancelled", times = 1 }]
    "#;
    test(hour).exits(0);
    // What was cut short is told among what was asked.
    let run = test(&hour.replace("times = 1", "times = 2")).exits(13);
    assert!(
        report(&run).contains("1. s3 PutObject on arn:aws:s3:::uploads/thumbs/a.txt: cancelled"),
        "{run}"
    );
    assert!(started.elapsed() < std::time::Duration::from_mins(30), "nobody waits for what is virtual");
}

#[test]
fn a_guest_that_sleeps_has_the_same_clock_and_nobody_waits() {
    let started = std::time::Instant::now();
    let tests = r#"
        [[case]]
        name = "ten minutes"
        guest = "patient"
        [[case]]
        name = "ten minutes are too long"
        guest = "hasty"
        expect.error = { kind = "limit", text-with = "timeout" }
    "#;
    let manifest = r#"
        [guest.patient]
        component = "sleeper.wasm"
        limits.timeout = "11m"
        [guest.hasty]
        component = "sleeper.wasm"
        limits.timeout = "9m"
    "#;
    let project = Project::new(manifest).with("sleeper.wasm", guests::sleeper()).with("tests.toml", tests);
    project.innkeeper(&["test", "tests.toml"]).exits(0);
    assert!(started.elapsed() < std::time::Duration::from_mins(9), "nobody waits for what is virtual");
}

/// Two calls with time between them, and messages of which more is said than their bodies.
const THEN: &str = r#"
guest = "keeper"

[[case]]
name = "waits for what is delayed"
seed.buckets = ["uploads"]
seed.queues.jobs.messages = [
    { body = '{"n":1}', delay-seconds = 300, attributes = { kind = { DataType = "String", StringValue = "late" } } },
]
seed.queues."orders.fifo".attributes.FifoQueue = true
seed.queues."orders.fifo".messages = [{ body = "first", group-id = "a", deduplication-id = "1" }]
expect.object = [{ bucket = "uploads", key = "thumbs/a.txt", content = "hello" }]
expect.messages.jobs = [
    { body = { json = { n = 1 } }, delay-seconds = 300, state = "delayed", attributes = { kind = "late" } },
]
expect.messages."orders.fifo" = [{ body = "first", group-id = "a", deduplication-id = "1", state = "visible" }]

[[case.then]]
advance = "10m"
guest = "echo"
call = "again"
expect.result = "again"
expect.call = [{ operation = "PutObject", times = 0 }]
expect.messages.jobs = [{ body = { json = { n = 1 } }, state = "visible", receive-count = 0 }]
"#;

#[test]
fn calls_follow_one_another_on_one_aws_with_time_between_them() {
    let run = test(THEN).exits(0);
    assert_eq!(report(&run), "tests.toml\n  ok     waits for what is delayed\n\nok: 1 case: 1 passed");

    // No test waits too long, and what has waited longer than its queue keeps it is gone.
    let kept =
        r#"expect.messages.jobs = [{ body = { json = { n = 1 } }, state = "visible", receive-count = 0 }]"#;
    assert!(THEN.contains(kept));
    test(&THEN.replace("10m", "50years").replace(kept, "expect.messages.jobs = []")).exits(0);

    let wrong = THEN
        .replace("10m", "10s")
        .replace("kind = \"late\"", "kind = \"early\"")
        .replace("group-id = \"a\", deduplication-id = \"1\", state", "group-id = \"b\", state");
    let run = test(&wrong).exits(13);
    let text = report(&run);
    for line in [
        "call 1: the attribute `kind` of message 1 of `jobs` is another",
        "- early",
        "+ late",
        "call 1: the group id of message 1 of `orders.fifo` is another",
        "call 2: the state of message 1 of `jobs` is another",
        "- visible",
        "+ delayed",
        "call 1: Asked of AWS (3):",
        "call 2: Nothing was asked of AWS.",
    ] {
        assert!(text.contains(line), "`{line}` is not in\n{run}");
    }
}

#[test]
fn a_function_that_is_a_guest_runs_as_one() {
    let manifest = r#"
        [guest.caller]
        component = "caller.wasm"
        [[guest.caller.allow]]
        actions = ["lambda:InvokeFunction"]
        resources = ["arn:aws:lambda:*:*:function:pricing"]
        [guest.echo]
        component = "echo.wasm"
        [guest.fail]
        component = "fail.wasm"
    "#;
    let tests = r#"
        guest = "caller"
        [[case]]
        name = "is answered by the other guest, again and again"
        seed.functions.pricing.guest = "echo"
        call = "[1]"
        expect.result = "[1]"
        expect.call = [{ operation = "Invoke", times = 1 }]
        [[case.then]]
        call = "[2]"
        expect.result = "[2]"
        expect.invocations.pricing = ["[1]", "[2]"]
        [[case]]
        name = "is told what the other guest reports"
        seed.functions.pricing.guest = "fail"
        call = '"no"'
        expect.error = { kind = "reported", text-with = '"errorType":"Error"' }
    "#;
    let project = Project::new(manifest)
        .with("caller.wasm", guests::caller())
        .with("echo.wasm", guests::echo())
        .with("fail.wasm", guests::fail())
        .with("tests.toml", tests);
    project.innkeeper(&["test", "tests.toml"]).exits(0);
    let missing = project.with("tests.toml", tests.replace("\"fail\"", "\"none\""));
    // The manifest has no such guest, which is no failure of the case.
    missing.innkeeper(&["test", "tests.toml"]).exits(3);
}

#[test]
fn a_guest_is_called_with_what_arrives_in_a_queue() {
    let manifest = r#"
        [guest.echo]
        component = "echo.wasm"
        [guest.fail]
        component = "fail.wasm"
    "#;
    let tests = r#"
        guest = "echo"
        [[case]]
        name = "has taken what was in the queue"
        call = "[1]"
        seed.queues.inbox.messages = ["a", "b"]
        seed.functions.work.guest = "echo"
        seed.event-source-mappings = [{ function = "work", source = "inbox", settings = { batch-size = 1 } }]
        expect.messages.inbox = []
        expect.invocations.work = [
            { json-with = { Records = [{ body = "a" }] } },
            { json-with = { Records = [{ body = "b" }] } },
        ]
        [[case]]
        name = "fails until the queue has enough of it"
        call = "[1]"
        seed.queues.dead = {}
        seed.queues.inbox.messages = ["a"]
        seed.queues.inbox.attributes.RedrivePolicy = { deadLetterTargetArn = "dead", maxReceiveCount = 2 }
        seed.functions.work.guest = "fail"
        seed.event-source-mappings = [{ function = "work", source = "inbox" }]
        expect.messages.inbox = [{ body = "a", state = "in-flight", receive-count = 1 }]
        [[case.then]]
        advance = "2m"
        expect.messages.inbox = []
        expect.messages.dead = ["a"]
    "#;
    let project = Project::new(manifest)
        .with("echo.wasm", guests::echo())
        .with("fail.wasm", guests::fail())
        .with("tests.toml", tests);
    project.innkeeper(&["test", "tests.toml"]).exits(0);
    let wrong = project.with("tests.toml", tests.replace("batch-size = 1", "batch-size = 11"));
    let run = wrong.innkeeper(&["test", "tests.toml"]).exits(8);
    assert!(report(&run).contains("Maximum batch window in seconds must be greater than 0"), "{run}");
}

#[test]
fn errors_when_a_time_or_a_message_is_wrong() {
    let with = |line: &str, said: &str| {
        let tests = format!("[[case]]\nname = \"a\"\nguest = \"echo\"\n{line}\n");
        test(&tests).exits(14).says(&[said]);
    };
    with("[[case.then]]\nadvance = \"soon\"", "`soon` is no time, such as `30s`");
    with("[[case.then]]\nadvance = \"200years\"", "the time is longer than a hundred years");
    with("[[case.then]]\nguest = \"eco\"", "did you mean `echo`?");
    with("expect.messages.q = [{ body = \"x\", group = \"a\" }]", "unknown field `group`");
    with("expect.messages.q = [{ body = \"x\", state = \"gone\" }]", "unknown variant `gone`");
    with("expect.messages.q = [{ txt = \"x\" }]", "unknown field `txt`");
    with("expect.messages.q = [{ body = { snapshot = \"s\" } }]", "there is no snapshot of this");
}

#[test]
fn what_differs_is_shown_with_the_calls_that_led_to_it() {
    let run = test(
        r#"
        guest = "keeper"
        seed.buckets = ["uploads"]
        [[case]]
        name = "expects too much"
        expect.result = { json = { put = "0 ", delete = "0 ", private = "0 " } }
        expect.object = [
            { bucket = "uploads", key = "thumbs/a.txt", content = "goodbye", content-type = "text/plain", metadata = { by = "me" } },
            { bucket = "uploads", key = "private/x" },
            { bucket = "uploads", key = "thumbs/a.txt", absent = true },
        ]
        expect.messages.jobs = []
        expect.invocations.price = [{ json = { sku = 1 } }]
        expect.call = [{ operation = "PutObject", times = 2 }, { operation = "GetObject" }]
        expect.denied = []
        expect.log = ["never said"]
        fault = [{ status = 503, operation = "GetObject" }]
        "#,
    )
    .exits(13);
    assert_eq!(
        report(&run),
        r#"tests.toml
  FAILED expects too much

tests.toml:5:16: expects too much
  × the result of `keeper` is another:
      {
        "delete": "0 ",
    -   "private": "0 ",
    +   "private": "1A",
        "put": "0 "
      }
  × the log of `keeper` is another:
    - never said
  × the object s3://uploads/thumbs/a.txt is another:
    - goodbye
    + hello
  × the content type of s3://uploads/thumbs/a.txt is another:
    - text/plain
    + application/octet-stream
  × the metadata `by` of s3://uploads/thumbs/a.txt was expected to be `me`, and there is none
  × there is no object s3://uploads/private/x:
    # the bucket has `thumbs/a.txt`
  × there is an object s3://uploads/thumbs/a.txt, of 5 bytes, which was not expected
  × there is no queue `jobs`:
    # there is nothing
  × there is no function `price`:
    # there is nothing
  × a call of `PutObject` was expected 2 times, and there was one
  × a call of `GetObject` was expected at least once, and there was none
  × something was denied that was not expected to be:
    + s3:PutObject on arn:aws:s3:::uploads/private/x
  × a fault did not meet all the calls that it was for:
    # left: {"status":503,"operation":"GetObject","times":1}
  Asked of AWS (3):
    1. s3 PutObject on arn:aws:s3:::uploads/thumbs/a.txt: ok
    2. s3 DeleteObject on arn:aws:s3:::uploads/old.txt: ok
    3. s3:PutObject on arn:aws:s3:::uploads/private/x: denied (not granted)

failed: 1 case: 1 failed, 0 passed"#
            .replace("1 failed, 0 passed", "0 passed, 1 failed")
    );
}

#[test]
fn failures_are_expected_by_their_kind_and_their_words() {
    test(
        r#"
        [[case]]
        name = "reports"
        guest = "fail"
        call = "no such thing"
        expect.error = { kind = "reported", text = "no such thing" }
        [[case]]
        name = "traps"
        guest = "trap"
        expect.error = { kind = "trap", text-with = "unreachable" }
        "#,
    )
    .exits(0);
    let run = test(
        r#"
        [[case]]
        name = "reports"
        guest = "fail"
        call = "one thing"
        expect.error = { kind = "reported", text = "another thing" }
        [[case]]
        name = "traps"
        guest = "trap"
        expect.error.kind = "limit"
        [[case]]
        name = "returns"
        guest = "echo"
        call = "hello"
        expect.error = {}
        [[case]]
        name = "fails unexpectedly"
        guest = "fail"
        call = "oh"
        "#,
    )
    .exits(13);
    let report = report(&run);
    for text in [
        "  × the failure of `fail` is another:\n    - another thing\n    + one thing\n",
        "  × `trap` was expected to fail with `limit`, and failed with `trap`:\n",
        "  × `echo` was expected to fail, and returned:\n    # hello\n",
        "  × `fail` failed (reported):\n    # oh\n",
        "failed: 4 cases: 0 passed, 4 failed",
    ] {
        assert!(report.contains(text), "`{text}` is not in\n{report}");
    }
}

#[test]
fn inputs_and_results_are_text_json_and_files() {
    project(
        r#"
        guest = "echo"
        [[case]]
        name = "text"
        call = "hello"
        expect.result = "hello"
        [[case]]
        name = "json"
        call.json = { b = [1, 2.5, "x"], a = true }
        expect.result.json = { a = true, b = [1, 2.5, "x"] }
        [[case]]
        name = "bytes"
        call.base64 = "/wA="
        expect.result.file = "data/bytes.bin"
        [[case]]
        name = "a file of JSON"
        call.file = "data/in.json"
        expect.result.json-file = "data/in.json"
        [[case]]
        name = "nothing"
        expect.result = ""
        "#,
    )
    .with("data/bytes.bin", b"\xff\0")
    .with("data/in.json", "{\"a\": null}")
    .innkeeper(&["test", "tests.toml"])
    .exits(0);
}

#[test]
fn a_snapshot_is_accepted_and_then_compared() {
    let project = project(
        r#"
        guest = "echo"
        [[case]]
        name = "json"
        call = '{"b":1,"a":[1]}'
        expect.result.snapshot = "snapshots/json.json"
        [[case]]
        name = "text"
        call = "one\n"
        expect.result.snapshot = "text.txt"
        "#,
    );
    let run = project.innkeeper(&["test", "tests.toml"]).exits(13);
    let said = "the result of `echo` is not what `snapshots/json.json` says (`--accept` takes it)";
    assert!(report(&run).contains(said), "{run}");
    assert!(!project.file("text.txt").exists(), "nothing is written unasked");

    let run = project.innkeeper(&["test", "--accept", "tests.toml"]).exits(0);
    assert!(report(&run).contains("         accepted snapshots/json.json"), "{run}");
    let written = std::fs::read_to_string(project.file("snapshots/json.json")).unwrap();
    assert_eq!(written, "{\n  \"a\": [\n    1\n  ],\n  \"b\": 1\n}\n");
    let run = project.innkeeper(&["test", "--accept", "tests.toml"]).exits(0);
    assert!(!report(&run).contains("accepted"), "{run}");

    std::fs::write(project.file("text.txt"), "two\n").unwrap();
    let run = project.innkeeper(&["test", "tests.toml"]).exits(13);
    assert!(report(&run).contains("    - two\n    + one\n"), "{run}");
}

#[test]
fn plain_names_are_of_the_account_that_the_manifest_names() {
    let manifest = r#"
        [aws]
        account = "123456789012"
        [guest.caller]
        component = "caller.wasm"
        [[guest.caller.allow]]
        actions = ["lambda:InvokeFunction"]
        resources = ["arn:aws:lambda:*:123456789012:function:pricing"]
    "#;
    let tests = r#"
        seed.functions.pricing.answers = [{ payload = 3 }]
        [[case]]
        name = "invokes it"
        call = "1"
        expect.result = "3"
        expect.invocations.pricing = ["1"]
    "#;
    let project = Project::new(manifest).with("caller.wasm", guests::caller()).with("tests.toml", tests);
    project.innkeeper(&["test", "tests.toml"]).exits(0);
    let project = project.with("aws/lambda/pricing.json", r#"{ "answers": [{ "payload": 3 }] }"#);
    project.innkeeper(&["run", "--fake", "aws", "caller", "1"]).exits(0).prints("3");
}

#[test]
fn a_seed_that_no_fake_takes_is_told_at_its_place() {
    let with = |top: &str, seed: &str| {
        let run = test(&format!("guest = \"echo\"\n{top}\n[[case]]\nname = \"a\"\n{seed}\n"));
        run.exits(14).prints("")
    };
    let file_and = |said: &str| format!("tests.toml:{said}");
    let bucket = "`Bad_Bucket`";
    with("", "seed.buckets = [\"good\", \"Bad_Bucket\"]").says(&[&file_and("5:25"), bucket]);
    with("", "seed.object = [{ bucket = \"Bad_Bucket\", key = \"k\" }]").says(&[&file_and("5:16"), bucket]);
    with("seed.buckets = [\"Bad_Bucket\"]", "").says(&[&file_and("2:17"), bucket]);
    with("", "seed.queues.\"a b\" = {}").says(&[&file_and("5:13"), "cannot seed the queue `a b`: "]);
    with("", "seed.functions.\"a b\" = {}").says(&[&file_and("5:16"), "cannot seed the function `a b`: "]);
    // What a case adds may need what the file has.
    let redrive = "{ deadLetterTargetArn = \"dead\", maxReceiveCount = 2 }";
    test(&format!(
        "guest = \"echo\"\nseed.queues.dead = {{}}\n[[case]]\nname = \"a\"\n\
         seed.queues.orders.attributes.RedrivePolicy = {redrive}\n"
    ))
    .exits(0);
}

#[test]
fn a_function_that_there_is_not_is_told_as_a_queue_is() {
    let run = test(
        r#"
        guest = "echo"
        [seed.functions.pricing]
        answers = [{ payload = 1 }]
        [[case]]
        name = "right"
        expect.invocations.pricing = []
        [[case]]
        name = "more"
        expect.invocations.pricing = [{ json = { sku = 1 } }]
        [[case]]
        name = "wrong"
        expect.invocations.prcing = []
        expect.messages.ordrs = []
        "#,
    );
    let run = run.exits(13);
    let said = report(&run);
    assert!(
        said.contains("there is no function `prcing`:\n") && said.contains("there is `pricing`"),
        "{said}"
    );
    assert!(said.contains("there is no queue `ordrs`") && said.contains("1 passed, 2 failed"), "{said}");
    let others = "the invocations of `pricing` are others (expected 1, and there are 0):\n    - 1. {\n    -   \"sku\": 1\n    - }";
    assert!(said.contains(others), "{said}");
}

#[test]
fn a_fault_of_an_operation_that_there_is_not_is_refused_at_its_place() {
    let with = |fault: &str| {
        test(&format!("guest = \"echo\"\n[[case]]\nname = \"a\"\nfault = [{fault}]\n")).exits(14)
    };
    with("{ error = \"SlowDown\", operation = \"PutObjec\" }").says(&[
        "tests.toml:4:10",
        "there is no operation `PutObjec` that a fault could be for: did you mean `PutObject`?",
    ]);
    with("{ error = \"SlowDown\", service = \"sqs\", operation = \"PutObject\" }")
        .says(&["it is one of `s3`"]);
}

#[test]
fn one_snapshot_of_two_cases_that_disagree_is_not_accepted() {
    let tests = r#"
        guest = "echo"
        [[case]]
        name = "first"
        call = '{"a": 1}'
        expect.result.snapshot = "shared.json"
        [[case]]
        name = "same"
        call = '{ "a": 1 }'
        expect.result.snapshot = "./shared.json"
        [[case]]
        name = "another"
        call = '{"a": 2}'
        expect.result.snapshot = "./././shared.json"
        [[case]]
        name = "alone"
        call = "3"
        expect.result.snapshot = "alone.json"
    "#;
    for before in [None, Some(r#"{"a": 1}"#)] {
        let project = project(tests);
        if let Some(before) = before {
            std::fs::write(project.file("shared.json"), before).unwrap();
        }
        let run = project.innkeeper(&["test", "--accept", "tests.toml"]).exits(13);
        let said = report(&run);
        for said_of in [
            "the result of `echo` cannot be the snapshot `shared.json`: the result of `echo` in the case `another` at \
             tests.toml:12:16 is to be it as well, and is another",
            "cannot be the snapshot `./././shared.json`: the result of `echo` in the case `first` at tests.toml:4:16",
            "accepted alone.json",
            "failed: 4 cases: 1 passed, 3 failed",
        ] {
            assert!(said.contains(said_of), "`{said_of}` is not in\n{said}");
        }
        assert_eq!(std::fs::read_to_string(project.file("shared.json")).ok().as_deref(), before);
    }
}

#[test]
fn one_snapshot_of_two_cases_that_agree_is_accepted_once() {
    let project = project(
        r#"
        guest = "echo"
        [[case]]
        name = "first"
        call = "same"
        expect.result.snapshot = "shared"
        then = [{ call = "same", expect.result.snapshot = "shared" }]
        [[case]]
        name = "second"
        call = "same"
        expect.result.snapshot = "shared"
        "#,
    );
    let run = project.innkeeper(&["test", "--accept", "tests.toml"]).exits(0);
    assert_eq!(report(&run).matches("accepted shared").count(), 1, "{run}");
    assert_eq!(std::fs::read(project.file("shared")).unwrap(), b"same");
    // Two calls of one case are no better than two cases.
    let other = std::fs::read_to_string(project.file("tests.toml")).unwrap().replacen(
        "{ call = \"same\"",
        "{ call = \"2\"",
        1,
    );
    std::fs::write(project.file("tests.toml"), other).unwrap();
    let run = project.innkeeper(&["test", "--accept", "tests.toml"]).exits(13);
    assert!(
        report(&run)
            .contains("call 2: the result of `echo` cannot be the snapshot `shared`: call 1: the result"),
        "{run}"
    );
    assert_eq!(std::fs::read(project.file("shared")).unwrap(), b"same");
}

#[test]
fn no_snapshot_is_accepted_of_a_case_that_fails_otherwise() {
    let project = project(
        r#"
        guest = "echo"
        [[case]]
        name = "fails"
        call = "new"
        expect.result.snapshot = "result"
        expect.object = [{ bucket = "none", key = "none" }]
        "#,
    )
    .with("result", "old");
    let run = project.innkeeper(&["test", "--accept", "tests.toml"]).exits(13);
    let said = report(&run);
    assert!(said.contains("there is no object s3://none/none"), "{said}");
    assert!(
        said.contains("is not what `result` says (not accepted, since the case fails otherwise)"),
        "{said}"
    );
    assert_eq!(std::fs::read(project.file("result")).unwrap(), b"old");
}

#[test]
fn a_snapshot_cannot_leave_the_folder() {
    let project = project("").with(
        "inside/tests.toml",
        "manifest = \"../innkeeper.toml\"\nguest = \"echo\"\n[[case]]\nname = \"a\"\ncall.file = \"../in\"\n\
         expect.result.snapshot = \"../out\"\n",
    );
    let project = project.with("in", "secret");
    project
        .innkeeper(&["test", "--accept", "inside/tests.toml"])
        .exits(14)
        .says(&["`../in` cannot be read", "the snapshot leaves the test file's folder"])
        .prints("");
    assert!(!project.file("out").exists());
    // Neither through a link.
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(project.file("in"), project.file("inside/link")).unwrap();
        let tests = "manifest = \"../innkeeper.toml\"\nguest = \"echo\"\n[[case]]\nname = \"a\"\ncall = \"x\"\n\
                     expect.result.snapshot = \"link\"\n";
        let project = project.with("inside/tests.toml", tests);
        let run = project.innkeeper(&["test", "--accept", "inside/tests.toml"]).exits(9);
        assert!(report(&run).contains("the snapshot `link` cannot be used"), "{run}");
        assert_eq!(std::fs::read(project.file("in")).unwrap(), b"secret");
    }
}

#[test]
fn a_filter_leaves_cases_out() {
    let tests = r#"
        guest = "echo"
        [[case]]
        name = "one"
        expect.result = "wrong"
        [[case]]
        name = "two"
    "#;
    let run = project(tests).innkeeper(&["test", "--filter", "two", "tests.toml"]).exits(0);
    assert!(report(&run).ends_with("ok: 1 case: 1 passed, 1 left out"), "{run}");
    project(tests)
        .innkeeper(&["test", "--filter", "Two", "tests.toml"])
        .exits(2)
        .says(&["no case has `Two` in its name", "help: "]);
}

#[test]
fn the_document_says_the_same() {
    let tests = r#"
        [[case]]
        name = "passes"
        guest = "echo"
        [[case]]
        name = "fails"
        guest = "echo"
        call = "b"
        expect.result = "a"
        [[case]]
        name = "is broken"
        guest = "missing"
    "#;
    let run = project(tests).innkeeper(&["test", "--json", "tests.toml"]).exits(4);
    assert_eq!(run.stderr, "");
    let document = run.json();
    for (key, value) in [("exit-code", 4), ("passed", 1), ("failed", 1), ("broken", 1), ("left-out", 0)] {
        assert_eq!(document[key], json!(value), "{key}");
    }
    assert_eq!(document["errors"], json!([]));
    let cases = document["cases"].as_array().unwrap();
    let outcomes: Vec<_> = cases.iter().map(|case| &case["outcome"]).collect();
    assert_eq!(outcomes, ["passed", "failed", "broken"]);
    assert_eq!(
        cases[1]["mismatches"],
        json!([{ "what": "the result of `echo` is another", "diff": ["- a", "+ b"] }])
    );
    assert_eq!(cases[1]["asked"], json!(["Nothing was asked of AWS."]));
    assert_eq!(
        (&cases[1]["file"], &cases[1]["line"], &cases[1]["column"]),
        (&json!("tests.toml"), &json!(6), &json!(16))
    );
    assert_eq!(cases[2]["error"]["kind"], json!("component"));
    assert_eq!(cases[0]["mismatches"], json!([]));
    let help = project(tests).innkeeper(&["test", "--help"]).exits(0);
    let help = String::from_utf8(help.stdout).unwrap();
    for key in document.as_object().unwrap().keys().chain(cases[0].as_object().unwrap().keys()) {
        assert!(help.contains(key.as_str()), "`{key}` is not in the help");
    }
}

#[test]
fn junit_has_failures_and_errors_apart() {
    let project = project(
        r#"
        [[case]]
        name = "passes <well>"
        guest = "echo"
        [[case]]
        name = "fails"
        guest = "echo"
        call = "\u001b]]>"
        expect.result = "a"
        [[case]]
        name = "is broken"
        guest = "missing"
        "#,
    );
    project.innkeeper(&["test", "--junit", "junit.xml", "tests.toml"]).exits(4);
    let xml = std::fs::read_to_string(project.file("junit.xml")).unwrap();
    for text in [
        "<testsuites name=\"innkeeper\" tests=\"3\" failures=\"1\" errors=\"1\"",
        "<testsuite name=\"tests.toml\" tests=\"3\"",
        "name=\"passes &lt;well&gt;\"",
        "<failure message=\"the result of `echo` is another\">",
        "+ \\u{1b}]]&gt;",
        "<error message=\"there is no component `missing.wasm`\">",
    ] {
        assert!(xml.contains(text), "`{text}` is not in\n{xml}");
    }
    project
        .innkeeper(&["test", "--junit", "none/junit.xml", "--filter", "passes", "tests.toml"])
        .exits(9)
        .says(&["the report cannot be written to `none/junit.xml`"]);
}

#[test]
fn every_mistake_of_a_file_is_told_with_its_place_and_nothing_runs() {
    let run = test(
        r#"
        guest = "kepper"
        fault = [{ error = "SlowDown", cut-before = true }]
        [[case]]
        name = "one"
        call.text-with = "x"
        expect.result = { json = 1, text = "1" }
        expect.call = [{ operation = "GetObjekt", times = 0 }]
        expect.denied = [{ action = "s3:GetObjekt" }]
        [[case]]
        name = "one"
        guest = "echo"
        call.file = "none.json"
        expect.result.json = { at = 2026-01-01 }
        [[case]]
        name = "three"
        guest = "echo"
        seed.folder = "nowhere"
        expect.error.kind = "crash"
        expect.object = [{ bucket = "b", key = "k", absent = true, content = "x" }]
        "#,
    )
    .exits(14)
    .prints("");
    for (place, text) in [
        ("2:17", "`innkeeper.toml` has no guest `kepper`"),
        ("3:18", "a fault has one of"),
        ("6:9", "`text-with`, `json-with` and `snapshot` say what is expected"),
        ("7:25", "only one of `json`, `text` can be"),
        ("8:38", "no guest can ask for the operation `GetObjekt`"),
        ("9:37", "no guest can ask for the action `s3:GetObjekt`"),
        ("11:16", "there are two cases `one`"),
        ("13:9", "`none.json` cannot be read"),
        ("14:16", "there is a date of TOML in this JSON"),
        ("18:23", "there is no folder `nowhere`"),
        ("19:29", "`crash` is no way to fail"),
        ("20:26", "an object that is `absent` has no content"),
    ] {
        let run = Run { code: run.code, stdout: Vec::new(), stderr: run.stderr.clone() };
        run.says(&[text, &format!("tests.toml:{place}")]);
    }
    run.says(&["did you mean `keeper`?", "did you mean `GetObject`?", "did you mean `s3:GetObject`?"]);
}

#[test]
fn errors_when_a_key_is_unknown_or_a_file_is_none() {
    for (tests, said) in [
        ("guset = \"echo\"\n", &["tests.toml:1:1", "unknown field `guset`", "did you mean `guest`?"][..]),
        ("[[case]]\nname = \"a\"\nexpect.reslt = \"x\"\n", &["tests.toml:3:8", "did you mean `result`?"]),
        ("[[case]]\nname = \"a\"\ncall.jsn = 1\n", &["tests.toml:3:6", "did you mean `json`?"]),
        (
            "[[case]]\nname = \"a\"\nseed.queues.q.mesages = []\n",
            &["tests.toml:3:15", "did you mean `messages`?"],
        ),
        (
            "[[case]]\nname = \"a\"\nfault = [{ eror = \"A\" }]\n",
            &["tests.toml:3:12", "did you mean `error`?"],
        ),
        ("guest = \"echo\"\n", &["the file has no case"]),
        ("[[case]]\n", &["missing field `name`"]),
        ("[[case]\n", &["tests.toml:1:"]),
    ] {
        test(tests).exits(14).says(said).prints("");
    }
    let project = project("");
    project.innkeeper(&["test", "none.toml"]).exits(14).says(&["the test file `none.toml` cannot be read"]);
    let document = project.innkeeper(&["test", "--json", "none.toml"]).exits(14).json();
    assert_eq!(document["errors"][0]["kind"], json!("test-file"));
}

#[test]
fn errors_when_the_manifest_or_the_seed_is_wrong() {
    test("manifest = \"none.toml\"\n[[case]]\nname = \"a\"\n")
        .exits(3)
        .says(&["there is no manifest `none.toml`"]);
    // Which guest?
    test("[[case]]\nname = \"a\"\n").exits(14).says(&["which guest is called?", "say `guest = \"NAME\"`"]);
    // A folder is read when the case is run.
    let project =
        project("guest = \"echo\"\n[[case]]\nname = \"a\"\nseed.folder = \"aws\"\n").with("aws/s3/A/k", "");
    let run = project.innkeeper(&["test", "tests.toml"]).exits(8);
    assert!(report(&run).contains("BROKEN a") && report(&run).contains("`A` is not a bucket name"), "{run}");
}

#[test]
fn cases_run_at_the_same_time_and_share_nothing() {
    let head = "guest = \"keeper\"\nseed.buckets = [\"uploads\"]\n".to_owned();
    let tests = (0..40).fold(head, |tests, number| {
        tests
            + &format!(
                "[[case]]\nname = \"{number}\"\nexpect.call = [{{ operation = \"PutObject\", times = 1 }}]\n\
             expect.object = [{{ bucket = \"uploads\", key = \"thumbs/a.txt\", content = \"hello\" }}]\n"
            )
    });
    let run = project(&tests).innkeeper(&["test", "--jobs", "8", "tests.toml"]).exits(0);
    let report = report(&run);
    assert!(report.ends_with("ok: 40 cases: 40 passed"), "{run}");
    let names: Vec<_> = report.lines().filter_map(|line| line.strip_prefix("  ok     ")).collect();
    assert!(
        names.iter().enumerate().all(|(number, name)| *name == number.to_string()),
        "in the file's order"
    );
}
