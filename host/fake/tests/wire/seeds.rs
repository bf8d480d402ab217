//! The same seed, the same run: what a test has seen once, it sees again.

#![expect(clippy::disallowed_methods, reason = "these tests are about what lies under a client")]

use std::time::Duration;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::operation::RequestId;
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use innkeeper_fake::{FakeAws, Fault, Service};
use pretty_assertions::{assert_eq, assert_ne};
use serde_json::Value;

use crate::aws::one_attempt;

/// A configuration of a service's client, which are of one shape and of different types.
macro_rules! config {
    ($service:ident, $fake:expr) => {
        $service::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::from_keys("AKIDEXAMPLE", "secret", None))
            .retry_config(RetryConfig::disabled())
            .http_client($fake.http_client())
            .time_source($fake.time_source())
            .sleep_impl($fake.sleep())
            .build()
    };
}

/// What a client is told in a run over all services.
async fn run(seed: u64) -> Vec<String> {
    let fake = FakeAws::builder().seed(seed).build();
    let mut seen = objects(&fake).await;
    seen.extend(messages(&fake).await);
    seen.extend(functions(&fake).await);
    let calls = fake.calls();
    seen.extend(calls.iter().map(|call| format!("{:?} {} {:?}", call.time, call.operation, call.error_code)));
    seen
}

async fn objects(fake: &FakeAws) -> Vec<String> {
    let s3 = one_attempt(fake);
    fake.s3().create_bucket("bucket").unwrap();
    let versioned = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    s3.put_bucket_versioning().bucket("bucket").versioning_configuration(versioned).send().await.unwrap();
    let put = s3.put_object().bucket("bucket").key("a").send().await.unwrap();
    s3.put_object().bucket("bucket").key("b").send().await.unwrap();
    let upload = s3.create_multipart_upload().bucket("bucket").key("c").send().await.unwrap();
    let list = s3.list_objects_v2().bucket("bucket").max_keys(1).send().await.unwrap();
    let modified = list.contents().first().unwrap().last_modified().unwrap();
    let mut seen = vec![
        put.request_id().unwrap().to_owned(),
        put.version_id().unwrap().to_owned(),
        upload.upload_id().unwrap().to_owned(),
        list.next_continuation_token().unwrap().to_owned(),
        format!("{modified:?}"),
    ];
    fake.faults().push(Fault::throttle().service(Service::S3).probability(0.5).always());
    for _ in 0..20 {
        let get = s3.get_object().bucket("bucket").key("a").send().await;
        seen.push(format!("{}", get.is_ok()));
    }
    fake.faults().clear();
    seen
}

async fn messages(fake: &FakeAws) -> Vec<String> {
    let sqs = aws_sdk_sqs::Client::from_conf(config!(aws_sdk_sqs, fake));
    let url = sqs.create_queue().queue_name("q").send().await.unwrap().queue_url.unwrap();
    let mut seen = Vec::new();
    for body in ["a", "b", "c"] {
        let sent = sqs.send_message().queue_url(&url).message_body(body).send().await.unwrap();
        seen.push(sent.message_id.unwrap());
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    let received = sqs.receive_message().queue_url(&url).max_number_of_messages(10).send().await.unwrap();
    for message in received.messages() {
        seen.push(message.body().unwrap().to_owned());
        seen.push(message.receipt_handle().unwrap().to_owned());
    }
    seen
}

async fn functions(fake: &FakeAws) -> Vec<String> {
    let sts = aws_sdk_sts::Client::from_conf(config!(aws_sdk_sts, fake));
    let role = "arn:aws:iam::000000000000:role/reader";
    let assumed = sts.assume_role().role_arn(role).role_session_name("guest").send().await.unwrap();
    let session = assumed.credentials().unwrap();
    fake.lambda().function("f", |_| async { Ok(Value::Null) }).unwrap();
    let lambda = aws_sdk_lambda::Client::from_conf(config!(aws_sdk_lambda, fake));
    let invoked = lambda.invoke().function_name("f").payload(Blob::new("1")).send().await.unwrap();
    let shown = lambda.get_function_configuration().function_name("f").send().await.unwrap();
    vec![
        session.access_key_id().to_owned(),
        session.secret_access_key().to_owned(),
        session.session_token().to_owned(),
        format!("{:?}", session.expiration()),
        invoked.request_id().unwrap().to_owned(),
        shown.revision_id().unwrap().to_owned(),
        shown.last_modified().unwrap().to_owned(),
    ]
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_is_the_same_run() {
    let first = run(7).await;
    assert!(first.contains(&"true".to_owned()) && first.contains(&"false".to_owned()), "faults that met");
    assert_eq!(run(7).await, first);
    assert_ne!(run(8).await, first);
}
