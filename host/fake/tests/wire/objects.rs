use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{ObjectLockLegalHoldStatus, ServerSideEncryption, StorageClass};
use innkeeper_fake::NewObject;
use proptest::prelude::*;

use crate::aws::{bucket, coded, error, send, text};

#[tokio::test(start_paused = true)]
async fn keeps_bytes_headers_and_metadata() {
    let (fake, client) = bucket();
    let expires = DateTime::from_secs(1_800_000_001);
    let put = client
        .put_object()
        .bucket("bucket")
        .key("key")
        .body(ByteStream::from_static(b"hello"))
        .content_type("text/plain")
        .content_language("en")
        .content_disposition("attachment")
        .content_encoding("deflate, gzip")
        .cache_control("no-store")
        .expires(expires)
        .website_redirect_location("/elsewhere")
        .storage_class(StorageClass::StandardIa)
        .metadata("Camera", "Leica")
        .send()
        .await
        .unwrap();
    assert_eq!(put.e_tag(), Some("\"5d41402abc4b2a76b9719d911017c592\""));
    assert_eq!(put.server_side_encryption(), Some(&ServerSideEncryption::Aes256));

    let object = fake.s3().get("bucket", "key").unwrap();
    assert_eq!(object.text(), Some("hello"));
    assert_eq!(object.content_type(), "text/plain");
    assert_eq!(object.metadata("camera"), Some("Leica"));
    assert_eq!(object.headers.content_encoding.as_deref(), Some("deflate, gzip"));
    assert_eq!(object.headers.expires.as_deref(), Some("Fri, 15 Jan 2027 08:00:01 GMT"));

    let get = client.get_object().bucket("bucket").key("key").send().await.unwrap();
    assert_eq!(get.content_type(), Some("text/plain"));
    assert_eq!(get.content_language(), Some("en"));
    assert_eq!(get.content_disposition(), Some("attachment"));
    assert_eq!(get.content_encoding(), Some("deflate, gzip"));
    assert_eq!(get.cache_control(), Some("no-store"));
    assert_eq!(get.website_redirect_location(), Some("/elsewhere"));
    assert_eq!(get.storage_class(), Some(&StorageClass::StandardIa));
    assert_eq!(get.metadata().unwrap()["camera"], "Leica");
    assert_eq!(get.content_length(), Some(5));
    assert_eq!(get.last_modified().unwrap().secs(), 1_767_225_600);
    assert_eq!(get.accept_ranges(), Some("bytes"));
    assert_eq!(get.body.collect().await.unwrap().to_vec(), b"hello");

    let head = client.head_object().bucket("bucket").key("key").send().await.unwrap();
    assert_eq!(head.content_length(), Some(5));
    assert_eq!(head.e_tag(), put.e_tag());
    assert_eq!(head.metadata().unwrap()["camera"], "Leica");
    assert_eq!(head.content_type(), Some("text/plain"));
}

#[tokio::test(start_paused = true)]
async fn misses_what_is_not_there() {
    let (_, client) = bucket();
    let missing = client.get_object().bucket("bucket").key("missing").send().await;
    assert!(missing.as_ref().unwrap_err().as_service_error().unwrap().is_no_such_key());
    assert_eq!(error(missing), coded(404, "NoSuchKey"));
    assert_eq!(
        error(client.get_object().bucket("missing").key("k").send().await),
        coded(404, "NoSuchBucket")
    );
    let head = client.head_object().bucket("bucket").key("missing").send().await;
    assert!(head.unwrap_err().as_service_error().unwrap().is_not_found());
    let put = client.put_object().bucket("missing").key("k").body(ByteStream::from_static(b"1")).send().await;
    assert_eq!(error(put), coded(404, "NoSuchBucket"));
    let long =
        client.put_object().bucket("bucket").key("k".repeat(1025)).body(ByteStream::from_static(b"1")).send();
    assert_eq!(error(long.await), coded(400, "KeyTooLongError"));
}

#[tokio::test(start_paused = true)]
async fn overrides_headers_of_the_answer() {
    let (fake, client) = bucket();
    fake.s3().put("bucket", "key", NewObject::new("x").content_type("text/plain")).unwrap();
    let get = client
        .get_object()
        .bucket("bucket")
        .key("key")
        .response_content_type("text/html")
        .send()
        .await
        .unwrap();
    assert_eq!(get.content_type(), Some("text/html"));
    let head = client
        .head_object()
        .bucket("bucket")
        .key("key")
        .response_content_type("text/html")
        .send()
        .await
        .unwrap();
    assert_eq!(head.content_type(), Some("text/html"));
}

#[tokio::test(start_paused = true)]
async fn reads_on_condition() {
    let (fake, client) = bucket();
    let etag = fake.s3().put("bucket", "key", "hello").unwrap().etag.clone();
    let get = || client.get_object().bucket("bucket").key("key");
    get().if_match(format!("\"{etag}\"")).send().await.unwrap();
    get().if_match(&etag).send().await.unwrap();
    assert_eq!(error(get().if_match("\"other\"").send().await), coded(412, "PreconditionFailed"));
    get().if_none_match("\"other\"").send().await.unwrap();
    let unchanged = get().if_none_match(format!("\"{etag}\"")).send().await;
    let raw = unchanged.as_ref().unwrap_err().raw_response().unwrap();
    assert_eq!(raw.headers().get("etag"), Some(&*format!("\"{etag}\"")));
    assert_eq!(error(unchanged).0, 304);
    let written = DateTime::from_secs(1_767_225_600);
    assert_eq!(error(get().if_modified_since(written).send().await).0, 304);
    get().if_unmodified_since(written).send().await.unwrap();
    let before = DateTime::from_secs(1_767_225_599);
    get().if_modified_since(before).send().await.unwrap();
    assert_eq!(error(get().if_unmodified_since(before).send().await), coded(412, "PreconditionFailed"));
    let head = client.head_object().bucket("bucket").key("key").if_match("\"other\"").send().await;
    assert_eq!(error(head).0, 412);
}

#[tokio::test(start_paused = true)]
async fn writes_on_condition() {
    let (fake, client) = bucket();
    let put = |body: &'static [u8]| {
        client.put_object().bucket("bucket").key("key").body(ByteStream::from_static(body))
    };
    assert_eq!(error(put(b"0").if_match("\"x\"").send().await), coded(404, "NoSuchKey"));
    let first = put(b"1").if_none_match("*").send().await.unwrap();
    assert_eq!(error(put(b"2").if_none_match("*").send().await), coded(412, "PreconditionFailed"));
    put(b"2").if_match(first.e_tag().unwrap()).send().await.unwrap();
    assert_eq!(
        error(put(b"3").if_match(first.e_tag().unwrap()).send().await),
        coded(412, "PreconditionFailed")
    );
    assert_eq!(fake.s3().get("bucket", "key").unwrap().body, "2");
    // One of its quotes is enough, and so is none.
    for (body, skip) in [(&b"3"[..], 0), (b"4", 1)] {
        let etag = fake.s3().get("bucket", "key").unwrap().etag.clone();
        let quoted = format!("{etag}\"");
        let given = if skip == 0 { &etag } else { &quoted };
        put(body).if_match(given).send().await.unwrap();
    }
    assert_eq!(fake.s3().get("bucket", "key").unwrap().body, "4");
}

#[tokio::test(start_paused = true)]
async fn refuses_conditions_that_a_write_does_not_have() {
    let (fake, _) = bucket();
    let there = fake.s3().put("bucket", "there", "hello").unwrap().etag.clone();
    let tag = format!("\"{there}\"");
    let of_if_match = "We don't accept the provided value of If-Match header for this API";
    let of_if_none_match = "We don't accept the provided value of If-None-Match header for this API";
    let both = "Multiple conditional request headers present in the request";
    for key in ["there", "missing"] {
        for (headers, header, message) in [
            (&[("if-match", &*tag), ("if-none-match", "*")][..], "If-Match,If-None-Match", both),
            (&[("if-none-match", &*tag)], "If-None-Match", of_if_none_match),
            (&[("if-match", "*")], "If-Match", of_if_match),
        ] {
            let uri = format!("https://bucket.s3.eu-west-1.amazonaws.com/{key}");
            let headers = [headers, &[("content-length", "3")]].concat();
            let answer = send(&fake, "PUT", &uri, &headers, "new").await;
            assert_eq!(answer.status().as_u16(), 501);
            let document = text(answer).await.replace("&apos;", "'");
            let said = "<Code>NotImplemented</Code><Message>A header you provided implies functionality that is not implemented</Message>";
            let named = format!("<Header>{header}</Header><additionalMessage>{message}</additionalMessage>");
            assert!(document.contains(said) && document.contains(&named), "{document}");
        }
    }
    assert_eq!(fake.s3().keys("bucket"), ["there"]);
    assert_eq!(fake.s3().get("bucket", "there").unwrap().text(), Some("hello"));
}

#[tokio::test(start_paused = true)]
async fn refuses_ranges_past_the_end_and_ignores_malformed_ones() {
    let (fake, client) = bucket();
    fake.s3().put("bucket", "key", "hello").unwrap();
    fake.s3().put("bucket", "empty", "").unwrap();
    let get = |key: &str, range: &str| client.get_object().bucket("bucket").key(key).range(range).send();
    for (key, range) in
        [("key", "bytes=5-"), ("key", "bytes=-0"), ("empty", "bytes=0-"), ("empty", "bytes=-1")]
    {
        assert_eq!(error(get(key, range).await), coded(416, "InvalidRange"), "{key} {range}");
    }
    for range in ["bytes=3-1", "bytes=a-b", "lines=1-2", "bytes=0-1,3-4"] {
        let whole = get("key", range).await.unwrap();
        assert_eq!(whole.content_range(), None);
        assert_eq!(whole.body.collect().await.unwrap().to_vec(), b"hello", "{range}");
    }
    let head = client.head_object().bucket("bucket").key("key").range("bytes=1-2").send().await.unwrap();
    assert_eq!((head.content_length(), head.content_range()), (Some(2), Some("bytes 1-2/5")));
    assert_eq!(fake.calls().pop().unwrap().status, Some(206));
}

#[tokio::test(start_paused = true)]
async fn an_object_is_its_own_first_part() {
    let (fake, client) = bucket();
    fake.s3().put("bucket", "key", "hello").unwrap();
    let part = |number| client.get_object().bucket("bucket").key("key").part_number(number).send();
    assert_eq!(part(1).await.unwrap().content_range(), Some("bytes 0-4/5"));
    assert_eq!(error(part(2).await), coded(416, "InvalidPartNumber"));
}

#[tokio::test(start_paused = true)]
async fn archived_objects_cannot_be_read() {
    let (fake, client) = bucket();
    fake.s3().put("bucket", "key", NewObject::new("cold").storage_class("GLACIER")).unwrap();
    let get = client.get_object().bucket("bucket").key("key").send().await;
    assert!(get.as_ref().unwrap_err().as_service_error().unwrap().is_invalid_object_state());
    assert_eq!(error(get), coded(403, "InvalidObjectState"));
    let head = client.head_object().bucket("bucket").key("key").send().await.unwrap();
    assert_eq!(head.storage_class(), Some(&StorageClass::Glacier));
}

#[tokio::test(start_paused = true)]
async fn refuses_what_it_would_have_to_drop() {
    let (fake, client) = bucket();
    let put = || client.put_object().bucket("bucket").key("key").body(ByteStream::from_static(b"x"));
    let locked = put().object_lock_legal_hold_status(ObjectLockLegalHoldStatus::On).send().await;
    assert_eq!(error(locked), coded(400, "InvalidRequest"));
    let acl = put().acl(aws_sdk_s3::types::ObjectCannedAcl::PublicRead).send().await;
    assert_eq!(error(acl), coded(400, "AccessControlListNotSupported"));
    let class = put().storage_class(StorageClass::from("COLD")).send().await;
    assert_eq!(error(class), coded(400, "InvalidStorageClass"));
    let metadata = put().metadata("name", "x".repeat(2048)).send().await;
    assert_eq!(error(metadata), coded(400, "MetadataTooLarge"));
    assert_eq!(fake.s3().keys("bucket"), Vec::<String>::new());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn ranges_are_slices(
        body in prop::collection::vec(any::<u8>(), 1..200),
        first in 0usize..220,
        length in 0usize..220,
        form in 0u8..3,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (fake, client) = bucket();
            fake.s3().put("bucket", "key", body.clone()).unwrap();
            let size = body.len();
            let (range, expected) = match form {
                0 => (format!("bytes={first}-{}", first + length), first..(first + length + 1).min(size)),
                1 => (format!("bytes={first}-"), first..size),
                _ => (format!("bytes=-{length}"), size - length.min(size)..size),
            };
            let get = client.get_object().bucket("bucket").key("key").range(&range).send().await;
            if expected.is_empty() {
                assert_eq!(error(get), coded(416, "InvalidRange"), "{range}");
                return;
            }
            let get = get.unwrap();
            let content_range = format!("bytes {}-{}/{size}", expected.start, expected.end - 1);
            assert_eq!(get.content_range(), Some(&*content_range));
            assert_eq!(get.body.collect().await.unwrap().to_vec(), &body[expected]);
        });
    }
}
