//! Exhausting or crashing the host with values at, and beyond, what there can be.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use innkeeper::CallError;
use innkeeper_attacks::{Besieged, Component, Siege, program};
use innkeeper_tests::program as test_program;
use serde_json::{Value, json};
use tokio::time::Instant;

const QUEUE: &str = "https://sqs.eu-west-1.amazonaws.com/000000000000/jobs";

fn siege() -> Siege {
    let siege = Siege::new()
        .allow_all_of_s3()
        .allow("sqs:*", "arn:aws:sqs:*:*:*")
        .allow("lambda:*", "arn:aws:lambda:*:*:function:*")
        .setting("limits.timeout = \"1h\"");
    siege.aws().sqs().create_queue("jobs").unwrap();
    siege.aws().lambda().function("resize", |_| async { Ok("\"done\"") }).unwrap();
    siege.aws().s3().put("uploads", "k", "hello").unwrap();
    siege
}

async fn besieged(siege: &Siege) -> Besieged {
    siege.attacker(program::TRIES).await
}

fn with(mut call: Value, more: Value) -> Value {
    let (Some(fields), Value::Object(more)) = (call.as_object_mut(), more) else { return call };
    fields.extend(more);
    call
}

fn on_object(call: &str, more: Value) -> Value {
    with(json!({ "do": call, "bucket": "uploads", "key": "k" }), more)
}

fn on_queue(call: &str, more: Value) -> Value {
    with(json!({ "do": call, "queue": QUEUE, "body": "job" }), more)
}

fn is(outcome: &Value, case: &str) -> bool {
    outcome.as_str().is_some_and(|outcome| outcome.starts_with(&format!("error: {case}")))
}

// Many, and strange, tags and attributes

#[tokio::test(start_paused = true)]
async fn more_than_32768_tags() {
    let siege = siege();
    let besieged = besieged(&siege).await;
    for count in [11, 32_768, 32_769, 100_000] {
        let outcome = besieged.tries_one(on_object("s3.set-tags", json!({ "count": count }))).await;
        assert!(is(&outcome, "InvalidArgument"), "{count}: {outcome}");
    }
    assert_eq!(siege.sent(), []);
}

#[tokio::test(start_paused = true)]
async fn tags_that_are_empty_huge_or_have_line_breaks() {
    let siege = siege();
    let besieged = besieged(&siege).await;
    let (long, longer, huge) = ("x".repeat(129), "x".repeat(257), "x".repeat(1 << 20));
    for (name, value) in [
        ("", "v"),
        (long.as_str(), "v"),
        ("n", longer.as_str()),
        (huge.as_str(), huge.as_str()),
        ("n\0", "v"),
        ("n", "a\r\nb"),
        ("n\r\nx-amz-acl: public-read", "v"),
        ("n", "\u{7f}"),
    ] {
        for call in ["s3.set-tags", "s3.put"] {
            let outcome = besieged.tries_one(on_object(call, json!({ "tags": [[name, value]] }))).await;
            assert!(is(&outcome, "InvalidArgument"), "{call} {name:.20?} {value:.20?}: {outcome}");
        }
    }
    assert_eq!(siege.sent(), []);
}

#[tokio::test(start_paused = true)]
async fn message_attributes_that_are_empty_huge_foreign_or_more_than_32768() {
    let siege = siege();
    let besieged = besieged(&siege).await;
    let plain = on_queue("sqs.send", json!({ "attributes": [["plain", "v"]] }));
    assert_eq!(besieged.tries_one(plain).await, "sent");
    siege.forget_sent();
    let long = "x".repeat(257);
    let huge = "x".repeat(2 << 20);
    for (name, value) in [
        ("", "v"),
        ("n", ""),
        (long.as_str(), "v"),
        ("n n", "v"),
        ("n\0", "v"),
        ("n\r\nm", "v"),
        ("n", "a\0b"),
        ("n", "\u{fffe}"),
        ("\u{fc}", "v"),
        ("AWS.evil", "v"),
        ("amazon.evil", "v"),
        (".n", "v"),
        ("n.", "v"),
        ("n..m", "v"),
        ("n", huge.as_str()),
    ] {
        let outcome =
            besieged.tries_one(on_queue("sqs.send", json!({ "attributes": [[name, value]] }))).await;
        let refused = ["InvalidArgument", "MessageTooLong", "InvalidMessageContents"];
        assert!(refused.iter().any(|case| is(&outcome, case)), "{name:.20?} {value:.20?}: {outcome}");
    }
    for count in [11, 32_769, 100_000] {
        let outcome = besieged.tries_one(on_queue("sqs.send", json!({ "count": count }))).await;
        assert!(is(&outcome, "InvalidArgument"), "{count}: {outcome}");
    }
    for body in ["", "a\0b", "\u{ffff}", huge.as_str()] {
        let outcome = besieged.tries_one(on_queue("sqs.send", json!({ "body": body }))).await;
        assert!(is(&outcome, ""), "{body:.20?}: {outcome}");
    }
    assert_eq!(siege.sent(), [], "none of it is sent");
    assert_eq!(siege.aws().sqs().messages("jobs").len(), 1);
}

// Times

#[tokio::test(start_paused = true)]
async fn times_before_1970_and_beyond_the_year_9999() {
    const YEAR_1: i64 = -62_135_596_800;
    const YEAR_9999: i64 = 253_402_300_799;
    let siege = siege();
    let besieged = besieged(&siege).await;
    for (call, field) in [
        ("s3.read", "if-modified-since"),
        ("s3.read", "if-unmodified-since"),
        ("s3.read", "response-expires"),
        ("s3.put", "expires"),
        ("s3.presign-get", "response-expires"),
    ] {
        for time in [i64::MIN, YEAR_1 - 1, YEAR_9999 + 1, i64::MAX] {
            siege.forget_sent();
            let outcome = besieged.tries_one(on_object(call, json!({ field: time }))).await;
            assert!(is(&outcome, "InvalidArgument"), "{call} {field} {time}: {outcome}");
            assert_eq!(siege.sent(), []);
        }
        for time in [YEAR_1, -30_610_224_000, -1, 0, 1, YEAR_9999] {
            let outcome = besieged.tries_one(on_object(call, json!({ field: time }))).await;
            assert!(!is(&outcome, "InvalidArgument"), "{call} {field} {time}: {outcome}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn timeouts_of_nothing_and_without_end() {
    let siege = Siege::new().allow_all_of_s3().allow("lambda:*", "arn:aws:lambda:*:*:function:*");
    let siege = siege.setting("limits.timeout = \"2m\"");
    let besieged = besieged(&siege).await;
    let gone =
        |seconds: u32| json!({ "do": "s3.wait", "bucket": "uploads", "key": "gone", "seconds": seconds });
    for seconds in [0, 1] {
        let begun = Instant::now();
        assert_eq!(besieged.tries_one(gone(seconds)).await, "error: Timeout");
        assert!(begun.elapsed() <= Duration::from_secs(2), "{seconds}");
    }
    // Beyond the guest's own time: it is told in time to say so, and does not wait for a hundred years.
    let begun = Instant::now();
    assert_eq!(besieged.tries_one(gone(u32::MAX)).await, "error: Timeout");
    assert!(begun.elapsed() <= Duration::from_mins(2));

    let function = siege.aws().lambda().function("slow", |_| async { Ok("") }).unwrap();
    function.pending_for(Duration::from_secs(1_000_000));
    for seconds in [0, u32::MAX] {
        let call = json!({ "do": "lambda.wait", "function": "slow", "seconds": seconds });
        let begun = Instant::now();
        let input = json!({ "calls": [call] }).to_string();
        match besieged.attack(input.as_bytes()).await {
            Ok(reply) => assert!(!String::from_utf8(reply.output).unwrap().contains("Active"), "{seconds}"),
            Err(error) => assert!(matches!(error, CallError::Limit { .. }), "{seconds}: {error}"),
        }
        assert!(begun.elapsed() <= Duration::from_secs(121), "{seconds}");
    }
}

#[tokio::test(start_paused = true)]
async fn numbers_of_seconds_messages_days_and_parts() {
    let siege = siege();
    let besieged = besieged(&siege).await;
    for (call, field, number, may) in [
        ("sqs.receive", "wait", 0, true),
        ("sqs.receive", "wait", 20, true),
        ("sqs.receive", "wait", 21, false),
        ("sqs.receive", "wait", u32::MAX, false),
        ("sqs.receive", "max", 0, false),
        ("sqs.receive", "max", 10, true),
        ("sqs.receive", "max", 11, false),
        ("sqs.receive", "max", u32::MAX, false),
        ("sqs.receive", "visibility", 43_200, true),
        ("sqs.receive", "visibility", 43_201, false),
        ("sqs.receive", "visibility", u32::MAX, false),
        ("sqs.send", "delay", 900, true),
        ("sqs.send", "delay", 901, false),
        ("sqs.send", "delay", u32::MAX, false),
    ] {
        let outcome = besieged.tries_one(on_queue(call, json!({ field: number }))).await;
        assert_eq!(is(&outcome, "InvalidArgument"), !may, "{call} {field} {number}: {outcome}");
    }
    for (call, field, number) in [
        ("s3.read", "part", 0),
        ("s3.read", "part", 10_001),
        ("s3.read", "part", u32::MAX),
        ("s3.restore", "days", 0),
        ("s3.restore", "days", u32::MAX),
        ("s3.list", "page-size", 0),
        ("s3.list", "page-size", 1_001),
        ("s3.list", "page-size", u32::MAX),
        ("s3.presign-get", "expires-in", 0),
        ("s3.presign-get", "expires-in", u32::MAX),
    ] {
        let outcome = besieged.tries_one(on_object(call, json!({ field: number }))).await;
        assert!(is(&outcome, "InvalidArgument"), "{call} {field} {number}: {outcome}");
    }
    for size in [5 * (1_u64 << 40) + 1, u64::MAX] {
        let outcome = besieged.tries_one(on_object("s3.upload", json!({ "size": size }))).await;
        assert_eq!(outcome, "error: EntityTooLarge", "{size}");
    }
    // More, or fewer, bytes than were announced.
    for (size, bytes) in [(0, 1), (10, 9), (10, 11), (6 << 20, 1)] {
        let outcome =
            besieged.tries_one(on_object("s3.upload", json!({ "size": size, "bytes": bytes }))).await;
        assert!(is(&outcome, "InvalidArgument"), "{size} {bytes}: {outcome}");
    }
    assert_eq!(siege.aws().s3().unfinished_uploads("uploads"), []);
}

#[tokio::test(start_paused = true)]
async fn lists_that_are_empty_or_of_a_hundred_thousand() {
    let siege = siege();
    let besieged = besieged(&siege).await;
    siege.forget_sent();
    let none = json!({ "do": "s3.delete-many", "bucket": "uploads", "objects": [] });
    assert_eq!(besieged.tries_one(none).await, json!([]));
    assert_eq!(siege.sent(), []);
    let input = json!({ "bucket": "uploads", "count": 20_000 });
    let besieged = siege.attacker(Component::test(test_program::S3_DELETE_OBJECTS)).await;
    match besieged.attack(input.to_string().as_bytes()).await {
        Ok(_) => assert_eq!(siege.requests_about("uploads"), 20, "a thousand at a time"),
        Err(error) => assert!(matches!(error, CallError::Limit { .. }), "{error}"),
    }
}

// Streams that are dropped half way

#[tokio::test(start_paused = true)]
async fn a_download_that_is_dropped_half_way() {
    let siege = siege();
    siege.aws().s3().put("uploads", "large", "x".repeat(30 << 20)).unwrap();
    let besieged = siege.attacker(Component::test(test_program::S3_GET_OBJECT)).await;
    for bytes in [0, 1, 65_537] {
        let input = json!({ "bucket": "uploads", "key": "large", "stop-after": bytes });
        assert_eq!(besieged.attack_with(&input).await["ok"]["length"], bytes);
    }
    let read: u64 = siege.aws().calls().iter().map(|call| call.bytes_out).sum();
    assert!(read < 60 << 20, "what is dropped is not read to its end: {read}");
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_is_dropped_half_way() {
    let siege = siege();
    let besieged = siege.attacker(Component::test(test_program::S3_UPLOAD_OBJECT)).await;
    for end in ["drop", "leave", "trap", "abort"] {
        for bytes in [0, 1, 6 << 20, 17 << 20] {
            let input = json!({ "bucket": "uploads", "key": "half", "bytes": bytes, "end": end });
            let ended = besieged.attack(input.to_string().as_bytes()).await;
            assert_eq!(ended.is_err(), end == "trap", "{end} {bytes}");
            assert!(siege.aws().s3().get("uploads", "half").is_none(), "{end} {bytes}");
            assert_eq!(siege.aws().s3().unfinished_uploads("uploads"), [], "{end} {bytes}");
        }
    }
    let input = json!({ "bucket": "uploads", "key": "whole", "bytes": 6 << 20 });
    assert!(besieged.attack_with(&input).await["ok"].is_object(), "and the same guest goes on");
}
