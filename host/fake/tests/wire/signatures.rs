#![expect(clippy::disallowed_methods, reason = "these tests are about what lies under a client")]

use std::time::Duration;

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use aws_sdk_s3::primitives::ByteStream;
use innkeeper_fake::{ChecksumAlgorithm, FakeAws};

use crate::aws::{HOUR, bucket, client_of, coded, config, error, known, send, text};

const ID: &str = "AKIDKNOWN";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

fn client(fake: &FakeAws, id: &str, secret: &str) -> aws_sdk_s3::Client {
    client_of(config(fake).credentials_provider(Credentials::from_keys(id, secret, None)))
}

#[tokio::test(start_paused = true)]
async fn takes_what_is_signed_with_a_key_that_it_knows() {
    let fake = known(ID, SECRET);
    let path_style = config(&fake).endpoint_url("http://127.0.0.1:4566").force_path_style(true);
    let credentials = Credentials::from_keys(ID, SECRET, None);
    for client in [client(&fake, ID, SECRET), client_of(path_style.credentials_provider(credentials))] {
        for key in ["key", "a//b/../c", "ü %25+?&=#😀", "a+b c"] {
            let put = client.put_object().bucket("bucket").key(key).metadata("name", "a  b");
            put.tagging("a=b%20c").body(ByteStream::from_static(b"x")).send().await.unwrap();
            client.get_object().bucket("bucket").key(key).send().await.unwrap();
            client.list_objects_v2().bucket("bucket").prefix(key).delimiter("/").send().await.unwrap();
        }
        let body = ByteStream::new(aws_sdk_s3::primitives::SdkBody::retryable(|| "streamed".into()));
        client.put_object().bucket("bucket").key("stream").body(body).send().await.unwrap();
        assert_eq!(fake.s3().get("bucket", "stream").unwrap().body, "streamed");
    }
}

#[tokio::test(start_paused = true)]
async fn refuses_keys_that_it_does_not_know_and_secrets_that_are_wrong() {
    let fake = known(ID, SECRET);
    let get = async |id: &str, secret: &str| {
        error(client(&fake, id, secret).get_object().bucket("bucket").key("key").send().await)
    };
    assert_eq!(get("AKIDOTHER", SECRET).await, coded(403, "InvalidAccessKeyId"));
    assert_eq!(get(ID, "wrong").await, coded(403, "SignatureDoesNotMatch"));
    assert!(!format!("{fake:?}").contains(SECRET) && !format!("{:?}", fake.s3()).contains(SECRET));
    assert!(!format!("{:?}", FakeAws::builder().identity(ID, SECRET)).contains(SECRET));
}

#[tokio::test(start_paused = true)]
async fn refuses_what_was_changed_after_signing() {
    let fake = known(ID, SECRET);
    let client = client(&fake, ID, SECRET);
    let url = presigned_get(&fake, &client, HOUR).await;
    let uri = url.uri();
    for (uri, headers) in [
        (uri.replace("/key?", "/other?"), &[][..]),
        (format!("{uri}&response-content-type=text/html"), &[]),
        (uri.replace("X-Amz-Expires=3600", "X-Amz-Expires=7200"), &[]),
        (uri.replace("bucket.s3", "bucket2.s3"), &[]),
        (format!("{uri}&X-Amz-Expires=7200"), &[]),
        (format!("{uri}&X-Amz-Expires=3600"), &[]),
        (uri.replace('?', "?X-Amz-Expires=604800&"), &[]),
        (format!("{uri}&X%2DAmz%2DExpires=7200"), &[]),
        (format!("{uri}&x-amz-expires=7200"), &[]),
        (format!("{uri}&X-Amz-Date=20260102T000000Z"), &[]),
        (format!("{uri}&X-Amz-Signature=00"), &[]),
        (format!("{uri}&X-Amz-Security-Token=t"), &[]),
        (format!("{uri}&x-amz-security-token=t"), &[]),
        (format!("{uri}&Expires=1"), &[]),
        (format!("{uri}&AWSAccessKeyId={ID}"), &[]),
    ] {
        let answer = text(send(&fake, "GET", &uri, headers, "").await).await;
        assert!(answer.contains("<Code>SignatureDoesNotMatch</Code>"), "{uri}: {answer}");
    }
    let owner = [("x-amz-expected-bucket-owner", "000000000000")];
    let answer = text(send(&fake, "GET", uri, &owner, "").await).await;
    assert!(answer.contains("headers present in the request which were not signed"), "{answer}");
    assert_eq!(text(send(&fake, "GET", uri, &[], "").await).await, "hello");
    let answer = text(send(&fake, "DELETE", uri, &[], "").await).await;
    assert!(answer.contains("<Code>SignatureDoesNotMatch</Code>"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn refuses_what_may_have_been_signed_in_two_ways_whoever_signed_it() {
    // Without an identity any signature is taken.
    let fake = FakeAws::new();
    fake.s3().create_bucket("bucket").unwrap();
    fake.s3().put("bucket", "key", "hello").unwrap();
    let url = presigned_get(&fake, &client(&fake, ID, SECRET), HOUR).await;
    assert_eq!(text(send(&fake, "GET", url.uri(), &[], "").await).await, "hello");
    for name in ["X-Amz-Expires", "X-Amz-Date", "X-Amz-Credential", "X-Amz-SignedHeaders", "X-Amz-Signature"]
    {
        let answer = send(&fake, "GET", &format!("{}&{name}=1", url.uri()), &[], "").await;
        assert_eq!(answer.status().as_u16(), 403, "{name}");
        assert!(text(answer).await.contains("<Code>SignatureDoesNotMatch</Code>"), "{name}");
    }
}

async fn presigned_get(fake: &FakeAws, client: &aws_sdk_s3::Client, lifetime: Duration) -> PresignedRequest {
    let presigning = PresigningConfig::builder().start_time(fake.now()).expires_in(lifetime).build().unwrap();
    client.get_object().bucket("bucket").key("key").presigned(presigning).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_presigned_url_expires_by_the_clock() {
    let fake = known(ID, SECRET);
    let url = presigned_get(&fake, &client(&fake, ID, SECRET), HOUR).await;
    tokio::time::advance(HOUR).await;
    assert_eq!(text(send(&fake, "GET", url.uri(), &[], "").await).await, "hello");
    tokio::time::advance(Duration::from_secs(1)).await;
    let late = send(&fake, "GET", url.uri(), &[], "").await;
    assert_eq!(late.status().as_u16(), 403);
    assert!(text(late).await.contains("Request has expired"));
}

#[tokio::test(start_paused = true)]
async fn a_policy_can_have_presigned_urls_expire_earlier() {
    let fake = known(ID, SECRET);
    let client = client(&fake, ID, SECRET);
    let policy = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::bucket/*", "Condition": {"NumericGreaterThan": {"s3:signatureAge": "600000"}}}}"#;
    client.put_bucket_policy().bucket("bucket").policy(policy).send().await.unwrap();
    let url = presigned_get(&fake, &client, HOUR).await;
    tokio::time::advance(Duration::from_mins(10)).await;
    assert_eq!(text(send(&fake, "GET", url.uri(), &[], "").await).await, "hello");
    tokio::time::advance(Duration::from_millis(1)).await;
    let late = send(&fake, "GET", url.uri(), &[], "").await;
    assert_eq!(late.status().as_u16(), 403);
    assert!(text(late).await.contains("<Code>AccessDenied</Code>"));
    // What is signed when it is sent has no age.
    client.get_object().bucket("bucket").key("key").send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_presigned_put_binds_what_it_was_signed_with() {
    let fake = known(ID, SECRET);
    let client = client(&fake, ID, SECRET);
    let presigning = PresigningConfig::builder().start_time(fake.now()).expires_in(HOUR).build().unwrap();
    let put = client.put_object().bucket("bucket").key("new").content_type("text/plain").content_length(5);
    // The check value of `hello`.
    let url = put.checksum_crc32("NhCmhg==").presigned(presigning).await.unwrap();
    let with = async |content_type: &str, length: &str, checksum: &str, body: &str| {
        let mut headers = vec![("content-type", content_type), ("content-length", length)];
        if url.headers().any(|(name, _)| name == "x-amz-checksum-crc32") {
            headers.push(("x-amz-checksum-crc32", checksum));
        }
        let answer = send(&fake, "PUT", url.uri(), &headers, body).await;
        (answer.status().as_u16(), text(answer).await)
    };
    for (content_type, length, body) in [("text/html", "5", "hello"), ("text/plain", "6", "hello!")] {
        let (status, answer) = with(content_type, length, "NhCmhg==", body).await;
        assert_eq!(status, 403, "{answer}");
        assert!(answer.contains("<Code>SignatureDoesNotMatch</Code>"), "{answer}");
    }
    let (status, answer) = with("text/plain", "5", "NhCmhg==", "hullo").await;
    assert_eq!(status, 400, "{answer}");
    assert!(answer.contains("<Code>BadDigest</Code>"), "{answer}");
    assert!(fake.s3().get("bucket", "new").is_none());
    let (status, answer) = with("text/plain", "5", "NhCmhg==", "hello").await;
    assert_eq!(status, 200, "{answer}");
    let object = fake.s3().get("bucket", "new").unwrap();
    assert_eq!((object.text(), object.content_type()), (Some("hello"), "text/plain"));
}

#[tokio::test(start_paused = true)]
async fn a_checksum_in_a_presigned_url_is_of_no_body() {
    let (fake, client) = bucket();
    let presigning = PresigningConfig::builder().start_time(fake.now()).expires_in(HOUR).build().unwrap();
    let url = client.put_object().bucket("bucket").key("new").presigned(presigning).await.unwrap();
    // As the SDK for JavaScript has it, of the body that it does not have yet.
    let uri = format!("{}&x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-sdk-checksum-algorithm=CRC32", url.uri());
    let answer = send(&fake, "PUT", &uri, &[("content-length", "5")], "hello").await;
    let status = answer.status().as_u16();
    assert_eq!(status, 200, "{}", text(answer).await);
    let object = fake.s3().get("bucket", "new").unwrap();
    assert_eq!((object.text(), object.checksum.algorithm), (Some("hello"), ChecksumAlgorithm::Crc64Nvme));
    // A header is another matter.
    let headers = [("content-length", "5"), ("x-amz-checksum-crc32", "AAAAAA==")];
    let answer = text(send(&fake, "PUT", &uri, &headers, "hello").await).await;
    assert!(answer.contains("<Code>BadDigest</Code>"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn refuses_a_signature_of_another_time() {
    let fake = known(ID, SECRET);
    let ahead = aws_smithy_async::time::StaticTimeSource::new(fake.now() + Duration::from_mins(16));
    let ahead = client_of(
        config(&fake).credentials_provider(Credentials::from_keys(ID, SECRET, None)).time_source(ahead),
    );
    // The SDK learns the time from the refusal, and its second attempt is right.
    ahead.get_object().bucket("bucket").key("key").send().await.unwrap();
    let codes: Vec<_> = fake.calls().into_iter().map(|call| call.error_code).collect();
    assert_eq!(codes, [Some("RequestTimeTooSkewed".to_owned()), None]);
}

#[tokio::test(start_paused = true)]
async fn verifies_the_sessions_that_it_has_issued() {
    let fake = known(ID, SECRET);
    let sts = |secret: &str| {
        let config = aws_sdk_sts::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::from_keys(ID, secret, None))
            .http_client(fake.http_client())
            .time_source(fake.time_source())
            .sleep_impl(fake.sleep());
        aws_sdk_sts::Client::from_conf(config.build())
    };
    let role = "arn:aws:iam::123456789012:role/reader";
    let assume = |secret: &str| sts(secret).assume_role().role_arn(role).role_session_name("guest").send();
    assert_eq!(error(assume("wrong").await), coded(403, "SignatureDoesNotMatch"));
    let session = assume(SECRET).await.unwrap().credentials.unwrap();
    let with = |secret: &str| {
        let token = Some(session.session_token().to_owned());
        let credentials = Credentials::new(session.access_key_id(), secret, token, None, "test");
        client_of(config(&fake).credentials_provider(credentials))
    };
    let get = |client: aws_sdk_s3::Client| async move {
        client.get_object().bucket("bucket").key("key").send().await
    };
    let good = with(session.secret_access_key());
    get(good.clone()).await.unwrap();
    let url = presigned_get(&fake, &good, HOUR).await;
    assert_eq!(text(send(&fake, "GET", url.uri(), &[], "").await).await, "hello");
    assert_eq!(error(get(with("wrong")).await), coded(403, "SignatureDoesNotMatch"));
    tokio::time::advance(HOUR).await;
    assert_eq!(error(get(good).await), coded(400, "ExpiredToken"));
}

#[tokio::test(start_paused = true)]
async fn verifies_the_other_services_too() {
    let fake = known(ID, SECRET);
    let sqs = |id: &str, secret: &str| {
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::from_keys(id, secret, None))
            .http_client(fake.http_client())
            .time_source(fake.time_source())
            .sleep_impl(fake.sleep());
        aws_sdk_sqs::Client::from_conf(config.build())
    };
    let good = sqs(ID, SECRET);
    let queue = good.create_queue().queue_name("queue").send().await.unwrap().queue_url.unwrap();
    good.send_message().queue_url(&queue).message_body("hello").send().await.unwrap();
    let wrong = sqs(ID, "wrong").send_message().queue_url(&queue).message_body("hello").send().await;
    assert_eq!(error(wrong).0, 403);
    let unknown = sqs("AKIDOTHER", SECRET).list_queues().send().await;
    assert_eq!(error(unknown).0, 403);

    let lambda = |secret: &str| {
        let config = aws_sdk_lambda::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::from_keys(ID, secret, None))
            .http_client(fake.http_client())
            .time_source(fake.time_source())
            .sleep_impl(fake.sleep());
        aws_sdk_lambda::Client::from_conf(config.build())
    };
    lambda(SECRET).list_functions().send().await.unwrap();
    assert_eq!(error(lambda("wrong").list_functions().send().await), coded(403, "InvalidSignatureException"));
}

#[tokio::test(start_paused = true)]
async fn the_digest_of_the_body_has_to_be_there() {
    let fake = known(ID, SECRET);
    let raw = [
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIDKNOWN/20260101/eu-west-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=00",
        ),
        ("x-amz-date", "20260101T000000Z"),
    ];
    let answer = send(&fake, "GET", "https://bucket.s3.eu-west-1.amazonaws.com/key", &raw, "").await;
    assert!(text(answer).await.contains("x-amz-content-sha256"));
}

#[tokio::test(start_paused = true)]
async fn a_presigned_url_may_carry_headers_as_parameters() {
    let (fake, _) = bucket();
    let query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20260101%2Feu-west-1%2Fs3%2Faws4_request\
        &X-Amz-Date=20260101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00";
    let uri = format!(
        "https://bucket.s3.eu-west-1.amazonaws.com/key?x-amz-meta-camera=Leica&x-amz-tagging=a%3Db&{query}"
    );
    let answer = send(&fake, "PUT", &uri, &[("content-length", "1")], "x").await;
    assert_eq!(answer.status().as_u16(), 200);
    let object = fake.s3().get("bucket", "key").unwrap();
    assert_eq!((object.metadata("camera"), object.tags["a"].as_str()), (Some("Leica"), "b"));
}
