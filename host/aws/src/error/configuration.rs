//! What was given cannot be right.

use super::list_quoted;

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
    /// A setting that is either `true` or `false` is neither.
    #[error("{place} is `{}`, which is neither `true` nor `false`", value.escape_debug())]
    NotBoolean {
        /// The setting.
        place: String,
        /// What it is.
        value: String,
    },
    /// `allowed-regions` is empty, so that no scope could be in any.
    #[error("`allowed-regions` is empty")]
    NoRegionAllowed,
}

fn value_of(value: &str) -> String {
    if value.is_empty() { String::new() } else { format!(" `{}`", value.escape_debug()) }
}
