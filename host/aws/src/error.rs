//! Why there is no client, no credentials or no region: one enum, by cause.

mod configuration;
mod credentials;
mod region;
mod role;

pub use configuration::ConfigurationError;
pub use credentials::{CredentialsError, ProfileFile, ProfileFileState, SsoSessionState};
pub use region::RegionError;
pub use role::{ExternalId, RoleError};

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

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

pub(super) fn list<T: fmt::Display>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

pub(super) fn list_quoted(items: &[String]) -> String {
    items.iter().map(|item| format!("`{item}`")).collect::<Vec<_>>().join(", ")
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
}
