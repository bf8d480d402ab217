//! `innkeeper:aws/s3`: each program of `tests/programs` named `s3_*` has its test here, under its name. A denial stands beside every
//! success.

mod errors;
mod hostile;
mod options;

use std::time::Duration;

use innkeeper::audit::Outcome;
use innkeeper_fake::NewObject;
use innkeeper_tests::s3::{
    BUCKET, INCOMING, OBJECTS, calls_of, error, hello, host, is_error, requests, secret, with,
};
use innkeeper_tests::{TestHost, has_a_test, program};
use serde_json::{Value, json};

// Does not compile where a program has no test of its name.
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
