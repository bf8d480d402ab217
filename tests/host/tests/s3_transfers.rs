//! Large objects: uploads in parts, downloads over several connections, and what becomes of both when something breaks.
use std::time::Duration;

use innkeeper::audit::Outcome;
use innkeeper_fake::Fault;
use innkeeper_tests::s3::{
    BUCKET, INCOMING, OBJECTS, calls_of, client, digest, error, host, is_error, requests, with,
};
use innkeeper_tests::{TestHost, has_a_test, program};
use proptest::prelude::*;
use serde_json::{Value, json};

// Does not compile where a program has no test of its name.
innkeeper_tests::foreach_s3_transfers!(has_a_test);

const MIB: u64 = 1 << 20;

/// The body that the guest makes up: byte by byte what its place says.
fn body(bytes: u64) -> Vec<u8> {
    (0..bytes).map(|place| (place ^ (place >> 8) ^ (place >> 16) ^ (place >> 24)).to_le_bytes()[0]).collect()
}

/// A guest that may write below `incoming/`, for as long as it takes.
fn writer() -> TestHost {
    host().allow("s3:PutObject", INCOMING).setting("limits.timeout = \"1h\"")
}

fn upload(bytes: u64) -> Value {
    json!({ "bucket": "uploads", "key": "incoming/up", "bytes": bytes })
}

/// Whether S3 holds these bytes under the key that the guest writes to.
fn is_stored(host: &TestHost, bytes: u64) -> bool {
    host.aws().s3().get("uploads", "incoming/up").is_some_and(|object| object.body == body(bytes))
}

/// Whether nothing is left of an upload.
fn is_tidy(host: &TestHost) -> bool {
    host.aws().s3().unfinished_uploads("uploads").is_empty()
        && host.aws().s3().get("uploads", "incoming/up").is_none()
}

#[tokio::test(start_paused = true)]
async fn s3_upload_object() {
    let host = writer();
    let answer = host
        .call(program::S3_UPLOAD_OBJECT, &with(upload(1_000), &json!({ "content-type": "text/plain" })))
        .await;
    assert!(answer["ok"]["etag"].is_string(), "{answer}");
    assert!(is_stored(&host, 1_000));
    assert_eq!((calls_of(&host, "PutObject"), requests(&host)), (1, 1), "a small one is a plain put");
    assert_eq!(host.aws().s3().get("uploads", "incoming/up").unwrap().content_type(), "text/plain");

    let host = writer();
    let answer = host
        .call(
            program::S3_UPLOAD_OBJECT,
            &with(upload(23 * MIB + 7), &json!({ "content-type": "text/plain" })),
        )
        .await;
    assert!(answer["ok"]["etag"].is_string(), "{answer}");
    assert!(is_stored(&host, 23 * MIB + 7));
    let object = host.aws().s3().get("uploads", "incoming/up").unwrap();
    assert_eq!(object.content_type(), "text/plain");
    assert_eq!(
        object.parts.iter().map(|part| part.size).collect::<Vec<_>>(),
        [5 * MIB, 5 * MIB, 5 * MIB, 5 * MIB, 3 * MIB + 7]
    );
    assert_eq!((calls_of(&host, "UploadPart"), requests(&host)), (5, 7));
    assert!(host.aws().s3().unfinished_uploads("uploads").is_empty());
    let abandoned =
        host.audit().calls().into_iter().filter(|call| call.operation == "AbortMultipartUpload").count();
    assert_eq!(abandoned, 0, "what was not sent is not written down");

    let before = requests(&host);
    let elsewhere = with(upload(1), &json!({ "key": "private/up" }));
    assert_eq!(host.call(program::S3_UPLOAD_OBJECT, &elsewhere).await, error("AccessDenied"));
    let tagged = with(upload(1), &json!({ "tags": [["team", "red"]] }));
    assert_eq!(
        host.call(program::S3_UPLOAD_OBJECT, &tagged).await,
        error("AccessDenied"),
        "tags are another right"
    );
    assert_eq!(requests(&host), before);
}

#[tokio::test(start_paused = true)]
async fn s3_upload_abort() {
    let host = host().allow("s3:AbortMultipartUpload", INCOMING);
    let client = client(host.aws()).await;
    for key in ["incoming/a", "private/a"] {
        client.create_multipart_upload().bucket("uploads").key(key).send().await.unwrap();
    }
    let unfinished = host.aws().s3().unfinished_uploads("uploads");
    let input = |index: usize| json!({ "bucket": "uploads", "key": unfinished[index].0, "upload": unfinished[index].1 });
    assert_eq!(host.call(program::S3_UPLOAD_ABORT, &input(0)).await, json!({ "ok": {} }));
    assert_eq!(host.aws().s3().unfinished_uploads("uploads"), unfinished[1..]);
    assert_eq!(host.call(program::S3_UPLOAD_ABORT, &input(0)).await, error("NoSuchUpload"));
    assert_eq!(host.call(program::S3_UPLOAD_ABORT, &input(1)).await, error("AccessDenied"));
    // An id of another key is worth nothing.
    let smuggled = with(input(1), &json!({ "key": "incoming/a" }));
    assert_eq!(host.call(program::S3_UPLOAD_ABORT, &smuggled).await, error("NoSuchUpload"));
    for hostile in ["", "a b", "a\r\nb", "\u{fc}", &"a".repeat(2_000)] {
        let answer = host
            .call(
                program::S3_UPLOAD_ABORT,
                &with(input(1), &json!({ "key": "incoming/a", "upload": hostile })),
            )
            .await;
        assert_eq!(answer, error("NoSuchUpload"), "{hostile:?}");
    }
    assert_eq!(host.aws().s3().unfinished_uploads("uploads"), unfinished[1..]);
}

// However an upload ends

#[tokio::test(start_paused = true)]
async fn an_upload_that_is_not_finished_leaves_nothing() {
    for bytes in [0, 1_000, 12 * MIB] {
        for end in ["abort", "drop", "leave", "trap"] {
            let host = writer();
            let input = with(upload(bytes), &json!({ "end": end }));
            let ended = host.run(program::S3_UPLOAD_OBJECT, input.to_string().as_bytes()).await;
            assert_eq!(ended.is_ok(), end != "trap", "{end}");
            assert!(is_tidy(&host), "{end} after {bytes} bytes");
            assert_eq!(calls_of(&host, "CreateMultipartUpload"), usize::from(bytes > 5 * MIB), "{end}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_or_times_out_leaves_nothing() {
    let stuck = || {
        let host = host().allow("s3:PutObject", INCOMING).setting("limits.timeout = \"10s\"");
        host.aws().faults().push(Fault::delay(Duration::from_hours(1)).on("UploadPart").always());
        host
    };
    let host = stuck();
    let input = upload(12 * MIB).to_string();
    assert!(host.run(program::S3_UPLOAD_OBJECT, input.as_bytes()).await.is_err());
    assert!(is_tidy(&host));

    let host = stuck();
    let call = host.run(program::S3_UPLOAD_OBJECT, input.as_bytes());
    assert!(tokio::time::timeout(Duration::from_secs(1), call).await.is_err());
    // Nobody waits for what is done now.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(calls_of(&host, "CreateMultipartUpload"), 1);
    assert!(is_tidy(&host));
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_fails_leaves_nothing_and_says_why() {
    for (fault, case) in [
        (Fault::error("AccessDenied").on("UploadPart").skip(2), "AccessDenied"),
        (Fault::error("SlowDown").on("UploadPart").always(), "Throttled"),
        (Fault::error("AccessDenied").on("CreateMultipartUpload"), "AccessDenied"),
        (Fault::error("InvalidPart").on("CompleteMultipartUpload"), "InvalidPart"),
        (Fault::error("InvalidPartOrder").on("CompleteMultipartUpload"), "InvalidPartOrder"),
        (Fault::error("EntityTooSmall").on("CompleteMultipartUpload"), "EntityTooSmall"),
        (Fault::error("NoSuchUpload").on("CompleteMultipartUpload"), "NoSuchUpload"),
    ] {
        let host = writer();
        host.aws().faults().push(fault);
        assert_eq!(host.call(program::S3_UPLOAD_OBJECT, &upload(23 * MIB)).await, error(case));
        assert!(is_tidy(&host), "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_part_that_is_throttled_or_breaks_is_sent_again() {
    for fault in
        [Fault::error("SlowDown").on("UploadPart").times(2), Fault::cut_before().on("UploadPart").times(2)]
    {
        let host = writer();
        host.aws().faults().push(fault);
        let answer = host.call(program::S3_UPLOAD_OBJECT, &upload(23 * MIB)).await;
        assert!(answer["ok"].is_object(), "{answer}");
        assert!(is_stored(&host, 23 * MIB));
        assert_eq!(calls_of(&host, "UploadPart"), 7);
    }
}

#[tokio::test(start_paused = true)]
async fn the_conditions_of_an_upload_are_decided_on_at_its_end() {
    for bytes in [1_000, 12 * MIB] {
        let host = writer();
        host.aws().s3().put("uploads", "incoming/up", "there").unwrap();
        let input = with(upload(bytes), &json!({ "if-none-match": "*" }));
        assert_eq!(host.call(program::S3_UPLOAD_OBJECT, &input).await, error("PreconditionFailed"));
        assert_eq!(host.aws().s3().get("uploads", "incoming/up").unwrap().text(), Some("there"));
        assert!(host.aws().s3().unfinished_uploads("uploads").is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_of_a_given_size_has_that_size() {
    let host = writer();
    let answer =
        host.call(program::S3_UPLOAD_OBJECT, &with(upload(6 * MIB), &json!({ "size": 6 * MIB }))).await;
    assert!(answer["ok"].is_object(), "{answer}");
    assert!(is_stored(&host, 6 * MIB));
    host.aws().s3().delete("uploads", "incoming/up");
    for size in [6 * MIB - 1, 6 * MIB + 1] {
        let answer =
            host.call(program::S3_UPLOAD_OBJECT, &with(upload(6 * MIB), &json!({ "size": size }))).await;
        assert!(is_error(&answer, "InvalidArgument"), "{size}: {answer}");
        assert!(is_tidy(&host));
    }
    let before = requests(&host);
    for size in [5 * 1024 * 1024 * MIB + 1, u64::MAX] {
        let answer = host.call(program::S3_UPLOAD_OBJECT, &with(upload(1), &json!({ "size": size }))).await;
        assert_eq!(answer, error("EntityTooLarge"), "{size}");
    }
    assert_eq!(requests(&host), before);
}

#[tokio::test(start_paused = true)]
async fn uploads_are_held_to_the_memory_of_the_manifest() {
    let host = writer().setting("limits.transfer-memory = \"4MiB\"");
    assert_eq!(
        host.call(program::S3_UPLOAD_OBJECT, &upload(1)).await,
        error("LimitExceeded(\"transfer-memory\")")
    );
    // One part fits, and the object is sent part by part.
    let host = writer().setting("limits.transfer-memory = \"5MiB\"");
    assert!(host.call(program::S3_UPLOAD_OBJECT, &upload(17 * MIB)).await["ok"].is_object());
    assert!(is_stored(&host, 17 * MIB));
    // Ten thousand parts of a quarter of it are too short.
    let large = with(upload(1), &json!({ "size": 1024 * 1024 * MIB }));
    assert_eq!(
        host.call(program::S3_UPLOAD_OBJECT, &large).await,
        error("LimitExceeded(\"transfer-memory\")")
    );
}

#[tokio::test(start_paused = true)]
async fn a_copy_through_the_guest_reads_and_writes_at_once() {
    let host = writer().allow("s3:GetObject", OBJECTS);
    host.aws().s3().put("uploads", "big", body(40 * MIB)).unwrap();
    let answer = host.call(program::S3_UPLOAD_OBJECT, &with(upload(0), &json!({ "source": "big" }))).await;
    assert!(answer["ok"].is_object(), "{answer}");
    assert!(is_stored(&host, 40 * MIB));
}

// Downloads

/// What the guest says of a body that it reads to its end.
async fn read(host: &TestHost, key: &str) -> Value {
    host.call(program::S3_GET_OBJECT, &json!({ "bucket": "uploads", "key": key })).await
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_is_gone_on_with_where_it_broke() {
    let big: String = (0..30_000).map(|number| format!("{number:09}\n")).collect();
    for fault in [Fault::cut_at(100_000), Fault::truncate(100_000)] {
        for program in [program::S3_GET_OBJECT, program::S3_READ_OBJECT] {
            let host = host().allow("s3:GetObject", OBJECTS);
            host.aws().s3().put("uploads", "big", big.clone()).unwrap();
            // The second connection has more to send than the first has left; it breaks too.
            host.aws().faults().push(fault.clone().times(2));
            let answer = host.call(program, &json!({ "bucket": "uploads", "key": "big" })).await;
            assert_eq!(answer["ok"]["body"], json!(big), "{fault:?} of {program}");
            assert_eq!(calls_of(&host, "GetObject"), 3);
            let calls = host.audit().calls();
            assert_eq!(calls.len(), 3, "each connection is written down");
            assert_eq!(
                calls.iter().map(|call| call.bytes_received).sum::<u64>(),
                300_000,
                "no byte came twice"
            );
            assert!(matches!(calls[0].outcome, Outcome::Failure { .. }));
            assert_eq!(calls[2].outcome, Outcome::Success);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_range_that_breaks_is_gone_on_with_inside_of_the_range() {
    let host = host().allow("s3:GetObject", OBJECTS);
    let bytes: String = (0..30_000).map(|number| format!("{number:09}\n")).collect();
    host.aws().s3().put("uploads", "big", bytes.clone()).unwrap();
    host.aws().faults().push(Fault::cut_at(50_000).times(1));
    let input = json!({ "bucket": "uploads", "key": "big", "range": [1_000, 200_999] });
    let answer = host.call(program::S3_GET_OBJECT, &input).await;
    assert_eq!(answer["ok"]["body"], json!(bytes[1_000..201_000]));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_again_and_again_ends_with_a_typed_error() {
    for (fault, case) in [(Fault::cut_at(0), "Connection"), (Fault::cut_at(100_000), "Connection")] {
        let host = host().allow("s3:GetObject", OBJECTS).setting("limits.timeout = \"1h\"");
        host.aws().s3().put("uploads", "big", vec![b'x'; 40 << 20]).unwrap();
        host.aws().faults().push(fault.always());
        assert_eq!(read(&host, "big").await, error(case));
        assert!(calls_of(&host, "GetObject") < 200, "it is given up");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_whose_object_was_replaced_ends_with_a_typed_error() {
    let host = host().allow("s3:GetObject", OBJECTS).allow("s3:ListBucket", BUCKET);
    host.aws().s3().put("uploads", "big", vec![b'a'; 300_000]).unwrap();
    host.aws().faults().push(Fault::cut_at(100_000).times(1));
    // The second connection is made, and AWS is slow about it: time enough for somebody else to write.
    host.aws().faults().push(Fault::delay(Duration::from_secs(1)).times(1));
    let replace = async {
        while requests(&host) < 2 {
            tokio::task::yield_now().await;
        }
        host.aws().s3().put("uploads", "big", vec![b'b'; 300_000]).unwrap();
    };
    let (answer, ()) = tokio::join!(read(&host, "big"), replace);
    assert_eq!(answer, error("PreconditionFailed"));
    assert_eq!(calls_of(&host, "GetObject"), 2, "what was replaced is not asked for again");
}

#[tokio::test(start_paused = true)]
async fn a_large_body_comes_over_several_connections_in_order() {
    let host = || {
        host()
            .allow("s3:GetObject", OBJECTS)
            .setting("limits.memory = \"512MiB\"")
            .setting("limits.cpu-time = \"1m\"")
            .setting("limits.timeout = \"1h\"")
    };
    let bytes = body(30 * MIB);
    let input = json!({ "bucket": "uploads", "key": "big", "digest": true });
    let whole = |answer: &Value| {
        assert_eq!(answer["ok"]["length"], 30 * MIB, "{answer}");
        assert_eq!(answer["ok"]["digest"], digest(&bytes));
    };

    let many = host();
    many.aws().s3().put("uploads", "big", bytes.clone()).unwrap();
    // The first is so slow that more are worth their while.
    many.aws().faults().push(Fault::drip(10_000_000).times(1));
    // A connection ahead of the guest breaks too.
    many.aws().faults().push(Fault::cut_at(100_000).skip(2).times(1));
    whole(&many.call(program::S3_GET_OBJECT, &input).await);
    let calls = many.aws().calls();
    assert_eq!(calls.len(), 1 + 7 + 1, "the first, seven behind it, and the one that broke");
    assert_eq!(many.audit().decisions().len(), calls.len(), "each is decided on");

    // With little memory there is one connection, and one that is fast is enough.
    let little = host().setting("limits.transfer-memory = \"4MiB\"");
    little.aws().faults().push(Fault::drip(10_000_000).times(1));
    for one in [little, host()] {
        one.aws().s3().put("uploads", "big", bytes.clone()).unwrap();
        whole(&one.call(program::S3_GET_OBJECT, &input).await);
        assert_eq!(requests(&one), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_guest_that_looks_at_the_beginning_alone_makes_one_connection() {
    let host = host().allow("s3:GetObject", OBJECTS);
    host.aws().s3().put("uploads", "big", vec![b'x'; 40 << 20]).unwrap();
    let input = json!({ "bucket": "uploads", "key": "big", "stop-after": 500_000 });
    assert_eq!(host.call(program::S3_GET_OBJECT, &input).await["ok"]["length"], 500_000);
    assert_eq!(requests(&host), 1);
}

#[tokio::test(start_paused = true)]
async fn a_copy_of_more_than_5_gib_is_made_of_parts() {
    // The fake has to be told that the object is so long; its bytes are not there.
    let host = writer().allow("s3:GetObject", OBJECTS);
    host.aws().s3().put("uploads", "big", "x").unwrap();
    let length = (5_u64 << 30) + 1;
    host.aws().faults().push(
        Fault::status(200.try_into().unwrap())
            .on("HeadObject")
            .with_header("content-length", length.to_string())
            .with_header("etag", "\"e\""),
    );
    let input =
        json!({ "bucket": "uploads", "key": "incoming/up", "source-bucket": "uploads", "source-key": "big" });
    let answer = host.call(program::S3_COPY_OBJECT, &input).await;
    // The object is not what it was said to be, which the first part finds.
    assert!(answer["error"].is_string(), "{answer}");
    assert_eq!(calls_of(&host, "CreateMultipartUpload"), 1, "{answer}");
    assert!(calls_of(&host, "UploadPartCopy") > 0);
    assert!(is_tidy(&host));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn an_upload_in_pieces_is_the_same_bytes(
        bytes in prop_oneof![0..3 * MIB, 5 * MIB - 2..5 * MIB + 3, 9 * MIB..16 * MIB],
        piece in prop_oneof![1_000_u64..70_000, 65_535_u64..65_538, 200_000_u64..3 * MIB],
        memory in prop_oneof![Just("5MiB"), Just("12MiB"), Just("48MiB")],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let host = writer().setting(&format!("limits.transfer-memory = {memory:?}"));
            let answer = host.call(program::S3_UPLOAD_OBJECT, &with(upload(bytes), &json!({ "piece": piece }))).await;
            assert!(answer["ok"].is_object(), "{answer}");
            assert!(is_stored(&host, bytes));
            assert!(host.aws().s3().unfinished_uploads("uploads").is_empty());
        });
    }
}
