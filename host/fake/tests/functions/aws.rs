//! A client over a fake, and what the tests ask of it.

#![expect(clippy::disallowed_methods, reason = "these tests are about what lies under a client")]

use std::time::Duration;

use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::operation::invoke::builders::InvokeFluentBuilder;
use aws_sdk_lambda::primitives::Blob;
use innkeeper_fake::FakeAws;
use serde_json::Value;

pub(crate) fn config(fake: &FakeAws, region: &str) -> aws_sdk_lambda::config::Builder {
    aws_sdk_lambda::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .credentials_provider(Credentials::from_keys("AKIDEXAMPLE", "secret", None))
        .retry_config(RetryConfig::disabled())
        .http_client(fake.http_client())
        .time_source(fake.time_source())
        .sleep_impl(fake.sleep())
}

pub(crate) fn client_of(config: aws_sdk_lambda::config::Builder) -> aws_sdk_lambda::Client {
    aws_sdk_lambda::Client::from_conf(config.build())
}

pub(crate) fn client(fake: &FakeAws) -> aws_sdk_lambda::Client {
    client_of(config(fake, "eu-west-1"))
}

/// A fake with a function `echo`, which returns its event, and a client of it.
pub(crate) fn echo() -> (FakeAws, aws_sdk_lambda::Client) {
    let fake = FakeAws::new();
    fake.lambda().function("echo", |event| async move { Ok(event.payload) }).unwrap();
    let client = client(&fake);
    (fake, client)
}

pub(crate) fn invoke(client: &aws_sdk_lambda::Client, function: &str, payload: &str) -> InvokeFluentBuilder {
    client.invoke().function_name(function).payload(Blob::new(payload))
}

pub(crate) fn payload(output: &InvokeOutput) -> Value {
    serde_json::from_slice(output.payload().unwrap().as_ref()).unwrap()
}

/// Asserts what an error is. The message has to contain `reason`.
#[track_caller]
pub(crate) fn refused<T, E: ProvideErrorMetadata>(
    result: Result<T, SdkError<E>>,
    status: u16,
    code: &str,
    reason: &str,
) {
    let error = result.err().expect("an error");
    let is = error.raw_response().map_or(0, |response| response.status().as_u16());
    let message = error.message().unwrap_or_default();
    assert_eq!((is, error.code().unwrap_or_default()), (status, code), "{message}");
    assert!(message.contains(reason), "`{message}` does not say `{reason}`");
}

pub(crate) async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}
