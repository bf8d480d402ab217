//! `innkeeper:aws/s3`: each program of `tests/programs` named `s3_*` has its test here, under its name. A denial stands beside every
//! success.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::time::Duration;

use innkeeper::audit::{Outcome, Verdict};
use innkeeper_fake::{Fault, NewObject};
use innkeeper_tests::{TestHost, program};
use proptest::prelude::*;
use serde_json::{Value, json};

const BUCKET: &str = "arn:aws:s3:::uploads";
const OBJECTS: &str = "arn:aws:s3:::uploads/*";
const INCOMING: &str = "arn:aws:s3:::uploads/incoming/*";

/// Does not compile where a program has no test of its name.
macro_rules! has_a_test {
    ($name:ident) => {
        const _: fn() = $name;
    };
}
innkeeper_tests::foreach_s3!(has_a_test);

/// A guest without grants, and a bucket with a few objects.
fn host() -> TestHost {
    let host = TestHost::new();
    let s3 = host.aws().s3();
    s3.create_bucket("uploads").unwrap();
    let hello = NewObject::new("hello, world").content_type("text/plain").metadata("owner", "ada");
    s3.put("uploads", "incoming/hello.txt", hello).unwrap();
    s3.put("uploads", "private/secret.txt", "secret").unwrap();
    host
}

fn hello() -> Value {
    json!({ "bucket": "uploads", "key": "incoming/hello.txt" })
}

/// The input with more fields.
fn with(mut input: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        input[name] = value.clone();
    }
    input
}

fn error(case: &str) -> Value {
    json!({ "error": case })
}

/// How many requests S3 has had.
fn requests(host: &TestHost) -> usize {
    host.aws().calls().len()
}

#[tokio::test(start_paused = true)]
async fn s3_open() {
    let host = host().setting("names.mine = \"arn:aws:s3:::uploads\"");
    for name in ["uploads", "arn:aws:s3:::uploads", "mine"] {
        assert_eq!(host.call(program::S3_OPEN, &json!({ "bucket": name })).await, json!({ "ok": {} }), "{name}");
    }
    for name in [
        "",
        "Uploads",
        "up/loads",
        "up?loads",
        "up#loads",
        "uploads@evil.example",
        "..",
        "192.168.1.1",
        "https://s3.amazonaws.com/uploads",
        "arn:aws:s3:::",
        "arn:aws:s3:::uploads/key",
        "arn:aws:sqs:eu-west-1:123456789012:queue",
        "arn:aws-cn:s3:::uploads",
    ] {
        let answer = host.call(program::S3_OPEN, &json!({ "bucket": name })).await;
        assert!(answer["error"].as_str().unwrap_or_default().starts_with("InvalidArgument"), "{name}: {answer}");
    }
    assert_eq!(requests(&host), 0, "opening asks nothing of AWS");
}

#[tokio::test(start_paused = true)]
async fn s3_get_object() {
    let host = host().allow("s3:GetObject", INCOMING);
    let answer = host.call(program::S3_GET_OBJECT, &hello()).await;
    assert_eq!(answer["ok"]["body"], "hello, world");
    assert_eq!(answer["ok"]["info"]["size"], 12);
    assert_eq!(answer["ok"]["info"]["content-type"], "text/plain");
    assert_eq!(answer["ok"]["info"]["metadata"], json!([["owner", "ada"]]));

    let call = host.audit().calls().pop().unwrap();
    assert_eq!((call.operation, call.bytes_received, call.attempts), ("GetObject", 12, 1));
    assert_eq!(call.outcome, Outcome::Success);
    assert!(call.request_id.is_some());

    let before = requests(&host);
    let secret = json!({ "bucket": "uploads", "key": "private/secret.txt" });
    assert_eq!(host.call(program::S3_GET_OBJECT, &secret).await, error("AccessDenied"));
    assert_eq!(requests(&host), before, "what is denied is not sent");
}

#[tokio::test(start_paused = true)]
async fn s3_read_object() {
    let host = host().allow("s3:GetObject", INCOMING);
    let answer = host.call(program::S3_READ_OBJECT, &with(hello(), &json!({ "max-bytes": 12 }))).await;
    assert_eq!(answer["ok"]["body"], "hello, world");

    let answer = host.call(program::S3_READ_OBJECT, &with(hello(), &json!({ "max-bytes": 11 }))).await;
    assert_eq!(answer, error("ObjectTooLarge(Some(12))"));
    let call = host.audit().calls().pop().unwrap();
    assert_eq!(call.bytes_received, 0, "an object that is too large is not transferred");

    let secret = json!({ "bucket": "uploads", "key": "private/secret.txt" });
    assert_eq!(host.call(program::S3_READ_OBJECT, &secret).await, error("AccessDenied"));
}

#[tokio::test(start_paused = true)]
async fn s3_head_object() {
    let host = host().allow("s3:GetObject", INCOMING);
    let answer = host.call(program::S3_HEAD_OBJECT, &hello()).await;
    assert_eq!(answer["ok"]["size"], 12);
    assert_eq!(answer["ok"]["metadata"], json!([["owner", "ada"]]));

    let secret = json!({ "bucket": "uploads", "key": "private/secret.txt" });
    assert_eq!(host.call(program::S3_HEAD_OBJECT, &secret).await, error("AccessDenied"));
}

#[tokio::test(start_paused = true)]
async fn s3_put_object() {
    let host = host().allow("s3:PutObject", INCOMING);
    let input = json!({
        "bucket": "uploads",
        "key": "incoming/new.txt",
        "body": "new",
        "content-type": "text/markdown",
        "cache-control": "no-store",
        "metadata": [["Source-Key", "a.jpg"]],
    });
    let answer = host.call(program::S3_PUT_OBJECT, &input).await;
    assert!(answer["ok"]["etag"].is_string(), "{answer}");
    let object = host.aws().s3().get("uploads", "incoming/new.txt").unwrap();
    assert_eq!(object.text(), Some("new"));
    assert_eq!(object.content_type(), "text/markdown");
    assert_eq!(object.headers.cache_control.as_deref(), Some("no-store"));
    assert_eq!(object.metadata("source-key"), Some("a.jpg"));

    let elsewhere = json!({ "bucket": "uploads", "key": "private/new.txt", "body": "new" });
    assert_eq!(host.call(program::S3_PUT_OBJECT, &elsewhere).await, error("AccessDenied"));
    assert!(host.aws().s3().get("uploads", "private/new.txt").is_none());
}

#[tokio::test(start_paused = true)]
async fn s3_delete_object() {
    let host = host().allow("s3:DeleteObject", INCOMING);
    assert_eq!(host.call(program::S3_DELETE_OBJECT, &hello()).await, json!({ "ok": { "delete-marker": false } }));
    assert!(host.aws().s3().get("uploads", "incoming/hello.txt").is_none());
    // S3 has it so: there is nothing to delete, and that is well.
    assert_eq!(host.call(program::S3_DELETE_OBJECT, &hello()).await, json!({ "ok": { "delete-marker": false } }));

    let secret = json!({ "bucket": "uploads", "key": "private/secret.txt" });
    assert_eq!(host.call(program::S3_DELETE_OBJECT, &secret).await, error("AccessDenied"));
    assert!(host.aws().s3().get("uploads", "private/secret.txt").is_some());
}

#[tokio::test(start_paused = true)]
async fn s3_list_objects() {
    let host = host().allow("s3:ListBucket", BUCKET);
    for number in 0..7 {
        host.aws().s3().put("uploads", format!("n/{number}"), "x").unwrap();
    }
    let input = json!({ "bucket": "uploads", "prefix": "n/", "page-size": 3 });
    let answer = host.call(program::S3_LIST_OBJECTS, &input).await;
    assert_eq!(answer["ok"]["pages"], json!([["n/0", "n/1", "n/2"], ["n/3", "n/4", "n/5"], ["n/6"]]));
    assert_eq!(host.audit().decisions().len(), 3, "every page is decided on");

    let rolled_up = json!({ "bucket": "uploads", "delimiter": "/" });
    let answer = host.call(program::S3_LIST_OBJECTS, &rolled_up).await;
    assert_eq!(answer["ok"]["prefixes"], json!(["incoming/", "n/", "private/"]));

    let behind = json!({ "bucket": "uploads", "prefix": "n/", "start-after": "n/4" });
    assert_eq!(host.call(program::S3_LIST_OBJECTS, &behind).await["ok"]["pages"], json!([["n/5", "n/6"]]));

    let host = TestHost::new().allow("s3:ListBucket", "arn:aws:s3:::others");
    assert_eq!(host.call(program::S3_LIST_OBJECTS, &json!({ "bucket": "uploads" })).await, error("AccessDenied"));
}

// Errors

#[tokio::test(start_paused = true)]
async fn a_missing_key_is_seen_by_those_alone_who_may_list() {
    let missing = json!({ "bucket": "uploads", "key": "incoming/missing" });
    for program in [program::S3_GET_OBJECT, program::S3_READ_OBJECT, program::S3_HEAD_OBJECT] {
        let blind = host().allow("s3:GetObject", INCOMING);
        assert_eq!(blind.call(program, &missing).await, error("AccessDenied"), "{program}");
        let call = blind.audit().calls().pop().unwrap();
        assert!(matches!(call.outcome, Outcome::Failure { error: "no-such-key", .. }), "the operator sees it");

        let seeing = host().allow("s3:GetObject", INCOMING).allow("s3:ListBucket", BUCKET);
        assert_eq!(seeing.call(program, &missing).await, error("NoSuchKey"), "{program}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_bucket_is_named_as_such() {
    let host = TestHost::new().allow("s3:*", BUCKET).allow("s3:*", OBJECTS);
    for program in [program::S3_GET_OBJECT, program::S3_LIST_OBJECTS, program::S3_PUT_OBJECT] {
        let input = with(hello(), &json!({ "body": "x" }));
        assert_eq!(host.call(program, &input).await, error("NoSuchBucket"), "{program}");
    }
}

#[tokio::test(start_paused = true)]
async fn conditions_are_s3s() {
    let host = host().allow("s3:GetObject", OBJECTS).allow("s3:PutObject", OBJECTS).allow("s3:ListBucket", BUCKET);
    let etag = format!("\"{}\"", host.aws().s3().get("uploads", "incoming/hello.txt").unwrap().etag);
    let get = |more: Value| with(hello(), &more);
    let call = async |program, input: Value| host.call(program, &input).await;

    assert!(call(program::S3_GET_OBJECT, get(json!({ "if-match": etag }))).await["ok"].is_object());
    assert_eq!(call(program::S3_GET_OBJECT, get(json!({ "if-match": "\"x\"" }))).await, error("PreconditionFailed"));
    assert_eq!(call(program::S3_GET_OBJECT, get(json!({ "if-none-match": etag }))).await, error("NotModified"));

    let put = |more: Value| with(with(hello(), &json!({ "body": "again" })), &more);
    assert_eq!(call(program::S3_PUT_OBJECT, put(json!({ "if-none-match": "*" }))).await, error("PreconditionFailed"));
    assert_eq!(call(program::S3_PUT_OBJECT, put(json!({ "if-match": "\"x\"" }))).await, error("PreconditionFailed"));
    assert!(call(program::S3_PUT_OBJECT, put(json!({ "if-match": etag }))).await["ok"].is_object());
    let other = call(program::S3_PUT_OBJECT, put(json!({ "if-none-match": etag }))).await;
    assert!(other["error"].as_str().unwrap().starts_with("InvalidArgument"), "{other}");
}

#[tokio::test(start_paused = true)]
async fn ranges_at_the_ends_of_an_object() {
    let host = host().allow("s3:GetObject", OBJECTS);
    for (range, body) in [
        (json!([0, 4]), "hello"),
        (json!([7, null]), "world"),
        (json!([null, 5]), "world"),
        (json!([0, u64::MAX]), "hello, world"),
        (json!([null, u64::MAX]), "hello, world"),
    ] {
        let answer = host.call(program::S3_GET_OBJECT, &with(hello(), &json!({ "range": range }))).await;
        assert_eq!(answer["ok"]["body"], body, "{range}");
        assert_eq!(answer["ok"]["info"]["size"], 12, "the size is that of the whole object");
    }
    for (range, case) in [
        (json!([12, null]), "InvalidRange"),
        (json!([null, 0]), "InvalidRange"),
        (json!([5, 4]), "InvalidArgument(\"the range ends before it begins\")"),
    ] {
        let answer = host.call(program::S3_GET_OBJECT, &with(hello(), &json!({ "range": range }))).await;
        assert_eq!(answer, error(case), "{range}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_error_of_s3_has_its_case() {
    for (code, case) in [
        ("AccessDenied", "AccessDenied"),
        ("NoSuchBucket", "NoSuchBucket"),
        ("NoSuchKey", "NoSuchKey"),
        ("PreconditionFailed", "PreconditionFailed"),
        ("ConditionalRequestConflict", "Conflict"),
        ("OperationAborted", "Conflict"),
        ("InvalidRange", "InvalidRange"),
        ("InvalidObjectState", "InvalidObjectState"),
        ("EntityTooLarge", "EntityTooLarge"),
        ("KeyTooLongError", "KeyTooLong"),
        ("BadDigest", "Integrity"),
        ("InvalidDigest", "Integrity"),
        ("IncompleteBody", "Integrity"),
        ("PermanentRedirect", "WrongRegion"),
        ("IllegalLocationConstraintException", "WrongRegion"),
        ("ExpiredToken", "Credentials"),
        ("InvalidAccessKeyId", "Credentials"),
        ("SignatureDoesNotMatch", "Credentials"),
        ("RequestTimeTooSkewed", "Credentials"),
        ("SlowDown", "Throttled"),
        ("InternalError", "Unavailable"),
        ("ServiceUnavailable", "Unavailable"),
        ("RequestTimeout", "Unavailable"),
        ("InvalidRequest", "InvalidArgument(\"InvalidRequest\")"),
        ("SomethingNew", "Other(\"SomethingNew\")"),
    ] {
        let host = host().allow("s3:*", OBJECTS).allow("s3:*", BUCKET).setting("limits.timeout = \"1h\"");
        host.aws().faults().push(Fault::error(code).always());
        for program in [program::S3_GET_OBJECT, program::S3_PUT_OBJECT] {
            let answer = host.call(program, &with(hello(), &json!({ "body": "x" }))).await;
            assert_eq!(answer, error(case), "{code} of {program}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_status_without_a_code_has_its_case() {
    for (status, case) in [
        (301, "WrongRegion"),
        (304, "NotModified"),
        (403, "AccessDenied"),
        (404, "NoSuchKey"),
        (409, "Conflict"),
        (412, "PreconditionFailed"),
        (416, "InvalidRange"),
        (429, "Throttled"),
        (500, "Unavailable"),
        (503, "Unavailable"),
        (418, "Other(\"status 418\")"),
    ] {
        let host = host().allow("s3:*", OBJECTS).allow("s3:*", BUCKET).setting("limits.timeout = \"1h\"");
        host.aws().faults().push(Fault::status(status.try_into().unwrap()).always());
        assert_eq!(host.call(program::S3_HEAD_OBJECT, &hello()).await, error(case), "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call_is_tried_again() {
    let host = host().allow("s3:GetObject", OBJECTS);
    host.aws().faults().push(Fault::error("SlowDown").on("GetObject").times(2));
    assert_eq!(host.call(program::S3_READ_OBJECT, &hello()).await["ok"]["body"], "hello, world");
    assert_eq!(host.audit().calls().pop().unwrap().attempts, 3);
    assert_eq!(requests(&host), 3);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_breaks_is_tried_again_and_then_reported() {
    let host = host().allow("s3:GetObject", OBJECTS);
    host.aws().faults().push(Fault::cut_before().times(1));
    assert_eq!(host.call(program::S3_READ_OBJECT, &hello()).await["ok"]["body"], "hello, world");

    host.aws().faults().push(Fault::cut_before().always());
    assert_eq!(host.call(program::S3_READ_OBJECT, &hello()).await, error("Connection"));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_never_comes_is_a_timeout() {
    let host = host().allow("s3:*", BUCKET).allow("s3:*", OBJECTS).setting("limits.timeout = \"1h\"");
    host.aws().faults().push(Fault::delay(Duration::from_secs(7 * 24 * 3600)).always());
    assert_eq!(host.call(program::S3_LIST_OBJECTS, &json!({ "bucket": "uploads" })).await, error("Timeout"));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_is_a_typed_error_of_the_stream() {
    let big = "x".repeat(300_000);
    for (fault, case) in [
        (Fault::cut_at(100_000), "Connection"),
        (Fault::truncate(100_000), "Integrity"),
        (Fault::corrupt_body(), "Integrity"),
    ] {
        for program in [program::S3_GET_OBJECT, program::S3_READ_OBJECT] {
            let host = host().allow("s3:GetObject", OBJECTS);
            host.aws().s3().put("uploads", "big", big.clone()).unwrap();
            host.aws().faults().push(fault.clone());
            let answer = host.call(program, &json!({ "bucket": "uploads", "key": "big" })).await;
            assert_eq!(answer, error(case), "{fault:?} of {program}");
            let call = host.audit().calls().pop().unwrap();
            assert!(matches!(call.outcome, Outcome::Failure { .. }), "{:?}", call.outcome);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_listing_goes_on_behind_an_error_on_its_second_page() {
    let host = host().allow("s3:ListBucket", BUCKET);
    for number in 0..5 {
        host.aws().s3().put("uploads", format!("n/{number}"), "x").unwrap();
    }
    let input = json!({ "bucket": "uploads", "prefix": "n/", "page-size": 2 });
    let fault = || Fault::error("AccessDenied").on("ListObjectsV2").skip(1).times(1);

    host.aws().faults().push(fault());
    assert_eq!(host.call(program::S3_LIST_OBJECTS, &input).await, error("AccessDenied"));

    host.aws().faults().push(fault());
    let answer = host.call(program::S3_LIST_OBJECTS, &with(input, &json!({ "again": "yes" }))).await;
    assert_eq!(answer["ok"]["pages"], json!([["n/0", "n/1"], ["n/2", "n/3"], ["n/4"]]));
    assert_eq!(answer["ok"]["errors"], json!(["AccessDenied"]));
}

// What a hostile guest would try

#[tokio::test(start_paused = true)]
async fn the_key_that_is_decided_on_is_the_key_that_is_sent() {
    let host = TestHost::new().allow("s3:*", OBJECTS).allow("s3:*", BUCKET);
    host.aws().s3().create_bucket("uploads").unwrap();
    let keys = [
        "a/../b", "a/./b", "//", "/a", "a//b", "%2e%2e%2f", "a%2Fb", "%252F", " a ", "a+b", "a b", "ü", "u\u{308}", "A", "..",
        ".", "a?b#c&d=e", "a\\b", "a\u{0}b", "a\nb", "\u{1F512}", "~", "a;b:c@d",
    ];
    for key in keys {
        let input = json!({ "bucket": "uploads", "key": key, "body": key });
        let put = host.call(program::S3_PUT_OBJECT, &input).await;
        assert!(put["ok"].is_object(), "{key:?}: {put}");
        assert_eq!(host.call(program::S3_READ_OBJECT, &input).await["ok"]["body"], key, "{key:?}");
        let stored = host.aws().s3().get("uploads", key).unwrap();
        assert_eq!(stored.text(), Some(key));
    }
    let mut expected = keys.map(str::to_owned).to_vec();
    expected.sort();
    assert_eq!(host.aws().s3().keys("uploads"), expected);
    let listed = host.call(program::S3_LIST_OBJECTS, &json!({ "bucket": "uploads" })).await;
    assert_eq!(listed["ok"]["pages"], json!([expected]), "a listing gives back the same bytes");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_merely_looks_allowed_is_denied() {
    let host = host().allow("s3:GetObject", "arn:aws:s3:::uploads/incoming/*");
    for key in ["incoming", "Incoming/a", "/incoming/a", "incoming%2Fa", "incomings/a", "i\u{306}ncoming/a", "private/secret.txt"] {
        let answer = host.call(program::S3_GET_OBJECT, &json!({ "bucket": "uploads", "key": key })).await;
        assert_eq!(answer, error("AccessDenied"), "{key}");
    }
    assert_eq!(requests(&host), 0);
}

#[tokio::test(start_paused = true)]
async fn a_denial_says_the_same_of_what_exists_and_what_does_not() {
    let host = host().allow("s3:GetObject", INCOMING);
    let there = host.call(program::S3_HEAD_OBJECT, &json!({ "bucket": "uploads", "key": "private/secret.txt" })).await;
    let nowhere = host.call(program::S3_HEAD_OBJECT, &json!({ "bucket": "uploads", "key": "private/nothing" })).await;
    let no_bucket = host.call(program::S3_HEAD_OBJECT, &json!({ "bucket": "no-such-bucket", "key": "k" })).await;
    assert_eq!(there, nowhere);
    assert_eq!(there, no_bucket);
    assert_eq!(requests(&host), 0);
}

#[tokio::test(start_paused = true)]
async fn keys_and_headers_that_s3_does_not_take_are_refused_before_anything_is_sent() {
    let host = host().allow("s3:*", OBJECTS).allow("s3:*", BUCKET);
    let long = "k".repeat(1025);
    let put = |more: Value| with(json!({ "bucket": "uploads", "key": "k", "body": "x" }), &more);
    for (input, case) in [
        (put(json!({ "key": "" })), "InvalidArgument"),
        (put(json!({ "key": long })), "KeyTooLong"),
        (put(json!({ "content-type": "a\r\nx-amz-acl: public-read" })), "InvalidArgument"),
        (put(json!({ "metadata": [["a:b", "c"]] })), "InvalidArgument"),
        (put(json!({ "metadata": [["a", "b\r\nhost: evil"]] })), "InvalidArgument"),
        (put(json!({ "metadata": [["a", "x".repeat(3000)]] })), "InvalidArgument"),
    ] {
        let answer = host.call(program::S3_PUT_OBJECT, &input).await;
        assert!(answer["error"].as_str().unwrap_or_default().starts_with(case), "{input}: {answer}");
    }
    assert_eq!(requests(&host), 0);
    let answer = host.call(program::S3_LIST_OBJECTS, &json!({ "bucket": "uploads", "page-size": 0 })).await;
    assert!(answer["error"].as_str().unwrap().starts_with("InvalidArgument"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_denial_names_the_line_that_would_allow_it() {
    let host = host().allow("s3:GetObject", INCOMING).deny("s3:*", "arn:aws:s3:::uploads/incoming/private/*");
    for key in ["private/secret.txt", "incoming/private/a"] {
        host.call(program::S3_GET_OBJECT, &json!({ "bucket": "uploads", "key": key })).await;
    }
    let denials = host.audit().denials();
    let Verdict::Deny { rule: None, suggestion, .. } = &denials[0].verdict else { panic!("{:?}", denials[0]) };
    assert_eq!(suggestion, "add `\"arn:aws:s3:::uploads/private/secret.txt\"` to `resources` at innkeeper.toml:9:13");
    let Verdict::Deny { rule: Some(rule), .. } = &denials[1].verdict else { panic!("{:?}", denials[1]) };
    assert_eq!(rule, "innkeeper.toml:13:14");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_the_guest_drops_is_written_down_as_cancelled() {
    let host = host().allow("s3:GetObject", OBJECTS);
    host.aws().s3().put("uploads", "big", "x".repeat(1 << 20)).unwrap();
    let input = json!({ "bucket": "uploads", "key": "big", "stop-after": 10 });
    assert_eq!(host.call(program::S3_GET_OBJECT, &input).await["ok"]["length"], 10);
    let call = host.audit().calls().pop().unwrap();
    assert_eq!(call.outcome, Outcome::Cancelled);
    assert!(call.bytes_received < 1 << 20, "the rest was not transferred: {}", call.bytes_received);
}

#[tokio::test(start_paused = true)]
async fn a_bounded_read_is_held_to_the_hosts_own_bound() {
    let host = host().allow("s3:GetObject", OBJECTS).setting("limits.host-call-bytes = \"1KiB\"");
    host.aws().s3().put("uploads", "big", "x".repeat(1025)).unwrap();
    let answer = host.call(program::S3_READ_OBJECT, &json!({ "bucket": "uploads", "key": "big" })).await;
    assert_eq!(answer, error("LimitExceeded(\"host-call-bytes\")"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_range_gives_what_the_same_slice_of_the_bytes_gives(
        size in 1_u64..5_000,
        first in 0_u64..6_000,
        length in 0_u64..6_000,
    ) {
        let body: String = (0..size).map(|n| char::from(b'a' + u8::try_from(n % 26).unwrap())).collect();
        let last = first + length;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let answer = runtime.block_on(async {
            let host = host().allow("s3:GetObject", OBJECTS);
            host.aws().s3().put("uploads", "o", body.clone()).unwrap();
            let input = json!({ "bucket": "uploads", "key": "o", "range": [first, last] });
            host.call(program::S3_READ_OBJECT, &input).await
        });
        if first >= size {
            prop_assert_eq!(answer, error("InvalidRange"));
        } else {
            let (from, to) = (usize::try_from(first).unwrap(), usize::try_from(last.min(size - 1)).unwrap());
            prop_assert_eq!(&answer["ok"]["body"], &json!(body[from..=to]));
        }
    }
}
