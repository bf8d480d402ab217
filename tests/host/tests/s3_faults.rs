//! Faults on the wire, as a table: what goes wrong, what the guest sees, and how often AWS was called.
#![expect(clippy::indexing_slicing, clippy::type_complexity, reason = "a test fails by panicking")]

use std::time::Duration;

use innkeeper::audit::Outcome;
use innkeeper_fake::Fault;
use innkeeper_tests::s3::{BUCKET, OBJECTS, calls_of, error, hello, host, with};
use innkeeper_tests::{TestHost, program};
use serde_json::{Value, json};

/// Something that a guest asks for, and what that is in AWS.
struct Operation {
    program: &'static str,
    input: Value,
    /// What AWS is asked.
    name: &'static str,
    /// How often it is asked where nothing goes wrong.
    calls: usize,
    /// How often the host asks for one thing before it gives up.
    attempts: usize,
    /// Whether an error has a body, so that the guest can tell a throttled call from a service that is not there.
    has_errors: bool,
}

fn operations() -> Vec<Operation> {
    let of = |program, name, attempts, more: Value| Operation {
        program,
        input: with(hello(), &more),
        name,
        calls: 1,
        attempts,
        has_errors: true,
    };
    let copy = json!({ "source-bucket": "uploads", "source-key": "incoming/hello.txt", "key": "copy" });
    vec![
        // Bodies of any size: three attempts.
        of(program::S3_GET_OBJECT, "GetObject", 3, json!({})),
        of(program::S3_READ_OBJECT, "GetObject", 3, json!({})),
        of(program::S3_PUT_OBJECT, "PutObject", 3, json!({ "body": "new" })),
        of(program::S3_COPY_OBJECT, "CopyObject", 3, copy),
        Operation {
            calls: 3,
            ..of(program::S3_UPLOAD_OBJECT, "UploadPart", 3, json!({ "bytes": 12 << 20 }))
        },
        // All others: five.
        Operation { has_errors: false, ..of(program::S3_HEAD_OBJECT, "HeadObject", 5, json!({})) },
        of(program::S3_DELETE_OBJECT, "DeleteObject", 5, json!({})),
        of(
            program::S3_DELETE_OBJECTS,
            "DeleteObjects",
            5,
            json!({ "objects": [{ "key": "incoming/hello.txt" }] }),
        ),
        of(program::S3_GET_OBJECT_TAGS, "GetObjectTagging", 5, json!({})),
        of(program::S3_SET_OBJECT_TAGS, "PutObjectTagging", 5, json!({ "tags": [["a", "b"]] })),
        of(program::S3_GET_OBJECT_ATTRIBUTES, "GetObjectAttributes", 5, json!({})),
        of(program::S3_LIST_OBJECTS, "ListObjectsV2", 5, json!({})),
        of(program::S3_LIST_OBJECT_VERSIONS, "ListObjectVersions", 5, json!({})),
        of(program::S3_BUCKET_LOCATION, "GetBucketLocation", 5, json!({})),
    ]
}

/// A guest that may do all, for as long as it takes.
fn patient() -> TestHost {
    host().allow("s3:*", OBJECTS).allow("s3:*", BUCKET).setting("limits.timeout = \"1h\"")
}

/// What the guest sees under a fault, and how often AWS was called.
async fn under(fault: Fault, operation: &Operation) -> (Value, usize) {
    let host = patient();
    host.aws().faults().push(fault.on(operation.name));
    let answer = host.call(operation.program, &operation.input).await;
    // What fails for all that are sent together is the result of each of them.
    let each = answer["ok"].as_array().and_then(|results| results.first()).and_then(Value::as_str);
    let answer = each.map_or(answer.clone(), error);
    (answer, calls_of(&host, operation.name))
}

#[tokio::test(start_paused = true)]
async fn what_goes_wrong_once_is_mended_and_what_goes_on_is_a_typed_error() {
    let faults: [(&str, fn() -> Fault, &str); 6] = [
        ("throttled", || Fault::error("SlowDown"), "Throttled"),
        ("500", || Fault::error("InternalError"), "Unavailable"),
        ("503", || Fault::error("ServiceUnavailable"), "Unavailable"),
        ("502 of a proxy", || Fault::status(502.try_into().unwrap()), "Unavailable"),
        ("reset before the answer", Fault::cut_before, "Connection"),
        ("reset after the work was done", Fault::lose_answer, "Connection"),
    ];
    for operation in operations() {
        for (what, fault, case) in faults {
            let what = format!("{what}, {}", operation.program);
            let (answer, calls) = under(fault().times(1), &operation).await;
            assert!(answer["ok"] != Value::Null, "{what}: {answer}");
            assert_eq!(calls, operation.calls + 1, "{what}");

            let case = if operation.has_errors || case != "Throttled" { case } else { "Unavailable" };
            let (answer, calls) = under(fault().always(), &operation).await;
            assert_eq!(answer, error(case), "{what}");
            // Of parts that are under way together, the first that fails ends the others.
            let expected = operation.attempts..=operation.attempts * operation.calls;
            assert!(expected.contains(&calls), "{what}: {calls} calls");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_slow_is_waited_for() {
    for operation in operations() {
        let (answer, calls) = under(Fault::delay(Duration::from_secs(15)).times(1), &operation).await;
        assert!(answer["ok"] != Value::Null, "{}: {answer}", operation.program);
        assert_eq!(calls, operation.calls, "{}", operation.program);
    }
}

/// What is longer than what one frame has, and what a list of one is.
fn body() -> String {
    (0..30_000).map(|number| format!("{number:09}\n")).collect()
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_spoilt() {
    let faults: [(&str, fn() -> Fault, Option<&str>, usize); 7] = [
        ("reset at its beginning, once", || Fault::cut_at(0).times(1), None, 2),
        ("reset in its middle, once", || Fault::cut_at(100_000).times(1), None, 2),
        ("reset in its middle, twice", || Fault::cut_at(100_000).times(2), None, 3),
        ("truncated, once", || Fault::truncate(100_000).times(1), None, 2),
        ("truncated, twice", || Fault::truncate(100_000).times(2), None, 3),
        ("a wrong checksum", || Fault::corrupt_body().times(1), Some("Integrity"), 1),
        ("reset at its beginning, for ever", || Fault::cut_at(0).always(), Some("Connection"), 4),
    ];
    for program in [program::S3_GET_OBJECT, program::S3_READ_OBJECT] {
        for (what, fault, case, calls) in faults {
            let host = patient();
            host.aws().s3().put("uploads", "big", body()).unwrap();
            host.aws().faults().push(fault().on("GetObject"));
            let answer = host.call(program, &json!({ "bucket": "uploads", "key": "big" })).await;
            match case {
                Some(case) => assert_eq!(answer, error(case), "{what}, {program}"),
                None => assert_eq!(answer["ok"]["body"], json!(body()), "{what}, {program}"),
            }
            assert_eq!(calls_of(&host, "GetObject"), calls, "{what}, {program}");
            // The trail says what the guest was told.
            let outcome = host.audit().calls().last().unwrap().outcome.clone();
            let failed = matches!(outcome, Outcome::Failure { error, .. } if case.is_some_and(|case| error.eq_ignore_ascii_case(case)));
            assert_eq!(failed, case.is_some(), "{what}, {program}: {outcome:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_part_that_is_spoilt() {
    let host = patient();
    let upload = json!({ "bucket": "uploads", "key": "parts", "bytes": 12 << 20, "algorithm": "SHA256" });
    let answer = host.call(program::S3_UPLOAD_OBJECT, &upload).await;
    assert!(answer["ok"].is_object(), "{answer}");
    for program in [program::S3_GET_OBJECT, program::S3_READ_OBJECT] {
        let get = json!({ "bucket": "uploads", "key": "parts", "part": 2, "digest": true });
        assert!(host.call(program, &get).await["ok"].is_object(), "{program}");
        host.aws().faults().push(Fault::corrupt_body().times(1).on("GetObject"));
        assert_eq!(host.call(program, &get).await, error("Integrity"), "{program}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_document_that_is_spoilt() {
    let faults: [(&str, fn() -> Fault); 3] = [
        ("reset at its beginning", || Fault::cut_at(0)),
        ("reset in its middle", || Fault::cut_at(100)),
        ("truncated", || Fault::truncate(100)),
    ];
    for operation in operations().into_iter().filter(|operation| operation.name.starts_with("List")) {
        for (what, fault) in faults {
            let what = format!("{what}, {}", operation.program);
            let (answer, calls) = under(fault().times(1), &operation).await;
            assert!(answer["ok"].is_object(), "{what}: {answer}");
            assert_eq!(calls, 2, "{what}");
            let (answer, calls) = under(fault().always(), &operation).await;
            assert!(answer["error"].is_string(), "{what}: {answer}");
            assert_eq!(calls, operation.attempts, "{what}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_in_an_answer_that_began_well() {
    // What takes S3 long it answers with 200 at once, and says at the end how it went.
    let copy = json!({ "source-bucket": "uploads", "source-key": "incoming/hello.txt", "key": "copy" });
    for (program, name, more) in [
        (program::S3_COPY_OBJECT, "CopyObject", copy),
        (program::S3_UPLOAD_OBJECT, "CompleteMultipartUpload", json!({ "bytes": 6 << 20 })),
    ] {
        let fault = |code| Fault::error(code).with_status(200.try_into().unwrap()).on(name);
        for (code, case, attempts) in [
            ("InternalError", "Unavailable", 3),
            ("SlowDown", "Throttled", 3),
            ("AccessDenied", "AccessDenied", 1),
        ] {
            let host = patient();
            host.aws().faults().push(fault(code).always());
            let answer = host.call(program, &with(hello(), &more)).await;
            assert_eq!(answer, error(case), "{name}, {code}");
            assert_eq!(calls_of(&host, name), attempts, "{name}, {code}");
        }
    }
}
