use aws_sdk_s3::types::{
    MetadataDirective, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
};
use innkeeper_fake::NewObject;

use crate::aws::{bucket, coded, error};

#[tokio::test(start_paused = true)]
async fn copies_bytes_headers_and_checksum() {
    let (fake, client) = bucket();
    fake.s3().create_bucket("target").unwrap();
    let source = NewObject::new("hello").content_type("text/plain").metadata("a", "b");
    let source = fake.s3().put("bucket", "a key/ü", source).unwrap();
    let copy =
        client.copy_object().bucket("target").key("copy").copy_source("bucket/a%20key/%C3%BC").send().await;
    let result = copy.unwrap().copy_object_result.unwrap();
    assert_eq!(result.e_tag(), Some(&*format!("\"{}\"", source.etag)));
    let copied = fake.s3().get("target", "copy").unwrap();
    assert_eq!(
        (&copied.body, &copied.headers, &copied.checksum),
        (&source.body, &source.headers, &source.checksum)
    );
    assert_eq!(fake.calls().last().unwrap().operation, "CopyObject");
}

#[tokio::test(start_paused = true)]
async fn replaces_metadata_when_told_to() {
    let (fake, client) = bucket();
    fake.s3()
        .put("bucket", "key", NewObject::new("x").content_type("text/plain").metadata("a", "b"))
        .unwrap();
    let copy = client
        .copy_object()
        .bucket("bucket")
        .key("key")
        .copy_source("bucket/key")
        .metadata_directive(MetadataDirective::Replace)
        .metadata("c", "d");
    copy.send().await.unwrap();
    let object = fake.s3().get("bucket", "key").unwrap();
    assert_eq!((object.metadata("a"), object.metadata("c")), (None, Some("d")));
    assert_eq!(object.content_type(), "binary/octet-stream");
}

#[tokio::test(start_paused = true)]
async fn refuses_copies_of_nothing_and_onto_itself() {
    let (fake, client) = bucket();
    let etag = fake.s3().put("bucket", "key", "x").unwrap().etag.clone();
    let copy = |source: &str, bucket: &str, key: &str| {
        client.copy_object().bucket(bucket).key(key).copy_source(source)
    };
    assert_eq!(error(copy("bucket/missing", "bucket", "b").send().await), coded(404, "NoSuchKey"));
    assert_eq!(error(copy("missing/key", "bucket", "b").send().await), coded(404, "NoSuchBucket"));
    assert_eq!(error(copy("bucket/key", "missing", "b").send().await), coded(404, "NoSuchBucket"));
    assert_eq!(error(copy("bucket/key", "bucket", "key").send().await), coded(400, "InvalidRequest"));
    let conditional = copy("bucket/key", "bucket", "b").copy_source_if_match("\"x\"").send().await;
    assert_eq!(error(conditional), coded(412, "PreconditionFailed"));
    let conditional =
        copy("bucket/key", "bucket", "b").copy_source_if_none_match(format!("\"{etag}\"")).send().await;
    assert_eq!(error(conditional), coded(412, "PreconditionFailed"));
    assert_eq!(fake.s3().keys("bucket"), ["key"]);
}

#[tokio::test(start_paused = true)]
async fn copies_onto_itself_where_somebody_has_set_the_encryption_of_the_bucket() {
    let (fake, client) = bucket();
    fake.s3().put("bucket", "key", "x").unwrap();
    let copy = || client.copy_object().bucket("bucket").key("key").copy_source("bucket/key").send();
    assert_eq!(error(copy().await), coded(400, "InvalidRequest"));
    // What is set is what there was before.
    let default = ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::Aes256);
    let rule = ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(default.build().unwrap())
        .build();
    let encryption = ServerSideEncryptionConfiguration::builder().rules(rule).build().unwrap();
    let set = client.put_bucket_encryption().bucket("bucket");
    set.server_side_encryption_configuration(encryption).send().await.unwrap();
    copy().await.unwrap();
    client.delete_bucket_encryption().bucket("bucket").send().await.unwrap();
    assert_eq!(error(copy().await), coded(400, "InvalidRequest"));
}

#[tokio::test(start_paused = true)]
async fn copies_on_condition_of_what_is_there() {
    let (fake, client) = bucket();
    fake.s3().put("bucket", "key", "x").unwrap();
    let there = fake.s3().put("bucket", "there", "y").unwrap().etag.clone();
    let copy = |key: &str| client.copy_object().bucket("bucket").key(key).copy_source("bucket/key");
    assert_eq!(error(copy("there").if_none_match("*").send().await), coded(412, "PreconditionFailed"));
    assert_eq!(error(copy("there").if_match("other").send().await), coded(412, "PreconditionFailed"));
    assert_eq!(error(copy("new").if_match(&there).send().await), coded(404, "NoSuchKey"));
    copy("there").if_match(&there).send().await.unwrap();
    copy("new").if_none_match("*").send().await.unwrap();
}
