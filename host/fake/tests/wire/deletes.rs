use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};

use crate::aws::{bucket, coded, error};

fn delete(keys: &[&str]) -> Delete {
    let objects = keys.iter().map(|key| ObjectIdentifier::builder().key(*key).build().unwrap());
    Delete::builder().set_objects(Some(objects.collect())).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn deletes_one_object_whether_or_not_it_is_there() {
    let (fake, client) = bucket();
    fake.s3().put("bucket", "key", "x").unwrap();
    client.delete_object().bucket("bucket").key("key").send().await.unwrap();
    assert!(fake.s3().get("bucket", "key").is_none());
    client.delete_object().bucket("bucket").key("key").send().await.unwrap();
    assert_eq!(
        error(client.delete_object().bucket("missing").key("key").send().await),
        coded(404, "NoSuchBucket")
    );
}

#[tokio::test(start_paused = true)]
async fn deletes_on_condition() {
    let (fake, client) = bucket();
    let etag = fake.s3().put("bucket", "key", "x").unwrap().etag.clone();
    let delete = |etag: &str| client.delete_object().bucket("bucket").key("key").if_match(etag).send();
    assert_eq!(error(delete("\"other\"").await), coded(412, "PreconditionFailed"));
    // Not of a version that is named; and conditions of size and time are for directory buckets.
    let if_match = || client.delete_object().bucket("bucket").key("key").if_match(&etag);
    for refused in [
        if_match().version_id("null").send().await,
        if_match().if_match_size(1).send().await,
        if_match().if_match_last_modified_time(DateTime::from_secs(0)).send().await,
    ] {
        assert_eq!(error(refused), coded(501, "NotImplemented"));
    }
    delete(&format!("\"{etag}\"")).await.unwrap();
    assert!(fake.s3().get("bucket", "key").is_none());
}

#[tokio::test(start_paused = true)]
async fn deletes_many_and_reports_each() {
    let (fake, client) = bucket();
    for key in ["a", "b<&>", "c"] {
        fake.s3().put("bucket", key, "x").unwrap();
    }
    let long = "k".repeat(1025);
    let keys = ["a", "b<&>", "missing", &long];
    let answer = client.delete_objects().bucket("bucket").delete(delete(&keys)).send().await.unwrap();
    let deleted: Vec<_> = answer.deleted().iter().filter_map(|deleted| deleted.key()).collect();
    assert_eq!(deleted, ["a", "b<&>", "missing"]);
    assert_eq!(answer.errors()[0].code(), Some("KeyTooLongError"));
    assert_eq!(fake.s3().keys("bucket"), ["c"]);
    let many: Vec<_> = (0..1001).map(|number| number.to_string()).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    let refused = client.delete_objects().bucket("bucket").delete(delete(&many)).send().await;
    assert_eq!(error(refused), coded(400, "MalformedXML"));
}

#[tokio::test(start_paused = true)]
async fn refuses_a_list_that_is_not_what_was_summed() {
    let (fake, client) = bucket();
    fake.s3().put("bucket", "a", "x").unwrap();
    let refused = client
        .delete_objects()
        .bucket("bucket")
        .delete(delete(&["a"]))
        .customize()
        .mutate_request(|request| {
            request.headers_mut().insert("x-amz-checksum-crc32", "AAAAAA==");
        })
        .send()
        .await;
    assert_eq!(error(refused), coded(400, "BadDigest"));
    assert_eq!(fake.s3().keys("bucket"), ["a"]);
}
