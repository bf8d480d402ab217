//! Keys of objects: to the wire and back, and to a folder and back.

use std::sync::OnceLock;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Config, Credentials, Region};
use innkeeper_fake::FakeAws;
use innkeeper_policy::ObjectKey;
use tokio::runtime::{Builder, Runtime};

/// Sends a key through the SDK to the built-in AWS: what arrives is the key, byte for byte, and so is what comes back. Writes it as the
/// path of a file and reads it again: the same key.
pub fn key(key: &str) {
    let Ok(key) = ObjectKey::new(key) else { return };
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime")
    });
    runtime.block_on(to_the_wire_and_back(key.as_str()));
    to_a_folder_and_back(key.as_str());
}

async fn to_the_wire_and_back(key: &str) {
    let aws = FakeAws::new();
    aws.s3().create_bucket("bucket").expect("a bucket");
    let client = client(&aws);
    client
        .put_object()
        .bucket("bucket")
        .key(key)
        .body(key.as_bytes().to_vec().into())
        .send()
        .await
        .expect("it is stored");
    assert_eq!(aws.s3().keys("bucket"), [key], "another key has arrived than was sent");
    let object = client.get_object().bucket("bucket").key(key).send().await.expect("it is there");
    let body = object.body.collect().await.expect("its body").to_vec();
    assert_eq!(body, key.as_bytes());
}

fn to_a_folder_and_back(key: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let aws = FakeAws::new();
    aws.s3().create_bucket("bucket").expect("a bucket");
    aws.s3().put("bucket", key, key).expect("it is stored");
    aws.snapshot().save(folder.path()).expect("it is saved");
    let again = FakeAws::new();
    again.seed(folder.path()).expect("it is read");
    assert_eq!(again.s3().keys("bucket"), [key], "another key has come back than was saved");
}

#[expect(
    clippy::disallowed_methods,
    reason = "the bare SDK against the built-in AWS; no credentials that are any"
)]
fn client(aws: &FakeAws) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::from_keys("AKIDEXAMPLE", "secret", None))
        .http_client(aws.http_client())
        .time_source(aws.time_source())
        .sleep_impl(aws.sleep())
        .build();
    Client::from_conf(config)
}
