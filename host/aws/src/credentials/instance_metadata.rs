//! The role of the EC2 instance, from instance metadata.

use super::answer::{Message, innermost};
use super::json::{self, Speaker};
use super::load::Context;
use crate::environment::Compute;
use crate::error::{CredentialsError, Error};
use crate::host::{Host, behavior_version};
use aws_config::imds::Client;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use std::sync::Arc;

/// The one address that is asked. It is not read from the environment: who can set a variable need not be able to hand
/// out credentials.
const ADDRESS: &str = "http://169.254.169.254";

const ROLE: &str = "/latest/meta-data/iam/security-credentials/";

const SPEAKER: Speaker = Speaker::Metadata("instance metadata");

pub(crate) async fn load(context: Context<'_>) -> Result<Credentials, Error> {
    if let Some(reason) = refusal(context.host) {
        return Err(context.error(CredentialsError::InstanceMetadataNotAllowed { reason }));
    }
    let malformed = |reason| context.error(CredentialsError::Malformed { provider: SPEAKER.name(), reason });
    let client = client(context.host).ok_or_else(|| malformed("its address is not a URL"))?;
    let get = async |path: String| {
        client.get(path).await.map_err(|error| {
            // Not the error itself, which holds the raw answer.
            let source = Arc::new(Message(innermost(&error)));
            context.error(CredentialsError::Provider { provider: SPEAKER.name(), source })
        })
    };
    let role = get(ROLE.to_owned()).await?;
    let role = role.as_ref().lines().next().unwrap_or_default().trim();
    if role.is_empty() || !role.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c)) {
        return Err(malformed("the instance has no role"));
    }
    let document = get(format!("{ROLE}{role}")).await?;
    json::parse(SPEAKER, document.as_ref().as_bytes()).map_err(|source| context.error(source))
}

/// Why instance metadata is not asked, unless it may be.
pub(crate) fn refusal(host: &Host) -> Option<&'static str> {
    let disabled = || host.environment.variable("AWS_EC2_METADATA_DISABLED");
    match host.compute {
        Compute::NotOnAws => Some("not asked, because the host is not said to run on AWS compute"),
        Compute::OnAws if disabled().is_some_and(|value| value.trim().eq_ignore_ascii_case("true")) => {
            Some("not asked, because `AWS_EC2_METADATA_DISABLED` is set")
        }
        Compute::OnAws => None,
    }
}

/// The region that the instance is in, if metadata may be asked and answers.
pub(crate) async fn region(host: &Host) -> Option<String> {
    if refusal(host).is_some() {
        return None;
    }
    let region = client(host)?.get("/latest/meta-data/placement/region").await.ok()?;
    Some(region.as_ref().trim().to_owned())
}

fn client(host: &Host) -> Option<Client> {
    let config = ProviderConfig::empty()
        .with_behavior_version(Some(behavior_version()))
        .with_http_client(host.http.clone())
        .with_time_source(host.time.clone())
        .with_sleep_impl(host.sleep.clone());
    Some(Client::builder().configure(&config).endpoint(ADDRESS).ok()?.build())
}
