//! What is true of every S3, a case for each program.

use innkeeper_tests::program;
use innkeeper_tests::s3::{digest, with};
use serde_json::{Value, json};

use crate::stage::Stage;

const MIB: u64 = 1 << 20;

// Objects

pub(crate) async fn s3_open(stage: &Stage) {
    stage.ok(program::S3_OPEN, json!({})).await;
    assert!(
        stage.error(program::S3_OPEN, json!({ "bucket": "no/bucket" })).await.starts_with("InvalidArgument")
    );
}

pub(crate) async fn s3_get_object(stage: &Stage) {
    let etag = stage.put("a", "hello, world").await;
    let get = async |more: Value| stage.ok(program::S3_GET_OBJECT, with(json!({ "key": "a" }), &more)).await;
    let answer = get(json!({})).await;
    assert_eq!(answer["body"], "hello, world");
    assert_eq!(
        (&answer["info"]["content-type"], &answer["info"]["size"]),
        (&json!("text/plain"), &json!(12))
    );
    assert_eq!(
        (&answer["info"]["metadata"], &answer["info"]["etag"]),
        (&json!([["owner", "ada"]]), &json!(etag))
    );
    for (range, body) in [
        ([json!(0), json!(4)], "hello"),
        ([json!(7), Value::Null], "world"),
        ([Value::Null, json!(5)], "world"),
    ] {
        let answer = get(json!({ "range": range })).await;
        assert_eq!((&answer["body"], &answer["info"]["size"]), (&json!(body), &json!(12)), "{range:?}");
    }
    assert_eq!(get(json!({ "if-match": etag })).await["body"], "hello, world");
    assert_eq!(
        get(json!({ "response-content-type": "text/html" })).await["info"]["content-type"],
        "text/html"
    );
    for (more, case) in [
        (json!({ "key": "a", "range": [12, null] }), "InvalidRange"),
        (json!({ "key": "a", "if-match": "\"other\"" }), "PreconditionFailed"),
        (json!({ "key": "a", "if-none-match": etag }), "NotModified"),
        (json!({ "key": "none" }), "NoSuchKey"),
    ] {
        assert_eq!(stage.error(program::S3_GET_OBJECT, more.clone()).await, case, "{more}");
    }
}

pub(crate) async fn s3_read_object(stage: &Stage) {
    stage.put("a", "hello, world").await;
    let answer = stage.ok(program::S3_READ_OBJECT, json!({ "key": "a", "max-bytes": 12 })).await;
    assert_eq!(answer["body"], "hello, world");
    let long = stage.error(program::S3_READ_OBJECT, json!({ "key": "a", "max-bytes": 11 })).await;
    assert_eq!(long, "ObjectTooLarge(Some(12))");
    assert_eq!(stage.error(program::S3_READ_OBJECT, json!({ "key": "none" })).await, "NoSuchKey");
}

pub(crate) async fn s3_head_object(stage: &Stage) {
    let etag = stage.put("a", "hello, world").await;
    let info = stage.ok(program::S3_HEAD_OBJECT, json!({ "key": "a" })).await;
    assert_eq!((&info["size"], &info["etag"]), (&json!(12), &json!(etag)));
    assert_eq!(info["metadata"], json!([["owner", "ada"]]));
    for (more, case) in [
        (json!({ "key": "none" }), "NoSuchKey"),
        (json!({ "key": "a", "if-match": "\"other\"" }), "PreconditionFailed"),
        (json!({ "key": "a", "if-none-match": etag }), "NotModified"),
    ] {
        assert_eq!(stage.error(program::S3_HEAD_OBJECT, more.clone()).await, case, "{more}");
    }
}

pub(crate) async fn s3_put_object(stage: &Stage) {
    let input = json!({
        "key": "all", "body": "all", "content-type": "text/markdown", "cache-control": "no-store",
        "content-disposition": "inline", "content-language": "en", "storage-class": "STANDARD_IA",
        "metadata": [["source", "a.jpg"]], "tags": [["team", "a b"]], "algorithm": "SHA256",
    });
    let stored = stage.ok(program::S3_PUT_OBJECT, input).await;
    assert!(stored["etag"].is_string(), "{stored}");
    assert_eq!(stage.get("all").await, b"all");
    let info = stage.ok(program::S3_HEAD_OBJECT, json!({ "key": "all" })).await;
    for (name, value) in [
        ("content-type", "text/markdown"),
        ("cache-control", "no-store"),
        ("content-disposition", "inline"),
        ("content-language", "en"),
        ("storage-class", "STANDARD_IA"),
    ] {
        assert_eq!(info[name], value, "{name}: {info}");
    }
    assert_eq!(info["metadata"], json!([["source", "a.jpg"]]));
    assert_eq!(
        stage.ok(program::S3_GET_OBJECT_TAGS, json!({ "key": "all" })).await,
        json!([["team", "a b"]])
    );
    let again = json!({ "key": "all", "body": "x", "if-none-match": "*" });
    assert_eq!(stage.error(program::S3_PUT_OBJECT, again).await, "PreconditionFailed");
    let other = json!({ "key": "all", "body": "x", "if-match": "\"other\"" });
    assert_eq!(stage.error(program::S3_PUT_OBJECT, other).await, "PreconditionFailed");
    assert_eq!(stage.get("all").await, b"all");
    let matching = json!({ "key": "all", "body": "new", "if-match": stored["etag"] });
    stage.ok(program::S3_PUT_OBJECT, matching).await;
    assert_eq!(stage.get("all").await, b"new");
    // Every key is the same key to both.
    for key in ["a b+c", "ü/\u{1F512}", "a//b", "%2e%2e", "a?b#c&d=e"] {
        stage.ok(program::S3_PUT_OBJECT, json!({ "key": key, "body": key })).await;
        assert_eq!(stage.get(key).await, key.as_bytes(), "{key}");
    }
}

pub(crate) async fn s3_copy_object(stage: &Stage) {
    stage.put("a b", "hello").await;
    let copy = |more: Value| {
        with(json!({ "key": "copy", "source-bucket": stage.bucket, "source-key": "a b" }), &more)
    };
    stage.ok(program::S3_COPY_OBJECT, copy(json!({}))).await;
    assert_eq!(stage.get("copy").await, b"hello");
    let info = stage.ok(program::S3_HEAD_OBJECT, json!({ "key": "copy" })).await;
    assert_eq!(
        (&info["content-type"], &info["metadata"]),
        (&json!("text/plain"), &json!([["owner", "ada"]]))
    );
    let replaced =
        json!({ "replace-metadata": true, "content-type": "text/html", "metadata": [["by", "eve"]] });
    stage.ok(program::S3_COPY_OBJECT, copy(replaced)).await;
    let info = stage.ok(program::S3_HEAD_OBJECT, json!({ "key": "copy" })).await;
    assert_eq!((&info["content-type"], &info["metadata"]), (&json!("text/html"), &json!([["by", "eve"]])));
    for (more, case) in [
        (json!({ "source-if-match": "\"other\"" }), "PreconditionFailed"),
        (json!({ "source-key": "none" }), "NoSuchKey"),
    ] {
        assert_eq!(stage.error(program::S3_COPY_OBJECT, copy(more.clone())).await, case, "{more}");
    }
}

pub(crate) async fn s3_delete_object(stage: &Stage) {
    stage.put("a", "x").await;
    // That there is none is a success.
    for _ in 0..2 {
        let deleted = stage.ok(program::S3_DELETE_OBJECT, json!({ "key": "a" })).await;
        assert_eq!(deleted["delete-marker"], false);
    }
    assert!(stage.keys().await.is_empty());
    stage.keep_versions().await;
    stage.put("v", "x").await;
    let deleted = stage.ok(program::S3_DELETE_OBJECT, json!({ "key": "v" })).await;
    assert_eq!(deleted["delete-marker"], true);
    // The marker, for good: the object is there again.
    stage.ok(program::S3_DELETE_OBJECT, json!({ "key": "v", "version": deleted["version"] })).await;
    assert_eq!(stage.keys().await, ["v"]);
}

pub(crate) async fn s3_delete_objects(stage: &Stage) {
    for key in ["a", "b c", "<&>", "stays"] {
        stage.put(key, "x").await;
    }
    let objects = json!([{ "key": "a" }, { "key": "b c" }, { "key": "<&>" }, { "key": "none" }]);
    let results = stage.ok(program::S3_DELETE_OBJECTS, json!({ "objects": objects })).await;
    assert_eq!(results.as_array().map(Vec::len), Some(4));
    assert!(results.as_array().unwrap().iter().all(Value::is_object), "{results}");
    assert_eq!(stage.keys().await, ["stays"]);
}

pub(crate) async fn s3_get_object_attributes(stage: &Stage) {
    let put = json!({ "key": "a", "body": "hello", "algorithm": "SHA256" });
    stage.ok(program::S3_PUT_OBJECT, put).await;
    let attributes = stage.ok(program::S3_GET_OBJECT_ATTRIBUTES, json!({ "key": "a" })).await;
    assert_eq!((&attributes["size"], &attributes["parts"]), (&json!(5), &Value::Null), "{attributes}");
    assert_eq!(attributes["checksum"][0], "ChecksumAlgorithm::Sha256", "{attributes}");
    assert_eq!(stage.error(program::S3_GET_OBJECT_ATTRIBUTES, json!({ "key": "none" })).await, "NoSuchKey");
}

pub(crate) async fn s3_set_object_tags(stage: &Stage) {
    stage.put("a", "x").await;
    let tags = json!([["a+b=c", ""], ["team", "red and blue"]]);
    stage.ok(program::S3_SET_OBJECT_TAGS, json!({ "key": "a", "tags": tags })).await;
    assert_eq!(sorted(stage.ok(program::S3_GET_OBJECT_TAGS, json!({ "key": "a" })).await), sorted(tags));
}

pub(crate) async fn s3_get_object_tags(stage: &Stage) {
    stage.put("a", "x").await;
    assert_eq!(stage.ok(program::S3_GET_OBJECT_TAGS, json!({ "key": "a" })).await, json!([]));
    assert_eq!(stage.error(program::S3_GET_OBJECT_TAGS, json!({ "key": "none" })).await, "NoSuchKey");
}

pub(crate) async fn s3_delete_object_tags(stage: &Stage) {
    let put = json!({ "key": "a", "body": "x", "tags": [["team", "red"]] });
    stage.ok(program::S3_PUT_OBJECT, put).await;
    stage.ok(program::S3_DELETE_OBJECT_TAGS, json!({ "key": "a" })).await;
    assert_eq!(stage.ok(program::S3_GET_OBJECT_TAGS, json!({ "key": "a" })).await, json!([]));
}

pub(crate) async fn s3_restore_object(stage: &Stage) {
    let put = json!({ "key": "cold", "body": "ice", "storage-class": "GLACIER" });
    stage.ok(program::S3_PUT_OBJECT, put).await;
    assert_eq!(stage.error(program::S3_READ_OBJECT, json!({ "key": "cold" })).await, "InvalidObjectState");
    let restored = stage.ok(program::S3_RESTORE_OBJECT, json!({ "key": "cold", "days": 2 })).await;
    assert_eq!(restored, "RestoreOutcome::Accepted");
    stage.put("warm", "x").await;
    let warm = stage.error(program::S3_RESTORE_OBJECT, json!({ "key": "warm" })).await;
    assert_eq!(warm, "InvalidObjectState");
}

pub(crate) async fn s3_wait_for_object(stage: &Stage) {
    stage.put("a", "x").await;
    stage.ok(program::S3_WAIT_FOR_OBJECT, json!({ "key": "a" })).await;
    stage.ok(program::S3_WAIT_FOR_OBJECT, json!({ "key": "none", "gone": true })).await;
    let never = json!({ "key": "none", "seconds": 1 });
    assert_eq!(stage.error(program::S3_WAIT_FOR_OBJECT, never).await, "Timeout");
}

pub(crate) async fn s3_load(stage: &Stage) {
    for (operation, moved) in
        [("put", 30_000), ("upload", 30_000), ("read", 30_000), ("get", 30_000), ("list", 3)]
    {
        let input = json!({ "operation": operation, "key": "a", "times": 3, "bytes": 10_000 });
        assert_eq!(stage.ok(program::S3_LOAD, input).await, json!({ "moved": moved }), "{operation}");
    }
}

// Large objects

pub(crate) async fn s3_upload_object(stage: &Stage) {
    for bytes in [0, 1_000, 12 * MIB + 7] {
        let input = json!({ "key": "up", "bytes": bytes, "content-type": "text/markdown" });
        assert!(stage.ok(program::S3_UPLOAD_OBJECT, input).await["etag"].is_string());
        let body: Vec<u8> =
            (0..bytes).map(|at| (at ^ (at >> 8) ^ (at >> 16) ^ (at >> 24)).to_le_bytes()[0]).collect();
        assert!(stage.get("up").await == body, "{bytes} bytes");
        // And back, over several connections where it is worth it.
        let got = stage.ok(program::S3_GET_OBJECT, json!({ "key": "up", "digest": true })).await;
        assert_eq!((&got["length"], &got["digest"]), (&json!(bytes), &json!(digest(&body))));
        assert_eq!(got["info"]["content-type"], "text/markdown");
    }
    for end in ["abort", "drop", "leave"] {
        let input = json!({ "key": "none", "bytes": 6 * MIB, "end": end });
        stage.ok(program::S3_UPLOAD_OBJECT, input).await;
        assert_eq!(stage.keys().await, ["up"], "{end}");
        assert_eq!(stage.ok(program::S3_LIST_UPLOADS, json!({})).await["pages"], json!([[]]), "{end}");
    }
    let taken = json!({ "key": "up", "bytes": 6 * MIB, "if-none-match": "*" });
    assert_eq!(stage.error(program::S3_UPLOAD_OBJECT, taken).await, "PreconditionFailed");
}

/// An upload that nobody finishes.
async fn begin_upload(stage: &Stage, key: &str) -> String {
    let begun = stage.client.create_multipart_upload().bucket(&stage.bucket).key(key).send().await.unwrap();
    begun.upload_id.unwrap()
}

pub(crate) async fn s3_upload_abort(stage: &Stage) {
    let upload = begin_upload(stage, "a").await;
    let abort = json!({ "key": "a", "upload": upload });
    stage.ok(program::S3_UPLOAD_ABORT, abort.clone()).await;
    assert_eq!(stage.error(program::S3_UPLOAD_ABORT, abort).await, "NoSuchUpload");
}

// Listings

/// A listing of five, two at a time; in one call, and each page in a call of its own.
async fn check_pages(stage: &Stage, program: &str, input: Value, pages: Value) {
    let answer = stage.ok(program, input.clone()).await;
    assert_eq!((&answer["pages"], &answer["token"]), (&pages, &Value::Null), "{answer}");
    let mut token = Value::Null;
    for page in pages.as_array().unwrap() {
        let answer = stage.ok(program, with(input.clone(), &json!({ "pages": 1, "token": token }))).await;
        assert_eq!(answer["pages"], json!([page]));
        token = answer["token"].clone();
    }
    assert_eq!(token, Value::Null);
}

pub(crate) async fn s3_list_objects(stage: &Stage) {
    for key in ["n/0", "n/1", "n/2", "n/3", "n/4", "o/a b", "p"] {
        stage.put(key, "x").await;
    }
    let input = json!({ "prefix": "n/", "page-size": 2 });
    check_pages(stage, program::S3_LIST_OBJECTS, input, json!([["n/0", "n/1"], ["n/2", "n/3"], ["n/4"]]))
        .await;
    let rolled_up = stage.ok(program::S3_LIST_OBJECTS, json!({ "delimiter": "/" })).await;
    assert_eq!((&rolled_up["prefixes"], &rolled_up["pages"]), (&json!(["n/", "o/"]), &json!([["p"]])));
    let behind = stage.ok(program::S3_LIST_OBJECTS, json!({ "start-after": "n/3" })).await;
    assert_eq!(behind["pages"], json!([["n/4", "o/a b", "p"]]));
}

pub(crate) async fn s3_list_object_versions(stage: &Stage) {
    stage.keep_versions().await;
    for key in ["n/0", "n/0", "n/1", "n/1", "n/2"] {
        stage.put(key, "x").await;
    }
    let input = json!({ "prefix": "n/", "page-size": 2 });
    let answer = stage.ok(program::S3_LIST_OBJECT_VERSIONS, input.clone()).await;
    let keys: Vec<Vec<&Value>> = answer["pages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|page| page.as_array().unwrap().iter().map(|version| &version[0]).collect())
        .collect();
    assert_eq!(json!(keys), json!([["n/0", "n/0"], ["n/1", "n/1"], ["n/2"]]));
    check_pages(stage, program::S3_LIST_OBJECT_VERSIONS, input, answer["pages"].clone()).await;
}

pub(crate) async fn s3_list_uploads(stage: &Stage) {
    let mut all = Vec::new();
    for number in 0..5 {
        let key = format!("n/{number}");
        let id = begin_upload(stage, &key).await;
        all.push(json!([key, id]));
    }
    let input = json!({ "prefix": "n/", "page-size": 2 });
    check_pages(stage, program::S3_LIST_UPLOADS, input, json!([all[..2], all[2..4], all[4..]])).await;
}

pub(crate) async fn s3_list_buckets(stage: &Stage) {
    let names: Vec<String> = (0..5).map(|number| format!("{}-{number}", stage.bucket)).collect();
    for name in &names {
        stage.create(name).await;
    }
    let input = json!({ "prefix": format!("{}-", stage.bucket), "page-size": 2 });
    check_pages(stage, program::S3_LIST_BUCKETS, input, json!([names[..2], names[2..4], names[4..]])).await;
    for name in names {
        stage.ok(program::S3_BUCKET_DELETE, json!({ "bucket": name })).await;
    }
}

// Buckets

pub(crate) async fn s3_bucket_create(stage: &Stage) {
    let other = json!({ "bucket": format!("{}-other", stage.bucket) });
    stage.ok(program::S3_BUCKET_CREATE, other.clone()).await;
    assert_eq!(stage.error(program::S3_BUCKET_CREATE, other.clone()).await, "BucketAlreadyOwnedByYou");
    stage.ok(program::S3_BUCKET_DELETE, other).await;
}

pub(crate) async fn s3_bucket_delete(stage: &Stage) {
    stage.put("a", "x").await;
    assert_eq!(stage.error(program::S3_BUCKET_DELETE, json!({})).await, "BucketNotEmpty");
    stage.ok(program::S3_DELETE_OBJECT, json!({ "key": "a" })).await;
    stage.ok(program::S3_BUCKET_DELETE, json!({})).await;
    assert_eq!(stage.error(program::S3_BUCKET_DELETE, json!({})).await, "NoSuchBucket");
    assert_eq!(stage.error(program::S3_GET_OBJECT, json!({ "key": "a" })).await, "NoSuchBucket");
}

pub(crate) async fn s3_bucket_status(stage: &Stage) {
    assert_eq!(stage.ok(program::S3_BUCKET_STATUS, json!({})).await, "BucketStatus::Exists");
    let none = json!({ "bucket": format!("{}-none", stage.bucket) });
    assert_eq!(stage.ok(program::S3_BUCKET_STATUS, none).await, "BucketStatus::NotFound");
}

pub(crate) async fn s3_bucket_location(stage: &Stage) {
    assert_eq!(stage.ok(program::S3_BUCKET_LOCATION, json!({})).await, "eu-west-1");
}

pub(crate) async fn s3_bucket_wait(stage: &Stage) {
    stage.ok(program::S3_BUCKET_WAIT, json!({})).await;
    stage
        .ok(program::S3_BUCKET_WAIT, json!({ "bucket": format!("{}-none", stage.bucket), "gone": true }))
        .await;
    assert_eq!(stage.error(program::S3_BUCKET_WAIT, json!({ "gone": true, "seconds": 1 })).await, "Timeout");
}

// Presigned URLs

pub(crate) async fn s3_presign_get_object(stage: &Stage) {
    stage.put("a b", "hello, world").await;
    let signed = stage.ok(program::S3_PRESIGN_GET_OBJECT, json!({ "key": "a b" })).await;
    assert_eq!(stage.send(&signed, b"").await, (200, b"hello, world".to_vec()));
}

pub(crate) async fn s3_presign_put_object(stage: &Stage) {
    let input = json!({ "key": "a", "content-type": "text/plain", "content-length": 9 });
    let signed = stage.ok(program::S3_PRESIGN_PUT_OBJECT, input).await;
    assert_eq!(stage.send(&signed, b"123456789").await.0, 200);
    assert_eq!(stage.get("a").await, b"123456789");
}

#[expect(clippy::needless_pass_by_value, reason = "called with what was just returned")]
fn sorted(pairs: Value) -> Value {
    let mut pairs = pairs.as_array().cloned().unwrap_or_default();
    pairs.sort_by_key(Value::to_string);
    json!(pairs)
}
