//! Objects that are encrypted with keys of their writers (SSE-C).

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::operation::complete_multipart_upload::builders::CompleteMultipartUploadFluentBuilder;
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart, ObjectAttributes, ServerSideEncryption,
};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use innkeeper_fake::{Encryption, FakeAws, NewObject};
use md5::{Digest as _, Md5};

use crate::aws::{bucket, client, coded, error, send, text};

const KEY: [u8; 32] = [1; 32];
const OTHER: [u8; 32] = [2; 32];

fn encoded(key: &[u8]) -> String {
    BASE64_STANDARD.encode(key)
}

fn md5(key: &[u8]) -> String {
    encoded(&Md5::digest(key))
}

/// Says a key in a request.
macro_rules! with_key {
    ($request:expr, $key:expr) => {
        $request
            .sse_customer_algorithm("AES256")
            .sse_customer_key(encoded(&$key))
            .sse_customer_key_md5(md5(&$key))
    };
    ($request:expr, source $key:expr) => {
        $request
            .copy_source_sse_customer_algorithm("AES256")
            .copy_source_sse_customer_key(encoded(&$key))
            .copy_source_sse_customer_key_md5(md5(&$key))
    };
}

/// Whether an answer confirms a key, and no other encryption.
macro_rules! confirms {
    ($answer:expr, $key:expr) => {
        let answer = &$answer;
        assert_eq!(answer.sse_customer_algorithm(), Some("AES256"));
        assert_eq!(answer.sse_customer_key_md5(), Some(&*md5(&$key)));
        assert_eq!(answer.server_side_encryption(), None);
    };
}

/// A fake with an object `secret` that was written with [`KEY`], and one `plain`.
fn written() -> (FakeAws, aws_sdk_s3::Client) {
    let (fake, client) = bucket();
    let secret = NewObject::new("hello").encryption(Encryption::customer_key(&KEY));
    fake.s3().put("bucket", "secret", secret).unwrap();
    fake.s3().put("bucket", "plain", "hello").unwrap();
    (fake, client)
}

fn get(client: &aws_sdk_s3::Client, key: &str) -> GetObjectFluentBuilder {
    client.get_object().bucket("bucket").key(key)
}

#[tokio::test(start_paused = true)]
async fn an_object_is_read_with_the_key_that_it_was_written_with() {
    let (fake, client) = bucket();
    let put = client.put_object().bucket("bucket").key("key").body(b"hello".to_vec().into());
    let put = with_key!(put, KEY).send().await.unwrap();
    confirms!(put, KEY);
    assert_ne!(put.e_tag(), Some(&*format!("\"{}\"", hex::encode(Md5::digest("hello")))));
    let got = with_key!(get(&client, "key"), KEY).send().await.unwrap();
    confirms!(got, KEY);
    assert_eq!((got.e_tag(), got.content_length()), (put.e_tag(), Some(5)));
    let head = || client.head_object().bucket("bucket").key("key");
    confirms!(with_key!(head(), KEY).send().await.unwrap(), KEY);
    let attributes = || {
        client
            .get_object_attributes()
            .bucket("bucket")
            .key("key")
            .object_attributes(ObjectAttributes::ObjectSize)
    };
    assert_eq!(with_key!(attributes(), KEY).send().await.unwrap().object_size(), Some(5));

    let without = get(&client, "key").send().await;
    assert!(
        without
            .as_ref()
            .err()
            .unwrap()
            .message()
            .unwrap()
            .starts_with("The object was stored using a form of")
    );
    assert_eq!(error(without), coded(400, "InvalidRequest"));
    assert_eq!(error(attributes().send().await), coded(400, "InvalidRequest"));
    assert_eq!(error(head().send().await).0, 400);
    assert_eq!(error(with_key!(get(&client, "key"), OTHER).send().await), coded(403, "AccessDenied"));
    assert_eq!(error(with_key!(attributes(), OTHER).send().await), coded(403, "AccessDenied"));
    assert_eq!(error(with_key!(head(), OTHER).send().await).0, 403);
    fake.s3().put("bucket", "plain", "hello").unwrap();
    let needless = with_key!(get(&client, "plain"), KEY).send().await;
    assert!(needless.as_ref().err().unwrap().message().unwrap().contains("not applicable to this object"));
    assert_eq!(error(needless), coded(400, "InvalidRequest"));
    // Whoever deletes it needs no key.
    client.delete_object().bucket("bucket").key("key").send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn each_version_has_its_own_key() {
    let (fake, client) = bucket();
    fake.s3().enable_versioning("bucket").unwrap();
    let mut ids = Vec::new();
    for key in [KEY, OTHER] {
        let put = with_key!(client.put_object().bucket("bucket").key("key"), key).send().await.unwrap();
        ids.push(put.version_id.unwrap());
    }
    with_key!(get(&client, "key"), OTHER).send().await.unwrap();
    with_key!(get(&client, "key").version_id(&ids[0]), KEY).send().await.unwrap();
    let wrong = with_key!(get(&client, "key").version_id(&ids[0]), OTHER).send().await;
    assert_eq!(error(wrong), coded(403, "AccessDenied"));
}

#[tokio::test(start_paused = true)]
async fn refuses_a_key_that_is_none() {
    let (fake, client) = bucket();
    let put = || client.put_object().bucket("bucket").key("key");
    let both = with_key!(put(), KEY).server_side_encryption(ServerSideEncryption::Aes256).send().await;
    assert!(
        both.as_ref().err().unwrap().message().unwrap().contains("incompatible with the encryption method")
    );
    assert_eq!(error(both), coded(400, "InvalidArgument"));
    let algorithm = with_key!(put(), KEY).sse_customer_algorithm("AES128").send().await;
    assert_eq!(error(algorithm), coded(400, "InvalidEncryptionAlgorithmError"));
    let mismatch = with_key!(put(), KEY).sse_customer_key_md5(md5(&OTHER)).send().await;
    assert!(
        mismatch.as_ref().err().unwrap().message().unwrap().starts_with("The calculated MD5 hash of the key")
    );
    assert_eq!(error(mismatch), coded(400, "InvalidArgument"));
    let half = put().sse_customer_algorithm("AES256").send().await;
    assert_eq!(error(half), coded(400, "InvalidArgument"));
    let short = [1; 16];
    assert_eq!(error(with_key!(put(), short).send().await), coded(400, "InvalidArgument"));
    assert!(fake.s3().keys("bucket").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_copy_needs_the_key_of_its_source_and_has_its_own() {
    let (fake, client) = written();
    let copy = |to: &str, from: &str| {
        client.copy_object().bucket("bucket").key(to).copy_source(format!("bucket/{from}"))
    };
    assert_eq!(error(copy("a", "secret").send().await), coded(400, "InvalidRequest"));
    let wrong = with_key!(copy("a", "secret"), source OTHER).send().await;
    assert_eq!(error(wrong), coded(403, "AccessDenied"));
    let needless = with_key!(copy("a", "plain"), source KEY).send().await;
    assert_eq!(error(needless), coded(400, "InvalidRequest"));
    assert_eq!(fake.s3().keys("bucket"), ["plain", "secret"]);

    // Without a key of its own it is as any object.
    let opened = with_key!(copy("opened", "secret"), source KEY).send().await.unwrap();
    assert_eq!(opened.server_side_encryption(), Some(&ServerSideEncryption::Aes256));
    get(&client, "opened").send().await.unwrap();
    let locked = with_key!(with_key!(copy("locked", "secret"), source KEY), OTHER).send().await.unwrap();
    confirms!(locked, OTHER);
    let got = with_key!(get(&client, "locked"), OTHER).send().await.unwrap();
    assert_eq!(got.body.collect().await.unwrap().to_vec(), b"hello");
    // Another key is a change, and so an object may be copied onto itself.
    with_key!(with_key!(copy("secret", "secret"), source KEY), OTHER).send().await.unwrap();
    with_key!(get(&client, "secret"), OTHER).send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_parts_of_an_upload_come_with_its_key() {
    let (_fake, client) = written();
    let create = || client.create_multipart_upload().bucket("bucket").key("parts");
    let upload = with_key!(create(), KEY).send().await.unwrap();
    confirms!(upload, KEY);
    let id = upload.upload_id().unwrap().to_owned();
    let part = |id: &str| client.upload_part().bucket("bucket").key("parts").upload_id(id).part_number(1);
    let copy = || {
        let copy = client.upload_part_copy().bucket("bucket").key("parts").upload_id(&id).part_number(1);
        with_key!(copy.copy_source("bucket/secret"), source KEY)
    };
    assert_eq!(error(part(&id).send().await), coded(400, "InvalidRequest"));
    assert_eq!(error(with_key!(part(&id), OTHER).send().await), coded(400, "InvalidRequest"));
    assert_eq!(error(copy().send().await), coded(400, "InvalidRequest"));
    assert_eq!(error(with_key!(copy(), OTHER).send().await), coded(400, "InvalidRequest"));
    confirms!(with_key!(part(&id).body(b"x".to_vec().into()), KEY).send().await.unwrap(), KEY);
    let copied = with_key!(copy(), KEY).send().await.unwrap();
    confirms!(copied, KEY);
    let etag = copied.copy_part_result().unwrap().e_tag().unwrap();
    let complete = || {
        let part = CompletedPart::builder().part_number(1).e_tag(etag).build();
        let parts = CompletedMultipartUpload::builder().parts(part).build();
        let complete: CompleteMultipartUploadFluentBuilder = client.complete_multipart_upload();
        complete.bucket("bucket").key("parts").upload_id(&id).multipart_upload(parts)
    };
    assert_eq!(error(with_key!(complete(), OTHER).send().await), coded(400, "InvalidRequest"));
    // To put the parts together takes no key, where no checksum is to be made of theirs.
    assert_eq!(complete().send().await.unwrap().server_side_encryption(), None);
    let got = with_key!(get(&client, "parts"), KEY).send().await.unwrap();
    assert_eq!(got.body.collect().await.unwrap().to_vec(), b"hello");

    let plain = create().send().await.unwrap().upload_id.unwrap();
    assert_eq!(error(with_key!(part(&plain), KEY).send().await), coded(400, "InvalidRequest"));
    let checked = with_key!(create().checksum_algorithm(ChecksumAlgorithm::Crc32), KEY).send().await.unwrap();
    let id = checked.upload_id.unwrap();
    let part = with_key!(part(&id).checksum_algorithm(ChecksumAlgorithm::Crc32), KEY).send().await.unwrap();
    let part = CompletedPart::builder()
        .part_number(1)
        .set_e_tag(part.e_tag)
        .set_checksum_crc32(part.checksum_crc32)
        .build();
    let parts = CompletedMultipartUpload::builder().parts(part).build();
    let complete = || {
        let complete = client.complete_multipart_upload().bucket("bucket").key("parts").upload_id(&id);
        complete.multipart_upload(parts.clone())
    };
    assert_eq!(error(complete().send().await), coded(400, "InvalidRequest"));
    with_key!(complete(), KEY).send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_form_may_bring_a_key() {
    let fake = FakeAws::builder().object_ownership(innkeeper_fake::ObjectOwnership::ObjectWriter).build();
    fake.s3().create_bucket("bucket").unwrap();
    let open = client(&fake).put_bucket_acl().bucket("bucket");
    open.acl(aws_sdk_s3::types::BucketCannedAcl::PublicReadWrite).send().await.unwrap();
    let (key, md5) = (encoded(&KEY), md5(&KEY));
    let prefix = "x-amz-server-side-encryption-customer";
    let fields = [
        ("key", "key"),
        // What nobody known uploads is not the bucket owner's.
        ("acl", "public-read"),
        (&format!("{prefix}-algorithm"), "AES256"),
        (&format!("{prefix}-key"), &key),
        (&format!("{prefix}-key-md5"), &md5),
    ];
    let answer = crate::forms::send_form(&fake, &fields, "hello").await;
    assert_eq!(answer.headers().get("x-amz-server-side-encryption-customer-key-md5"), Some(&*md5));
    assert_eq!(answer.headers().get("x-amz-server-side-encryption"), None);
    let client = client(&fake);
    assert_eq!(error(get(&client, "key").send().await), coded(400, "InvalidRequest"));
    with_key!(get(&client, "key"), KEY).send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn errors_name_the_encryption() {
    let (fake, _client) = bucket();
    let uri = "https://bucket.s3.eu-west-1.amazonaws.com/key";
    let headers = [("x-amz-server-side-encryption-customer-key", "?"), ("content-length", "0")];
    let document = text(send(&fake, "PUT", uri, &headers, "").await).await;
    let expected =
        "<ArgumentName>x-amz-server-side-encryption</ArgumentName><ArgumentValue>null</ArgumentValue>";
    assert!(document.contains(expected) && document.contains("a valid encryption algorithm."), "{document}");
}

#[tokio::test]
async fn a_saved_state_knows_the_key_again_and_does_not_have_it() {
    let (fake, _client) = written();
    let dir = tempfile::tempdir().unwrap();
    fake.save(dir.path()).unwrap();
    let document = std::fs::read_to_string(dir.path().join("s3/bucket/.innkeeper.json")).unwrap();
    assert!(document.contains(&md5(&KEY)) && !document.contains(&encoded(&KEY)), "{document}");
    let seeded = FakeAws::new();
    seeded.seed(dir.path()).unwrap();
    let client = client(&seeded);
    assert_eq!(error(get(&client, "secret").send().await), coded(400, "InvalidRequest"));
    assert_eq!(error(with_key!(get(&client, "secret"), OTHER).send().await), coded(403, "AccessDenied"));
    let got = with_key!(get(&client, "secret"), KEY).send().await.unwrap();
    let before = fake.s3().get("bucket", "secret").unwrap();
    assert_eq!(got.e_tag(), Some(&*format!("\"{}\"", before.etag)));
}
