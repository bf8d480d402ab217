//! Credentials of a named profile.

use super::load::{Context, credentials};
use super::role::{RoleRequest, WebIdentityRequest};
use super::{container, default_chain, instance_metadata, process, role, sso};
use crate::error::{ConfigurationError, CredentialsError, Error, Looked};
use crate::identity::{check_role_arn, check_session_name};
use crate::profiles::{self, Profiles, SelectedProfile};
use aws_config::profile::Profile;
use aws_credential_types::Credentials;
use std::time::Duration;

/// The credentials of a profile that has to exist and to have some.
pub(crate) async fn load(context: Context<'_>, name: &str) -> Result<Credentials, Error> {
    let profiles = Profiles::load(&context.host.environment).await.map_err(|source| context.error(source))?;
    match Chain::resolve(&profiles, name).map_err(|source| context.error(source))? {
        Some(chain) => chain.load(context).await,
        None => Err(context.error(invalid(name, "has no credentials"))),
    }
}

/// What the selected profile has.
pub(crate) enum Selected {
    Credentials(Credentials),
    None { looked: Looked },
}

/// The credentials of the profile that `AWS_PROFILE` names, which has to exist, or of `default`, which need not. Neither
/// has to have any.
pub(crate) async fn load_selected(context: Context<'_>) -> Result<Selected, Error> {
    let selected = profiles::selected(&context.host.environment);
    let profiles = Profiles::load(&context.host.environment).await.map_err(|source| context.error(source))?;
    let place = format!("profile `{}`", selected.name());
    if matches!(selected, SelectedProfile::Default) && profiles.get(selected.name()).is_none() {
        let files = profiles.files().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        return Ok(Selected::None { looked: Looked::new(place, format!("it is not in {files}")) });
    }
    match Chain::resolve(&profiles, selected.name()).map_err(|source| context.error(source))? {
        Some(chain) => Ok(Selected::Credentials(chain.load(context).await?)),
        None => Ok(Selected::None { looked: Looked::new(place, "it has no credentials") }),
    }
}

/// A profile followed to where its credentials come from.
struct Chain<'a> {
    base: Base<'a>,
    base_profile: &'a str,
    /// The roles to assume in turn, with the profiles that name them.
    roles: Vec<(&'a str, RoleRequest<'a>)>,
}

enum Base<'a> {
    Static(Credentials),
    WebIdentity { role_arn: &'a str, token_file: &'a str, session_name: Option<&'a str> },
    Sso(sso::Profile<'a>),
    Process(&'a str),
    Source(Source),
}

/// What `credential_source` may name.
#[derive(Clone, Copy)]
enum Source {
    Environment,
    EcsContainer,
    Ec2InstanceMetadata,
}

impl<'a> Chain<'a> {
    /// `Ok(None)` if the profile has nothing to do with credentials.
    fn resolve(profiles: &'a Profiles, name: &'a str) -> Result<Option<Self>, CredentialsError> {
        let mut name = name;
        let mut visited: Vec<&str> = Vec::new();
        let mut roles = Vec::new();
        let base = loop {
            let profile =
                profiles.get(name).ok_or_else(|| profiles.missing(name, visited.last().copied()))?;
            if visited.contains(&name) {
                visited.push(name);
                return Err(invalid(name, format!("is its own source: {}", visited.join(" -> "))));
            }
            let is_source = !visited.is_empty();
            visited.push(name);
            // The keys of a source come before its own role, or a chain could not end in a profile that has both.
            if is_source && let Some(keys) = static_keys(profile)? {
                break Some(Base::Static(keys));
            }
            let Some(request) = role_of(profile)? else { break base_of(profiles, profile)? };
            match (profile.get("source_profile"), profile.get("credential_source")) {
                (Some(_), Some(_)) => {
                    return Err(invalid(name, "sets both `source_profile` and `credential_source`"));
                }
                (None, None) => {
                    return Err(invalid(
                        name,
                        "sets `role_arn` but neither `source_profile` nor `credential_source`",
                    ));
                }
                (None, Some(source)) => {
                    roles.push((name, request));
                    break Some(Base::Source(source_of(name, source)?));
                }
                (Some(source), None) if source == name => {
                    roles.push((name, request));
                    break base_of(profiles, profile)?;
                }
                (Some(source), None) => {
                    roles.push((name, request));
                    name = source;
                }
            }
        };
        roles.reverse();
        match base {
            Some(base) => Ok(Some(Self { base, base_profile: name, roles })),
            None if roles.is_empty() => Ok(None),
            None => Err(invalid(name, "is a source of credentials, and has none")),
        }
    }

    async fn load(self, context: Context<'_>) -> Result<Credentials, Error> {
        let mut with = format!("profile `{}`", self.base_profile);
        let mut credentials = match self.base {
            Base::Static(credentials) => credentials,
            Base::WebIdentity { role_arn, token_file, session_name } => {
                let token_file = context.host.environment.expand(token_file);
                let request = WebIdentityRequest { role_arn, token_file, session_name };
                role::with_web_identity(context, &request).await?
            }
            Base::Sso(profile) => sso::load(context, &profile).await?,
            Base::Process(command) => process::load(context, self.base_profile, command).await?,
            Base::Source(source) => {
                with = source.to_string();
                source.load(context).await?
            }
        };
        for (profile, request) in &self.roles {
            credentials = role::with_credentials(context, credentials, &with, request).await?;
            with = format!("profile `{profile}`");
        }
        Ok(credentials)
    }
}

impl Source {
    async fn load(self, context: Context<'_>) -> Result<Credentials, Error> {
        match self {
            Self::Environment => default_chain::from_variables(context)?.ok_or_else(|| {
                let searched = vec![Looked::new("environment", "`AWS_ACCESS_KEY_ID` is not set")];
                context.error(CredentialsError::NotFound { searched })
            }),
            Self::EcsContainer => container::load(context).await,
            Self::Ec2InstanceMetadata => instance_metadata::load(context).await,
        }
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Environment => "the environment's keys",
            Self::EcsContainer => "the container's role",
            Self::Ec2InstanceMetadata => "the instance's role",
        })
    }
}

fn source_of(profile: &str, source: &str) -> Result<Source, CredentialsError> {
    [
        ("Environment", Source::Environment),
        ("EcsContainer", Source::EcsContainer),
        ("Ec2InstanceMetadata", Source::Ec2InstanceMetadata),
    ]
    .into_iter()
    .find(|(name, _)| name.eq_ignore_ascii_case(source))
    .map(|(_, source)| source)
    .ok_or_else(|| {
        let known = "`Environment`, `EcsContainer` nor `Ec2InstanceMetadata`";
        invalid(profile, format!("has a `credential_source` that is neither {known}"))
    })
}

/// The role of a profile, unless it is taken on with a web identity, which needs no other credentials.
fn role_of(profile: &Profile) -> Result<Option<RoleRequest<'_>>, CredentialsError> {
    let Some(role_arn) = profile.get("role_arn") else { return Ok(None) };
    check(profile, check_role_arn(role_arn))?;
    let session_name = profile.get("role_session_name");
    check(profile, session_name.map_or(Ok(()), check_session_name))?;
    if profile.get("web_identity_token_file").is_some() {
        return Ok(None);
    }
    if profile.get("mfa_serial").is_some() {
        return Err(invalid(profile.name(), "needs a code from an MFA device, for which a host cannot ask"));
    }
    let duration = profile.get("duration_seconds").map(|seconds| match seconds.parse::<u32>() {
        Ok(seconds @ 900..=43_200) => Ok(Duration::from_secs(seconds.into())),
        _ => Err(invalid(profile.name(), "has a `duration_seconds` that is not 900 to 43200")),
    });
    Ok(Some(RoleRequest {
        role_arn,
        external_id: profile.get("external_id"),
        session_name,
        session_policy: None,
        duration: duration.transpose()?,
    }))
}

fn base_of<'a>(profiles: &'a Profiles, profile: &'a Profile) -> Result<Option<Base<'a>>, CredentialsError> {
    let name = profile.name();
    if let Some(token_file) = profile.get("web_identity_token_file") {
        let role_arn = profile
            .get("role_arn")
            .ok_or_else(|| invalid(name, "sets `web_identity_token_file` but not `role_arn`"))?;
        let session_name = profile.get("role_session_name");
        return Ok(Some(Base::WebIdentity { role_arn, token_file, session_name }));
    }
    if let Some(sso) = sso::Profile::of(profiles, profile)? {
        return Ok(Some(Base::Sso(sso)));
    }
    if profile.get("login_session").is_some() {
        return Err(invalid(
            name,
            "uses `login_session`, which is not supported; use IAM Identity Center (SSO)",
        ));
    }
    if let Some(command) = profile.get("credential_process") {
        return Ok(Some(Base::Process(command)));
    }
    if let Some(source) = profile.get("credential_source") {
        return Ok(Some(Base::Source(source_of(name, source)?)));
    }
    Ok(static_keys(profile)?.map(Base::Static))
}

fn static_keys(profile: &Profile) -> Result<Option<Credentials>, CredentialsError> {
    const ACCESS_KEY_ID: &str = "aws_access_key_id";
    const SECRET: &str = "aws_secret_access_key";

    let setting = |name| profile.get(name).filter(|value| !value.trim().is_empty()).map(str::to_owned);
    let half = |given, missing| {
        Err(CredentialsError::HalfGiven { place: format!("profile `{}`", profile.name()), given, missing })
    };
    match (setting(ACCESS_KEY_ID), setting(SECRET)) {
        (Some(access_key_id), Some(secret)) => {
            Ok(Some(credentials(access_key_id, secret, setting("aws_session_token"), None, "profile")))
        }
        (None, None) => Ok(None),
        (Some(_), None) => half(ACCESS_KEY_ID, SECRET),
        (None, Some(_)) => half(SECRET, ACCESS_KEY_ID),
    }
}

fn check(profile: &Profile, outcome: Result<(), ConfigurationError>) -> Result<(), CredentialsError> {
    outcome.map_err(|error| invalid(profile.name(), format!("cannot be used: {error}")))
}

pub(super) fn invalid(profile: &str, reason: impl Into<String>) -> CredentialsError {
    CredentialsError::InvalidProfile { profile: profile.to_owned(), reason: reason.into() }
}
