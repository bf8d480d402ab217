//! The configuration that a guest's manifest gives it: the WIT interface `wasi:config/store`.

use std::fmt;
use std::str::FromStr;

use crate::bindings::wasi::config::store;

/// Why there is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The host could not look it up. The text is for people.
    Unavailable {
        /// The key.
        key: String,
        /// What the host says.
        reason: String,
    },
    /// The value is not of the type that was asked for.
    Invalid {
        /// The key.
        key: String,
        /// The value.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable { key, reason } => {
                write!(f, "cannot look up the configuration `{key}`: {reason}")
            }
            Self::Invalid { key, value, reason } => {
                write!(f, "the configuration `{key}` cannot be `{value}`: {reason}")
            }
        }
    }
}

impl std::error::Error for Error {}

/// The value of a key, or `None` where the manifest gives none.
///
/// ```no_run
/// # fn f() -> Result<(), innkeeper_guest::config::Error> {
/// let greeting = innkeeper_guest::config::get("greeting")?.unwrap_or_else(|| "hello".to_owned());
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// [`Error::Unavailable`].
pub fn get(key: &str) -> Result<Option<String>, Error> {
    store::get(key).map_err(|error| {
        let (store::Error::Upstream(reason) | store::Error::Io(reason)) = error;
        Error::Unavailable { key: key.to_owned(), reason }
    })
}

/// The value of a key as a number, or whatever else can be made of text; or `None` where the manifest gives none.
///
/// ```no_run
/// # fn f() -> Result<(), innkeeper_guest::config::Error> {
/// let quality: u8 = innkeeper_guest::config::parse("quality")?.unwrap_or(80);
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// [`Error`].
pub fn parse<T>(key: &str) -> Result<Option<T>, Error>
where
    T: FromStr<Err: fmt::Display>,
{
    get(key)?.map(|value| parsed(key, value)).transpose()
}

fn parsed<T>(key: &str, value: String) -> Result<T, Error>
where
    T: FromStr<Err: fmt::Display>,
{
    value.parse().map_err(|error: T::Err| {
        let reason = error.to_string();
        Error::Invalid { key: key.to_owned(), value, reason }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_does_not_parse_is_named() {
        assert_eq!(parsed("quality", "80".to_owned()), Ok(80_u8));
        let error = parsed::<u8>("quality", "high".to_owned()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the configuration `quality` cannot be `high`: invalid digit found in string"
        );
    }
}
