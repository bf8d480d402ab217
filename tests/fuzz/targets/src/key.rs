//! Keys of objects: to the wire and back, and to a folder and back.

use std::sync::{Mutex, OnceLock};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Config, Credentials, Region};
use innkeeper_fake::FakeAws;
use innkeeper_policy::ObjectKey;
use tokio::runtime::{Builder, Runtime};

/// Sends a key through the SDK to the built-in AWS: what arrives is the key, byte for byte, and so is what comes back. Writes it as the
/// path of a file and reads it again: the same key.
pub fn key(key: &str) {
    let Ok(key) = ObjectKey::new(key) else { return };
    // The SDK makes no request of a key that is all spaces. A guest is told that its argument is invalid.
    if !key.as_str().trim().is_empty() {
        static WIRE: OnceLock<Wire> = OnceLock::new();
        WIRE.get_or_init(Wire::new).there_and_back(key.as_str());
    }
    to_a_folder_and_back(key.as_str());
}

/// A client and an AWS: making them takes longer than all that is done with them.
struct Wire {
    runtime: Mutex<Runtime>,
    aws: FakeAws,
    client: Client,
}

impl Wire {
    fn new() -> Self {
        let runtime =
            Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
        let aws = FakeAws::new();
        aws.s3().create_bucket("bucket").expect("a bucket");
        Self { runtime: Mutex::new(runtime), client: client(&aws), aws }
    }

    fn there_and_back(&self, key: &str) {
        let runtime = self.runtime.lock().expect("the last key was sent");
        runtime.block_on(async {
            let body = key.as_bytes().to_vec();
            let put = self.client.put_object().bucket("bucket").key(key).body(body.clone().into());
            put.send().await.expect("it is stored");
            assert_eq!(self.aws.s3().keys("bucket"), [key], "another key has arrived than was sent");
            let get = self.client.get_object().bucket("bucket").key(key);
            let object = get.send().await.expect("it is there");
            assert_eq!(object.body.collect().await.expect("its body").to_vec(), body);
        });
        assert!(self.aws.s3().delete("bucket", key));
        self.aws.clear_calls();
    }
}

fn to_a_folder_and_back(key: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let aws = FakeAws::new();
    aws.s3().create_bucket("bucket").expect("a bucket");
    aws.s3().put("bucket", key, key.as_bytes().to_vec()).expect("it is stored");
    aws.save(folder.path()).expect("it is saved");
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
