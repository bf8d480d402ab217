//! The default chain: the first link that is configured is the one that is used.
//!
//! A link that is configured wrongly is an error, and never a reason to try the next: keys that were half forgotten must
//! not turn into the keys of somebody else.

use super::load::{Context, credentials};
use super::profile::Selected;
use super::role::WebIdentityRequest;
use super::{container, instance_metadata, profile, role};
use crate::error::{CredentialsError, Error, Looked};
use aws_credential_types::Credentials;
use std::path::PathBuf;

pub(crate) async fn load(context: Context<'_>) -> Result<Credentials, Error> {
    let mut searched = Vec::new();

    if let Some(credentials) = from_variables(context)? {
        return Ok(credentials);
    }
    searched.push(Looked::new("environment", "`AWS_ACCESS_KEY_ID` is not set"));

    match profile::load_selected(context).await? {
        Selected::Credentials(credentials) => return Ok(credentials),
        Selected::None { looked } => searched.push(looked),
    }

    let web_identity = both(context, "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN")?;
    if let Some((token_file, role_arn)) = web_identity {
        let session_name = context.host.environment.variable("AWS_ROLE_SESSION_NAME");
        crate::identity::check_role_arn(&role_arn)?;
        session_name.as_deref().map_or(Ok(()), crate::identity::check_session_name)?;
        let request = WebIdentityRequest {
            role_arn: &role_arn,
            token_file: PathBuf::from(token_file),
            session_name: session_name.as_deref(),
        };
        return role::with_web_identity(context, &request).await;
    }
    searched.push(Looked::new("web identity", "`AWS_WEB_IDENTITY_TOKEN_FILE` is not set"));

    if container::is_configured(context.host) {
        return container::load(context).await;
    }
    searched.push(Looked::new(
        "container",
        "`AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` and `_FULL_URI` are not set",
    ));

    match instance_metadata::refusal(context.host) {
        None => instance_metadata::load(context).await,
        Some(reason) => {
            searched.push(Looked::new("instance metadata", reason));
            Err(context.error(CredentialsError::NotFound { searched }))
        }
    }
}

/// Keys in the environment. `Ok(None)` if there are none.
pub(crate) fn from_variables(context: Context<'_>) -> Result<Option<Credentials>, Error> {
    let Some((access_key_id, secret)) = both(context, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")? else {
        return Ok(None);
    };
    let token = context.host.environment.variable("AWS_SESSION_TOKEN");
    Ok(Some(credentials(access_key_id, secret, token, None, "environment")))
}

/// Two variables that mean something only together.
fn both(
    context: Context<'_>,
    first: &'static str,
    second: &'static str,
) -> Result<Option<(String, String)>, Error> {
    let half = |given, missing| {
        Err(context.error(CredentialsError::HalfGiven {
            place: "the environment".to_owned(),
            given,
            missing,
        }))
    };
    match (context.host.environment.variable(first), context.host.environment.variable(second)) {
        (Some(first), Some(second)) => Ok(Some((first, second))),
        (None, None) => Ok(None),
        (Some(_), None) => half(first, second),
        // A role alone asks for nothing: other programs have uses for the variable.
        (None, Some(_)) if second == "AWS_ROLE_ARN" => Ok(None),
        (None, Some(_)) => half(second, first),
    }
}
