//! Oracles of existence: what may not be seen answers the same, whether or not it is there, in error, in time and in quota.

use innkeeper_attacks::Siege;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{DENIED, TRIES, is_granted, on_key, with};

/// A world with one thing of each kind, named `here`, and none named `gone`.
fn siege() -> Siege {
    let siege = Siege::new();
    siege.aws().s3().create_bucket("here").unwrap();
    siege.aws().s3().put("here", "here", "x").unwrap();
    siege.aws().sqs().create_queue("here").unwrap();
    siege.aws().sqs().send("here", "x").unwrap();
    siege.aws().lambda().function("here", |_| async { Ok("x") }).unwrap();
    siege
}

/// Every call that says something of a thing, on that thing.
fn calls(bucket: &str, key: &str, name: &str) -> Vec<Value> {
    let on_objects = [
        "s3.read",
        "s3.head",
        "s3.put",
        "s3.delete",
        "s3.tags",
        "s3.set-tags",
        "s3.delete-tags",
        "s3.attributes",
        "s3.restore",
        "s3.presign-get",
        "s3.presign-put",
        "s3.wait",
        "s3.upload",
        "s3.abort",
    ];
    let on_buckets = [
        "s3.list",
        "s3.versions",
        "s3.uploads",
        "s3.status",
        "s3.location",
        "s3.create-bucket",
        "s3.delete-bucket",
    ];
    let on_queues = ["sqs.send", "sqs.receive", "sqs.attributes", "sqs.purge", "sqs.delete", "sqs.create"];
    let on_functions =
        ["lambda.invoke", "lambda.dry-run", "lambda.configuration", "lambda.status", "lambda.wait"];
    let mut calls = Vec::new();
    calls.extend(on_objects.map(|call| {
        json!({ "do": call, "bucket": bucket, "key": key, "tags": [["a", "b"]], "seconds": 60, "upload": "u" })
    }));
    calls.extend(on_buckets.map(|call| json!({ "do": call, "bucket": bucket })));
    calls.extend(on_queues.map(|call| json!({ "do": call, "queue": name, "body": "x" })));
    calls.extend(
        on_functions.map(|call| json!({ "do": call, "function": name, "payload": "{}", "seconds": 60 })),
    );
    calls.push(json!({ "do": "s3.delete-many", "bucket": bucket, "objects": [{ "key": key }] }));
    calls.push(json!({
        "do": "s3.copy", "bucket": "uploads", "key": "k", "source-bucket": bucket, "source-key": key,
        "replace-tags": true,
    }));
    calls
}

#[tokio::test(start_paused = true)]
async fn things_that_are_there_and_things_that_are_not() {
    let siege = siege().setting("limits.timeout = \"1h\"");
    let besieged = siege.attacker(TRIES).await;
    // The account of plain names is asked for once, by the host, for itself.
    besieged.tries_one(json!({ "do": "sqs.attributes", "queue": "here" })).await;
    siege.forget_sent();
    let mut answers = Vec::new();
    for (bucket, key, name) in [("here", "here", "here"), ("here", "gone", "gone"), ("gone", "gone", "gone")]
    {
        let begun = Instant::now();
        answers.push(besieged.tries(calls(bucket, key, name).into()).await);
        assert_eq!(begun.elapsed().as_millis(), 0, "a denial waits for nothing");
    }
    for (call, outcome) in calls("here", "here", "here").iter().zip(&answers[0]) {
        assert!(outcome == DENIED || *outcome == json!([DENIED]), "{call}: {outcome}");
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
    assert_eq!(siege.sent(), [], "AWS has not been asked");
}

#[tokio::test(start_paused = true)]
async fn denials_that_use_up_a_quota() {
    // A quota that a denial used up for one of the two would tell them apart.
    let siege = siege()
        .allow("s3:GetObject", "arn:aws:s3:::uploads/*")
        .statement("[guest.attacker.quota]\ncalls-per-run = 1\nrate = \"1/h\"");
    siege.aws().s3().put("uploads", "k", "x").unwrap();
    let besieged = siege.attacker(TRIES).await;
    let mut all = calls("here", "here", "here");
    all.extend(calls("gone", "gone", "gone"));
    all.push(on_key("s3.read", "k"));
    let outcomes = besieged.tries(all.into()).await;
    assert_eq!(outcomes.last().unwrap(), "x", "the whole quota is left for what is granted");
}

#[tokio::test(start_paused = true)]
async fn objects_that_one_may_read_and_not_list() {
    // As S3 has it: who may not list is not told that a key does not exist.
    let actions = [
        "GetObject",
        "PutObject",
        "DeleteObject",
        "GetObjectTagging",
        "PutObjectTagging",
        "DeleteObjectTagging",
        "GetObjectAttributes",
        "RestoreObject",
    ];
    let siege = actions
        .iter()
        .fold(siege(), |siege, action| siege.allow(&format!("s3:{action}"), "arn:aws:s3:::here/*"));
    let besieged = siege.attacker(TRIES).await;
    let call =
        |call: &str, key: &str| json!({ "do": call, "bucket": "here", "key": key, "tags": [["a", "b"]] });
    for name in
        ["s3.read", "s3.head", "s3.tags", "s3.set-tags", "s3.delete-tags", "s3.attributes", "s3.restore"]
    {
        assert_eq!(besieged.tries_one(call(name, "gone")).await, DENIED, "{name}");
    }
    let copy = json!({
        "do": "s3.copy", "bucket": "here", "key": "copy", "source-bucket": "here", "source-key": "gone",
        "replace-tags": true,
    });
    assert_eq!(besieged.tries_one(copy).await, DENIED);
    let put = with(call("s3.put", "gone"), json!({ "if-match": "\"e\"", "tags": [] }));
    assert_eq!(besieged.tries_one(put).await, DENIED);
    assert_eq!(is_granted(&besieged, call("s3.read", "here")).await, "x");

    let siege = siege.allow("s3:ListBucket", "arn:aws:s3:::here");
    let besieged = siege.attacker(TRIES).await;
    assert_eq!(besieged.tries_one(call("s3.read", "gone")).await, "error: NoSuchKey");
}
