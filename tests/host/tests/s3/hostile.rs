//! What a hostile guest would try.

use innkeeper::audit::{Outcome, Verdict};
use innkeeper_fake::Fault;
use innkeeper_tests::s3::{BUCKET, INCOMING, OBJECTS, error, host, requests, with};
use innkeeper_tests::{TestHost, program};
use proptest::prelude::*;
use serde_json::{Value, json};

#[tokio::test(start_paused = true)]
async fn the_key_that_is_decided_on_is_the_key_that_is_sent() {
    let host = TestHost::new().allow("s3:*", OBJECTS).allow("s3:*", BUCKET);
    host.aws().s3().create_bucket("uploads").unwrap();
    let keys = [
        "a/../b",
        "a/./b",
        "//",
        "/a",
        "a//b",
        "%2e%2e%2f",
        "a%2Fb",
        "%252F",
        " a ",
        "a+b",
        "a b",
        "ü",
        "u\u{308}",
        "A",
        "..",
        ".",
        "a?b#c&d=e",
        "a\\b",
        "a\u{0}b",
        "a\nb",
        "\u{1F512}",
        "~",
        "a;b:c@d",
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
    for key in [
        "incoming",
        "Incoming/a",
        "/incoming/a",
        "incoming%2Fa",
        "incomings/a",
        "i\u{306}ncoming/a",
        "private/secret.txt",
    ] {
        let answer = host.call(program::S3_GET_OBJECT, &json!({ "bucket": "uploads", "key": key })).await;
        assert_eq!(answer, error("AccessDenied"), "{key}");
    }
    assert_eq!(requests(&host), 0);
}

#[tokio::test(start_paused = true)]
async fn a_denial_says_the_same_of_what_exists_and_what_does_not() {
    let host = host().allow("s3:GetObject", INCOMING);
    let there = host
        .call(program::S3_HEAD_OBJECT, &json!({ "bucket": "uploads", "key": "private/secret.txt" }))
        .await;
    let nowhere =
        host.call(program::S3_HEAD_OBJECT, &json!({ "bucket": "uploads", "key": "private/nothing" })).await;
    let no_bucket =
        host.call(program::S3_HEAD_OBJECT, &json!({ "bucket": "no-such-bucket", "key": "k" })).await;
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
    let Verdict::Deny { rule: None, suggestion, .. } = &denials[0].verdict else {
        panic!("{:?}", denials[0])
    };
    assert_eq!(
        &**suggestion,
        "add `\"arn:aws:s3:::uploads/private/secret.txt\"` to `resources` at innkeeper.toml:9:13"
    );
    let Verdict::Deny { rule: Some(rule), .. } = &denials[1].verdict else { panic!("{:?}", denials[1]) };
    assert_eq!(rule.to_string(), "innkeeper.toml:13:14");
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
        first in proptest::option::of(0_u64..6_000),
        length in proptest::option::of(0_u64..6_000),
        cut in proptest::option::of(0_u64..6_000),
    ) {
        let body: String = (0..size).map(|n| char::from(b'a' + u8::try_from(n % 26).unwrap())).collect();
        // `[first, last]`, `[first, null]`, `[null, length]`, or none.
        let (range, slice) = match (first, length) {
            (Some(first), Some(length)) => (json!([first, first + length]), first..(first + length + 1).min(size)),
            (Some(first), None) => (json!([first, null]), first..size),
            (None, Some(length)) => (json!([null, length]), size.saturating_sub(length)..size),
            (None, None) => (Value::Null, 0..size),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let answers = runtime.block_on(async {
            let host = host().allow("s3:GetObject", OBJECTS);
            host.aws().s3().put("uploads", "o", body.clone()).unwrap();
            let input = json!({ "bucket": "uploads", "key": "o", "range": range });
            let mut answers = Vec::new();
            for program in [program::S3_READ_OBJECT, program::S3_GET_OBJECT] {
                // Wherever the connection breaks.
                if let Some(byte) = cut.filter(|_| !slice.is_empty()) {
                    host.aws().faults().push(Fault::cut_at(byte).times(1));
                }
                answers.push(host.call(program, &input).await);
            }
            answers
        });
        for answer in answers {
            if slice.is_empty() {
                prop_assert_eq!(answer, error("InvalidRange"));
            } else {
                let (from, to) = (usize::try_from(slice.start).unwrap(), usize::try_from(slice.end).unwrap());
                prop_assert_eq!(&answer["ok"]["body"], &json!(body[from..to]));
            }
        }
    }
}
