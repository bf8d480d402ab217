//! `innkeeper:aws/s3`: each program of `tests/programs` named `s3_*` has its test here, under its name. A denial stands beside every
//! success.
use std::time::Duration;

use innkeeper::audit::{Outcome, Verdict};
use innkeeper_fake::{Fault, NewObject};
use innkeeper_tests::s3::{
    BUCKET, INCOMING, OBJECTS, calls_of, error, hello, host, is_error, requests, secret, with,
};
use innkeeper_tests::{TestHost, program};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Does not compile where a program has no test of its name.
macro_rules! has_a_test {
    ($name:ident) => {
        const _: fn() = $name;
    };
}
innkeeper_tests::foreach_s3!(has_a_test);

#[tokio::test(start_paused = true)]
async fn s3_open() {
    let host = host().setting("names.mine = \"arn:aws:s3:::uploads\"");
    for name in ["uploads", "arn:aws:s3:::uploads", "mine"] {
        assert_eq!(
            host.call(program::S3_OPEN, &json!({ "bucket": name })).await,
            json!({ "ok": {} }),
            "{name}"
        );
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
        assert!(
            answer["error"].as_str().unwrap_or_default().starts_with("InvalidArgument"),
            "{name}: {answer}"
        );
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
    assert_eq!(
        host.call(program::S3_DELETE_OBJECT, &hello()).await,
        json!({ "ok": { "delete-marker": false, "version": null } })
    );
    assert!(host.aws().s3().get("uploads", "incoming/hello.txt").is_none());
    // S3 has it so: there is nothing to delete, and that is well.
    assert_eq!(
        host.call(program::S3_DELETE_OBJECT, &hello()).await,
        json!({ "ok": { "delete-marker": false, "version": null } })
    );

    let secret = json!({ "bucket": "uploads", "key": "private/secret.txt" });
    assert_eq!(host.call(program::S3_DELETE_OBJECT, &secret).await, error("AccessDenied"));
    assert!(host.aws().s3().get("uploads", "private/secret.txt").is_some());
}

#[tokio::test(start_paused = true)]
async fn s3_delete_objects() {
    let host = host().allow("s3:DeleteObject", INCOMING).allow("s3:DeleteObject", "arn:aws:s3:::uploads/n/*");
    for number in 0..2_500 {
        host.aws().s3().put("uploads", format!("n/{number}"), "x").unwrap();
    }
    let objects =
        json!([{ "key": "private/secret.txt" }, { "key": "incoming/hello.txt" }, { "key": "incoming/none" }]);
    let input = json!({ "bucket": "uploads", "objects": objects, "count": 2_500 });
    let answer = host.call(program::S3_DELETE_OBJECTS, &input).await;
    let results = answer["ok"].as_array().unwrap();
    assert_eq!(results.len(), 2_503);
    assert_eq!(results[0], "AccessDenied", "one that is denied does not hold up the others");
    assert!(results[1..].iter().all(|result| result["delete-marker"] == false), "{answer}");
    assert_eq!(host.aws().s3().keys("uploads"), ["private/secret.txt"]);
    assert_eq!(calls_of(&host, "DeleteObjects"), 3, "a thousand at a time");
    assert_eq!(host.audit().decisions().len(), 2_503, "each is decided on");

    let before = requests(&host);
    let objects = json!([{ "key": "private/secret.txt" }, { "key": "incoming/a", "version": "v" }]);
    let answer =
        host.call(program::S3_DELETE_OBJECTS, &json!({ "bucket": "uploads", "objects": objects })).await;
    assert_eq!(answer["ok"], json!(["AccessDenied", "AccessDenied"]), "a version is another right");
    assert_eq!(requests(&host), before);
}

#[tokio::test(start_paused = true)]
async fn each_key_of_many_is_deleted_byte_for_byte() {
    let host = host().allow("s3:DeleteObject", "arn:aws:s3:::uploads/keys/*");
    let keys = [
        "keys/a\u{0}b",
        "keys/a\rb",
        "keys/a\nb",
        "keys/<&>\"'",
        "keys/ a ",
        "keys/%2e",
        "keys/\u{e9}",
        "keys/a/../b",
    ];
    for key in keys {
        host.aws().s3().put("uploads", key, "x").unwrap();
    }
    let objects: Vec<Value> = keys.iter().map(|key| json!({ "key": key })).collect();
    let answer =
        host.call(program::S3_DELETE_OBJECTS, &json!({ "bucket": "uploads", "objects": objects })).await;
    assert!(answer["ok"].as_array().unwrap().iter().all(Value::is_object), "{answer}");
    assert_eq!(host.aws().s3().keys("uploads"), ["incoming/hello.txt", "private/secret.txt"]);
}

#[tokio::test(start_paused = true)]
async fn s3_copy_object() {
    let host = host().allow("s3:GetObject", INCOMING).allow("s3:PutObject", "arn:aws:s3:::uploads/copies/*");
    let copy = |more: Value| {
        let copy = json!({ "bucket": "uploads", "key": "copies/a", "source-bucket": "uploads", "source-key": "incoming/hello.txt" });
        with(copy, &more)
    };
    let answer = host.call(program::S3_COPY_OBJECT, &copy(json!({}))).await;
    assert!(answer["ok"]["etag"].is_string(), "{answer}");
    let copied = host.aws().s3().get("uploads", "copies/a").unwrap();
    assert_eq!((copied.text(), copied.content_type()), (Some("hello, world"), "text/plain"));
    assert_eq!(copied.metadata("owner"), Some("ada"));

    let replaced =
        json!({ "replace-metadata": true, "content-type": "text/html", "metadata": [["by", "eve"]] });
    assert!(host.call(program::S3_COPY_OBJECT, &copy(replaced)).await["ok"].is_object());
    let copied = host.aws().s3().get("uploads", "copies/a").unwrap();
    assert_eq!(
        (copied.content_type(), copied.metadata("owner"), copied.metadata("by")),
        ("text/html", None, Some("eve"))
    );

    let before = requests(&host);
    for one_right in [json!({ "source-key": "private/secret.txt" }), json!({ "key": "private/copy" })] {
        assert_eq!(host.call(program::S3_COPY_OBJECT, &copy(one_right)).await, error("AccessDenied"));
    }
    assert_eq!(requests(&host), before, "a copy needs both rights before anything is sent");
}

#[tokio::test(start_paused = true)]
async fn a_copy_is_made_on_conditions_on_both_sides() {
    let host = host().allow("s3:*", OBJECTS).allow("s3:*", BUCKET);
    let etag = format!("\"{}\"", host.aws().s3().get("uploads", "incoming/hello.txt").unwrap().etag);
    let copy = |more: Value| {
        let copy = json!({ "bucket": "uploads", "key": "copy", "source-bucket": "uploads", "source-key": "incoming/hello.txt" });
        with(copy, &more)
    };
    for refused in [
        json!({ "source-if-match": "\"x\"" }),
        json!({ "source-if-none-match": etag }),
        json!({ "source-if-unmodified-since": 1_000 }),
        json!({ "if-match": "\"x\"", "key": "private/secret.txt" }),
        json!({ "if-none-match": "*", "key": "private/secret.txt" }),
    ] {
        let answer = host.call(program::S3_COPY_OBJECT, &copy(refused.clone())).await;
        assert_eq!(answer, error("PreconditionFailed"), "{refused}");
    }
    for allowed in [
        json!({ "source-if-match": etag }),
        json!({ "if-match": etag }),
        json!({ "source-if-none-match": "\"x\"" }),
    ] {
        let answer = host.call(program::S3_COPY_OBJECT, &copy(allowed.clone())).await;
        assert!(answer["ok"].is_object(), "{allowed}: {answer}");
    }
    let missing = copy(json!({ "source-key": "incoming/none" }));
    assert_eq!(host.call(program::S3_COPY_OBJECT, &missing).await, error("NoSuchKey"));
}

#[tokio::test(start_paused = true)]
async fn tags_are_copied_by_those_alone_who_may_read_and_set_them() {
    let tagged = || {
        let host = host().allow("s3:GetObject", INCOMING).allow("s3:PutObject", OBJECTS);
        host.aws().s3().put("uploads", "incoming/tagged", NewObject::new("x").tag("team", "red")).unwrap();
        host
    };
    let input = json!({ "bucket": "uploads", "key": "copy", "source-bucket": "uploads", "source-key": "incoming/tagged" });
    let tags = |host: &TestHost| host.aws().s3().get("uploads", "copy").map(|copy| copy.tags.clone());

    for host in [
        tagged(),
        tagged().allow("s3:GetObjectTagging", OBJECTS),
        tagged().allow("s3:PutObjectTagging", OBJECTS),
    ] {
        assert_eq!(host.call(program::S3_COPY_OBJECT, &input).await, error("AccessDenied"));
        assert_eq!(tags(&host), None);
    }
    let host = tagged().allow("s3:GetObjectTagging", OBJECTS).allow("s3:PutObjectTagging", OBJECTS);
    assert!(host.call(program::S3_COPY_OBJECT, &input).await["ok"].is_object());
    assert_eq!(tags(&host).unwrap()["team"], "red");

    let host = tagged();
    let without = with(input.clone(), &json!({ "replace-tags": true }));
    assert!(host.call(program::S3_COPY_OBJECT, &without).await["ok"].is_object(), "no tags need no rights");
    assert!(tags(&host).unwrap().is_empty());
    let other = with(input, &json!({ "replace-tags": true, "tags": [["team", "blue"]] }));
    assert_eq!(host.call(program::S3_COPY_OBJECT, &other).await, error("AccessDenied"));
}

#[tokio::test(start_paused = true)]
async fn s3_get_object_tags() {
    let host = host().allow("s3:GetObjectTagging", INCOMING);
    host.aws()
        .s3()
        .put("uploads", "incoming/tagged", NewObject::new("x").tag("a", "1").tag("b", "2"))
        .unwrap();
    let input = json!({ "bucket": "uploads", "key": "incoming/tagged" });
    assert_eq!(
        host.call(program::S3_GET_OBJECT_TAGS, &input).await,
        json!({ "ok": [["a", "1"], ["b", "2"]] })
    );
    assert_eq!(host.call(program::S3_GET_OBJECT_TAGS, &secret()).await, error("AccessDenied"));
    let version = with(input, &json!({ "version": "v" }));
    assert_eq!(
        host.call(program::S3_GET_OBJECT_TAGS, &version).await,
        error("AccessDenied"),
        "a version is another right"
    );
}

#[tokio::test(start_paused = true)]
async fn s3_set_object_tags() {
    let host = host().allow("s3:PutObjectTagging", INCOMING);
    let tags = json!({ "tags": [["team", "red and blue"], ["a+b=c", ""]] });
    assert_eq!(host.call(program::S3_SET_OBJECT_TAGS, &with(hello(), &tags)).await, json!({ "ok": {} }));
    let stored = host.aws().s3().get("uploads", "incoming/hello.txt").unwrap().tags.clone();
    assert_eq!((stored["team"].as_str(), stored["a+b=c"].as_str()), ("red and blue", ""));
    assert_eq!(host.call(program::S3_SET_OBJECT_TAGS, &with(secret(), &tags)).await, error("AccessDenied"));

    let before = requests(&host);
    for hostile in [
        json!([["a", "b\u{0}"]]),
        json!([["", "b"]]),
        json!([["a", "1"], ["a", "2"]]),
        json!([["a", "x".repeat(300)]]),
    ] {
        let answer =
            host.call(program::S3_SET_OBJECT_TAGS, &with(hello(), &json!({ "tags": hostile }))).await;
        assert!(is_error(&answer, "InvalidArgument"), "{answer}");
    }
    assert_eq!(requests(&host), before);
}

#[tokio::test(start_paused = true)]
async fn s3_delete_object_tags() {
    let host = host().allow("s3:DeleteObjectTagging", INCOMING);
    host.aws().s3().put("uploads", "incoming/tagged", NewObject::new("x").tag("a", "1")).unwrap();
    let input = json!({ "bucket": "uploads", "key": "incoming/tagged" });
    assert_eq!(host.call(program::S3_DELETE_OBJECT_TAGS, &input).await, json!({ "ok": {} }));
    assert!(host.aws().s3().get("uploads", "incoming/tagged").unwrap().tags.is_empty());
    assert_eq!(host.call(program::S3_DELETE_OBJECT_TAGS, &secret()).await, error("AccessDenied"));
}

#[tokio::test(start_paused = true)]
async fn s3_get_object_attributes() {
    let host = host()
        .allow("s3:GetObject", INCOMING)
        .allow("s3:GetObjectAttributes", INCOMING)
        .allow("s3:PutObject", INCOMING);
    let small = with(hello(), &json!({ "body": "hello", "algorithm": "SHA256" }));
    host.call(program::S3_PUT_OBJECT, &small).await;
    let answer = host.call(program::S3_GET_OBJECT_ATTRIBUTES, &hello()).await;
    assert_eq!(answer["ok"]["size"], 5, "{answer}");
    assert_eq!(answer["ok"]["parts"], Value::Null);
    assert_eq!(answer["ok"]["checksum"][0], "ChecksumAlgorithm::Sha256", "{answer}");
    assert_eq!(host.call(program::S3_GET_OBJECT_ATTRIBUTES, &secret()).await, error("AccessDenied"));

    for one_right in ["s3:GetObject", "s3:GetObjectAttributes"] {
        let host = self::host().allow(one_right, OBJECTS);
        assert_eq!(
            host.call(program::S3_GET_OBJECT_ATTRIBUTES, &hello()).await,
            error("AccessDenied"),
            "{one_right}"
        );
        assert_eq!(requests(&host), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn s3_restore_object() {
    let host = host().allow("s3:RestoreObject", INCOMING).allow("s3:GetObject", INCOMING);
    host.aws().s3().put("uploads", "incoming/cold", NewObject::new("ice").storage_class("GLACIER")).unwrap();
    let input = json!({ "bucket": "uploads", "key": "incoming/cold", "days": 2 });
    assert_eq!(host.call(program::S3_READ_OBJECT, &input).await, error("InvalidObjectState"));
    assert_eq!(
        host.call(program::S3_RESTORE_OBJECT, &input).await,
        json!({ "ok": "RestoreOutcome::Accepted" })
    );
    assert_eq!(
        host.call(program::S3_RESTORE_OBJECT, &input).await,
        json!({ "ok": "RestoreOutcome::InProgress" })
    );
    assert_eq!(host.call(program::S3_HEAD_OBJECT, &input).await["ok"]["restore"], true);

    assert_eq!(
        host.call(program::S3_RESTORE_OBJECT, &hello()).await,
        error("InvalidObjectState"),
        "it is not archived"
    );
    assert_eq!(host.call(program::S3_RESTORE_OBJECT, &secret()).await, error("AccessDenied"));
    let never = with(input, &json!({ "days": 0 }));
    assert!(is_error(&host.call(program::S3_RESTORE_OBJECT, &never).await, "InvalidArgument"));
}

#[tokio::test(start_paused = true)]
async fn s3_wait_for_object() {
    let host = host().allow("s3:GetObject", INCOMING).allow("s3:ListBucket", BUCKET);
    assert_eq!(host.call(program::S3_WAIT_FOR_OBJECT, &hello()).await, json!({ "ok": {} }));
    let gone = json!({ "bucket": "uploads", "key": "incoming/none", "gone": true });
    assert_eq!(host.call(program::S3_WAIT_FOR_OBJECT, &gone).await, json!({ "ok": {} }));

    let late = json!({ "bucket": "uploads", "key": "incoming/late", "seconds": 20 });
    let (answer, ()) = tokio::join!(host.call(program::S3_WAIT_FOR_OBJECT, &late), async {
        tokio::time::sleep(Duration::from_secs(9)).await;
        host.aws().s3().put("uploads", "incoming/late", "x").unwrap();
    });
    assert_eq!(answer, json!({ "ok": {} }));
    assert!(calls_of(&host, "HeadObject") < 12, "it asks less and less often");

    let started = tokio::time::Instant::now();
    let never = json!({ "bucket": "uploads", "key": "incoming/never", "seconds": 7 });
    assert_eq!(host.call(program::S3_WAIT_FOR_OBJECT, &never).await, error("Timeout"));
    assert_eq!(started.elapsed().as_secs(), 7);
    let for_ever = with(never, &json!({ "seconds": u32::MAX }));
    assert_eq!(
        host.call(program::S3_WAIT_FOR_OBJECT, &for_ever).await,
        error("Timeout"),
        "before the call is over"
    );
    assert_eq!(host.call(program::S3_WAIT_FOR_OBJECT, &secret()).await, error("AccessDenied"));
}

#[tokio::test(start_paused = true)]
async fn s3_load() {
    let host =
        host().allow("s3:GetObject", INCOMING).allow("s3:PutObject", INCOMING).allow("s3:ListBucket", BUCKET);
    let load = |operation: &str, key: &str| json!({ "bucket": "uploads", "operation": operation, "key": key, "times": 3, "bytes": 100_000 });
    for (operation, moved) in [("read", 36), ("get", 36), ("put", 300_000), ("upload", 300_000), ("list", 3)]
    {
        let key = if matches!(operation, "put" | "upload") { "incoming/new" } else { "incoming/hello.txt" };
        let answer = host.call(program::S3_LOAD, &load(operation, key)).await;
        assert_eq!(answer, json!({ "ok": { "moved": moved } }), "{operation}");
    }
    assert_eq!(host.aws().s3().get("uploads", "incoming/new").unwrap().body.len(), 100_000);
    assert_eq!(
        (calls_of(&host, "GetObject"), calls_of(&host, "PutObject"), calls_of(&host, "ListObjectsV2")),
        (6, 6, 3)
    );

    let before = requests(&host);
    for operation in ["read", "get", "put", "upload"] {
        let answer = host.call(program::S3_LOAD, &load(operation, "private/secret.txt")).await;
        assert_eq!(answer, error("AccessDenied"), "{operation}");
    }
    assert_eq!(requests(&host), before);
}

// Options

#[tokio::test(start_paused = true)]
async fn a_put_stores_all_that_it_is_told() {
    let host = host()
        .allow("s3:PutObject", INCOMING)
        .allow("s3:PutObjectTagging", INCOMING)
        .allow("s3:GetObject", INCOMING);
    let input = json!({
        "bucket": "uploads", "key": "incoming/all", "body": "all",
        "content-type": "text/plain", "cache-control": "no-store", "content-disposition": "inline",
        "content-encoding": "identity", "content-language": "en", "expires": 1_356_048_000,
        "tags": [["team", "a+b = c"]], "storage-class": "STANDARD_IA", "algorithm": "SHA256", "encryption": "s3",
    });
    let stored = host.call(program::S3_PUT_OBJECT, &input).await;
    assert_eq!(stored["ok"]["checksum"][0], "ChecksumAlgorithm::Sha256", "{stored}");
    let head = host.call(program::S3_HEAD_OBJECT, &input).await;
    for (name, value) in [
        ("content-type", "text/plain"),
        ("cache-control", "no-store"),
        ("content-disposition", "inline"),
        ("content-encoding", "identity"),
        ("content-language", "en"),
        ("expires", "Fri, 21 Dec 2012 00:00:00 GMT"),
        ("storage-class", "STANDARD_IA"),
        ("encryption", "EncryptionKind::S3"),
    ] {
        assert_eq!(head["ok"][name], value, "{name}: {head}");
    }
    assert_eq!(head["ok"]["checksum"], stored["ok"]["checksum"]);
    assert_eq!(host.aws().s3().get("uploads", "incoming/all").unwrap().tags["team"], "a+b = c");
}

#[tokio::test(start_paused = true)]
async fn a_put_with_tags_needs_the_right_to_tag() {
    let host = host().allow("s3:PutObject", OBJECTS);
    let input = json!({ "bucket": "uploads", "key": "k", "body": "x", "tags": [["team", "red"]] });
    assert_eq!(host.call(program::S3_PUT_OBJECT, &input).await, error("AccessDenied"));
    assert_eq!(requests(&host), 0);
}

#[tokio::test(start_paused = true)]
async fn a_checksum_of_the_guests_own_is_held_against_the_body() {
    let host = host().allow("s3:PutObject", OBJECTS);
    let put = |checksum: &str| json!({ "bucket": "uploads", "key": "k", "body": "123456789", "algorithm": "CRC32", "checksum": checksum });
    assert!(host.call(program::S3_PUT_OBJECT, &put("y/Q5Jg==")).await["ok"].is_object());
    assert_eq!(host.call(program::S3_PUT_OBJECT, &put("AAAAAA==")).await, error("Integrity"));
    assert!(is_error(&host.call(program::S3_PUT_OBJECT, &put("y/Q5")).await, "InvalidArgument"));
}

#[tokio::test(start_paused = true)]
async fn a_guest_chooses_among_those_keys_alone_that_have_a_name() {
    const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let host = host().allow("s3:*", OBJECTS).setting(&format!("names.photos-key = {KEY:?}"));
    let put = |key: Value| with(hello(), &json!({ "body": "x", "encryption": "kms", "kms-key": key }));
    for key in [
        json!("arn:aws:kms:eu-west-1:210987654321:key/other"),
        json!(KEY),
        json!("alias/other"),
        json!("nothing"),
    ] {
        let answer = host.call(program::S3_PUT_OBJECT, &put(key)).await;
        assert!(is_error(&answer, "InvalidArgument"), "{answer}");
    }
    assert_eq!(requests(&host), 0);
    let put = host.call(program::S3_PUT_OBJECT, &put(json!("photos-key"))).await;
    assert!(put["ok"].is_object(), "{put}");
    let head = host.call(program::S3_HEAD_OBJECT, &hello()).await;
    assert_eq!(head["ok"]["encryption"], "EncryptionKind::Kms");
    assert!(!head.to_string().contains("123456789012"), "the guest does not learn the account: {head}");
}

#[tokio::test(start_paused = true)]
async fn a_version_is_a_right_of_its_own() {
    let versioned = |host: TestHost| {
        host.aws().s3().enable_versioning("uploads").unwrap();
        host.aws().s3().put("uploads", "incoming/v", "one").unwrap();
        host.aws().s3().put("uploads", "incoming/v", "two").unwrap();
        host
    };
    let host = versioned(host().allow("s3:GetObject", INCOMING).allow("s3:DeleteObject", INCOMING));
    let plain = json!({ "bucket": "uploads", "key": "incoming/v" });
    for version in host.aws().s3().versions("uploads", "incoming/v") {
        let input = with(plain.clone(), &json!({ "version": version }));
        for program in [
            program::S3_GET_OBJECT,
            program::S3_READ_OBJECT,
            program::S3_HEAD_OBJECT,
            program::S3_DELETE_OBJECT,
        ] {
            assert_eq!(host.call(program, &input).await, error("AccessDenied"), "{program}");
        }
    }
    assert_eq!(requests(&host), 0);

    let host = versioned(
        self::host().allow("s3:GetObjectVersion", INCOMING).allow("s3:DeleteObjectVersion", INCOMING),
    );
    let mut bodies = Vec::new();
    for version in host.aws().s3().versions("uploads", "incoming/v") {
        let input = with(plain.clone(), &json!({ "version": version }));
        let answer = host.call(program::S3_READ_OBJECT, &input).await;
        assert_eq!(answer["ok"]["info"]["version"], json!(version));
        bodies.push(answer["ok"]["body"].clone());
        assert_eq!(host.call(program::S3_DELETE_OBJECT, &input).await["ok"]["version"], json!(version));
    }
    bodies.sort_by_key(Value::to_string);
    assert_eq!(bodies, ["one", "two"]);
    assert_eq!(
        host.call(program::S3_READ_OBJECT, &plain).await,
        error("AccessDenied"),
        "the current one is another right"
    );
}

#[tokio::test(start_paused = true)]
async fn dates_are_conditions_too() {
    let host = host().allow("s3:GetObject", OBJECTS);
    let written = host.call(program::S3_HEAD_OBJECT, &hello()).await["ok"]["last-modified"].as_i64().unwrap();
    for program in [program::S3_GET_OBJECT, program::S3_HEAD_OBJECT] {
        for (condition, case) in [
            (json!({ "if-modified-since": written + 1 }), Some("NotModified")),
            (json!({ "if-modified-since": written - 1 }), None),
            (json!({ "if-unmodified-since": written - 1 }), Some("PreconditionFailed")),
            (json!({ "if-unmodified-since": written + 1 }), None),
        ] {
            let answer = host.call(program, &with(hello(), &condition)).await;
            match case {
                Some(case) => assert_eq!(answer, error(case), "{program} {condition}"),
                None => assert!(answer["ok"].is_object(), "{program} {condition}: {answer}"),
            }
        }
        let never = with(hello(), &json!({ "if-modified-since": i64::MAX }));
        assert!(is_error(&host.call(program, &never).await, "InvalidArgument"));
    }
}

#[tokio::test(start_paused = true)]
async fn the_headers_of_an_answer_can_be_chosen() {
    let host = host().allow("s3:GetObject", OBJECTS);
    let input =
        with(hello(), &json!({ "response-content-type": "text/html", "response-cache-control": "no-store" }));
    let info = host.call(program::S3_GET_OBJECT, &input).await["ok"]["info"].clone();
    assert_eq!((&info["content-type"], &info["cache-control"]), (&json!("text/html"), &json!("no-store")));
    let hostile = with(hello(), &json!({ "response-content-type": "a\r\nset-cookie: b" }));
    assert!(is_error(&host.call(program::S3_GET_OBJECT, &hostile).await, "InvalidArgument"));
}

#[tokio::test(start_paused = true)]
async fn an_access_point_opens_a_bucket_and_is_decided_on_by_its_own_name() {
    let host = host();
    let point = format!("arn:aws:s3:eu-west-1:{}:accesspoint/photos", host.aws().account_id());
    let input = json!({ "bucket": point, "key": "incoming/hello.txt" });
    let host = host.allow("s3:GetObject", &format!("{point}/object/incoming/*"));
    host.aws().s3().access_point("photos", "uploads");
    let answer = host.call(program::S3_READ_OBJECT, &input).await;
    assert_eq!(answer["ok"]["body"], "hello, world", "{answer}");
    assert_eq!(*host.audit().decisions()[0].resource, *format!("{point}/object/incoming/hello.txt"));
    let secret = with(input.clone(), &json!({ "key": "private/secret.txt" }));
    assert_eq!(host.call(program::S3_READ_OBJECT, &secret).await, error("AccessDenied"));

    let host = self::host().allow("s3:*", OBJECTS).allow("s3:*", BUCKET);
    host.aws().s3().access_point("photos", "uploads");
    assert_eq!(
        host.call(program::S3_READ_OBJECT, &input).await,
        error("AccessDenied"),
        "the bucket is another resource"
    );
    for elsewhere in [
        "arn:aws:s3:us-east-1:123456789012:accesspoint/photos",
        "arn:aws:s3::123456789012:accesspoint/photos.mrap",
        "arn:aws:s3:eu-west-1:123456789012:accesspoint/photos@evil.example",
        "arn:aws:s3-object-lambda:eu-west-1:123456789012:accesspoint/photos",
    ] {
        let answer = host.call(program::S3_OPEN, &json!({ "bucket": elsewhere })).await;
        assert!(is_error(&answer, "InvalidArgument"), "{elsewhere}: {answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_bucket_of_somebody_else_is_not_taken_for_the_guests() {
    for (account, expected) in [("123456789012", "ok"), ("210987654321", "error")] {
        let host = host().allow("s3:*", OBJECTS).allow("s3:*", BUCKET);
        let account = if expected == "ok" { host.aws().account_id().to_owned() } else { account.to_owned() };
        let host = host
            .setting("names.mine = \"arn:aws:s3:::uploads\"")
            .setting(&format!("accounts.mine = {account:?}"));
        // Whatever the guest calls it.
        for name in ["mine", "uploads", "arn:aws:s3:::uploads"] {
            let input = with(hello(), &json!({ "bucket": name, "body": "x" }));
            for program in [
                program::S3_HEAD_OBJECT,
                program::S3_GET_OBJECT,
                program::S3_PUT_OBJECT,
                program::S3_LIST_OBJECTS,
            ] {
                let answer = host.call(program, &input).await;
                assert!(answer.get(expected).is_some(), "{program} of {name}, {account}: {answer}");
            }
        }
    }
}

// Errors

#[tokio::test(start_paused = true)]
async fn a_missing_key_is_seen_by_those_alone_who_may_list() {
    let missing = json!({ "bucket": "uploads", "key": "incoming/missing" });
    for program in [program::S3_GET_OBJECT, program::S3_READ_OBJECT, program::S3_HEAD_OBJECT] {
        let blind = host().allow("s3:GetObject", INCOMING);
        assert_eq!(blind.call(program, &missing).await, error("AccessDenied"), "{program}");
        let call = blind.audit().calls().pop().unwrap();
        assert!(
            matches!(call.outcome, Outcome::Failure { error: "no-such-key", .. }),
            "the operator sees it"
        );

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
    let host =
        host().allow("s3:GetObject", OBJECTS).allow("s3:PutObject", OBJECTS).allow("s3:ListBucket", BUCKET);
    let etag = format!("\"{}\"", host.aws().s3().get("uploads", "incoming/hello.txt").unwrap().etag);
    let get = |more: Value| with(hello(), &more);
    let call = async |program, input: Value| host.call(program, &input).await;

    assert!(call(program::S3_GET_OBJECT, get(json!({ "if-match": etag }))).await["ok"].is_object());
    assert_eq!(
        call(program::S3_GET_OBJECT, get(json!({ "if-match": "\"x\"" }))).await,
        error("PreconditionFailed")
    );
    assert_eq!(
        call(program::S3_GET_OBJECT, get(json!({ "if-none-match": etag }))).await,
        error("NotModified")
    );

    let put = |more: Value| with(with(hello(), &json!({ "body": "again" })), &more);
    assert_eq!(
        call(program::S3_PUT_OBJECT, put(json!({ "if-none-match": "*" }))).await,
        error("PreconditionFailed")
    );
    assert_eq!(
        call(program::S3_PUT_OBJECT, put(json!({ "if-match": "\"x\"" }))).await,
        error("PreconditionFailed")
    );
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
        ("AllAccessDisabled", "AccessDenied"),
        ("AccountProblem", "AccessDenied"),
        ("NoSuchBucket", "NoSuchBucket"),
        ("NoSuchKey", "NoSuchKey"),
        ("NoSuchVersion", "NoSuchKey"),
        ("NoSuchUpload", "NoSuchUpload"),
        ("PreconditionFailed", "PreconditionFailed"),
        ("NotModified", "NotModified"),
        ("ConditionalRequestConflict", "Conflict"),
        ("OperationAborted", "Conflict"),
        ("BucketAlreadyExists", "BucketAlreadyExists"),
        ("BucketAlreadyOwnedByYou", "BucketAlreadyOwnedByYou"),
        ("BucketNotEmpty", "BucketNotEmpty"),
        ("InvalidPart", "InvalidPart"),
        ("InvalidPartOrder", "InvalidPartOrder"),
        ("EntityTooSmall", "EntityTooSmall"),
        ("EntityTooLarge", "EntityTooLarge"),
        ("KeyTooLongError", "KeyTooLong"),
        ("InvalidRange", "InvalidRange"),
        ("InvalidPartNumber", "InvalidRange"),
        ("InvalidObjectState", "InvalidObjectState"),
        ("BadDigest", "Integrity"),
        ("InvalidDigest", "Integrity"),
        ("IncompleteBody", "Integrity"),
        ("XAmzContentSHA256Mismatch", "Integrity"),
        ("XAmzContentChecksumMismatch", "Integrity"),
        ("PermanentRedirect", "WrongRegion"),
        ("TemporaryRedirect", "WrongRegion"),
        ("Redirect", "WrongRegion"),
        ("IllegalLocationConstraintException", "WrongRegion"),
        ("AuthorizationHeaderMalformed", "WrongRegion"),
        ("ExpiredToken", "Credentials"),
        ("InvalidAccessKeyId", "Credentials"),
        ("InvalidToken", "Credentials"),
        ("RequestTimeTooSkewed", "Credentials"),
        ("SignatureDoesNotMatch", "Credentials"),
        ("TokenRefreshRequired", "Credentials"),
        ("SlowDown", "Throttled"),
        ("Throttling", "Throttled"),
        ("ThrottlingException", "Throttled"),
        ("TooManyRequestsException", "Throttled"),
        ("RequestLimitExceeded", "Throttled"),
        ("InternalError", "Unavailable"),
        ("ServiceUnavailable", "Unavailable"),
        ("RequestTimeout", "Unavailable"),
        ("InvalidArgument", "InvalidArgument(\"InvalidArgument\")"),
        ("InvalidBucketName", "InvalidArgument(\"InvalidBucketName\")"),
        ("InvalidRequest", "InvalidArgument(\"InvalidRequest\")"),
        ("InvalidStorageClass", "InvalidArgument(\"InvalidStorageClass\")"),
        ("InvalidURI", "InvalidArgument(\"InvalidURI\")"),
        ("MetadataTooLarge", "InvalidArgument(\"MetadataTooLarge\")"),
        ("InvalidTag", "InvalidArgument(\"InvalidTag\")"),
        ("MalformedXML", "InvalidArgument(\"MalformedXML\")"),
        ("MethodNotAllowed", "InvalidArgument(\"MethodNotAllowed\")"),
        ("MissingContentLength", "InvalidArgument(\"MissingContentLength\")"),
        ("NotImplemented", "InvalidArgument(\"NotImplemented\")"),
        ("TooManyBuckets", "InvalidArgument(\"TooManyBuckets\")"),
        ("SomethingNew", "Other(\"SomethingNew\")"),
    ] {
        let host = host().allow("s3:*", OBJECTS).allow("s3:*", BUCKET).setting("limits.timeout = \"1h\"");
        host.aws().faults().push(Fault::error(code).always());
        // A read, a write, and an answer that is a document.
        for program in [program::S3_GET_OBJECT, program::S3_PUT_OBJECT, program::S3_LIST_OBJECTS] {
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
    host.aws().faults().push(Fault::delay(Duration::from_hours(168)).always());
    assert_eq!(host.call(program::S3_LIST_OBJECTS, &json!({ "bucket": "uploads" })).await, error("Timeout"));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_damaged_is_a_typed_error_of_the_stream() {
    for program in [program::S3_GET_OBJECT, program::S3_READ_OBJECT] {
        let host = host().allow("s3:GetObject", OBJECTS);
        host.aws().s3().put("uploads", "big", "x".repeat(300_000)).unwrap();
        host.aws().faults().push(Fault::corrupt_body());
        let answer = host.call(program, &json!({ "bucket": "uploads", "key": "big" })).await;
        assert_eq!(answer, error("Integrity"), "{program}");
        let call = host.audit().calls().pop().unwrap();
        assert!(matches!(call.outcome, Outcome::Failure { .. }), "{:?}", call.outcome);
    }
}

// What a hostile guest would try

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
