//! Uploads by a form (`PostObject`).

use aws_sdk_s3::types::BucketCannedAcl;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use innkeeper_fake::{FakeAws, ObjectOwnership};

use crate::aws::{client, send_unsigned, text};

const URI: &str = "https://bucket.s3.eu-west-1.amazonaws.com/";

fn form(fields: &[(&str, &str)], file: &str) -> String {
    let head = "--b\r\nContent-Disposition: form-data; name=";
    let fields: String =
        fields.iter().map(|(name, value)| format!("{head}\"{name}\"\r\n\r\n{value}\r\n")).collect();
    format!("{fields}{head}\"file\"; filename=\"cat.jpg\"\r\n\r\n{file}\r\n--b--\r\n")
}

/// The status and the document of the answer to a form.
async fn post(fake: &FakeAws, fields: &[(&str, &str)], file: &str) -> (u16, String) {
    let answer = send_form(fake, fields, file).await;
    (answer.status().as_u16(), text(answer).await)
}

/// The answer to a form that nobody has signed as a request.
pub(crate) async fn send_form(fake: &FakeAws, fields: &[(&str, &str)], file: &str) -> HttpResponse {
    let headers = [("content-type", "multipart/form-data; boundary=b")];
    send_unsigned(fake, "POST", URI, &headers, &form(fields, file)).await
}

fn policy(conditions: &str) -> String {
    BASE64_STANDARD.encode(format!(
        r#"{{"expiration": "2026-01-01T01:00:00Z", "conditions": [{{"bucket": "bucket"}}, ["starts-with", "$key", ""]{conditions}]}}"#
    ))
}

fn writable() -> FakeAws {
    let fake = FakeAws::builder().object_ownership(ObjectOwnership::ObjectWriter).build();
    fake.s3().create_bucket("bucket").unwrap();
    fake
}

#[tokio::test(start_paused = true)]
async fn nobody_may_upload_without_a_policy_unless_everybody_may() {
    let fake = writable();
    let (status, document) = post(&fake, &[("key", "a")], "x").await;
    assert_eq!(status, 403, "{document}");
    assert!(fake.s3().keys("bucket").is_empty());
    let open = client(&fake).put_bucket_acl().bucket("bucket").acl(BucketCannedAcl::PublicReadWrite);
    open.send().await.unwrap();
    let fields = [("key", "in/${filename}"), ("Content-Type", "image/jpeg"), ("x-amz-meta-a", "b")];
    assert_eq!(post(&fake, &fields, "x").await, (204, String::new()));
    let object = fake.s3().get("bucket", "in/cat.jpg").unwrap();
    assert_eq!(
        (object.text(), object.content_type(), object.metadata("a")),
        (Some("x"), "image/jpeg", Some("b"))
    );
    let (status, document) = post(&fake, &[("key", "a&b"), ("success_action_status", "201")], "x").await;
    assert_eq!(status, 201);
    assert!(document.contains("<Bucket>bucket</Bucket><Key>a&amp;b</Key>"), "{document}");
    let (status, document) = post(&fake, &[("acl", "private")], "x").await;
    assert!(status == 400 && document.contains("<Code>InvalidArgument</Code>"), "{document}");
}

#[tokio::test(start_paused = true)]
async fn a_policy_is_held_to() {
    let fake = writable();
    let with = async |conditions: &str, fields: &[(&str, &str)], file: &str| {
        let policy = policy(conditions);
        let signed =
            [("key", "key"), ("AWSAccessKeyId", "AKID"), ("signature", "any"), ("policy", policy.as_str())];
        let (status, document) = post(&fake, &[&signed, fields].concat(), file).await;
        let code = document.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
        (status, code.map(|(code, _)| code.to_owned()).unwrap_or_default())
    };
    let told = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(with("", &[], "x").await, told(204, ""));
    let meta = r#", {"x-amz-meta-a": "b"}"#;
    assert_eq!(with(meta, &[("x-amz-meta-a", "b")], "x").await, told(204, ""));
    assert_eq!(with(meta, &[("x-amz-meta-a", "c")], "x").await, told(403, "AccessDenied"));
    assert_eq!(with(meta, &[], "x").await, told(403, "AccessDenied"));
    assert_eq!(with("", &[("x-amz-meta-a", "b")], "x").await, told(403, "AccessDenied"));
    assert_eq!(with("", &[("x-ignore-a", "b")], "x").await, told(204, ""));
    let length = r#", ["content-length-range", 2, 3]"#;
    assert_eq!(with(length, &[], "xx").await, told(204, ""));
    assert_eq!(with(length, &[], "x").await, told(400, "EntityTooSmall"));
    assert_eq!(with(length, &[], "xxxx").await, told(400, "EntityTooLarge"));
    assert_eq!(with(", {}", &[], "x").await, told(400, "InvalidPolicyDocument"));
    tokio::time::advance(crate::aws::HOUR).await;
    assert_eq!(with("", &[], "x").await, told(403, "AccessDenied"));
}

#[tokio::test(start_paused = true)]
async fn a_file_of_another_size_is_told_what_it_may_be() {
    let fake = writable();
    let policy = policy(r#", ["content-length-range", 2, 3]"#);
    let fields =
        [("key", "key"), ("AWSAccessKeyId", "AKID"), ("signature", "any"), ("policy", policy.as_str())];
    for (file, said) in [
        ("x", "<ProposedSize>1</ProposedSize><MinSizeAllowed>2</MinSizeAllowed>"),
        ("xxxx", "<ProposedSize>4</ProposedSize><MaxSizeAllowed>3</MaxSizeAllowed>"),
    ] {
        let (status, document) = post(&fake, &fields, file).await;
        assert!(status == 400 && document.contains(said), "{document}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_signature_of_a_policy_is_verified_where_the_key_is_known() {
    let fake = FakeAws::builder().identity("AKIDKNOWN", "secret").build();
    fake.s3().create_bucket("bucket").unwrap();
    let policy = policy("");
    let with = async |key: &str, signature: &str| {
        let fields =
            [("key", "key"), ("AWSAccessKeyId", key), ("signature", signature), ("policy", policy.as_str())];
        post(&fake, &fields, "x").await
    };
    let (status, document) = with("AKIDKNOWN", "wrong").await;
    assert!(status == 403 && document.contains("<Code>SignatureDoesNotMatch</Code>"), "{document}");
    let (status, document) = with("AKIDOTHER", "wrong").await;
    assert!(status == 403 && document.contains("<Code>InvalidAccessKeyId</Code>"), "{document}");
    let (status, document) = post(&fake, &[("key", "key"), ("policy", &policy)], "x").await;
    assert!(status == 400 && document.contains("<Code>InvalidArgument</Code>"), "{document}");
    assert!(fake.s3().keys("bucket").is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_no_form_is_refused() {
    let fake = writable();
    let answer = send_unsigned(&fake, "POST", URI, &[("content-type", "text/plain")], "x").await;
    assert_eq!(answer.status().as_u16(), 412);
    let answer =
        send_unsigned(&fake, "POST", URI, &[("content-type", "multipart/form-data; boundary=b")], "x").await;
    assert_eq!(answer.status().as_u16(), 400);
    assert!(text(answer).await.contains("<Code>MalformedPOSTRequest</Code>"));
}
