use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{MetadataDirective, Tag, Tagging, TaggingDirective};
use innkeeper_fake::NewObject;

use crate::aws::{bucket, coded, error};

fn tagging(tags: &[(&str, &str)]) -> Tagging {
    let tags = tags.iter().map(|(key, value)| Tag::builder().key(*key).value(*value).build().unwrap());
    Tagging::builder().set_tag_set(Some(tags.collect())).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn sets_reads_and_deletes_tags() {
    let (fake, client) = bucket();
    let put = client.put_object().bucket("bucket").key("key").tagging("team=a%20b&stage=");
    put.body(ByteStream::from_static(b"x")).send().await.unwrap();
    let read = async || {
        let tags = client.get_object_tagging().bucket("bucket").key("key").send().await.unwrap();
        tags.tag_set().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect::<Vec<_>>()
    };
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(read().await, [pair("stage", ""), pair("team", "a b")]);
    let get = client.get_object().bucket("bucket").key("key").send().await.unwrap();
    assert_eq!(get.tag_count(), Some(2));
    let head = client.head_object().bucket("bucket").key("key").send().await.unwrap();
    assert_eq!(head.tag_count(), Some(2));

    let set = client.put_object_tagging().bucket("bucket").key("key").tagging(tagging(&[("only", "1")]));
    set.send().await.unwrap();
    assert_eq!(read().await, [pair("only", "1")]);
    client.delete_object_tagging().bucket("bucket").key("key").send().await.unwrap();
    assert!(read().await.is_empty() && fake.s3().get("bucket", "key").unwrap().tags.is_empty());
    let get = client.get_object().bucket("bucket").key("key").send().await.unwrap();
    assert_eq!(get.tag_count(), None);
}

#[tokio::test(start_paused = true)]
async fn refuses_tags_over_the_limits_and_of_nothing() {
    let (fake, client) = bucket();
    fake.s3().put("bucket", "key", NewObject::new("x").tag("kept", "1")).unwrap();
    let set = |tags: Tagging| client.put_object_tagging().bucket("bucket").key("key").tagging(tags).send();
    let names: Vec<_> = (0..11).map(|number| number.to_string()).collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), "x")).collect();
    assert_eq!(error(set(tagging(&many)).await), coded(400, "BadRequest"));
    assert_eq!(error(set(tagging(&[("a", "1"), ("a", "2")])).await), coded(400, "InvalidTag"));
    assert_eq!(error(set(tagging(&[(&"k".repeat(129), "")])).await), coded(400, "InvalidTag"));
    assert_eq!(error(set(tagging(&[("k", &"v".repeat(257))])).await), coded(400, "InvalidTag"));
    let put = client
        .put_object()
        .bucket("bucket")
        .key("key")
        .tagging("a=1&a=2")
        .body(ByteStream::from_static(b"y"));
    assert_eq!(error(put.send().await), coded(400, "InvalidArgument"));
    let set_system = set(tagging(&[("aws:a", "1")])).await.unwrap_err();
    assert_eq!(set_system.message(), Some("System tags cannot be added/updated by requester"));
    let put = client.put_object().bucket("bucket").key("key").tagging("aws:a=1");
    let put_system = put.body(ByteStream::from_static(b"y")).send().await.unwrap_err();
    assert_eq!(put_system.message(), Some("Your TagKey cannot be prefixed with aws:"));
    let object = fake.s3().get("bucket", "key").unwrap();
    assert_eq!((object.text(), object.tags["kept"].as_str()), (Some("x"), "1"));
    let missing = client.get_object_tagging().bucket("bucket").key("missing").send().await;
    assert_eq!(error(missing), coded(404, "NoSuchKey"));
    let missing =
        client.put_object_tagging().bucket("bucket").key("missing").tagging(tagging(&[])).send().await;
    assert_eq!(error(missing), coded(404, "NoSuchKey"));
    let missing = client.delete_object_tagging().bucket("missing").key("key").send().await;
    assert_eq!(error(missing), coded(404, "NoSuchBucket"));
}

#[tokio::test(start_paused = true)]
async fn a_copy_takes_the_tags_along_or_has_its_own() {
    let (fake, client) = bucket();
    fake.s3().put("bucket", "key", NewObject::new("x").tag("a", "1").metadata("m", "1")).unwrap();
    let copy = |key: &str| client.copy_object().bucket("bucket").key(key).copy_source("bucket/key");
    copy("along").metadata_directive(MetadataDirective::Replace).send().await.unwrap();
    let along = fake.s3().get("bucket", "along").unwrap();
    assert_eq!((along.tags["a"].as_str(), along.metadata("m")), ("1", None));
    copy("own").tagging_directive(TaggingDirective::Replace).tagging("b=2").send().await.unwrap();
    let own = fake.s3().get("bucket", "own").unwrap();
    assert_eq!((own.tags.get("a"), own.tags["b"].as_str(), own.metadata("m")), (None, "2", Some("1")));
    let unknown = copy("other").tagging_directive(TaggingDirective::from("MAYBE")).send().await;
    assert_eq!(error(unknown), coded(400, "InvalidArgument"));
}

#[tokio::test(start_paused = true)]
async fn tags_belong_to_a_version() {
    let (fake, client) = bucket();
    fake.s3().enable_versioning("bucket").unwrap();
    let first = fake.s3().put("bucket", "key", "1").unwrap().version_id.clone().unwrap();
    fake.s3().put("bucket", "key", "2").unwrap();
    let set = client.put_object_tagging().bucket("bucket").key("key").version_id(&first);
    let set = set.tagging(tagging(&[("old", "1")])).send().await.unwrap();
    assert_eq!(set.version_id(), Some(first.as_str()));
    let read = |version: Option<String>| {
        client.get_object_tagging().bucket("bucket").key("key").set_version_id(version).send()
    };
    assert_eq!(read(Some(first)).await.unwrap().tag_set().len(), 1);
    assert_eq!(read(None).await.unwrap().tag_set().len(), 0);
}
