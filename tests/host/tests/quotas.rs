//! Quotas, and the trail in which everything is written down, where the host makes more calls than the guest does.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use innkeeper::audit::{AuditSink as _, JsonLines};
use innkeeper_fake::NewObject;
use innkeeper_tests::s3::{INCOMING, OBJECTS, calls_of, digest, error, host, requests};
use innkeeper_tests::{PROGRAMS, TestHost, engine, program};
use serde_json::{Value, json};

const MIB: u64 = 1 << 20;
const ON_EXCESS: [&str; 2] = ["reject", "wait"];

/// A guest that may make one call at a time.
fn one_at_a_time(host: TestHost, on_excess: &str) -> TestHost {
    host.setting("quota.concurrency = 1").setting(&format!("quota.on-excess = \"{on_excess}\""))
}

fn upload(key: &str) -> Value {
    json!({ "bucket": "uploads", "key": key, "bytes": 20 * MIB })
}

#[tokio::test(start_paused = true)]
async fn an_upload_in_parts_needs_one_call_at_a_time() {
    for on_excess in ON_EXCESS {
        let host = one_at_a_time(host().allow("s3:PutObject", INCOMING), on_excess);
        let host = host.setting("limits.timeout = \"1h\"");
        let answer = host.call(program::S3_UPLOAD_OBJECT, &upload("incoming/up")).await;
        assert!(answer["ok"].is_object(), "{on_excess}: {answer}");
        assert!(calls_of(&host, "UploadPart") > 1);
        // Given up half way it is tidied up, whatever else is under way.
        let mut abandoned = upload("incoming/other");
        abandoned["end"] = "drop".into();
        host.call(program::S3_UPLOAD_OBJECT, &abandoned).await;
        assert!(host.aws().s3().unfinished_uploads("uploads").is_empty());
        // Whoever may not put may not at any time.
        let answer = host.call(program::S3_UPLOAD_OBJECT, &upload("private/up")).await;
        assert_eq!(answer, error("AccessDenied"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_large_object_needs_one_call_at_a_time() {
    for on_excess in ON_EXCESS {
        let host = one_at_a_time(host().allow("s3:GetObject", OBJECTS), on_excess);
        let host = host.setting("limits.memory = \"256MiB\"");
        let body = vec![b'x'; 20 << 20];
        host.aws().s3().put("uploads", "large", NewObject::new(body.clone())).unwrap();
        let input = json!({ "bucket": "uploads", "key": "large", "digest": true });
        let answer = host.call(program::S3_GET_OBJECT, &input).await;
        assert_eq!(answer["ok"]["digest"], digest(&body).as_str(), "{on_excess}: {answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_opened_by_name_needs_one_call_at_a_time() {
    let orders = "arn:aws:sqs:eu-west-1:000000000000:orders";
    for on_excess in ON_EXCESS {
        let host = one_at_a_time(TestHost::new(), on_excess).allow("sqs:GetQueueUrl", orders);
        host.aws().sqs().create_queue("orders").unwrap();
        let send = json!({ "queue": "orders", "body": "x" });
        assert_eq!(host.call(program::SQS_SEND_MESSAGE, &send).await, error("AccessDenied"));
        assert_eq!(calls_of(&host, "GetQueueUrl"), 0, "what is denied finds nothing out");
        let host = host.allow("sqs:SendMessage", orders);
        let answer = host.call(program::SQS_SEND_MESSAGE, &send).await;
        assert!(answer["ok"].is_object(), "{on_excess}: {answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_has_waited_is_decided_on_again() {
    // The clock of the fake begins with the year.
    let host = host()
        .allow("s3:DeleteObject", OBJECTS)
        .on_condition("DateLessThan.\"aws:CurrentTime\" = \"2026-01-01T00:00:30Z\"")
        .setting("quota.rate = \"1/min\"")
        .setting("quota.on-excess = \"wait\"")
        .setting("limits.timeout = \"1h\"");
    let delete = |times: u32| json!({ "bucket": "uploads", "key": "key", "times": times });
    assert_eq!(host.call(program::QUOTA_LOOP, &delete(2)).await, error("AccessDenied"));
    assert_eq!(calls_of(&host, "DeleteObject"), 1);
    let denials = host.audit().denials();
    assert_eq!(denials.len(), 1, "{denials:?}");
}

/// A disk without room.
struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_written_down_does_not_happen() {
    let host = host().allow("s3:DeleteObject", OBJECTS);
    let trail = Arc::new(JsonLines::new(Full).unwrap());
    // Its first line is written when the host is made, and tells that there is no room.
    while trail.is_open() {
        std::thread::yield_now();
    }
    let component = format!("{}.wasm", program::S3_DELETE_OBJECT);
    let manifest = host.manifest(Path::new(PROGRAMS), &component);
    let guest = host.builder(manifest, engine()).audit(trail).build().unwrap().guest("guest").await.unwrap();
    let input = json!({ "bucket": "uploads", "key": "incoming/hello.txt" }).to_string();
    let reply = guest.run(input.as_bytes()).await.unwrap();
    let answer: Value = serde_json::from_slice(&reply.output).unwrap();
    assert_eq!(answer, error("Credentials"));
    assert_eq!(requests(&host), 0);
    assert!(host.aws().s3().get("uploads", "incoming/hello.txt").is_some());
}
