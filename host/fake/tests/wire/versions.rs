use aws_sdk_s3::Client;
use aws_sdk_s3::types::{
    BucketVersioningStatus, CompletedMultipartUpload, CompletedPart, Delete, ObjectIdentifier,
    VersioningConfiguration,
};
use innkeeper_fake::FakeAws;
use proptest::prelude::*;

use crate::aws::{bucket, coded, error};
use crate::multipart::create;

async fn set(client: &Client, status: BucketVersioningStatus) {
    let configuration = VersioningConfiguration::builder().status(status).build();
    client
        .put_bucket_versioning()
        .bucket("bucket")
        .versioning_configuration(configuration)
        .send()
        .await
        .unwrap();
}

/// A bucket with versioning.
fn versioned() -> (FakeAws, Client) {
    let (fake, client) = bucket();
    fake.s3().enable_versioning("bucket").unwrap();
    (fake, client)
}

async fn put(client: &Client, body: &'static str) -> Option<String> {
    let put = client.put_object().bucket("bucket").key("key").body(body.as_bytes().to_vec().into());
    put.send().await.unwrap().version_id
}

async fn get(client: &Client, version: Option<&str>) -> Result<String, (u16, Option<String>)> {
    let get = client
        .get_object()
        .bucket("bucket")
        .key("key")
        .set_version_id(version.map(str::to_owned))
        .send()
        .await;
    match get {
        Ok(object) => Ok(String::from_utf8(object.body.collect().await.unwrap().to_vec()).unwrap()),
        failed => Err(error(failed)),
    }
}

#[tokio::test(start_paused = true)]
async fn versioning_is_off_until_it_is_turned_on() {
    let (_, client) = bucket();
    let status = async || client.get_bucket_versioning().bucket("bucket").send().await.unwrap().status;
    assert_eq!(status().await, None);
    assert_eq!(put(&client, "1").await, None);
    set(&client, BucketVersioningStatus::Enabled).await;
    assert_eq!(status().await, Some(BucketVersioningStatus::Enabled));
    set(&client, BucketVersioningStatus::Suspended).await;
    assert_eq!(status().await, Some(BucketVersioningStatus::Suspended));
    let configuration = VersioningConfiguration::builder().build();
    let none =
        client.put_bucket_versioning().bucket("bucket").versioning_configuration(configuration.clone());
    assert_eq!(error(none.send().await), coded(400, "MalformedXML"));
    let missing = client.put_bucket_versioning().bucket("missing").versioning_configuration(configuration);
    assert_eq!(error(missing.send().await).0, 400);
    assert_eq!(
        error(client.get_bucket_versioning().bucket("missing").send().await),
        coded(404, "NoSuchBucket")
    );
}

#[tokio::test(start_paused = true)]
async fn every_write_is_a_version_that_can_be_read() {
    let (fake, client) = bucket();
    put(&client, "before").await;
    fake.s3().enable_versioning("bucket").unwrap();
    let first = put(&client, "one").await.unwrap();
    let second = put(&client, "two").await.unwrap();
    assert_eq!(fake.s3().versions("bucket", "key"), [second.as_str(), &first, "null"]);
    assert_eq!(get(&client, None).await.unwrap(), "two");
    assert_eq!(get(&client, Some(&first)).await.unwrap(), "one");
    assert_eq!(get(&client, Some("null")).await.unwrap(), "before");
    let head = client.head_object().bucket("bucket").key("key").version_id(&first).send().await.unwrap();
    assert_eq!((head.version_id(), head.content_length()), (Some(first.as_str()), Some(3)));
    let unknown = "0".repeat(32);
    assert_eq!(get(&client, Some(&unknown)).await.unwrap_err(), coded(404, "NoSuchVersion"));
    assert_eq!(get(&client, Some("../x")).await.unwrap_err(), coded(400, "InvalidArgument"));
    assert_eq!(fake.s3().get("bucket", "key").unwrap().body, "two");
}

#[tokio::test(start_paused = true)]
async fn a_delete_hides_and_a_delete_by_version_removes() {
    let (fake, client) = versioned();
    let first = put(&client, "one").await.unwrap();
    let delete = || client.delete_object().bucket("bucket").key("key");
    let hidden = delete().send().await.unwrap();
    assert_eq!(hidden.delete_marker(), Some(true));
    let marker = hidden.version_id.unwrap();
    assert_eq!(get(&client, None).await.unwrap_err(), coded(404, "NoSuchKey"));
    let missing = client.get_object().bucket("bucket").key("key").send().await.unwrap_err();
    let raw = missing.raw_response().unwrap();
    assert_eq!(raw.headers().get("x-amz-delete-marker"), Some("true"));
    assert_eq!(raw.headers().get("x-amz-version-id"), Some(marker.as_str()));
    assert_eq!(get(&client, Some(&marker)).await.unwrap_err(), coded(405, "MethodNotAllowed"));
    let head = client.head_object().bucket("bucket").key("key").send().await;
    assert_eq!(error(head).0, 404);
    assert_eq!(get(&client, Some(&first)).await.unwrap(), "one");
    assert!(fake.s3().get("bucket", "key").is_none() && fake.s3().keys("bucket").is_empty());

    let undone = delete().version_id(&marker).send().await.unwrap();
    assert_eq!((undone.delete_marker(), undone.version_id()), (Some(true), Some(marker.as_str())));
    assert_eq!(get(&client, None).await.unwrap(), "one");
    let gone = delete().version_id(&first).send().await.unwrap();
    assert_eq!((gone.delete_marker(), gone.version_id()), (None, Some(first.as_str())));
    assert!(fake.s3().versions("bucket", "key").is_empty());
    // What is not there may be deleted, but not by an id that is none.
    delete().version_id(&first).send().await.unwrap();
    assert_eq!(error(delete().version_id("x").send().await), coded(400, "InvalidArgument"));
}

#[tokio::test(start_paused = true)]
async fn a_bucket_with_versions_is_not_empty() {
    let (_, client) = versioned();
    let marker = client.delete_object().bucket("bucket").key("key").send().await.unwrap().version_id.unwrap();
    assert_eq!(error(client.delete_bucket().bucket("bucket").send().await), coded(409, "BucketNotEmpty"));
    client.delete_object().bucket("bucket").key("key").version_id(marker).send().await.unwrap();
    client.delete_bucket().bucket("bucket").send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn deletes_many_by_version() {
    let (fake, client) = versioned();
    let first = put(&client, "one").await.unwrap();
    put(&client, "two").await.unwrap();
    let object = |key: &str, version: Option<&str>| {
        let object = ObjectIdentifier::builder().key(key).set_version_id(version.map(str::to_owned));
        object.build().unwrap()
    };
    let objects = vec![object("key", Some(&first)), object("key", None), object("key", Some("bad"))];
    let delete = Delete::builder().set_objects(Some(objects)).build().unwrap();
    let answer = client.delete_objects().bucket("bucket").delete(delete).send().await.unwrap();
    assert_eq!(answer.deleted()[0].version_id(), Some(first.as_str()));
    assert_eq!(answer.deleted()[1].delete_marker(), Some(true));
    assert!(answer.deleted()[1].delete_marker_version_id().is_some());
    assert_eq!(
        (answer.errors()[0].code(), answer.errors()[0].version_id()),
        (Some("InvalidArgument"), Some("bad"))
    );
    assert_eq!(fake.s3().versions("bucket", "key").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn suspending_keeps_versions_and_overwrites_the_null_one() {
    let (fake, client) = versioned();
    let first = put(&client, "one").await.unwrap();
    set(&client, BucketVersioningStatus::Suspended).await;
    assert_eq!(put(&client, "two").await, None);
    assert_eq!(put(&client, "three").await, None);
    let read = client.head_object().bucket("bucket").key("key").send().await.unwrap();
    assert_eq!(read.version_id(), Some("null"));
    let copy =
        client.copy_object().copy_source("bucket/key").bucket("bucket").key("copy").send().await.unwrap();
    assert_eq!((copy.copy_source_version_id(), copy.version_id()), (None, None));
    assert_eq!(fake.s3().versions("bucket", "key"), ["null", first.as_str()]);
    let deleted = client.delete_object().bucket("bucket").key("key").send().await.unwrap();
    assert_eq!((deleted.delete_marker(), deleted.version_id()), (Some(true), Some("null")));
    assert_eq!(fake.s3().versions("bucket", "key"), ["null", first.as_str()]);
    assert_eq!(get(&client, Some(&first)).await.unwrap(), "one");
}

#[tokio::test(start_paused = true)]
async fn copies_a_version_over_the_current_one() {
    let (_, client) = versioned();
    let first = put(&client, "one").await.unwrap();
    put(&client, "two").await.unwrap();
    let copy =
        client.copy_object().bucket("bucket").key("key").copy_source(format!("bucket/key?versionId={first}"));
    let copied = copy.send().await.unwrap();
    assert_eq!(copied.copy_source_version_id(), Some(first.as_str()));
    assert!(copied.version_id().is_some_and(|version| version != first));
    assert_eq!(get(&client, None).await.unwrap(), "one");
    let missing = client.copy_object().bucket("bucket").key("key");
    let missing = missing.copy_source(format!("bucket/key?versionId={}", "0".repeat(32))).send().await;
    assert_eq!(error(missing), coded(404, "NoSuchVersion"));
}

/// A version as a listing has it: key, id, whether it is the latest, whether it is a delete marker.
type Listed = (String, String, bool, bool);

async fn list(
    client: &Client,
    prefix: &str,
    delimiter: Option<&str>,
    max: i32,
) -> (Vec<Listed>, Vec<String>) {
    let (mut listed, mut prefixes) = (Vec::new(), Vec::new());
    let (mut key, mut version) = (None, None);
    loop {
        let page = client.list_object_versions().bucket("bucket").prefix(prefix).max_keys(max);
        let page = page.set_delimiter(delimiter.map(str::to_owned));
        let page = page.set_key_marker(key).set_version_id_marker(version).send().await.unwrap();
        let count = page.versions().len() + page.delete_markers().len() + page.common_prefixes().len();
        assert!(count <= usize::try_from(max).unwrap());
        let mut of_page: Vec<Listed> = page
            .versions()
            .iter()
            .map(|v| (v.key().unwrap().into(), v.version_id().unwrap().into(), v.is_latest().unwrap(), false))
            .collect();
        of_page.extend(page.delete_markers().iter().map(|m| {
            (m.key().unwrap().into(), m.version_id().unwrap().into(), m.is_latest().unwrap(), true)
        }));
        listed.extend(of_page);
        prefixes.extend(page.common_prefixes().iter().map(|prefix| prefix.prefix().unwrap().to_owned()));
        if page.is_truncated() != Some(true) {
            return (listed, prefixes);
        }
        (key, version) = (page.next_key_marker, page.next_version_id_marker);
    }
}

#[tokio::test(start_paused = true)]
async fn lists_versions_by_key_and_from_the_newest() {
    let (fake, client) = versioned();
    let s3 = fake.s3();
    for key in ["a", "b/1", "b/2", "c"] {
        s3.put("bucket", key, "1").unwrap();
        s3.put("bucket", key, "2").unwrap();
    }
    s3.delete("bucket", "a");
    for max in 1..=10 {
        let (listed, prefixes) = list(&client, "", Some("/"), max).await;
        let shape: Vec<_> =
            listed.iter().map(|(key, _, latest, marker)| (key.as_str(), *latest, *marker)).collect();
        let mut sorted = shape.clone();
        // Within a page, delete markers stand apart.
        sorted.sort_by_key(|(key, latest, _)| (*key, !latest));
        assert_eq!(
            sorted,
            [
                ("a", true, true),
                ("a", false, false),
                ("a", false, false),
                ("c", true, false),
                ("c", false, false)
            ]
        );
        assert_eq!(prefixes, ["b/"], "{max}");
        assert_eq!(list(&client, "b/", None, max).await.0.len(), 4);
    }
    // A marker in front of the prefix is no reason to leave out what has the prefix.
    let before = client.list_object_versions().bucket("bucket").prefix("b/").key_marker("a");
    let before = before.version_id_marker(&s3.versions("bucket", "a")[1]).send().await.unwrap();
    assert_eq!(before.versions().len(), 4);
    let alone = client.list_object_versions().bucket("bucket").version_id_marker("null").send().await;
    assert_eq!(error(alone), coded(400, "InvalidArgument"));
    assert_eq!(
        error(client.list_object_versions().bucket("missing").send().await),
        coded(404, "NoSuchBucket")
    );
}

#[tokio::test(start_paused = true)]
async fn a_listing_goes_on_after_a_version_that_is_gone() {
    let (fake, client) = versioned();
    for _ in 0..4 {
        fake.s3().put("bucket", "key", "x").unwrap();
    }
    let versions = fake.s3().versions("bucket", "key");
    client.delete_object().bucket("bucket").key("key").version_id(&versions[1]).send().await.unwrap();
    let page =
        client.list_object_versions().bucket("bucket").key_marker("key").version_id_marker(&versions[1]);
    let page = page.send().await.unwrap();
    let left: Vec<_> = page.versions().iter().filter_map(|version| version.version_id()).collect();
    assert_eq!(left, [versions[2].as_str(), &versions[3]]);
    assert!(page.versions().iter().all(|version| version.is_latest() == Some(false)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn pages_together_are_every_version(steps in prop::collection::vec(("[a-c/]{1,3}", any::<bool>()), 0..25), max in 1i32..7) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (fake, client) = versioned();
            for (key, deleted) in &steps {
                if *deleted {
                    fake.s3().delete("bucket", key);
                } else {
                    fake.s3().put("bucket", key, "x").unwrap();
                }
            }
            let keys: std::collections::BTreeSet<_> = steps.iter().map(|(key, _)| key.clone()).collect();
            let mut expected: Vec<_> = keys
                .iter()
                .flat_map(|key| fake.s3().versions("bucket", key).into_iter().map(move |id| (key.clone(), id)))
                .collect();
            let mut listed: Vec<_> =
                list(&client, "", None, max).await.0.into_iter().map(|(key, id, ..)| (key, id)).collect();
            expected.sort();
            listed.sort();
            assert_eq!(listed, expected);
        });
    }
}

#[tokio::test(start_paused = true)]
async fn answers_to_writes_name_no_version_while_versioning_is_suspended() {
    let (_, client) = bucket();
    set(&client, BucketVersioningStatus::Enabled).await;
    set(&client, BucketVersioningStatus::Suspended).await;
    assert_eq!(put(&client, "x").await, None);
    let copy = client.copy_object().bucket("bucket").key("copy").copy_source("bucket/key");
    assert_eq!(copy.send().await.unwrap().version_id(), None);
    let id = create(&client, "parts").await;
    let part = client.upload_part().bucket("bucket").key("parts").upload_id(&id).part_number(1);
    let etag = part.body(b"x".to_vec().into()).send().await.unwrap().e_tag;
    let part = CompletedPart::builder().part_number(1).set_e_tag(etag).build();
    let parts = CompletedMultipartUpload::builder().parts(part).build();
    let complete = client.complete_multipart_upload().bucket("bucket").key("parts").upload_id(&id);
    assert_eq!(complete.multipart_upload(parts).send().await.unwrap().version_id(), None);
    // They have one all the same.
    for key in ["key", "copy", "parts"] {
        let head = client.head_object().bucket("bucket").key(key).send().await.unwrap();
        assert_eq!(head.version_id(), Some("null"), "{key}");
    }
}
