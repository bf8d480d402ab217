//! IAM Identity Center (SSO): credentials for somebody who logged in with `aws sso login`.

use super::answer::Answer;
use super::json::parse_time;
use super::load::{Context, credentials};
use super::profile::invalid;
use crate::class::Class;
use crate::error::{CredentialsError, Error, SsoSessionState};
use crate::profiles::Profiles;
use crate::region::Region;
use aws_credential_types::Credentials;
use aws_types::SdkConfig;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha1::{Digest as _, Sha1};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroizing;

const PROVIDER: &str = "IAM Identity Center";

/// How long before its expiry a log-in is renewed, where it can be without its user.
const RENEW_AHEAD: Duration = Duration::from_mins(5);

/// The SSO settings of a profile.
pub(crate) struct Profile<'a> {
    name: &'a str,
    account_id: &'a str,
    role_name: &'a str,
    start_url: &'a str,
    region: Region,
    /// The name of the `sso-session` section, which profiles of the older form do not have.
    session: Option<&'a str>,
}

impl<'a> Profile<'a> {
    /// `Ok(None)` if the profile has nothing to do with SSO.
    pub(crate) fn of(
        profiles: &'a Profiles,
        profile: &'a aws_config::profile::Profile,
    ) -> Result<Option<Self>, CredentialsError> {
        let name = profile.name();
        let session = profile.get("sso_session");
        let settings = ["sso_account_id", "sso_role_name", "sso_start_url", "sso_region"];
        if session.is_none() && settings.iter().all(|setting| profile.get(setting).is_none()) {
            return Ok(None);
        }
        let (start_url, region) = match session {
            None => (profile.get("sso_start_url"), profile.get("sso_region")),
            Some(session) => {
                for setting in ["sso_start_url", "sso_region"] {
                    if profile.get(setting).is_some() {
                        return Err(invalid(name, format!("sets both `sso_session` and `{setting}`")));
                    }
                }
                let section = profiles.set().sso_session(session).ok_or_else(|| {
                    invalid(name, format!("names the `sso-session` `{session}`, which does not exist"))
                })?;
                (section.get("sso_start_url"), section.get("sso_region"))
            }
        };
        let required = |setting, value: Option<&'a str>| {
            value.ok_or_else(|| invalid(name, format!("uses SSO, and `{setting}` is missing")))
        };
        let region = required("sso_region", region)?;
        let region = Region::new(region)
            .map_err(|error| invalid(name, format!("has an `sso_region` that cannot be used: {error}")))?;
        Ok(Some(Self {
            name,
            account_id: required("sso_account_id", profile.get("sso_account_id"))?,
            role_name: required("sso_role_name", profile.get("sso_role_name"))?,
            start_url: required("sso_start_url", start_url)?,
            region,
            session,
        }))
    }

    fn error(&self, state: SsoSessionState) -> CredentialsError {
        CredentialsError::SsoSession {
            profile: self.name.to_owned(),
            state,
            command: format!("aws sso login --profile {}", self.name),
        }
    }

    /// Where the AWS CLI keeps the log-in: a file named after the session, or in the older form after its start URL.
    fn cache(&self, context: Context<'_>) -> PathBuf {
        let name = hex::encode(Sha1::digest(self.session.unwrap_or(self.start_url)));
        context.host.environment.expand(&format!("~/.aws/sso/cache/{name}.json"))
    }
}

/// A log-in, as the AWS CLI writes it.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct LogIn {
    access_token: Zeroizing<String>,
    expires_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Zeroizing<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<Zeroizing<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_expires_at: Option<String>,
    /// What else is in the file, which stays there when the log-in is renewed.
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl LogIn {
    fn expires_at(&self) -> Option<SystemTime> {
        parse_time(&self.expires_at).ok()
    }

    /// What is needed to renew it, if it still can be.
    fn renewal(&self, now: SystemTime) -> Option<(&str, &str, &str)> {
        let registered_until = parse_time(self.registration_expires_at.as_deref()?).ok()?;
        let renewal = (
            self.client_id.as_deref()?,
            self.client_secret.as_ref()?.as_str(),
            self.refresh_token.as_ref()?.as_str(),
        );
        (now < registered_until).then_some(renewal)
    }
}

pub(crate) async fn load(context: Context<'_>, profile: &Profile<'_>) -> Result<Credentials, Error> {
    let unusable = |state| context.error(profile.error(state));
    let path = profile.cache(context);
    let content =
        context.host.environment.read(&path).await.map(Zeroizing::new).map_err(|error| {
            match error.kind() {
                std::io::ErrorKind::NotFound => unusable(SsoSessionState::Missing),
                _ => unusable(SsoSessionState::Unreadable),
            }
        })?;
    let mut log_in: LogIn =
        serde_json::from_slice(&content).map_err(|_| unusable(SsoSessionState::Unreadable))?;
    let expires_at = log_in.expires_at().ok_or_else(|| unusable(SsoSessionState::Unreadable))?;
    let now = context.host.time.now();
    if now + RENEW_AHEAD >= expires_at {
        let renewed = renew(context, profile, &mut log_in, now).await?;
        if renewed {
            save(context, &path, &log_in).await;
        } else if now >= expires_at {
            return Err(unusable(SsoSessionState::Expired));
        }
    }
    role_credentials(context, profile, &log_in).await
}

/// Renews a log-in without its user. `Ok(false)` if that is not possible, or not any more.
async fn renew(
    context: Context<'_>,
    profile: &Profile<'_>,
    log_in: &mut LogIn,
    now: SystemTime,
) -> Result<bool, Error> {
    let Some((client_id, client_secret, refresh_token)) = log_in.renewal(now) else { return Ok(false) };
    let answer = aws_sdk_ssooidc::Client::new(&config(context, &profile.region)?)
        .create_token()
        .grant_type("refresh_token")
        .client_id(client_id)
        .client_secret(client_secret)
        .refresh_token(refresh_token)
        .send()
        .await;
    // Whatever the reason, the log-in that there is may still do; if it does not, the user has to log in.
    let Ok(token) = answer else { return Ok(false) };
    let lifetime = u64::try_from(token.expires_in()).unwrap_or(0);
    let (Some(access_token), Some(expires_at)) =
        (token.access_token(), format_time(now + Duration::from_secs(lifetime)))
    else {
        return Ok(false);
    };
    log_in.access_token = Zeroizing::new(access_token.to_owned());
    log_in.expires_at = expires_at;
    if let Some(refresh_token) = token.refresh_token() {
        log_in.refresh_token = Some(Zeroizing::new(refresh_token.to_owned()));
    }
    Ok(true)
}

/// Writes a renewed log-in back: the old refresh token is used up, and the AWS CLI would log its user out.
async fn save(context: Context<'_>, path: &std::path::Path, log_in: &LogIn) {
    if let Ok(content) = serde_json::to_vec(log_in) {
        // The credentials are good even if the file is not; the next log-in mends it.
        drop(context.host.environment.write(path, &content).await);
    }
}

async fn role_credentials(
    context: Context<'_>,
    profile: &Profile<'_>,
    log_in: &LogIn,
) -> Result<Credentials, Error> {
    let answer = aws_sdk_sso::Client::new(&config(context, &profile.region)?)
        .get_role_credentials()
        .role_name(profile.role_name)
        .account_id(profile.account_id)
        .access_token(log_in.access_token.as_str())
        .send()
        .await;
    let keys = match answer {
        Ok(output) => output.role_credentials,
        Err(error) => {
            let answer = Answer::of(error, &[&log_in.access_token]);
            // The log-in was ended on the other side.
            if answer.code() == Some("UnauthorizedException") {
                return Err(context.error(profile.error(SsoSessionState::Expired)));
            }
            let source = answer.into_source();
            return Err(context.error(CredentialsError::Provider { provider: PROVIDER, source }));
        }
    };
    let malformed = |reason| context.error(CredentialsError::Malformed { provider: PROVIDER, reason });
    let keys = keys.ok_or_else(|| malformed("the answer has no credentials"))?;
    let (Some(access_key_id), Some(secret)) = (keys.access_key_id, keys.secret_access_key) else {
        return Err(malformed("a key is missing"));
    };
    let expiry = u64::try_from(keys.expiration).map_err(|_| malformed("the expiry is not a time"))?;
    let expiry = UNIX_EPOCH + Duration::from_millis(expiry);
    Ok(credentials(access_key_id, secret, keys.session_token, Some(expiry), PROVIDER))
}

fn config(context: Context<'_>, region: &Region) -> Result<SdkConfig, Error> {
    let class = context.host.classes.get(&Class::STANDARD)?;
    // Never at the endpoint of the scope: what is sent is a bearer token, which is for AWS alone.
    Ok(context.host.sdk_config(class, region, context.variant).build())
}

fn format_time(time: SystemTime) -> Option<String> {
    OffsetDateTime::from(time).replace_nanosecond(0).ok()?.format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_in_keeps_what_it_does_not_know() {
        let written = r#"{"accessToken":"A","expiresAt":"2026-01-01T00:00:00Z","refreshToken":"R","region":"us-east-1",
            "startUrl":"https://x","future":{"a":[1]}}"#;
        let log_in: LogIn = serde_json::from_str(written).unwrap();
        let rewritten = serde_json::to_value(&log_in).unwrap();
        assert_eq!(rewritten, serde_json::from_str::<Value>(written).unwrap());
    }

    #[test]
    fn a_log_in_can_be_renewed_only_while_its_client_is_registered() {
        let log_in: LogIn = serde_json::from_str(
            r#"{"accessToken":"A","expiresAt":"2026-01-01T00:00:00Z","refreshToken":"R","clientId":"I",
                "clientSecret":"S","registrationExpiresAt":"1970-01-01T00:01:00Z"}"#,
        )
        .unwrap();
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(log_in.renewal(at(59)), Some(("I", "S", "R")));
        assert_eq!(log_in.renewal(at(60)), None);
    }

    #[test]
    fn a_time_is_written_as_the_aws_cli_writes_it() {
        assert_eq!(format_time(UNIX_EPOCH + Duration::from_millis(61_500)).unwrap(), "1970-01-01T00:01:01Z");
    }
}
