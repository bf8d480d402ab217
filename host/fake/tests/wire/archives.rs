use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{GlacierJobParameters, RestoreRequest, Tier};
use innkeeper_fake::NewObject;

use crate::aws::{HOUR, bucket, coded, error};

fn restore(
    client: &Client,
    days: i32,
    tier: Tier,
) -> aws_sdk_s3::operation::restore_object::builders::RestoreObjectFluentBuilder {
    let parameters = GlacierJobParameters::builder().tier(tier).build().unwrap();
    let request = RestoreRequest::builder().days(days).glacier_job_parameters(parameters).build();
    client.restore_object().bucket("bucket").key("key").restore_request(request)
}

#[tokio::test(start_paused = true)]
async fn an_archived_object_is_restored_for_a_time() {
    let (fake, client) = bucket();
    fake.s3().put("bucket", "key", NewObject::new("cold").storage_class("GLACIER")).unwrap();
    let get = || client.get_object().bucket("bucket").key("key").send();
    let header = async || client.head_object().bucket("bucket").key("key").send().await.unwrap().restore;
    assert_eq!(error(get().await), coded(403, "InvalidObjectState"));
    assert_eq!(header().await, None);

    let status = || fake.calls().pop().unwrap().status;
    restore(&client, 2, Tier::Expedited).send().await.unwrap();
    assert_eq!(status(), Some(202));
    assert_eq!(header().await.as_deref(), Some("ongoing-request=\"true\""));
    assert_eq!(error(get().await), coded(403, "InvalidObjectState"));
    assert_eq!(
        error(restore(&client, 2, Tier::Expedited).send().await),
        coded(409, "RestoreAlreadyInProgress")
    );

    tokio::time::advance(Duration::from_mins(5)).await;
    let done = "ongoing-request=\"false\", expiry-date=\"Sun, 04 Jan 2026 00:00:00 GMT\"";
    assert_eq!(header().await.as_deref(), Some(done));
    assert_eq!(get().await.unwrap().restore(), Some(done));
    // Asking again moves the end.
    restore(&client, 1, Tier::Standard).send().await.unwrap();
    assert_eq!(status(), Some(200));
    assert!(header().await.is_some_and(|header| header.contains("Sat, 03 Jan 2026")));
    client.copy_object().bucket("bucket").key("warm").copy_source("bucket/key").send().await.unwrap();

    tokio::time::advance(48 * HOUR).await;
    assert_eq!(error(get().await), coded(403, "InvalidObjectState"));
    assert_eq!(header().await, None);
    assert_eq!(fake.s3().get("bucket", "warm").unwrap().storage_class(), "STANDARD");
}

#[tokio::test(start_paused = true)]
async fn refuses_to_restore_what_is_not_archived() {
    let (fake, client) = bucket();
    assert_eq!(error(restore(&client, 1, Tier::Standard).send().await), coded(404, "NoSuchKey"));
    fake.s3().put("bucket", "key", "warm").unwrap();
    let warm = restore(&client, 1, Tier::Standard).send().await;
    assert_eq!(error(warm), coded(403, "InvalidObjectState"));
    fake.s3().put("bucket", "key", NewObject::new("deep").storage_class("DEEP_ARCHIVE")).unwrap();
    assert_eq!(error(restore(&client, 1, Tier::Expedited).send().await), coded(400, "InvalidArgument"));
    assert_eq!(error(restore(&client, 0, Tier::Bulk).send().await), coded(400, "MalformedXML"));
    let copy = client.copy_object().bucket("bucket").key("copy").copy_source("bucket/key").send().await;
    assert_eq!(error(copy), coded(403, "InvalidObjectState"));
    restore(&client, 1, Tier::Bulk).send().await.unwrap();
    tokio::time::advance(47 * HOUR).await;
    let early = client.get_object().bucket("bucket").key("key").send().await;
    assert_eq!(error(early), coded(403, "InvalidObjectState"));
    tokio::time::advance(HOUR).await;
    client.get_object().bucket("bucket").key("key").send().await.unwrap();
}
