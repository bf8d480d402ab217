//! Why there is no client, no credentials or no region: one enum, by cause.

use crate::region::Region;
use std::error::Error as StdError;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Any error from below, shared by all who waited for the same thing.
pub type Source = Arc<dyn StdError + Send + Sync>;

/// Why there is no client, no credentials or no region.
///
/// An error can be cloned, since everyone who waited for the same load gets it. No message, at any depth, and no `Debug`
/// contains a secret key, a session token or a signature.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An identity has no credentials.
    #[error("no credentials for {identity}")]
    Credentials {
        /// The identity, described without secrets.
        identity: String,
        /// Why.
        #[source]
        source: Box<CredentialsError>,
    },
    /// There is no region, or not one that may be used.
    #[error("no region")]
    Region(#[source] RegionError),
    /// A role could not be assumed.
    #[error("role `{role_arn}` could not be assumed")]
    Role {
        /// The role.
        role_arn: String,
        /// Why.
        #[source]
        source: Box<RoleError>,
    },
    /// Something that was given cannot be right.
    #[error("invalid configuration")]
    Configuration(#[source] ConfigurationError),
    /// AWS could not be reached, did not answer in time, or answered with something that is not an answer.
    #[error("no answer from {what}")]
    Connection {
        /// Who was asked.
        what: &'static str,
        /// What went wrong.
        #[source]
        source: Source,
    },
    /// AWS answered a call of the factory's own with an error.
    #[error("{what} answered with `{code}`")]
    Service {
        /// Who was asked.
        what: &'static str,
        /// AWS's error code, or `unknown`.
        code: String,
        /// The answer.
        #[source]
        source: Source,
    },
    /// The task that loaded something for several callers was stopped, with the runtime that it ran on.
    #[error("the runtime stopped while credentials were loaded")]
    Interrupted,
}

impl Error {
    /// Finds the factory's error in the chain of an SDK error.
    ///
    /// Credentials are refreshed within calls, so that the reason why a call failed may be one of the factory's own.
    /// The SDK reports it as a failure to dispatch, with this at the bottom.
    pub fn in_chain<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref::<Self>() {
                return Some(found);
            }
            next = error.source();
        }
        None
    }

    /// Shows the error and everything below it, on one line.
    pub fn display_chain(&self) -> impl fmt::Display + '_ {
        Chain(self)
    }
}

impl From<RegionError> for Error {
    fn from(error: RegionError) -> Self {
        Self::Region(error)
    }
}

impl From<ConfigurationError> for Error {
    fn from(error: ConfigurationError) -> Self {
        Self::Configuration(error)
    }
}

struct Chain<'a>(&'a Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)?;
        let mut next = self.0.source();
        while let Some(error) = next {
            write!(f, ": {error}")?;
            next = error.source();
        }
        Ok(())
    }
}

/// Why an identity has no credentials.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// No link of the default chain had any.
    #[error("none was found: {}", list(searched))]
    NotFound {
        /// What was looked at, in order, with what was found there.
        searched: Vec<Looked>,
    },
    /// One half of a key pair is set and the other is not; nothing else is tried in its place.
    #[error("{place} sets `{given}` but not `{missing}`")]
    HalfGiven {
        /// Where.
        place: String,
        /// The name of the half that is set.
        given: &'static str,
        /// The name of the half that is not.
        missing: &'static str,
    },
    /// There is no such profile.
    #[error("{}", NoSuchProfile { profile, referenced_by: referenced_by.as_deref(), files, profiles, nearest: nearest.as_deref() })]
    NoSuchProfile {
        /// The profile.
        profile: String,
        /// The profile whose `source_profile` it is.
        referenced_by: Option<String>,
        /// The files that were looked at.
        files: Vec<ProfileFile>,
        /// The profiles that exist in them, sorted.
        profiles: Vec<String>,
        /// The one among them that was probably meant.
        nearest: Option<String>,
    },
    /// A profile has settings that contradict each other, or lacks one that it needs.
    #[error("profile `{profile}` {reason}")]
    InvalidProfile {
        /// The profile.
        profile: String,
        /// What is wrong.
        reason: String,
    },
    /// A shared configuration file could not be parsed.
    #[error("the shared configuration files ({}) cannot be parsed", list(files))]
    ProfileFiles {
        /// The files that were looked at.
        files: Vec<ProfileFile>,
        /// Where and why.
        #[source]
        source: Source,
    },
    /// The session of IAM Identity Center (SSO) that a profile uses has expired, or there never was one.
    #[error("the SSO session of profile `{profile}` {state}; `{command}` renews it")]
    SsoSession {
        /// The profile.
        profile: String,
        /// What is wrong with the session.
        state: SsoSessionState,
        /// The command that renews it.
        command: String,
    },
    /// A `credential_process` failed, took too long or printed something else than credentials.
    #[error("the `credential_process` of profile `{profile}` {reason}")]
    Process {
        /// The profile.
        profile: String,
        /// What went wrong. The output of the process is not part of it.
        reason: String,
    },
    /// A file that holds a token could not be read.
    #[error("token file `{}` cannot be read", path.display())]
    TokenFile {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Source,
    },
    /// The credentials endpoint of the container is not given, or not one that may be asked.
    #[error("{0}")]
    Container(String),
    /// Instance metadata is what the identity needs, and the factory was not told that the host runs on AWS compute.
    #[error("instance metadata is not asked, because the host is not said to run on AWS compute")]
    InstanceMetadataNotAllowed,
    /// Instance metadata, a container endpoint or a process answered with something else than credentials.
    #[error("{provider} gave no credentials: {reason}")]
    Malformed {
        /// Who answered.
        provider: &'static str,
        /// What is wrong with the answer, without its content.
        reason: &'static str,
    },
    /// The credentials had already expired when they were loaded.
    #[error("{provider} gave credentials that have already expired")]
    AlreadyExpired {
        /// Who gave them.
        provider: &'static str,
    },
    /// A provider could not be reached or refused.
    #[error("{provider} failed")]
    Provider {
        /// Who was asked.
        provider: &'static str,
        /// What went wrong.
        #[source]
        source: Source,
    },
}

/// The state of an IAM Identity Center (SSO) session that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SsoSessionState {
    /// Nobody has logged in.
    Missing,
    /// The log-in has expired, and cannot be renewed without its user.
    Expired,
    /// The cached log-in cannot be read.
    Unreadable,
}

impl fmt::Display for SsoSessionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "does not exist",
            Self::Expired => "has expired",
            Self::Unreadable => "cannot be read",
        })
    }
}

/// Why a region cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegionError {
    /// Nobody names one.
    #[error("none is configured: {}", list(searched))]
    NotFound {
        /// What was looked at, in order, with what was found there.
        searched: Vec<Looked>,
    },
    /// The name has not the form of a region, and could change the host that is called.
    #[error("`{}` is not a region", region.escape_debug())]
    Malformed {
        /// What was given.
        region: String,
    },
    /// The name has the form of a region, but no partition has one like it.
    #[error("region `{region}` is in no partition that the SDK knows")]
    UnknownPartition {
        /// What was given.
        region: String,
    },
    /// A source names something that is no region.
    #[error("from {place}")]
    From {
        /// The source.
        place: String,
        /// What is wrong with it.
        #[source]
        source: Box<RegionError>,
    },
    /// The region is not among those that the manifest allows.
    #[error("region `{region}` (from {place}) is not among `allowed-regions`: {}", list(allowed))]
    NotAllowed {
        /// The region.
        region: Region,
        /// What named it.
        place: String,
        /// Those that are allowed.
        allowed: Vec<Region>,
    },
}

/// Why a role could not be assumed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RoleError {
    /// The role's trust policy, or the policies of the base identity, do not allow it.
    #[error("AWS denied it to {base}{}", external_id_hint(*external_id))]
    AccessDenied {
        /// Whose credentials were used.
        base: String,
        /// Whether an external id was sent; AWS says the same for a missing, a wrong and a needless one.
        external_id: ExternalId,
        /// The answer.
        #[source]
        source: Source,
    },
    /// The duration is longer than the role allows.
    #[error("a duration of {} s is over the role's maximum", duration.as_secs())]
    DurationOverMaximum {
        /// What was asked for.
        duration: Duration,
        /// The answer.
        #[source]
        source: Source,
    },
    /// AWS does not accept the session policy.
    #[error("AWS does not accept the session policy")]
    SessionPolicy {
        /// The answer.
        #[source]
        source: Source,
    },
    /// STS is not activated in the region for the role's account.
    #[error("STS is not activated in region `{region}` for the account")]
    RegionDisabled {
        /// The region.
        region: Region,
        /// The answer.
        #[source]
        source: Source,
    },
    /// The role is in another partition than the region, so that no call can reach both.
    #[error("region `{region}` is in partition `{}`, and the role is not", region.partition())]
    OtherPartition {
        /// The region.
        region: Region,
    },
    /// AWS does not accept the web identity token: it has expired, or the role does not trust who issued it.
    #[error("AWS does not accept the web identity token")]
    WebIdentityToken {
        /// The answer.
        #[source]
        source: Source,
    },
    /// STS could not be reached.
    #[error("no answer from STS")]
    Connection {
        /// What went wrong.
        #[source]
        source: Source,
    },
    /// STS answered with another error.
    #[error("STS answered with `{code}`")]
    Service {
        /// AWS's error code, or `unknown`.
        code: String,
        /// The answer.
        #[source]
        source: Source,
    },
}

/// Whether an external id was sent with AssumeRole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExternalId {
    /// One was sent.
    Sent,
    /// None was sent.
    NotSent,
}

/// What was given cannot be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigurationError {
    /// An endpoint that is not merely a place.
    #[error("endpoint `{}` cannot be used: {reason}", url.escape_debug())]
    Endpoint {
        /// What was given, unless it may hold a password.
        url: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A class whose limits could only fail.
    #[error("configuration class `{class}` cannot be used: {reason}")]
    Class {
        /// The class.
        class: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A class that the factory does not have.
    #[error("there is no configuration class `{class}`; there are {}", list_quoted(known))]
    UnknownClass {
        /// What was asked for.
        class: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// An identity that could never have credentials.
    #[error("`{field}`{} cannot be used: {reason}", value_of(value))]
    Identity {
        /// The manifest's name of the setting.
        field: &'static str,
        /// What was given; empty if it may be a secret.
        value: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A source names something that cannot be used.
    #[error("from {place}")]
    From {
        /// The source.
        place: String,
        /// What is wrong with it.
        #[source]
        source: Box<ConfigurationError>,
    },
    /// `allowed-regions` is empty, so that no scope could be in any.
    #[error("`allowed-regions` is empty")]
    NoRegionAllowed,
}

/// A place that was looked at, and what was found there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// The place.
    pub place: String,
    /// What was found there.
    pub found: String,
}

impl Looked {
    pub(crate) fn new(place: impl Into<String>, found: impl Into<String>) -> Self {
        Self { place: place.into(), found: found.into() }
    }
}

impl fmt::Display for Looked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.found)
    }
}

/// A shared configuration file that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileFile {
    /// The file.
    pub path: PathBuf,
    /// Whether it could be read.
    pub state: ProfileFileState,
}

/// Whether a shared configuration file could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileFileState {
    /// It was read.
    Read,
    /// It does not exist.
    Missing,
    /// It exists, but cannot be read.
    Unreadable,
}

impl fmt::Display for ProfileFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            ProfileFileState::Read => "",
            ProfileFileState::Missing => " (does not exist)",
            ProfileFileState::Unreadable => " (cannot be read)",
        };
        write!(f, "`{}`{state}", self.path.display())
    }
}

struct NoSuchProfile<'a> {
    profile: &'a str,
    referenced_by: Option<&'a str>,
    files: &'a [ProfileFile],
    profiles: &'a [String],
    nearest: Option<&'a str>,
}

impl fmt::Display for NoSuchProfile<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no profile `{}`", self.profile)?;
        if let Some(by) = self.referenced_by {
            write!(f, ", which is the source of profile `{by}`,")?;
        }
        write!(f, " in {}", list(self.files))?;
        if self.profiles.is_empty() {
            f.write_str("; there are no profiles")?;
        } else {
            write!(f, "; there are {}", list_quoted(self.profiles))?;
        }
        if let Some(nearest) = self.nearest {
            write!(f, "; did you mean `{nearest}`?")?;
        }
        Ok(())
    }
}

fn list<T: fmt::Display>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn list_quoted(items: &[String]) -> String {
    items.iter().map(|item| format!("`{item}`")).collect::<Vec<_>>().join(", ")
}

fn external_id_hint(external_id: ExternalId) -> &'static str {
    match external_id {
        ExternalId::Sent => "",
        ExternalId::NotSent => " (no external id was sent; the role's trust policy may ask for one)",
    }
}

fn value_of(value: &str) -> String {
    if value.is_empty() { String::new() } else { format!(" `{}`", value.escape_debug()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_shown_on_one_line() {
        let error = Error::Region(RegionError::From {
            place: "`AWS_REGION`".into(),
            source: Box::new(RegionError::Malformed { region: "x@evil\n".into() }),
        });
        assert_eq!(
            error.display_chain().to_string(),
            "no region: from `AWS_REGION`: `x@evil\\n` is not a region"
        );
    }

    #[test]
    fn the_factorys_error_is_found_at_the_bottom_of_a_chain() {
        #[derive(Debug, thiserror::Error)]
        #[error("outer")]
        struct Outer(#[source] Error);

        let outer = Outer(Error::Interrupted);
        assert!(matches!(Error::in_chain(&outer), Some(Error::Interrupted)));
        assert!(Error::in_chain(&fmt::Error).is_none());
    }

    #[test]
    fn a_missing_profile_is_answered_with_files_profiles_and_a_guess() {
        let error = CredentialsError::NoSuchProfile {
            profile: "pord".into(),
            referenced_by: Some("app".into()),
            files: vec![
                ProfileFile { path: "/h/.aws/config".into(), state: ProfileFileState::Read },
                ProfileFile { path: "/h/.aws/credentials".into(), state: ProfileFileState::Missing },
            ],
            profiles: vec!["dev".into(), "prod".into()],
            nearest: Some("prod".into()),
        };
        assert_eq!(
            error.to_string(),
            "there is no profile `pord`, which is the source of profile `app`, in `/h/.aws/config`, \
             `/h/.aws/credentials` (does not exist); there are `dev`, `prod`; did you mean `prod`?"
        );
    }
}
