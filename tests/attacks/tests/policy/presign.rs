//! Presigned URLs: requests that somebody else sends in the host's name.

use std::collections::BTreeSet;

use aws_smithy_runtime_api::client::http::{HttpClient as _, HttpConnector as _, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use innkeeper_attacks::Siege;
use innkeeper_fake::FakeAws;
use innkeeper_tests::SECRET;
use serde_json::{Value, json};

use super::{DENIED, TRIES, is_denied, is_granted, is_invalid, on_key, with};

fn url(request: &Value) -> &str {
    request["url"].as_str().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_presigned_url_for_what_the_guest_may_not_do_itself() {
    let siege = Siege::new()
        .allow("s3:GetObject", "arn:aws:s3:::uploads/read/*")
        .allow("s3:PutObject", "arn:aws:s3:::uploads/write/*");
    let besieged = siege.attacker(TRIES).await;
    is_granted(&besieged, on_key("s3.presign-get", "read/k")).await;
    is_granted(&besieged, on_key("s3.presign-put", "write/k")).await;
    for (call, key) in
        [("s3.presign-get", "write/k"), ("s3.presign-put", "read/k"), ("s3.presign-get", "read")]
    {
        is_denied(&siege, &besieged, on_key(call, key)).await;
    }
    is_denied(&siege, &besieged, with(on_key("s3.presign-get", "read/k"), json!({ "version": "null" })))
        .await;
    let bucket = json!({ "do": "s3.presign-get", "bucket": "innocent", "key": "read/k" });
    is_denied(&siege, &besieged, bucket).await;
}

#[tokio::test(start_paused = true)]
async fn a_presigned_url_that_is_good_for_longer_than_the_limit() {
    let siege =
        Siege::new().allow("s3:*", "arn:aws:s3:::uploads/*").setting("limits.presigned-url-expiry = \"1m\"");
    let besieged = siege.attacker(TRIES).await;
    for call in ["s3.presign-get", "s3.presign-put"] {
        let expiring = |seconds: u64| with(on_key(call, "k"), json!({ "expires-in": seconds }));
        assert!(url(&is_granted(&besieged, expiring(60)).await).contains("X-Amz-Expires=60&"));
        assert!(url(&is_granted(&besieged, on_key(call, "k")).await).contains("X-Amz-Expires=60&"));
        for seconds in [0, 61, 604_800, 604_801, u64::from(u32::MAX)] {
            assert!(is_invalid(&besieged.tries_one(expiring(seconds)).await), "{seconds}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_presigned_url_that_no_quota_counts() {
    let read = [on_key("s3.presign-get", "k"), on_key("s3.presign-put", "k"), on_key("s3.read", "k")];
    for (quota, key) in [("calls-per-run = 2", "calls-per-run"), ("rate = \"2/h\"", "rate")] {
        let siege = Siege::new()
            .allow("s3:*", "arn:aws:s3:::uploads/*")
            .statement(&format!("[guest.attacker.quota]\n{quota}"));
        siege.aws().s3().put("uploads", "k", "x").unwrap();
        let outcomes = siege.attacker(TRIES).await.tries(read.to_vec().into()).await;
        assert_eq!(outcomes[2], format!("error: QuotaExceeded({key:?})"), "{outcomes:?}");
    }
    // What is uploaded through a URL cannot be measured, so a quota on the size of objects needs the length to be signed.
    let siege = Siege::new()
        .allow("s3:*", "arn:aws:s3:::uploads/*")
        .statement("[guest.attacker.quota]\nobject-size = \"1KiB\"");
    let besieged = siege.attacker(TRIES).await;
    let put = |length: Value| with(on_key("s3.presign-put", "k"), json!({ "content-length": length }));
    for length in [json!(null), json!(1_025), json!(5_u64 << 30)] {
        let outcome = besieged.tries_one(put(length.clone())).await;
        assert_eq!(outcome, "error: QuotaExceeded(\"object-size\")", "{length}");
    }
    is_granted(&besieged, put(json!(1_024))).await;
}

#[tokio::test(start_paused = true)]
async fn a_header_or_parameter_beyond_what_was_signed() {
    let siege = Siege::new().allow("s3:*", "arn:aws:s3:::uploads/*");
    let besieged = siege.attacker(TRIES).await;
    let get = is_granted(&besieged, on_key("s3.presign-get", "k")).await;
    let put = with(
        on_key("s3.presign-put", "k"),
        json!({ "content-type": "text/plain", "content-length": 4, "algorithm": "CRC32", "checksum": "AAAAAA==" }),
    );
    let put = is_granted(&besieged, put).await;
    let own = BTreeSet::from([
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-Signature",
        "X-Amz-SignedHeaders",
        "x-id",
        "x-amz-checksum-crc32",
        "x-amz-sdk-checksum-algorithm",
        "x-amz-checksum-mode",
    ]);
    for request in [&get, &put] {
        let (_, query) = url(request).split_once('?').unwrap();
        let names: Vec<_> = query.split('&').map(|pair| pair.split('=').next().unwrap()).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
        assert!(names.iter().all(|name| own.contains(name)), "{names:?}");
        let signed = query.split('&').find_map(|pair| pair.strip_prefix("X-Amz-SignedHeaders=")).unwrap();
        let signed: Vec<_> = signed.split("%3B").collect();
        for header in request["headers"].as_array().unwrap() {
            let name = header[0].as_str().unwrap();
            assert!(signed.contains(&name), "`{name}` is to be sent, and is not signed: {signed:?}");
        }
    }
    assert_eq!(siege.sent(), []);
}

#[tokio::test(start_paused = true)]
async fn a_presigned_url_that_is_used_for_something_else() {
    // An AWS that verifies signatures.
    let siege = Siege::on(FakeAws::builder().identity("AKIDEXAMPLE", SECRET).build())
        .allow("s3:*", "arn:aws:s3:::uploads/mine/*");
    siege.aws().s3().put("uploads", "mine/k", "mine").unwrap();
    siege.aws().s3().put("uploads", "yours/k", "yours").unwrap();
    let besieged = siege.attacker(TRIES).await;
    let request = is_granted(&besieged, on_key("s3.presign-get", "mine/k")).await;
    let url = url(&request);
    let send = async |method: &str, url: &str, headers: &[(&str, &str)]| {
        let mut request = HttpRequest::get(url).unwrap();
        request.set_method(method).unwrap();
        for (name, value) in headers {
            request.headers_mut().append((*name).to_owned(), (*value).to_owned());
        }
        let components = RuntimeComponentsBuilder::for_tests().build().unwrap();
        let settings = HttpConnectorSettings::builder().build();
        let connector = siege.aws().http_client().http_connector(&settings, &components);
        connector.call(request).await.unwrap().status().as_u16()
    };
    assert_eq!(send("GET", url, &[]).await, 200);
    for (method, url) in [
        ("PUT", url.to_owned()),
        ("DELETE", url.to_owned()),
        ("GET", url.replace("mine/k", "yours/k")),
        ("GET", url.replace("mine/k", "mine/../yours/k")),
        ("GET", url.replace("uploads.", "innocent.")),
        ("GET", format!("{url}&versionId=null")),
        ("GET", format!("{url}&response-content-type=text%2Fhtml")),
        ("GET", url.replace("X-Amz-Expires=900", "X-Amz-Expires=604800")),
        ("GET", url.replace("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=")),
        ("GET", url.replace("X-Amz-Signature=", "X-Amz-Signature=0")),
    ] {
        assert_eq!(send(method, &url, &[]).await, 403, "{method} {url}");
    }
    assert_eq!(siege.aws().s3().keys("uploads"), ["mine/k", "yours/k"]);
    // Nor is one signed that carries what the guest adds to it by its key.
    let smuggled =
        is_granted(&besieged, on_key("s3.presign-get", "mine/k?versionId=null&X-Amz-Expires=1")).await;
    let url = self::url(&smuggled);
    assert_eq!((url.matches('?').count(), url.matches("X-Amz-Expires=").count()), (1, 1), "{url}");
    assert_ne!(besieged.tries_one(on_key("s3.presign-get", "yours/k")).await, json!(url));
    assert_eq!(besieged.tries_one(on_key("s3.presign-get", "yours/k")).await, DENIED);
}
