//! The credentials endpoint of ECS and EKS.

use super::json::{self, Speaker};
use super::load::Context;
use crate::error::{CredentialsError, Error};
use crate::host::{Host, behavior_version};
use aws_credential_types::Credentials;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::client::interceptors::context::Error as OperationError;
use aws_smithy_runtime_api::client::orchestrator::OrchestratorError;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use url::{Host as UrlHost, Url};
use zeroize::Zeroizing;

const RELATIVE_URI: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const FULL_URI: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";

/// The host that a relative URI is relative to.
const ECS: &str = "http://169.254.170.2";

/// Where a request without TLS may go besides the machine itself: ECS, and EKS Pod Identity in IPv4 and IPv6. Anywhere
/// else, anyone on the way could hand out credentials of their own.
const PLAIN: [IpAddr; 3] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
];

const SPEAKER: Speaker = Speaker::Metadata("the container's credentials endpoint");

pub(crate) fn is_configured(host: &Host) -> bool {
    [RELATIVE_URI, FULL_URI].iter().any(|name| host.environment.variable(name).is_some())
}

pub(crate) async fn load(context: Context<'_>) -> Result<Credentials, Error> {
    let url = url(context.host).map_err(|reason| context.error(CredentialsError::Container(reason)))?;
    let token = token(context).await?;
    let document = get(context.host, url, token).await.map_err(|source| {
        context.error(CredentialsError::Provider { provider: SPEAKER.name(), source: Arc::new(source) })
    })?;
    json::parse(SPEAKER, &document).map_err(|source| context.error(source))
}

fn url(host: &Host) -> Result<Url, String> {
    if let Some(path) = host.environment.variable(RELATIVE_URI) {
        // `@evil.example/` would make the address a user name.
        if !path.starts_with('/') {
            return Err(format!("`{RELATIVE_URI}` does not begin with `/`"));
        }
        return Url::parse(&format!("{ECS}{path}")).map_err(|_| format!("`{RELATIVE_URI}` is not a path"));
    }
    let Some(url) = host.environment.variable(FULL_URI) else {
        return Err(format!("neither `{RELATIVE_URI}` nor `{FULL_URI}` is set"));
    };
    let url = Url::parse(&url).map_err(|_| format!("`{FULL_URI}` is not a URL"))?;
    let is_allowed = |ip: IpAddr| ip.is_loopback() || PLAIN.contains(&ip);
    let allowed = match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(UrlHost::Ipv4(ip))) => is_allowed(ip.into()),
        ("http", Some(UrlHost::Ipv6(ip))) => is_allowed(ip.into()),
        ("http", Some(UrlHost::Domain(name))) => name == "localhost",
        _ => false,
    };
    if allowed {
        Ok(url)
    } else {
        Err(format!("`{FULL_URI}` is neither `https` nor at an address of this machine, ECS or EKS"))
    }
}

async fn token(context: Context<'_>) -> Result<Option<Zeroizing<String>>, Error> {
    let environment = &context.host.environment;
    let token = if let Some(path) = environment.variable(TOKEN_FILE) {
        let path = PathBuf::from(path);
        let content = environment.read(&path).await.map_err(|source| {
            context.error(CredentialsError::TokenFile { path: path.clone(), source: Arc::new(source) })
        })?;
        Some(String::from_utf8_lossy(&content).trim_end().to_owned())
    } else {
        environment.variable(TOKEN)
    };
    let Some(token) = token.map(Zeroizing::new) else { return Ok(None) };
    if http::HeaderValue::from_str(&token).is_err() {
        let reason = "the authorization token of the container has a line break or another control character";
        return Err(context.error(CredentialsError::Container(reason.to_owned())));
    }
    Ok(Some(token))
}

/// Why a document could not be had.
#[derive(Debug, thiserror::Error)]
enum GetError {
    #[error("the answer has HTTP status {0}")]
    Status(u16),
    #[error("there is no answer")]
    NoAnswer,
}

async fn get(host: &Host, url: Url, token: Option<Zeroizing<String>>) -> Result<Vec<u8>, GetError> {
    let operation = Operation::builder()
        .service_name("container credentials")
        .operation_name("get")
        .endpoint_url(url.origin().ascii_serialization().as_str())
        .no_auth()
        .behavior_version(behavior_version())
        .http_client(host.http.clone())
        .time_source(host.time.clone())
        .sleep_impl(host.sleep.clone())
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(2))
                .operation_attempt_timeout(Duration::from_secs(5))
                .build(),
        )
        .standard_retry(&RetryConfig::standard())
        .retry_classifier(TransientErrorClassifier::<OperationError>::new())
        .retry_classifier(HttpStatusCodeClassifier::default())
        .serializer(move |(): ()| {
            let path =
                url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
            let mut request = http::Request::get(path).header(http::header::ACCEPT, "application/json");
            if let Some(token) = &token {
                request = request.header(http::header::AUTHORIZATION, token.as_str());
            }
            Ok(request.body(SdkBody::empty())?.try_into()?)
        })
        .deserializer(|response| match (response.status().as_u16(), response.body().bytes()) {
            (200, Some(body)) => Ok(body.to_vec()),
            (status, _) => Err(OrchestratorError::operation(GetError::Status(status))),
        })
        .build();
    operation.invoke(()).await.map_err(|error| match error {
        SdkError::ServiceError(context) => context.into_err(),
        _ => GetError::NoAnswer,
    })
}
