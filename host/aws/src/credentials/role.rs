//! AssumeRole and AssumeRoleWithWebIdentity.

use super::answer::{Answer, secrets_of};
use super::load::{Context, credentials};
use super::{CredentialsCell, Rejection};
use crate::error::{CredentialsError, Error, ExternalId, RoleError};
use crate::identity::{AssumeRole, DEFAULT_SESSION_NAME, WebIdentity};
use crate::rejection::is_expired_code;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

/// The parameters of AssumeRole.
#[derive(Clone)]
pub(crate) struct RoleRequest<'a> {
    pub(crate) role_arn: &'a str,
    pub(crate) external_id: Option<&'a str>,
    pub(crate) session_name: Option<&'a str>,
    pub(crate) session_policy: Option<&'a str>,
    pub(crate) duration: Option<Duration>,
}

impl<'a> From<&'a AssumeRole> for RoleRequest<'a> {
    fn from(role: &'a AssumeRole) -> Self {
        Self {
            role_arn: &role.role_arn,
            external_id: role.external_id.as_deref(),
            session_name: role.session_name.as_deref(),
            session_policy: role.session_policy.as_deref(),
            duration: role.duration,
        }
    }
}

/// The parameters of AssumeRoleWithWebIdentity.
#[derive(Clone)]
pub(crate) struct WebIdentityRequest<'a> {
    pub(crate) role_arn: &'a str,
    pub(crate) token_file: PathBuf,
    pub(crate) session_name: Option<&'a str>,
}

impl<'a> From<&'a WebIdentity> for WebIdentityRequest<'a> {
    fn from(web: &'a WebIdentity) -> Self {
        Self {
            role_arn: &web.role_arn,
            token_file: web.token_file.clone(),
            session_name: web.session_name.as_deref(),
        }
    }
}

/// Assumes a role with the credentials of a cell, and once more if AWS says that those have expired.
pub(crate) async fn with_cell(
    context: Context<'_>,
    base: &Arc<CredentialsCell>,
    role: &AssumeRole,
) -> Result<Credentials, Error> {
    let request = RoleRequest::from(role);
    let with = base.identity.to_string();
    let credentials = Box::pin(base.get(context.region)).await?;
    let access_key_id = credentials.access_key_id().to_owned();
    let mut outcome = with_credentials(context, credentials, &with, &request).await;
    if rejects_base(&outcome) && base.rejected(&access_key_id) == Rejection::Reload {
        let credentials = Box::pin(base.get(context.region)).await?;
        outcome = with_credentials(context, credentials, &with, &request).await;
    }
    if !rejects_base(&outcome) {
        base.accepted();
    }
    outcome
}

fn rejects_base(outcome: &Result<Credentials, Error>) -> bool {
    matches!(
        outcome,
        Err(Error::Role { source, .. })
            if matches!(source.as_ref(), RoleError::Service { code, .. } if is_expired_code(code))
    )
}

/// Assumes a role with these credentials, which are those of `with`.
pub(crate) async fn with_credentials(
    context: Context<'_>,
    base: Credentials,
    with: &str,
    request: &RoleRequest<'_>,
) -> Result<Credentials, Error> {
    let role_error = |source| Error::Role { role_arn: request.role_arn.to_owned(), source: Box::new(source) };
    check_partition(context, request.role_arn)?;
    // Checked to be at most 12 hours, in whole seconds.
    let seconds = request.duration.and_then(|duration| i32::try_from(duration.as_secs()).ok());
    let answer = sts(context, Some(base.clone()))?
        .assume_role()
        .role_arn(request.role_arn)
        .role_session_name(request.session_name.unwrap_or(DEFAULT_SESSION_NAME))
        .set_external_id(request.external_id.map(str::to_owned))
        .set_policy(request.session_policy.map(str::to_owned))
        .set_duration_seconds(seconds)
        .send()
        .await;
    match answer {
        Ok(output) => keys(output.credentials).map_err(|source| context.error(source)),
        Err(error) => {
            let [secret, token] = secrets_of(&base);
            let answer = Answer::of(error, &[secret, token, request.external_id.unwrap_or_default()]);
            Err(role_error(refusal(context, answer, with, request)))
        }
    }
}

/// Exchanges the token in a file for a role's credentials.
pub(crate) async fn with_web_identity(
    context: Context<'_>,
    request: &WebIdentityRequest<'_>,
) -> Result<Credentials, Error> {
    check_partition(context, request.role_arn)?;
    let unreadable = |source| {
        context
            .error(CredentialsError::TokenFile { path: request.token_file.clone(), source: Arc::new(source) })
    };
    let token = context.host.environment.read(&request.token_file).await.map_err(unreadable)?;
    let token = String::from_utf8(token)
        .map(Zeroizing::new)
        .map_err(|_| unreadable(std::io::Error::new(std::io::ErrorKind::InvalidData, "it is not text")))?;
    let answer = sts(context, None)?
        .assume_role_with_web_identity()
        .role_arn(request.role_arn)
        .role_session_name(request.session_name.unwrap_or(DEFAULT_SESSION_NAME))
        .web_identity_token(token.trim())
        .send()
        .await;
    match answer {
        Ok(output) => keys(output.credentials).map_err(|source| context.error(source)),
        Err(error) => {
            let request = RoleRequest {
                role_arn: request.role_arn,
                external_id: None,
                session_name: None,
                session_policy: None,
                duration: None,
            };
            let answer = Answer::of(error, &[token.trim()]);
            let source = match answer.code() {
                Some("ExpiredTokenException" | "IDPRejectedClaim" | "InvalidIdentityToken") => {
                    RoleError::WebIdentityToken { source: answer.into_source() }
                }
                _ => refusal(context, answer, "the web identity", &request),
            };
            Err(Error::Role { role_arn: request.role_arn.to_owned(), source: Box::new(source) })
        }
    }
}

/// The cause, from AWS's code and from what was sent: everything but the duration has been checked beforehand, so that it
/// is what is invalid if something is.
fn refusal(context: Context<'_>, answer: Answer, with: &str, request: &RoleRequest<'_>) -> RoleError {
    match (answer, request.duration) {
        (Answer::Connection { source }, _) => RoleError::Connection { source },
        (Answer::Service { code, source }, duration) => match (code.as_str(), duration) {
            ("AccessDenied", _) => RoleError::AccessDenied {
                base: with.to_owned(),
                external_id: match request.external_id {
                    Some(_) => ExternalId::Sent,
                    None => ExternalId::NotSent,
                },
                source,
            },
            ("ValidationError", Some(duration)) => RoleError::DurationOverMaximum { duration, source },
            ("MalformedPolicyDocument" | "PackedPolicyTooLarge", _) => RoleError::SessionPolicy { source },
            ("RegionDisabledException", _) => {
                RoleError::RegionDisabled { region: context.region.clone(), source }
            }
            _ => RoleError::Service { code, source },
        },
    }
}

fn check_partition(context: Context<'_>, role_arn: &str) -> Result<(), Error> {
    if role_arn.split(':').nth(1) == Some(context.region.partition().as_str()) {
        return Ok(());
    }
    Err(Error::Role {
        role_arn: role_arn.to_owned(),
        source: Box::new(RoleError::OtherPartition { region: context.region.clone() }),
    })
}

/// A client for one exchange. It is cheap, and shares the connections of the factory.
fn sts(context: Context<'_>, base: Option<Credentials>) -> Result<aws_sdk_sts::Client, Error> {
    let class = context.host.classes.get(&crate::class::Class::STANDARD)?;
    let mut config = context.host.sdk_config(class, context.region, context.variant);
    if let Some(base) = base {
        config.set_credentials_provider(Some(SharedCredentialsProvider::new(base)));
        // A signed request shows an endpoint no secret. A web identity's token is a bearer token, for AWS alone.
        config.set_endpoint_url(context.endpoint.map(|endpoint| endpoint.as_str().to_owned()));
    }
    let config =
        aws_sdk_sts::config::Builder::from(&config.build()).retry_partition(context.partition.clone());
    Ok(aws_sdk_sts::Client::from_conf(config.build()))
}

fn keys(keys: Option<aws_sdk_sts::types::Credentials>) -> Result<Credentials, CredentialsError> {
    let malformed = |reason| CredentialsError::Malformed { provider: "STS", reason };
    let keys = keys.ok_or_else(|| malformed("the answer has no credentials"))?;
    let expiry = SystemTime::try_from(keys.expiration).map_err(|_| malformed("the expiry is not a time"))?;
    Ok(credentials(keys.access_key_id, keys.secret_access_key, Some(keys.session_token), Some(expiry), "STS"))
}
