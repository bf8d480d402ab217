//! Methods that a resource has not, which must be none of the path that it stands at.

use innkeeper_fake::FakeAws;

use crate::aws::{bucket, coded, error, send, send_unsigned, text};

const HOST: &str = "https://s3.eu-west-1.amazonaws.com";

#[tokio::test(start_paused = true)]
async fn a_method_that_a_subresource_has_not_does_nothing_to_its_path() {
    let (fake, _) = bucket();
    fake.s3().put("bucket", "key", "hello").unwrap();
    for (method, path, resource_type, allow) in [
        ("DELETE", "/bucket?versioning", "VERSIONING", "GET, PUT"),
        ("PUT", "/new?location", "LOCATION", "GET"),
        ("PUT", "/new?versions", "BUCKETVERSIONS", "GET"),
        ("GET", "/bucket?delete", "MULTI_OBJECT_DELETE", "POST"),
        ("PATCH", "/bucket", "BUCKET", "HEAD, DELETE, POST, GET, PUT"),
        ("DELETE", "/bucket/key?acl", "ACL", "GET, PUT"),
        ("PUT", "/bucket/key?attributes", "OBJECT_ATTRIBUTES", "GET"),
        ("PUT", "/bucket/key?uploads", "UPLOADS", "POST"),
        ("PUT", "/bucket/key?uploadId=u", "UPLOAD", "GET, POST, DELETE"),
        ("POST", "/bucket/key", "OBJECT", "HEAD, DELETE, GET, PUT"),
        ("PUT", "/", "SERVICE", "GET"),
        ("DELETE", "/?acl", "SERVICE", "GET"),
    ] {
        // Signed or not: who asks makes no difference.
        let signed = send(&fake, method, &format!("{HOST}{path}"), &[], "").await;
        let unsigned = send_unsigned(&fake, method, &format!("{HOST}{path}"), &[], "").await;
        for answer in [signed, unsigned] {
            assert_eq!(answer.status().as_u16(), 405, "{method} {path}");
            assert_eq!(answer.headers().get("allow"), Some(allow), "{method} {path}");
            let document = text(answer).await;
            let said = "<Code>MethodNotAllowed</Code><Message>The specified method is not allowed against this resource.</Message>";
            let named =
                format!("<Method>{method}</Method><ResourceType>{resource_type}</ResourceType><RequestId>");
            assert!(document.contains(said) && document.contains(&named), "{method} {path}: {document}");
        }
    }
    assert_eq!(fake.s3().buckets(), ["bucket"]);
    assert_eq!(fake.s3().get("bucket", "key").unwrap().text(), Some("hello"));
    assert_eq!(fake.s3().keys("bucket"), ["key"]);
    assert_eq!(fake.calls().pop().unwrap().error_code.as_deref(), Some("MethodNotAllowed"));
}

#[tokio::test(start_paused = true)]
async fn a_method_is_refused_before_a_signature_is_looked_at() {
    let fake = FakeAws::builder().identity("AKIDKNOWN", "secret").build();
    for path in ["/absent?policyStatus", "/absent/key?torrent"] {
        let answer = send(&fake, "DELETE", &format!("{HOST}{path}"), &[], "").await;
        assert_eq!(answer.status().as_u16(), 405, "{path}");
    }
    // One that it has is held to it.
    let answer = send(&fake, "DELETE", &format!("{HOST}/absent?policy"), &[], "").await;
    assert_eq!(answer.status().as_u16(), 403);
}

#[tokio::test(start_paused = true)]
async fn a_head_has_no_document() {
    let (fake, _) = bucket();
    for path in ["/", "/bucket?acl", "/bucket/key?tagging"] {
        let answer = send(&fake, "HEAD", &format!("{HOST}{path}"), &[], "").await;
        assert_eq!(answer.status().as_u16(), 405, "{path}");
        assert!(answer.headers().get("allow").is_some_and(|allow| allow.starts_with("GET")), "{path}");
        assert_eq!(text(answer).await, "");
    }
    let answer = send(&fake, "HEAD", &format!("{HOST}/bucket?max-keys=1"), &[], "").await;
    assert_eq!(answer.status().as_u16(), 200);
}

#[tokio::test(start_paused = true)]
async fn two_subresources_contradict_each_other() {
    let (fake, _) = bucket();
    for (method, path) in
        [("GET", "/bucket?policy&acl"), ("DELETE", "/bucket?acl&policy"), ("PUT", "/bucket/k?acl&policy")]
    {
        let answer = send(&fake, method, &format!("{HOST}{path}"), &[], "").await;
        assert_eq!(answer.status().as_u16(), 400, "{path}");
        let document = text(answer).await;
        let said = "<Code>InvalidArgument</Code><Message>Conflicting query string parameters: acl, policy</Message>\
                    <ArgumentName>ResourceType</ArgumentName><ArgumentValue>acl</ArgumentValue>";
        assert!(document.contains(said), "{path}: {document}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_fake_has_not_is_not_taken_for_the_path() {
    let (fake, _) = bucket();
    fake.s3().put("bucket", "key", "hello").unwrap();
    for (method, path, status) in [
        ("PUT", "/new?abac", 501),
        ("DELETE", "/bucket?metadataTable", 501),
        ("DELETE", "/bucket/key?policy", 501),
        ("PUT", "/bucket/key?encryption", 501),
        ("PUT", "/bucket/key?renameObject", 501),
        ("PUT", "/bucket/key?annotation&annotationName=a", 501),
        ("DELETE", "/bucket/key?annotation&annotationName=a", 501),
        ("PUT", "/new?metadataAnnotationTable", 501),
        ("PUT", "/new?metadataInventoryTable", 501),
        ("PUT", "/new?metadataJournalTable", 501),
        ("PUT", "/new?session", 405),
        ("DELETE", "/bucket?uploadId=u", 400),
        ("TRACE", "/bucket/key", 400),
    ] {
        let answer = send(&fake, method, &format!("{HOST}{path}"), &[], "").await;
        assert_eq!(answer.status().as_u16(), status, "{method} {path}");
    }
    assert_eq!(fake.s3().buckets(), ["bucket"]);
    assert_eq!(fake.s3().get("bucket", "key").unwrap().text(), Some("hello"));
}

#[tokio::test(start_paused = true)]
async fn a_rename_leaves_both_objects_as_they_are() {
    let (fake, client) = bucket();
    fake.s3().put("bucket", "from", "hello").unwrap();
    fake.s3().put("bucket", "to", "world").unwrap();
    let rename = client.rename_object().bucket("bucket").key("to").rename_source("bucket/from");
    assert_eq!(error(rename.send().await), coded(501, "NotImplemented"));
    assert_eq!(fake.s3().get("bucket", "from").unwrap().text(), Some("hello"));
    assert_eq!(fake.s3().get("bucket", "to").unwrap().text(), Some("world"));
}

#[tokio::test(start_paused = true)]
async fn a_post_on_a_bucket_is_a_form() {
    let (fake, _) = bucket();
    let json = [("content-type", "application/json")];
    for headers in [&[][..], &json] {
        let answer = send(&fake, "POST", &format!("{HOST}/bucket"), headers, "{}").await;
        assert_eq!(answer.status().as_u16(), 412);
        let document = text(answer).await;
        let said = "<Code>PreconditionFailed</Code><Message>At least one of the pre-conditions you specified did not hold</Message>\
                    <Condition>Bucket POST must be of the enclosure-type multipart/form-data</Condition>";
        assert!(document.contains(said), "{document}");
    }
}
