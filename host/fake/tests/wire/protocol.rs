use std::time::Duration;

use aws_sdk_s3::operation::RequestId as _;
use aws_sdk_s3::operation::RequestIdExt as _;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use innkeeper_fake::{CALL_LOG_LIMIT, Clock, FakeAws};
use proptest::prelude::*;

use crate::aws::{HOUR, anonymous, bucket, client, client_of, coded, error, send, signature, text};

#[tokio::test(start_paused = true)]
async fn every_answer_has_ids_and_a_date() {
    let (_, client) = bucket();
    let head = client.head_bucket().bucket("bucket").send().await.unwrap();
    assert_eq!(head.request_id().unwrap().len(), 16);
    assert!(head.extended_request_id().unwrap().len() > 40);
    let failed = client.get_object().bucket("bucket").key("missing").send().await.unwrap_err();
    assert_eq!(failed.request_id().unwrap().len(), 16);
    let raw = failed.raw_response().unwrap();
    assert_eq!(raw.headers().get("date"), Some("Thu, 01 Jan 2026 00:00:00 GMT"));
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_ids() {
    let id = async |seed| {
        let fake = FakeAws::builder().seed(seed).build();
        client(&fake).list_buckets().send().await.unwrap().request_id().unwrap().to_owned()
    };
    assert_eq!(id(1).await, id(1).await);
    assert_ne!(id(1).await, id(2).await);
}

#[tokio::test(start_paused = true)]
async fn errors_are_complete_documents() {
    let fake = FakeAws::new();
    let uri = "https://s3.eu-west-1.amazonaws.com/missing/key";
    let response = send(&fake, "GET", uri, &[], "").await;
    assert_eq!(response.headers().get("content-type"), Some("application/xml"));
    let id = response.headers().get("x-amz-request-id").unwrap().to_owned();
    let document = text(response).await;
    assert!(
        document.contains("<Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message>")
    );
    assert!(document.contains(&format!("<RequestId>{id}</RequestId><HostId>")), "{document}");
    // Also those that s3s makes by itself.
    let document = text(send(&fake, "GET", "https://s3.eu-west-1.amazonaws.com/No/key", &[], "").await).await;
    let message = "<Code>InvalidBucketName</Code><Message>The specified bucket is not valid.</Message>\
                   <BucketName>No</BucketName><RequestId>";
    assert!(document.contains(message), "{document}");
}

#[tokio::test(start_paused = true)]
async fn answers_services_it_does_not_have_with_an_error() {
    let fake = FakeAws::new();
    let target = [("x-amz-target", "TrentService.Encrypt")];
    let response = send(&fake, "POST", "https://kms.eu-west-1.amazonaws.com/", &target, "{}").await;
    assert_eq!(response.status().as_u16(), 501);
    assert!(text(response).await.contains("UnknownOperationException"));
    let call = fake.calls().pop().unwrap();
    assert_eq!((call.service.as_str(), call.operation.as_str()), ("kms", "Encrypt"));
    assert_eq!(call.error_code.as_deref(), Some("UnknownOperationException"));
}

#[tokio::test(start_paused = true)]
async fn answers_operations_it_does_not_have_with_an_error() {
    let (fake, client) = bucket();
    let torrent = client.get_object_torrent().bucket("bucket").key("key").send().await;
    assert_eq!(error(torrent), coded(501, "NotImplemented"));
    assert_eq!(fake.calls().pop().unwrap().operation, "GetObjectTorrent");
}

#[tokio::test(start_paused = true)]
async fn survives_requests_that_are_none() {
    let fake = FakeAws::new();
    let host = "https://s3.eu-west-1.amazonaws.com";
    for (method, path, headers) in [
        ("GET", "/%FF", &[][..]),
        ("GET", "/bucket/%FF%FE", &[]),
        ("GET", "/bucket/%zz", &[]),
        ("PATCH", "/bucket/key", &[]),
        ("PUT", "/bucket/key", &[("authorization", "Basic x")]),
        ("PUT", "/bucket/key", &[("authorization", "AWS4-HMAC-SHA256 Credential=a/b")]),
        ("PUT", "/bucket/key", &[("x-amz-decoded-content-length", "-1")]),
        ("PUT", "/bucket/key", &[("x-amz-copy-source", "%FF")]),
        ("POST", "/bucket?delete", &[]),
        ("GET", "/bucket?list-type=2&max-keys=x", &[]),
        ("GET", "/?X-Amz-Signature=0", &[]),
        (
            "GET",
            "/?X-Amz-Signature=0&X-Amz-Credential=a/b/c/s3/aws4_request&X-Amz-Date=x&X-Amz-Expires=1",
            &[],
        ),
    ] {
        let response = send(&fake, method, &format!("{host}{path}"), headers, "").await;
        let status = response.status().as_u16();
        let document = text(response).await;
        assert!(
            (400..502).contains(&status) && document.contains("<Code>"),
            "{method} {path}: {status} {document}"
        );
    }
    let signature = signature("sts");
    let form = [("content-type", "application/x-www-form-urlencoded"), ("authorization", &signature)];
    for body in [
        "",
        "Action=",
        "Action=AssumeRole",
        "%%%",
        "Action=GetCaller",
        "Action=GetSessionToken&DurationSeconds=1",
    ] {
        let response = send(&fake, "POST", "https://sts.eu-west-1.amazonaws.com/", &form, body).await;
        assert!((400..500).contains(&response.status().as_u16()), "{body}");
        assert!(text(response).await.contains("<ErrorResponse"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_presigned_url_works_until_it_expires() {
    let (fake, client) = bucket();
    fake.s3().put("bucket", "key", "hello").unwrap();
    let presigning = PresigningConfig::builder().start_time(fake.now()).expires_in(2 * HOUR).build().unwrap();
    let url = client.get_object().bucket("bucket").key("key").presigned(presigning).await.unwrap();
    tokio::time::advance(HOUR).await;
    assert_eq!(text(send(&fake, "GET", url.uri(), &[], "").await).await, "hello");
    tokio::time::advance(HOUR + Duration::from_secs(1)).await;
    let response = send(&fake, "GET", url.uri(), &[], "").await;
    assert_eq!(response.status().as_u16(), 403);
    assert!(text(response).await.contains("Request has expired"));
}

#[tokio::test(start_paused = true)]
async fn holds_callers_to_the_owner_they_expect() {
    let (_, client) = bucket();
    let head = |owner: &str| client.head_bucket().bucket("bucket").expected_bucket_owner(owner).send();
    head("000000000000").await.unwrap();
    assert_eq!(error(head("111111111111").await).0, 403);
}

#[tokio::test(start_paused = true)]
async fn logs_every_request_as_it_came() {
    let (fake, client) = bucket();
    client
        .put_object()
        .bucket("bucket")
        .key("a/b")
        .body(ByteStream::from_static(b"hello"))
        .send()
        .await
        .unwrap();
    tokio::time::advance(HOUR).await;
    let get = client.get_object().bucket("bucket").key("a/b").send().await.unwrap();
    get.body.collect().await.unwrap();
    let calls = fake.calls();
    let put = &calls[0];
    assert_eq!((put.number, put.operation.as_str(), put.status), (1, "PutObject", Some(200)));
    assert_eq!((put.bucket.as_deref(), put.key.as_deref()), (Some("bucket"), Some("a/b")));
    assert_eq!((put.region.as_deref(), put.attempt), (Some("eu-west-1"), Some(1)));
    assert_eq!((put.bytes_in, put.bytes_out), (5, 0));
    assert_eq!(calls[1].bytes_out, 5);
    assert_eq!(calls[1].time.duration_since(put.time).unwrap(), HOUR);
    let json = serde_json::to_value(put).unwrap();
    assert_eq!((json["time"].as_str(), json["service"].as_str()), (Some("2026-01-01T00:00:00Z"), Some("s3")));
    fake.clear_calls();
    client.list_buckets().send().await.unwrap();
    assert_eq!(fake.calls()[0].number, 3);
}

#[tokio::test(start_paused = true)]
async fn the_log_keeps_the_last_calls() {
    let fake = FakeAws::new();
    for _ in 0..CALL_LOG_LIMIT + 3 {
        send(&fake, "GET", "https://kms.eu-west-1.amazonaws.com/", &[], "").await;
    }
    let calls = fake.calls();
    assert_eq!((calls.len(), calls[0].number), (CALL_LOG_LIMIT, 4));
}

#[tokio::test]
async fn works_on_the_real_clock() {
    let fake = FakeAws::builder().clock(Clock::real()).account_id("123456789012").build();
    fake.s3().create_bucket("bucket").unwrap();
    client(&fake).list_objects_v2().bucket("bucket").send().await.unwrap();
    assert_eq!(fake.account_id(), "123456789012");
}

#[tokio::test(start_paused = true)]
async fn two_fakes_share_nothing() {
    let (one, _) = bucket();
    let other = FakeAws::new();
    assert_eq!(
        error(client(&other).list_objects_v2().bucket("bucket").send().await),
        coded(404, "NoSuchBucket")
    );
    assert!(one.calls().is_empty());
    let clone = one.clone();
    clone.s3().create_bucket("more").unwrap();
    assert_eq!(one.s3().buckets(), ["bucket", "more"]);
}

#[tokio::test(start_paused = true)]
async fn refuses_requests_without_credentials() {
    let (fake, _) = bucket();
    fake.s3().put("bucket", "key", "hello").unwrap();
    let get =
        client_of(anonymous(&fake).allow_no_auth()).get_object().bucket("bucket").key("key").send().await;
    assert_eq!(error(get), coded(403, "AccessDenied"));
}

#[tokio::test(start_paused = true)]
async fn refuses_signatures_for_another_region_or_service() {
    let (fake, _) = bucket();
    for (host, service) in
        [("bucket.s3.us-west-2.amazonaws.com", "s3"), ("bucket.s3.eu-west-1.amazonaws.com", "sts")]
    {
        let headers = [("authorization", &*signature(service))];
        let answer = text(send(&fake, "GET", &format!("https://{host}/"), &headers, "").await).await;
        assert!(answer.contains("<Code>AuthorizationHeaderMalformed</Code>"), "{answer}");
    }
    let headers = [("authorization", &*signature("sts"))];
    let form = "Action=GetCallerIdentity";
    let answer =
        text(send(&fake, "POST", "https://sts.us-west-2.amazonaws.com/", &headers, form).await).await;
    assert!(answer.contains("<Code>SignatureDoesNotMatch</Code>"), "{answer}");
    send(&fake, "GET", "https://bucket.s3-accelerate.amazonaws.com/key", &[], "").await;
    assert_eq!(fake.calls().pop().unwrap().error_code.as_deref(), Some("NoSuchKey"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_conditional_writes_wins() {
    let fake = FakeAws::builder().clock(Clock::real()).build();
    fake.s3().create_bucket("bucket").unwrap();
    let client = client(&fake);
    let writes = (0..32).map(|number| {
        let put = client.put_object().bucket("bucket").key("key").if_none_match("*");
        tokio::spawn(put.body(ByteStream::from(vec![number])).send())
    });
    let mut won = 0;
    for write in writes.collect::<Vec<_>>() {
        match write.await.unwrap() {
            Ok(_) => won += 1,
            failed => assert_eq!(error(failed), coded(412, "PreconditionFailed")),
        }
    }
    assert_eq!((won, fake.s3().get("bucket", "key").unwrap().size()), (1, 1));
}

proptest! {
    #[test]
    fn answers_whatever_comes(
        method in prop_oneof![Just("GET"), Just("HEAD"), Just("PUT"), Just("POST"), Just("DELETE"), Just("OPTIONS")],
        host in prop_oneof![Just("bucket.s3.eu-west-1.amazonaws.com"), Just("s3.amazonaws.com"), Just("sts.amazonaws.com"), Just("sqs.eu-west-1.amazonaws.com"), Just("127.0.0.1"), Just("[::1]:80"), Just("a..s3..localhost")],
        path in "(/|bucket|key|%[0-9A-F]{2}|[a-z.+~:@!$&'()*,;=-]){0,8}",
        query in "((list-type=2|prefix|delimiter|max-keys|uploads|delete|location|uploadId|partNumber|versionId|X-Amz-Signature|X-Amz-Date|X-Amz-Credential|encoding-type|continuation-token)(=[a-zA-Z0-9%/-]{0,6})?&?){0,4}",
        name in prop::sample::select(vec!["range", "if-match", "if-none-match", "if-modified-since", "content-md5", "content-length", "content-type", "x-amz-copy-source", "x-amz-content-sha256", "x-amz-decoded-content-length", "x-amz-checksum-crc32", "x-amz-sdk-checksum-algorithm", "x-amz-trailer", "x-amz-meta-a", "authorization", "x-amz-target", "amz-sdk-request", "expires"]),
        value in "(bytes=|\"|\\*|-|AAAA|STREAMING-UNSIGNED-PAYLOAD-TRAILER|multipart/form-data; boundary=a|[0-9a-z/=%, ]){0,5}",
        body in "(Action=|AssumeRole|<Delete>|<Key>|5\r\n|0\r\n|[a-z&=]){0,6}",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (fake, _) = bucket();
            fake.s3().put("bucket", "key", "hello").unwrap();
            let uri = format!("https://{host}/{path}?{query}");
            // What is no URI, or no header's value, no client can send.
            let sendable = http::Request::builder().uri(&uri).header(name, &value).body(()).is_ok();
            if sendable {
                let answer = send(&fake, method, &uri, &[(name, &value)], &body).await;
                assert_eq!(fake.calls().pop().unwrap().status, Some(answer.status().as_u16()));
                assert_ne!(answer.status().as_u16(), 500);
                ByteStream::new(answer.into_body()).collect().await.unwrap();
            }
        });
    }
}
