//! The two that are compared, and clients of them.

#![expect(clippy::disallowed_methods, reason = "this is about what lies under a client")]

use std::fmt::Debug;
use std::future::Future;

use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region, SharedHttpClient};
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use innkeeper_conformance::moto::Moto;
use innkeeper_fake::{Clock, FakeAws, Server};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// The account that moto is.
const ACCOUNT: &str = "123456789012";
pub(crate) const REGION: &str = "eu-west-1";
/// The role that functions have. moto asks for it to be there.
pub(crate) const ROLE: &str = "arn:aws:iam::123456789012:role/differential";

/// Clients of one of the two.
pub(crate) struct Side {
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) sqs: aws_sdk_sqs::Client,
    pub(crate) lambda: aws_sdk_lambda::Client,
}

/// Both, each of which listens on loopback.
pub(crate) struct Pair {
    pub(crate) fake: Side,
    pub(crate) moto: Side,
    aws: FakeAws,
    server: Moto,
    runtime: Runtime,
}

impl Pair {
    /// None where moto is to be left out.
    pub(crate) fn start() -> Option<Self> {
        let server = Moto::start()?;
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let aws = FakeAws::builder().clock(Clock::real()).account_id(ACCOUNT).build();
        let listening = runtime.block_on(Server::bind(&aws, "127.0.0.1:0")).unwrap();
        let url = listening.url();
        runtime.spawn(listening.run(std::future::pending()));
        let (fake, moto) = (Side::new(&url), Side::new(server.url()));
        Some(Self { fake, moto, aws, server, runtime })
    }

    /// Empties both.
    pub(crate) fn reset(&self) {
        self.aws.reset();
        self.server.reset();
        self.server.create_role("differential");
    }

    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }
}

impl Side {
    fn new(url: &str) -> Self {
        let http: SharedHttpClient = aws_smithy_http_client::Builder::new().build_http();
        macro_rules! config {
            ($sdk:ident) => {
                $sdk::Config::builder()
                    .behavior_version(BehaviorVersion::latest())
                    .region(Region::new(REGION))
                    .credentials_provider(Credentials::from_keys("testing", "testing", None))
                    .retry_config(RetryConfig::disabled())
                    .http_client(http.clone())
                    .endpoint_url(url)
            };
        }
        Self {
            s3: aws_sdk_s3::Client::from_conf(config!(aws_sdk_s3).force_path_style(true).build()),
            sqs: aws_sdk_sqs::Client::from_conf(config!(aws_sdk_sqs).build()),
            lambda: aws_sdk_lambda::Client::from_conf(config!(aws_sdk_lambda).build()),
        }
    }
}

/// A failure as it can be compared: its code, its status, and what S3 says of a delete marker.
pub(crate) fn failure<E>(error: &SdkError<E, HttpResponse>) -> Value
where
    E: ProvideErrorMetadata + std::error::Error + Debug + 'static,
{
    let Some(response) = error.raw_response() else {
        panic!("no answer: {}", DisplayErrorContext(error));
    };
    let status = response.status().as_u16();
    let code = match error {
        SdkError::ServiceError(error) => error.err().code().map_or_else(|| status.to_string(), str::to_owned),
        other => format!("cannot be read: {}", DisplayErrorContext(other)),
    };
    json!({ "error": code, "status": status, "delete-marker": response.headers().get("x-amz-delete-marker").map(str::to_owned) })
}
