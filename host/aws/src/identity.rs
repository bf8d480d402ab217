//! Whose credentials a guest's calls are signed with.

use crate::digest::{Digest, DigestWriter};
use crate::error::ConfigurationError;
use crate::region::Partition;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;
use zeroize::Zeroizing;

/// How many roles may be assumed on top of each other.
const MAX_CHAIN: usize = 5;

/// STS's bounds on `DurationSeconds` of AssumeRole.
const DURATIONS: std::ops::RangeInclusive<Duration> = Duration::from_mins(15)..=Duration::from_hours(12);

/// STS's bound on `DurationSeconds` where a role is assumed with the credentials of another role.
pub(crate) const MAX_CHAINED_DURATION: Duration = Duration::from_hours(1);

/// Where the credentials of a [`Scope`](crate::Scope) come from.
///
/// Two scopes share credentials exactly if their identities are equal in every field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Identity {
    /// The default chain: environment variables, the selected profile, web identity, container, and instance metadata
    /// where the factory allows it.
    #[default]
    DefaultChain,
    /// A named profile of the shared configuration files: static keys, a role, web identity, IAM Identity Center (SSO)
    /// or a process.
    Profile(String),
    /// An access key given outright.
    Static(StaticKeys),
    /// AssumeRoleWithWebIdentity, with a token that is read from a file before every use.
    WebIdentity(WebIdentity),
    /// The credentials endpoint of ECS or EKS, from `AWS_CONTAINER_CREDENTIALS_*`.
    Container,
    /// The role of the EC2 instance. Only where the factory may ask instance metadata: see
    /// [`Compute`](crate::Compute).
    InstanceMetadata,
    /// No credentials: requests are not signed, and reach only what is public.
    Anonymous,
    /// AssumeRole, with the credentials of another identity.
    AssumeRole(Box<AssumeRole>),
}

impl Identity {
    /// Puts a role on top of this identity: its credentials are what AssumeRole is called with.
    #[must_use]
    pub fn assume_role(self, role_arn: impl Into<String>) -> AssumeRole {
        AssumeRole {
            base: self,
            role_arn: role_arn.into(),
            external_id: None,
            session_name: None,
            session_policy: None,
            duration: None,
        }
    }

    /// Checks everything that can be without asking anyone.
    pub(crate) fn check(&self) -> Result<(), ConfigurationError> {
        let mut identity = self;
        for _ in 0..=MAX_CHAIN {
            match identity {
                Self::AssumeRole(role) => {
                    role.check()?;
                    identity = &role.base;
                }
                Self::WebIdentity(web) => {
                    check_role_arn(&web.role_arn)?;
                    return web.session_name.as_deref().map_or(Ok(()), check_session_name);
                }
                Self::Static(keys) => return keys.check(),
                Self::Profile(name) if name.trim().is_empty() => {
                    return Err(ConfigurationError::Identity {
                        field: "profile",
                        value: name.clone(),
                        reason: "it is empty",
                    });
                }
                _ => return Ok(()),
            }
        }
        Err(ConfigurationError::Identity {
            field: "role-arn",
            value: String::new(),
            reason: "more than 5 roles are assumed on top of each other",
        })
    }

    pub(crate) fn digest(&self) -> Digest {
        Digest::of("identity", |writer| self.write(writer))
    }

    fn write(&self, writer: &mut DigestWriter) {
        match self {
            Self::DefaultChain => writer.field("default-chain"),
            Self::Profile(name) => {
                writer.field("profile");
                writer.field(name);
            }
            Self::Static(keys) => {
                writer.field("static");
                writer.field(&keys.access_key_id);
                writer.field(keys.secret_access_key.as_bytes());
                writer.optional(keys.session_token.as_ref().map(|token| token.as_bytes()));
            }
            Self::WebIdentity(web) => {
                writer.field("web-identity");
                writer.field(&web.role_arn);
                writer.field(web.token_file.as_os_str().as_encoded_bytes());
                writer.optional(web.session_name.as_ref());
            }
            Self::Container => writer.field("container"),
            Self::InstanceMetadata => writer.field("instance-metadata"),
            Self::Anonymous => writer.field("anonymous"),
            Self::AssumeRole(role) => {
                writer.field("assume-role");
                writer.field(&role.role_arn);
                writer.optional(role.external_id.as_ref());
                writer.optional(role.session_name.as_ref());
                writer.optional(role.session_policy.as_ref());
                writer.optional(role.duration.map(|duration| duration.as_nanos().to_le_bytes()));
                role.base.write(writer);
            }
        }
    }
}

/// Shows where the credentials come from, without any secret: `role … assumed with profile …`.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DefaultChain => f.write_str("the default chain"),
            Self::Profile(name) => write!(f, "profile `{name}`"),
            Self::Static(_) => f.write_str("static keys"),
            Self::WebIdentity(web) => write!(f, "role `{}` with a web identity", web.role_arn),
            Self::Container => f.write_str("the container's role"),
            Self::InstanceMetadata => f.write_str("the instance's role"),
            Self::Anonymous => f.write_str("nobody (unsigned requests)"),
            Self::AssumeRole(role) => write!(f, "role `{}` assumed with {}", role.role_arn, role.base),
        }
    }
}

/// An access key given outright. Its secrets are never shown, and are wiped from memory when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct StaticKeys {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: Zeroizing<String>,
    pub(crate) session_token: Option<Zeroizing<String>>,
}

impl StaticKeys {
    /// A long-lived access key.
    pub fn new(access_key_id: impl Into<String>, secret_access_key: impl Into<String>) -> Self {
        Self {
            access_key_id: access_key_id.into(),
            secret_access_key: Zeroizing::new(secret_access_key.into()),
            session_token: None,
        }
    }

    /// Makes it a temporary access key, with the session token that belongs to it.
    #[must_use]
    pub fn with_session_token(mut self, session_token: impl Into<String>) -> Self {
        self.session_token = Some(Zeroizing::new(session_token.into()));
        self
    }

    fn check(&self) -> Result<(), ConfigurationError> {
        let refuse =
            |field, reason| Err(ConfigurationError::Identity { field, value: String::new(), reason });
        if self.access_key_id.trim().is_empty() {
            return refuse("access-key-id", "it is empty");
        }
        if self.secret_access_key.trim().is_empty() {
            return refuse("secret-access-key", "it is empty");
        }
        if self.session_token.as_ref().is_some_and(|token| token.trim().is_empty()) {
            return refuse("session-token", "it is empty");
        }
        Ok(())
    }
}

impl fmt::Debug for StaticKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticKeys").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// AssumeRoleWithWebIdentity: an OpenID Connect token in exchange for a role's credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebIdentity {
    /// The role's ARN.
    pub role_arn: String,
    /// The file with the token, which is read anew for every exchange since it is rotated.
    pub token_file: PathBuf,
    /// The name of the session in CloudTrail; 2 to 64 of letters, digits and `_+=,.@-`. Default: `innkeeper`.
    pub session_name: Option<String>,
}

/// AssumeRole, with the credentials of another identity.
#[derive(Clone, PartialEq, Eq)]
pub struct AssumeRole {
    /// Whose credentials AssumeRole is called with.
    pub base: Identity,
    /// The role's ARN.
    pub role_arn: String,
    /// The external id that the role's trust policy asks for; 2 to 1,224 of letters, digits and `_+=,.@:/-`.
    pub external_id: Option<String>,
    /// The name of the session in CloudTrail; 2 to 64 of letters, digits and `_+=,.@-`. Default: `innkeeper`.
    pub session_name: Option<String>,
    /// An IAM policy in JSON that narrows what the session may do; up to 2,048 characters.
    pub session_policy: Option<String>,
    /// How long the credentials live: 15 minutes to 12 hours, whole seconds, and at most what the role allows; 1 hour at
    /// most for a role assumed with a role. Default: STS's, 1 hour.
    pub duration: Option<Duration>,
}

impl AssumeRole {
    fn check(&self) -> Result<(), ConfigurationError> {
        let refuse =
            |field, value: String, reason| Err(ConfigurationError::Identity { field, value, reason });
        check_role_arn(&self.role_arn)?;
        if let Some(name) = &self.session_name {
            check_session_name(name)?;
        }
        if let Some(id) = &self.external_id
            && !(is_word(id, "_+=,.@:/-") && (2..=1224).contains(&id.len()))
        {
            // Not repeated: it is a secret by some accounts' reckoning.
            return refuse(
                "external-id",
                String::new(),
                "it is not 2 to 1224 of letters, digits and `_+=,.@:/-`",
            );
        }
        if let Some(policy) = &self.session_policy {
            if !(1..=2048).contains(&policy.chars().count()) {
                return refuse("session-policy", String::new(), "it does not have 1 to 2048 characters");
            }
            if serde_json::from_str::<serde::de::IgnoredAny>(policy).is_err() {
                return refuse("session-policy", String::new(), "it is not JSON");
            }
        }
        if let Some(duration) = self.duration {
            let shown = format!("{duration:?}");
            if !DURATIONS.contains(&duration) || duration.subsec_nanos() != 0 {
                return refuse("duration", shown, "it is not 15 minutes to 12 hours in whole seconds");
            }
            if matches!(self.base, Identity::AssumeRole(_) | Identity::WebIdentity(_))
                && duration > MAX_CHAINED_DURATION
            {
                return refuse("duration", shown, "a role assumed with a role has 1 hour at most");
            }
        }
        if matches!(self.base, Identity::Anonymous) {
            return refuse("role-arn", self.role_arn.clone(), "a role cannot be assumed without credentials");
        }
        Ok(())
    }
}

impl From<AssumeRole> for Identity {
    fn from(role: AssumeRole) -> Self {
        Self::AssumeRole(Box::new(role))
    }
}

/// An external id is no secret to AWS but is one to many who hand it out, so it is not shown.
impl fmt::Debug for AssumeRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssumeRole")
            .field("base", &self.base)
            .field("role_arn", &self.role_arn)
            .field("external_id", &self.external_id.as_ref().map(|_| "…"))
            .field("session_name", &self.session_name)
            .field("session_policy", &self.session_policy)
            .field("duration", &self.duration)
            .finish()
    }
}

/// The session's name where none was given.
pub(crate) const DEFAULT_SESSION_NAME: &str = "innkeeper";

pub(crate) fn check_role_arn(arn: &str) -> Result<(), ConfigurationError> {
    let well_formed = || {
        let mut parts = arn.splitn(6, ':');
        let (Some("arn"), Some(partition), Some("iam"), Some(""), Some(account), Some(resource)) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return false;
        };
        Partition::ALL.iter().any(|known| known.as_str() == partition)
            && account.len() == 12
            && account.bytes().all(|byte| byte.is_ascii_digit())
            && resource.strip_prefix("role/").is_some_and(|name| is_word(name, "_+=,.@-/"))
            && arn.len() <= 2048
    };
    if well_formed() {
        return Ok(());
    }
    Err(ConfigurationError::Identity {
        field: "role-arn",
        value: arn.to_owned(),
        reason: "it is not of the form `arn:aws:iam::123456789012:role/NAME`",
    })
}

pub(crate) fn check_session_name(name: &str) -> Result<(), ConfigurationError> {
    if is_word(name, "_+=,.@-") && (2..=64).contains(&name.len()) {
        return Ok(());
    }
    Err(ConfigurationError::Identity {
        field: "session-name",
        value: name.to_owned(),
        reason: "it is not 2 to 64 of letters, digits and `_+=,.@-`",
    })
}

fn is_word(text: &str, punctuation: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || punctuation.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = "arn:aws:iam::123456789012:role/path/thumbnailer";

    fn role() -> AssumeRole {
        Identity::DefaultChain.assume_role(ROLE)
    }

    #[test]
    fn every_field_of_a_role_is_part_of_the_digest() {
        let variants = [
            role(),
            AssumeRole { base: Identity::Container, ..role() },
            AssumeRole { role_arn: "arn:aws:iam::123456789012:role/other".into(), ..role() },
            AssumeRole { external_id: Some("id".into()), ..role() },
            AssumeRole { session_name: Some("id".into()), ..role() },
            AssumeRole { session_policy: Some("{}".into()), ..role() },
            AssumeRole { session_policy: Some("[]".into()), ..role() },
            AssumeRole { duration: Some(Duration::from_hours(1)), ..role() },
        ];
        for (i, left) in variants.iter().enumerate() {
            for (j, right) in variants.iter().enumerate() {
                let same = Identity::from(left.clone()).digest() == Identity::from(right.clone()).digest();
                assert_eq!(same, i == j, "{left:?} {right:?}");
            }
        }
    }

    #[test]
    fn every_field_of_static_keys_is_part_of_the_digest() {
        let digest = |keys| Identity::Static(keys).digest();
        let keys = StaticKeys::new("AKID", "secret");
        assert_eq!(digest(keys.clone()), digest(StaticKeys::new("AKID", "secret")));
        assert_ne!(digest(keys.clone()), digest(StaticKeys::new("AKID", "other")));
        assert_ne!(digest(keys.clone()), digest(StaticKeys::new("OTHER", "secret")));
        assert_ne!(digest(keys.clone()), digest(keys.with_session_token("token")));
    }

    #[test]
    fn secrets_are_not_shown() {
        let keys = StaticKeys::new("AKID", "hunter2").with_session_token("hunter3");
        let role =
            AssumeRole { external_id: Some("hunter4".into()), ..Identity::Static(keys).assume_role(ROLE) };
        let shown = format!("{role:?} {role:#?} {}", Identity::from(role.clone()));
        assert!(!shown.contains("hunter"), "{shown}");
    }

    #[test]
    fn a_well_formed_role_is_accepted() {
        let role = AssumeRole {
            external_id: Some("partner:42/x".into()),
            session_name: Some("guest@host".into()),
            session_policy: Some(r#"{"Version":"2012-10-17","Statement":[]}"#.into()),
            duration: Some(Duration::from_hours(12)),
            ..role()
        };
        Identity::from(role).check().unwrap();
    }

    #[test]
    fn errors_when_a_role_could_never_be_assumed() {
        for bad in [
            AssumeRole { role_arn: "thumbnailer".into(), ..role() },
            AssumeRole { role_arn: "arn:aws:iam::1234:role/x".into(), ..role() },
            AssumeRole { role_arn: "arn:evil:iam::123456789012:role/x".into(), ..role() },
            AssumeRole { role_arn: "arn:aws:iam::123456789012:user/x".into(), ..role() },
            AssumeRole { role_arn: "arn:aws:iam::123456789012:role/".into(), ..role() },
            AssumeRole { external_id: Some("x".into()), ..role() },
            AssumeRole { external_id: Some("a b".into()), ..role() },
            AssumeRole { session_name: Some("a/b".into()), ..role() },
            AssumeRole { session_name: Some("a".repeat(65)), ..role() },
            AssumeRole { session_policy: Some(String::new()), ..role() },
            AssumeRole { session_policy: Some("not json".into()), ..role() },
            AssumeRole { session_policy: Some(format!("\"{}\"", "x".repeat(2048))), ..role() },
            AssumeRole { duration: Some(Duration::from_secs(899)), ..role() },
            AssumeRole { duration: Some(Duration::from_secs(43_201)), ..role() },
            AssumeRole { duration: Some(Duration::from_millis(900_500)), ..role() },
            AssumeRole {
                duration: Some(Duration::from_secs(3601)),
                ..Identity::from(role()).assume_role(ROLE)
            },
            Identity::Anonymous.assume_role(ROLE),
            Identity::Static(StaticKeys::new("AKID", "")).assume_role(ROLE),
            Identity::Static(StaticKeys::new("", "secret")).assume_role(ROLE),
            Identity::Profile(" ".into()).assume_role(ROLE),
        ] {
            assert!(Identity::from(bad.clone()).check().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn errors_when_a_chain_of_roles_is_too_long() {
        let chain =
            |length| (0..length).fold(Identity::DefaultChain, |base, _| base.assume_role(ROLE).into());
        chain(MAX_CHAIN).check().unwrap();
        assert!(chain(MAX_CHAIN + 1).check().is_err());
    }
}
