//! Object lock.

use std::time::Duration;

use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{
    BucketVersioningStatus, DefaultRetention, ObjectLockConfiguration, ObjectLockEnabled,
    ObjectLockLegalHold, ObjectLockLegalHoldStatus, ObjectLockMode, ObjectLockRetention,
    ObjectLockRetentionMode, ObjectLockRule, VersioningConfiguration,
};
use innkeeper_fake::FakeAws;

use crate::aws::{HOUR, bucket, coded, error};

async fn locked() -> (FakeAws, aws_sdk_s3::Client) {
    let (fake, client) = bucket();
    fake.s3().enable_versioning("bucket").unwrap();
    configure(&client, None).await.unwrap();
    (fake, client)
}

async fn configure(
    client: &aws_sdk_s3::Client,
    retention: Option<DefaultRetention>,
) -> Result<(), (u16, Option<String>)> {
    let rule = retention.map(|retention| ObjectLockRule::builder().default_retention(retention).build());
    let configuration = ObjectLockConfiguration::builder()
        .object_lock_enabled(ObjectLockEnabled::Enabled)
        .set_rule(rule)
        .build();
    let set =
        client.put_object_lock_configuration().bucket("bucket").object_lock_configuration(configuration);
    let set = set.send().await;
    if set.is_ok() { Ok(()) } else { Err(error(set)) }
}

fn in_hours(fake: &FakeAws, hours: u32) -> DateTime {
    DateTime::from(fake.now() + hours * HOUR)
}

async fn put(fake: &FakeAws, client: &aws_sdk_s3::Client, mode: ObjectLockMode) -> String {
    let put = client.put_object().bucket("bucket").key("key").object_lock_mode(mode);
    let put = put.object_lock_retain_until_date(in_hours(fake, 2)).send().await.unwrap();
    put.version_id.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_retained_version_cannot_be_deleted_until_its_time() {
    let (fake, client) = locked().await;
    let id = put(&fake, &client, ObjectLockMode::Compliance).await;
    let delete = |bypass: bool| {
        let delete = client.delete_object().bucket("bucket").key("key").version_id(&id);
        delete.bypass_governance_retention(bypass).send()
    };
    assert_eq!(error(delete(false).await), coded(403, "AccessDenied"));
    assert_eq!(error(delete(true).await), coded(403, "AccessDenied"));
    // A delete without a version leaves a marker, and takes nothing.
    client.delete_object().bucket("bucket").key("key").send().await.unwrap();
    assert_eq!(fake.s3().versions("bucket", "key").len(), 2);
    let head = client.head_object().bucket("bucket").key("key").version_id(&id).send().await.unwrap();
    assert_eq!(head.object_lock_mode(), Some(&ObjectLockMode::Compliance));
    tokio::time::advance(2 * HOUR + Duration::from_secs(1)).await;
    delete(false).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn governance_can_be_bypassed_and_compliance_cannot() {
    let (fake, client) = locked().await;
    let id = put(&fake, &client, ObjectLockMode::Governance).await;
    let set = |mode: ObjectLockRetentionMode, hours: u32, bypass: bool| {
        let retention =
            ObjectLockRetention::builder().mode(mode).retain_until_date(in_hours(&fake, hours)).build();
        let set = client.put_object_retention().bucket("bucket").key("key").retention(retention);
        set.bypass_governance_retention(bypass).send()
    };
    set(ObjectLockRetentionMode::Governance, 3, false).await.unwrap();
    let shorter = set(ObjectLockRetentionMode::Governance, 1, false).await;
    assert_eq!(error(shorter), coded(403, "AccessDenied"));
    set(ObjectLockRetentionMode::Governance, 1, true).await.unwrap();
    // The other mode is another lock, though it is the stricter one.
    let stricter = set(ObjectLockRetentionMode::Compliance, 4, false).await;
    assert_eq!(error(stricter), coded(403, "AccessDenied"));
    set(ObjectLockRetentionMode::Compliance, 4, true).await.unwrap();
    set(ObjectLockRetentionMode::Compliance, 5, false).await.unwrap();
    let back = set(ObjectLockRetentionMode::Governance, 6, true).await;
    assert_eq!(error(back), coded(403, "AccessDenied"));
    let kept = client.get_object_retention().bucket("bucket").key("key").send().await.unwrap();
    assert_eq!(kept.retention().unwrap().mode(), Some(&ObjectLockRetentionMode::Compliance));
    let past = set(ObjectLockRetentionMode::Compliance, 0, false).await;
    assert_eq!(error(past), coded(400, "InvalidArgument"));
    assert_eq!(fake.s3().versions("bucket", "key"), [id]);
}

#[tokio::test(start_paused = true)]
async fn a_legal_hold_lasts_until_it_is_taken_off() {
    let (_fake, client) = locked().await;
    let put = client.put_object().bucket("bucket").key("key");
    let id = put.object_lock_legal_hold_status(ObjectLockLegalHoldStatus::On).send().await.unwrap();
    let id = id.version_id.unwrap();
    let delete = || client.delete_object().bucket("bucket").key("key").version_id(&id).send();
    assert_eq!(error(delete().await), coded(403, "AccessDenied"));
    let off = ObjectLockLegalHold::builder().status(ObjectLockLegalHoldStatus::Off).build();
    client.put_object_legal_hold().bucket("bucket").key("key").legal_hold(off).send().await.unwrap();
    let hold = client.get_object_legal_hold().bucket("bucket").key("key").send().await.unwrap();
    assert_eq!(hold.legal_hold().unwrap().status(), Some(&ObjectLockLegalHoldStatus::Off));
    delete().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_bucket_may_retain_by_default() {
    let (fake, client) = locked().await;
    let days = |days| {
        let retention = DefaultRetention::builder().mode(ObjectLockRetentionMode::Governance);
        retention.days(days)
    };
    configure(&client, Some(days(1).build())).await.unwrap();
    client.put_object().bucket("bucket").key("key").send().await.unwrap();
    let head = client.head_object().bucket("bucket").key("key").send().await.unwrap();
    assert_eq!(head.object_lock_retain_until_date().map(DateTime::secs), Some(in_hours(&fake, 24).secs()));
    assert_eq!(configure(&client, Some(days(0).build())).await, Err(coded(400, "InvalidArgument")));
    assert_eq!(configure(&client, Some(days(1).years(1).build())).await, Err(coded(400, "MalformedXML")));
    let suspend = VersioningConfiguration::builder().status(BucketVersioningStatus::Suspended).build();
    let suspend =
        client.put_bucket_versioning().bucket("bucket").versioning_configuration(suspend).send().await;
    assert_eq!(error(suspend), coded(409, "InvalidBucketState"));
}

#[tokio::test(start_paused = true)]
async fn a_bucket_without_a_lock_takes_none() {
    let (fake, client) = bucket();
    assert_eq!(configure(&client, None).await, Err(coded(409, "InvalidBucketState")));
    let missing = client.get_object_lock_configuration().bucket("bucket").send().await;
    assert_eq!(error(missing), coded(404, "ObjectLockConfigurationNotFoundError"));
    let put = client.put_object().bucket("bucket").key("key").object_lock_mode(ObjectLockMode::Governance);
    let put = put.object_lock_retain_until_date(in_hours(&fake, 1)).send().await;
    assert_eq!(error(put), coded(400, "InvalidRequest"));
    let half = client.put_object().bucket("bucket").key("key").object_lock_mode(ObjectLockMode::Governance);
    assert_eq!(error(half.send().await), coded(400, "InvalidArgument"));
    fake.s3().put("bucket", "key", "x").unwrap();
    let retention = client.get_object_retention().bucket("bucket").key("key").send().await;
    assert_eq!(error(retention), coded(400, "InvalidRequest"));
}
