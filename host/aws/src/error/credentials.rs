//! Why an identity has no credentials.

use super::{Looked, Source, list, list_quoted};
use std::fmt;
use std::path::PathBuf;

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
    /// Instance metadata is what the identity needs, and it may not be asked.
    #[error("instance metadata is {reason}")]
    InstanceMetadataNotAllowed {
        /// Why not.
        reason: &'static str,
    },
    /// Instance metadata, a container endpoint or a process answered with something else than credentials.
    #[error("{provider} gave no credentials: {reason}")]
    Malformed {
        /// Who answered.
        provider: &'static str,
        /// What is wrong with the answer, without its content.
        reason: &'static str,
    },
    /// The credentials had already expired when they were loaded.
    #[error("they had already expired when they were loaded")]
    AlreadyExpired,
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

#[cfg(test)]
mod tests {
    use super::*;

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
