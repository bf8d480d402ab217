//! Presigned URLs: what is bound in, who may have one, and how long it is good.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_runtime_api::client::http::{HttpClient as _, HttpConnector as _, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use innkeeper_tests::s3::{INCOMING, error, hello, host, is_error, requests, secret, with};
use innkeeper_tests::{SECRET, TestHost, has_a_test, program};
use serde_json::{Value, json};

// Does not compile where a program has no test of its name.
innkeeper_tests::foreach_s3_presign!(has_a_test);

/// The parameters of a URL, as they stand there.
fn parameters(url: &str) -> BTreeMap<String, String> {
    let (_, query) = url.split_once('?').unwrap();
    let pair = |pair: &str| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    query.split('&').filter_map(pair).collect()
}

/// What was signed, or a failure of the test.
async fn signed(host: &TestHost, program: &str, input: &Value) -> Value {
    let answer = host.call(program, input).await;
    assert!(answer["ok"].is_object(), "{answer}");
    assert!(!answer.to_string().contains(SECRET));
    answer["ok"].clone()
}

#[tokio::test(start_paused = true)]
async fn s3_presign_get_object() {
    let host = host().allow("s3:GetObject", INCOMING);
    let request = signed(&host, program::S3_PRESIGN_GET_OBJECT, &hello()).await;
    assert_eq!(requests(&host), 0, "nothing is sent");
    let url = request["url"].as_str().unwrap();
    assert!(url.starts_with("https://uploads.s3.eu-west-1.amazonaws.com/incoming/hello.txt?"), "{url}");
    assert_eq!(request["method"], "GET");
    let parameters = parameters(url);
    assert_eq!(parameters["X-Amz-Expires"], "900", "the manifest's 15 minutes");
    assert_eq!(parameters["X-Amz-SignedHeaders"], "host", "anybody can send it");
    let decision = host.audit().decisions().pop().unwrap();
    assert_eq!((decision.operation, decision.action), ("PresignGetObject", "s3:GetObject"));

    let response = with(hello(), &json!({ "response-content-disposition": "attachment", "expires-in": 60 }));
    let request = signed(&host, program::S3_PRESIGN_GET_OBJECT, &response).await;
    let bound = self::parameters(request["url"].as_str().unwrap());
    assert_eq!(bound["response-content-disposition"], "attachment");
    assert_eq!(bound["X-Amz-Expires"], "60");

    assert_eq!(host.call(program::S3_PRESIGN_GET_OBJECT, &secret()).await, error("AccessDenied"));
    let version = with(hello(), &json!({ "version": "v" }));
    assert_eq!(
        host.call(program::S3_PRESIGN_GET_OBJECT, &version).await,
        error("AccessDenied"),
        "a version is another right"
    );
}

#[tokio::test(start_paused = true)]
async fn s3_presign_put_object() {
    let host = host().allow("s3:PutObject", INCOMING);
    let input = with(
        hello(),
        &json!({
            "content-type": "text/plain", "content-length": 9, "algorithm": "CRC32", "checksum": "y/Q5Jg==",
            "if-none-match": "*",
        }),
    );
    let request = signed(&host, program::S3_PRESIGN_PUT_OBJECT, &input).await;
    assert_eq!(request["method"], "PUT");
    let parameters = parameters(request["url"].as_str().unwrap());
    let signed_headers = parameters["X-Amz-SignedHeaders"].replace("%3B", ";");
    let sent: Vec<(String, String)> = serde_json::from_value(request["headers"].clone()).unwrap();
    let sent = BTreeMap::from_iter(sent);
    for (header, value) in [("content-type", "text/plain"), ("content-length", "9"), ("if-none-match", "*")] {
        assert!(
            signed_headers.split(';').any(|signed| signed == header),
            "{header} is not bound: {signed_headers}"
        );
        assert_eq!(sent[header], value);
    }
    // A checksum is bound as a header or as a parameter; both are signed.
    let checksum =
        sent.get("x-amz-checksum-crc32").or_else(|| parameters.get("x-amz-checksum-crc32")).unwrap();
    assert!(checksum.replace("%2F", "/").replace("%3D", "=") == "y/Q5Jg==", "{checksum}");
    for name in sent.keys() {
        assert!(
            signed_headers.split(';').any(|signed| signed == name),
            "{name} is to be sent and is not signed"
        );
    }

    // A plain one binds nothing that its user would have to know.
    let plain = signed(&host, program::S3_PRESIGN_PUT_OBJECT, &hello()).await;
    assert_eq!(self::parameters(plain["url"].as_str().unwrap())["X-Amz-SignedHeaders"], "host", "{plain}");

    assert_eq!(host.call(program::S3_PRESIGN_PUT_OBJECT, &secret()).await, error("AccessDenied"));
    let reading = self::host().allow("s3:GetObject", INCOMING);
    assert_eq!(reading.call(program::S3_PRESIGN_PUT_OBJECT, &hello()).await, error("AccessDenied"));
}

#[tokio::test(start_paused = true)]
async fn a_url_is_good_for_no_longer_than_the_manifest_says() {
    let host = || host().allow("s3:GetObject", INCOMING).allow("s3:PutObject", INCOMING);
    for (host, limit) in [(host(), 900), (host().setting("limits.presigned-url-expiry = \"1m\""), 60)] {
        for program in [program::S3_PRESIGN_GET_OBJECT, program::S3_PRESIGN_PUT_OBJECT] {
            signed(&host, program, &with(hello(), &json!({ "expires-in": limit }))).await;
            for seconds in [0, limit + 1, u64::from(u32::MAX)] {
                let answer = host.call(program, &with(hello(), &json!({ "expires-in": seconds }))).await;
                assert!(is_error(&answer, "InvalidArgument"), "{answer}");
            }
        }
    }
    let week = host().setting("limits.presigned-url-expiry = \"1000h\"");
    let answer = signed(&week, program::S3_PRESIGN_GET_OBJECT, &hello()).await;
    assert_eq!(
        parameters(answer["url"].as_str().unwrap())["X-Amz-Expires"],
        "604800",
        "no signature is good for longer"
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_can_be_smuggled_into_a_url() {
    let host = host().allow("s3:*", "arn:aws:s3:::uploads/*");
    for key in ["a?X-Amz-Expires=1", "a&b", "../a", "a#b", "%2e%2e/a", "a\r\nb"] {
        let request =
            signed(&host, program::S3_PRESIGN_GET_OBJECT, &json!({ "bucket": "uploads", "key": key })).await;
        let url = request["url"].as_str().unwrap();
        assert_eq!(url.matches('?').count(), 1, "{url}");
        assert!(!url.contains(['#', '\r', '\n']), "{url}");
        assert_eq!(parameters(url)["X-Amz-Expires"], "900", "{url}");
        assert!(url.starts_with("https://uploads.s3.eu-west-1.amazonaws.com/"), "{url}");
    }
    let hostile = with(hello(), &json!({ "content-type": "a\r\nx-amz-acl: public-read" }));
    assert!(is_error(&host.call(program::S3_PRESIGN_PUT_OBJECT, &hostile).await, "InvalidArgument"));
    let hostile = with(hello(), &json!({ "response-content-type": "a&X-Amz-Expires=99999" }));
    let request = signed(&host, program::S3_PRESIGN_GET_OBJECT, &hostile).await;
    assert_eq!(parameters(request["url"].as_str().unwrap())["X-Amz-Expires"], "900");
}

#[tokio::test(start_paused = true)]
async fn a_url_does_what_it_says_until_it_expires() {
    let host = host().allow("s3:GetObject", INCOMING);
    let request = signed(&host, program::S3_PRESIGN_GET_OBJECT, &hello()).await;
    let url = request["url"].as_str().unwrap();
    let get = async || {
        let request = HttpRequest::get(url).unwrap();
        let components = RuntimeComponentsBuilder::for_tests().build().unwrap();
        let connector =
            host.aws().http_client().http_connector(&HttpConnectorSettings::builder().build(), &components);
        let response = connector.call(request).await.unwrap();
        let status = response.status().as_u16();
        (status, ByteStream::new(response.into_body()).collect().await.unwrap().to_vec())
    };
    assert_eq!(get().await, (200, b"hello, world".to_vec()));
    tokio::time::advance(Duration::from_secs(901)).await;
    assert_eq!(get().await.0, 403);
}
