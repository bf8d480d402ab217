//! `innkeeper-testing` with real guests: the sentences that hold, and what is said where one does not.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use innkeeper_testing::{Called, ErrorKind, ExpectedMessage, Fault, MessageState, TestHost};
use innkeeper_tests::{PROGRAMS, THUMBNAILER, program};
use serde_json::json;

macro_rules! has_a_test {
    ($name:ident) => {
        const _: fn() = $name;
    };
}
innkeeper_tests::foreach_testing!(has_a_test);

/// A manifest whose guest is a program.
fn manifest(program: &str, rest: &str) -> String {
    format!("[aws]\nregion = \"eu-west-1\"\n[guest.guest]\ncomponent = \"{program}.wasm\"\n{rest}")
}

const EVERYTHING_OF_ORDERS: &str = r#"
[[guest.guest.allow]]
actions = ["s3:PutObject", "s3:GetObject"]
resources = ["arn:aws:s3:::uploads/orders/*"]

[[guest.guest.allow]]
actions = ["sqs:GetQueueUrl", "sqs:SendMessage"]
resources = ["arn:aws:sqs:*:*:jobs"]

[[guest.guest.allow]]
actions = ["lambda:InvokeFunction"]
resources = ["arn:aws:lambda:*:*:function:price"]
"#;

/// Three services, for `testing_rounds`.
fn rounds(rest: &str) -> TestHost {
    TestHost::from_text_in(PROGRAMS, &manifest(program::TESTING_ROUNDS, rest))
        .with_bucket("uploads")
        .with_queue("jobs")
        .with_function("price", |event| async move {
            let order: serde_json::Value = event.json()?;
            Ok(json!({ "price": order["order"].as_u64().unwrap_or(0) * 10 }))
        })
}

/// What an assertion says that does not hold.
fn said<T>(assertion: impl FnOnce() -> T) -> String {
    let error = catch_unwind(AssertUnwindSafe(|| {
        assertion();
    }))
    .unwrap_err();
    error.downcast_ref::<String>().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn testing_rounds() {
    let host = rounds(EVERYTHING_OF_ORDERS).with_fault(Fault::error("SlowDown").on("PutObject").times(2));
    let called = host.call_json("guest", &json!({ "rounds": 2 })).await;
    called.returned_json(&json!({ "ok": { "total": 10 } })).was_denied_nothing().met_all_faults();
    called
        .object("uploads", "orders/1.json")
        .is_json(&json!({ "order": 1 }))
        .has_content_type("application/octet-stream");
    called.object("uploads", "orders/2.json").is_absent();
    called.queue("jobs").has_json_messages([json!({ "order": 0 }), json!({ "order": 1 })]);
    called.function("price").was_invoked_with([json!({ "order": 0 }), json!({ "order": 1 })]);
    called.made("s3:PutObject").on("arn:aws:s3:::uploads/orders/*").times(2);
    called.made("PutObject").after_attempts(3).once();
    called.made("sqs:SendMessage").at_least(1).made("DeleteObject").never();
    assert_eq!(called.json()["ok"]["total"], 10);
}

#[tokio::test(start_paused = true)]
async fn the_real_policy_is_in_force() {
    let called = rounds("").call_json("guest", &json!({})).await;
    called.returned_json(&json!({ "error": "\"AccessDenied\"" }));
    called.was_denied("s3:PutObject").on("arn:aws:s3:::uploads/orders/0.json").once();
    called.was_denied("s3:*").times(1).was_denied("sqs:SendMessage").never();
    called.made("PutObject").never().queue("jobs").is_empty();
    called.function("price").was_not_invoked();
}

#[tokio::test(start_paused = true)]
async fn a_week_of_delays_is_over_at_once() {
    let started = std::time::Instant::now();
    let week = Duration::from_hours(7 * 24);
    let patient = format!("limits.timeout = \"30days\"\n{EVERYTHING_OF_ORDERS}");
    let host = rounds(&patient).with_fault(Fault::delay(week).on("Invoke"));
    let called = host.call_json("guest", &json!({})).await;
    // The SDK gives up long before.
    assert!(called.elapsed() > Duration::from_mins(1), "{:?}", called.elapsed());
    assert!(started.elapsed() < Duration::from_mins(1), "nobody waits for what is virtual");
}

#[tokio::test(start_paused = true)]
async fn what_is_cut_short_is_among_what_was_asked() {
    // By the guest's own time.
    let slow = Fault::delay(Duration::from_hours(1)).on("PutObject");
    let called = rounds(EVERYTHING_OF_ORDERS).with_fault(slow).call_json("guest", &json!({})).await;
    called.failed(ErrorKind::Limit).made("PutObject").that_were_cancelled().once();
    let asked = called.asked().to_string();
    assert!(asked.ends_with("1. s3 PutObject on arn:aws:s3:::uploads/orders/0.json: cancelled"), "{asked}");
    assert!(
        said(|| called.made("PutObject").that_were_cancelled().never())
            .starts_with("a call of `PutObject` that is cancelled was expected never, and there was one")
    );

    // By the guest, which drops the rest of a body.
    let reads = "[[guest.guest.allow]]\nactions = [\"s3:GetObject\"]\nresources = [\"*\"]\n";
    let host = TestHost::from_text_in(PROGRAMS, &manifest(program::S3_GET_OBJECT, reads)).with_object(
        "uploads",
        "large",
        vec![0; 1 << 20],
    );
    let input = json!({ "bucket": "uploads", "key": "large", "stop-after": 10 });
    host.call_json("guest", &input).await.made("GetObject").that_were_cancelled().once();
    let input = json!({ "bucket": "uploads", "key": "large", "digest": true });
    host.call_json("guest", &input).await.made("GetObject").that_were_cancelled().never();
}

#[tokio::test(start_paused = true)]
async fn messages_are_looked_at_beyond_their_bodies_and_time_goes_by_between_calls() {
    let sends = "[[guest.guest.allow]]\nactions = [\"sqs:*\"]\nresources = [\"*\"]\n";
    let host =
        TestHost::from_text_in(PROGRAMS, &manifest(program::SQS_SEND_MESSAGE, sends)).with_queue("jobs");
    let input = json!({ "queue": "jobs", "body": "later", "delay": 300 });
    let called = host.call_json("guest", &input).await;
    let later = || ExpectedMessage::new("later").delay(Duration::from_mins(5));
    called.queue("jobs").has([later().state(MessageState::Delayed)]);
    let differs = said(|| called.queue("jobs").has([later().attribute("kind", "x")]));
    assert!(differs.starts_with(
        "the attribute `kind` of message 1 of `jobs` was expected to be `x`, and there is none"
    ));
    let differs = said(|| called.queue("jobs").has([ExpectedMessage::new("later").delay(Duration::ZERO)]));
    assert!(differs.starts_with("the delay of message 1 of `jobs` is another"), "{differs}");
    host.advance(Duration::from_mins(6)).await;
    called.queue("jobs").has([later().state(MessageState::Visible).receive_count(0)]);
}

#[tokio::test(start_paused = true)]
async fn a_guest_that_sleeps_sees_the_time_go_by_and_nobody_waits() {
    let started = std::time::Instant::now();
    let patient = manifest(program::WASI_SLEEP, "limits.timeout = \"1h\"\n");
    let host = TestHost::from_text_in(PROGRAMS, &patient);
    let called = host.call_json("guest", &json!({ "seconds": 600 })).await;
    called.returned_json_with(&json!({ "ok": { "wall": 600, "monotonic": 600 } }));
    assert_eq!(called.elapsed(), Duration::from_mins(10));
    assert!(started.elapsed() < Duration::from_mins(1), "nobody waits for what is virtual");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_hold_is_said_with_the_calls_around_it() {
    let called: Called = rounds(EVERYTHING_OF_ORDERS).call_json("guest", &json!({})).await;
    assert_eq!(
        said(|| called.object("uploads", "orders/0.json").is("{\"order\":1}")),
        "the object s3://uploads/orders/0.json is another:\n  - {\"order\":1}\n  + {\"order\":0}\n\n\
         Asked of AWS (5):\n  \
         1. s3 PutObject on arn:aws:s3:::uploads/orders/0.json: ok\n  \
         2. s3 GetObject on arn:aws:s3:::uploads/orders/0.json: ok\n  \
         3. sqs GetQueueUrl on arn:aws:sqs:eu-west-1:000000000000:jobs: ok\n  \
         4. sqs SendMessage on arn:aws:sqs:eu-west-1:000000000000:jobs: ok\n  \
         5. lambda Invoke on arn:aws:lambda:eu-west-1:000000000000:function:price: ok\n"
    );
    for (said, expected) in [
        (said(|| called.returned("x")), "the result of `guest` is another:"),
        (said(|| called.failed(ErrorKind::Trap)), "`guest` was expected to fail, and returned"),
        (said(|| called.made("PutObject").times(2)), "was expected 2 times, and there was one"),
        (said(|| called.made("PutObjekt").never()), "no guest can ask for the operation `PutObjekt`"),
        (
            said(|| called.was_denied("s3:*").once()),
            "a denial of `s3:*` was expected once, and there was none",
        ),
        (said(|| called.queue("jobs").is_empty()), "expected 0, and there are 1"),
        (said(|| called.function("price").was_not_invoked()), "expected 0, and there are 1"),
        (said(|| called.object("uploads", "x").exists()), "the bucket has `orders/0.json`"),
        (said(|| called.object("none", "x").exists()), "there is no bucket `none`"),
        (said(|| called.logged("never")), "the log of `guest` is another"),
    ] {
        assert!(said.contains(expected), "`{expected}` is not in\n{said}");
        assert!(said.contains("Asked of AWS (5):"), "{said}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fault_that_nothing_met_is_told() {
    let host = rounds(EVERYTHING_OF_ORDERS).with_fault(Fault::error("SlowDown").on("DeleteObject"));
    let called = host.call_json("guest", &json!({})).await;
    assert!(said(|| called.met_all_faults()).contains("DeleteObject"));
}

fn thumbnailer() -> TestHost {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests/rust/thumbnailer");
    let manifest = std::fs::read_to_string(example.join("innkeeper.toml")).unwrap();
    let component: PathBuf = THUMBNAILER.into();
    TestHost::from_text_in(component.parent().unwrap(), &manifest).with_seed(example.join("aws"))
}

#[tokio::test(start_paused = true)]
async fn the_thumbnailer_in_sentences() {
    let host = thumbnailer()
        .with_config("thumbnailer", "size", "32")
        .with_fault(Fault::error("SlowDown").on("GetObject").key("incoming/rocket.jpg").times(2));
    let called = host.call_json("thumbnailer", &json!({ "bucket": "uploads", "prefix": "incoming/" })).await;
    called.returned_json_with(&json!({ "totals": { "thumbnails": 6, "denied": 1 } })).met_all_faults();
    called
        .object("uploads", "thumbs/rocket.jpg")
        .has_content_type("image/jpeg")
        .has_metadata("source-key", "incoming/rocket.jpg");
    called.was_denied("s3:GetObject").on("*/private/*").once();
    called.made("GetObject").on("*/rocket.jpg").after_attempts(3).once();

    // What the first call has written is there for the second.
    let called = host.call_json("thumbnailer", &json!({ "bucket": "uploads", "prefix": "thumbs/" })).await;
    called
        .returned_json_with(&json!({ "totals": { "thumbnails": 0, "skipped": 6 } }))
        .made("PutObject")
        .never();
}
