//! Clients over a fake, and what the tests ask of their errors.

#![expect(clippy::disallowed_methods, reason = "these tests are about what lies under a client")]

use std::time::Duration;

use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_smithy_runtime_api::client::http::{HttpClient as _, HttpConnector as _, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use innkeeper_fake::FakeAws;

/// A configuration as production has it, in virtual-host style, with a retry partition of its own: the SDK shares the
/// default one's tokens in the whole process, and so among tests.
pub(crate) fn config(fake: &FakeAws) -> aws_sdk_s3::config::Builder {
    anonymous(fake).credentials_provider(Credentials::from_keys("AKIDEXAMPLE", "secret", None))
}

/// [`config`] without credentials.
pub(crate) fn anonymous(fake: &FakeAws) -> aws_sdk_s3::config::Builder {
    let partition = aws_sdk_s3::config::retry::RetryPartition::custom("test")
        .token_bucket(aws_sdk_s3::config::retry::TokenBucket::unlimited())
        .build();
    aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .retry_config(RetryConfig::standard())
        .retry_partition(partition)
        .http_client(fake.http_client())
        .time_source(fake.time_source())
        .sleep_impl(fake.sleep())
}

pub(crate) fn client_of(config: aws_sdk_s3::config::Builder) -> aws_sdk_s3::Client {
    aws_sdk_s3::Client::from_conf(config.build())
}

pub(crate) fn client(fake: &FakeAws) -> aws_sdk_s3::Client {
    client_of(config(fake))
}

/// A client that fails at the first error.
pub(crate) fn one_attempt(fake: &FakeAws) -> aws_sdk_s3::Client {
    client_of(config(fake).retry_config(RetryConfig::disabled()))
}

/// A client of an explicit endpoint, in path style and without TLS.
pub(crate) fn path_style(fake: &FakeAws) -> aws_sdk_s3::Client {
    client_of(config(fake).endpoint_url("http://127.0.0.1:4566").force_path_style(true))
}

pub(crate) fn timeouts(
    timeout: impl FnOnce(&mut aws_sdk_s3::config::timeout::TimeoutConfigBuilder),
) -> TimeoutConfig {
    let mut builder = TimeoutConfig::builder();
    timeout(&mut builder);
    builder.build()
}

/// A fake with a bucket `bucket`, and a client of it.
pub(crate) fn bucket() -> (FakeAws, aws_sdk_s3::Client) {
    let fake = FakeAws::new();
    fake.s3().create_bucket("bucket").unwrap();
    let client = client(&fake);
    (fake, client)
}

/// A fake that knows one access key, with an object in a bucket.
pub(crate) fn known(id: &str, secret: &str) -> FakeAws {
    let fake = FakeAws::builder().identity(id, secret).build();
    fake.s3().create_bucket("bucket").unwrap();
    fake.s3().put("bucket", "key", "hello").unwrap();
    fake
}

/// The HTTP status and the AWS code of an error.
pub(crate) fn error<T, E: ProvideErrorMetadata>(result: Result<T, SdkError<E>>) -> (u16, Option<String>) {
    let error = result.err().expect("an error");
    let status = error.raw_response().map_or(0, |response| response.status().as_u16());
    (status, error.code().map(str::to_owned))
}

pub(crate) fn coded(status: u16, code: &str) -> (u16, Option<String>) {
    (status, Some(code.to_owned()))
}

pub(crate) const HOUR: Duration = Duration::from_hours(1);

/// A signature that is good for any fake: who signs, and for what. Nobody looks at the rest.
pub(crate) fn signature(service: &str) -> String {
    let scope = format!("AKIDEXAMPLE/20260101/eu-west-1/{service}/aws4_request");
    format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00")
}

/// Sends a request that no SDK would make. Signed for S3, unless `headers` say otherwise or the URL is presigned.
pub(crate) async fn send(
    fake: &FakeAws,
    method: &str,
    uri: &str,
    headers: &[(&'static str, &str)],
    body: &str,
) -> HttpResponse {
    let signed = uri.contains("X-Amz-Signature") || headers.iter().any(|(name, _)| *name == "authorization");
    let signature = signature("s3");
    let mut headers = headers.to_vec();
    if !signed {
        headers.push(("authorization", &signature));
    }
    send_unsigned(fake, method, uri, &headers, body).await
}

/// Sends a request as it is.
pub(crate) async fn send_unsigned(
    fake: &FakeAws,
    method: &str,
    uri: &str,
    headers: &[(&'static str, &str)],
    body: &str,
) -> HttpResponse {
    let mut request = http::Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(SdkBody::from(body)).unwrap();
    let components = RuntimeComponentsBuilder::for_tests().build().unwrap();
    let connector = fake.http_client().http_connector(&HttpConnectorSettings::builder().build(), &components);
    connector.call(HttpRequest::try_from(request).unwrap()).await.unwrap()
}

pub(crate) async fn text(response: HttpResponse) -> String {
    let body = ByteStream::new(response.into_body()).collect().await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}
