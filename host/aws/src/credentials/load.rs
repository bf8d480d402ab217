//! From an identity to its credentials.
//!
//! The providers of `aws_config` are not used, except for instance metadata's session: they read the process environment
//! whatever they are told, fall through from half-given keys to ambient ones, report causes as prose, ignore
//! `duration_seconds`, and log the commands that they run.

use super::{CredentialsCell, container, default_chain, instance_metadata, profile, role};
use crate::endpoint::Endpoint;
use crate::error::{CredentialsError, Error};
use crate::host::Host;
use crate::identity::{Identity, StaticKeys};
use crate::region::Region;
use crate::service_endpoint::Variant;
use aws_credential_types::Credentials;
use aws_smithy_runtime::client::retries::RetryPartition;
use std::fmt::Display;

/// What a load has to know, whichever provider it asks.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) host: &'a Host,
    /// Where STS is asked.
    pub(crate) region: &'a Region,
    pub(crate) endpoint: Option<&'a Endpoint>,
    pub(crate) variant: Variant,
    pub(crate) partition: &'a RetryPartition,
    /// Whose credentials are loaded, for errors.
    pub(crate) identity: &'a dyn IdentityName,
}

/// The name of an identity, without secrets.
pub(crate) trait IdentityName: Display + Send + Sync {}

impl IdentityName for Identity {}

impl Context<'_> {
    pub(crate) fn error(&self, source: CredentialsError) -> Error {
        Error::Credentials { identity: self.identity.to_string(), source: Box::new(source) }
    }
}

pub(crate) async fn load(cell: &CredentialsCell, region: &Region) -> Result<Credentials, Error> {
    let context = Context {
        host: &cell.host,
        region,
        endpoint: cell.endpoint.as_ref(),
        variant: cell.variant,
        partition: &cell.partition,
        identity: cell.identity.as_ref(),
    };
    match cell.identity.as_ref() {
        Identity::DefaultChain => default_chain::load(context).await,
        Identity::Profile(name) => profile::load(context, name).await,
        Identity::Static(keys) => Ok(static_keys(keys)),
        Identity::WebIdentity(web) => {
            role::with_web_identity(context, &role::WebIdentityRequest::from(web)).await
        }
        Identity::Container => container::load(context).await,
        Identity::InstanceMetadata => instance_metadata::load(context).await,
        Identity::AssumeRole(request) => match &cell.base {
            Some(base) => role::with_cell(context, base, request).await,
            None => Err(context.error(no_credentials())),
        },
        Identity::Anonymous => Err(context.error(no_credentials())),
    }
}

/// An anonymous session has no cell, and a role always has one for its base.
fn no_credentials() -> CredentialsError {
    CredentialsError::NotFound { searched: Vec::new() }
}

fn static_keys(keys: &StaticKeys) -> Credentials {
    credentials(
        keys.access_key_id.clone(),
        keys.secret_access_key.as_str().to_owned(),
        keys.session_token.as_ref().map(|token| token.as_str().to_owned()),
        None,
        "static keys",
    )
}

/// The one place where credentials are made.
pub(crate) fn credentials(
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    expiry: Option<std::time::SystemTime>,
    provider: &'static str,
) -> Credentials {
    Credentials::new(access_key_id, secret_access_key, session_token, expiry, provider)
}
