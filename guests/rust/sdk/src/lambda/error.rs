//! The WIT variant `error`.

use std::error::Error as _;
use std::fmt;
use std::io;

use super::{FunctionFailure, NeededResource, ThrottleReason};

/// Why a call did not succeed: the WIT variant `error` of `innkeeper:aws/lambda-types`. Match on the case; texts are for people and may
/// change. That a function ran and failed is not among them: such a call has succeeded, and its answer says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The guest's policy or AWS does not allow it, or AWS hides from this guest whether the function exists. It says nothing about
    /// whether the function exists.
    AccessDenied,
    /// The function, or the version or alias of it, does not exist.
    FunctionNotFound,
    /// Too many requests, or too many invocations at once. The payload is what there were too many of, where known.
    Throttled(Option<ThrottleReason>),
    /// The payload is longer than Lambda takes. Nothing was run.
    PayloadTooLarge,
    /// Lambda does not take the request: the payload is not JSON. The text is AWS's code.
    InvalidRequest(String),
    /// An argument that Lambda, or the host on its behalf, does not take. The text says which.
    InvalidArgument(String),
    /// The function has called itself in a loop, and Lambda has ended it.
    RecursiveInvocation,
    /// The function cannot be run yet. The guest may try again.
    NotReady,
    /// The function is being changed at the same time. The guest may try again.
    Conflict,
    /// Something that the function needs cannot be used. The operator of the function has to mend it.
    ResourceUnavailable(NeededResource),
    /// The function had begun to answer, and then failed. Only as the error of a response stream.
    FunctionFailed(FunctionFailure),
    /// The bytes that arrived are not the bytes that were sent.
    Integrity,
    /// The host's own credentials are missing, expired or refused. The operator has to mend it.
    Credentials,
    /// Lambda failed or is not available.
    Service,
    /// No answer came within the host's time limits. Whether the function ran is not known.
    Timeout,
    /// No connection could be made, or it broke. Whether the function ran is not known.
    Connection,
    /// The host stopped the call, because it is shutting down or the guest's call has ended.
    Cancelled,
    /// A limit that the host's operator set on this guest was reached. The function may have run. The text names the limit.
    LimitExceeded(String),
    /// The guest has used up a quota that the host's operator set on it. The text names the quota.
    QuotaExceeded(String),
    /// Anything else. The text is for a log, not for matching.
    Other(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AccessDenied => "access denied",
            Self::FunctionNotFound => "there is no such function",
            Self::Throttled(None) => "too many requests",
            Self::Throttled(Some(reason)) => match reason {
                ThrottleReason::ConcurrentInvocations => "too many invocations at once in the account",
                ThrottleReason::ReservedConcurrentInvocations => {
                    "too many invocations of the function at once"
                }
                ThrottleReason::InvocationRate => "too many invocations a second in the account",
                ThrottleReason::ReservedInvocationRate => "too many invocations of the function a second",
                ThrottleReason::CallerRate => "too many calls a second",
                ThrottleReason::ConcurrentSnapshots => "too many snapshots at once",
            },
            Self::PayloadTooLarge => "the payload is longer than Lambda takes",
            Self::InvalidRequest(code) => return write!(f, "Lambda does not take the request: {code}"),
            Self::InvalidArgument(text) => return write!(f, "invalid argument: {text}"),
            Self::RecursiveInvocation => "the function has called itself in a loop",
            Self::NotReady => "the function is not ready",
            Self::Conflict => "the function is being changed",
            Self::ResourceUnavailable(resource) => match resource {
                NeededResource::Vpc => "the function's network cannot be used",
                NeededResource::FileSystem => "a file system of the function cannot be used",
                NeededResource::Kms => "the function's key cannot be used",
                NeededResource::Code => "the function's code or runtime cannot be used",
                NeededResource::Snapshot => "the function's snapshot cannot be used",
            },
            Self::FunctionFailed(failure) => return write!(f, "the function failed: {}", failure.code),
            Self::Integrity => "the bytes were damaged on their way",
            Self::Credentials => "AWS does not take the host's credentials",
            Self::Service => "Lambda is not available",
            Self::Timeout => "no answer came in time",
            Self::Connection => "the connection failed",
            Self::Cancelled => "the host cancelled the call",
            Self::LimitExceeded(text) => return write!(f, "limit exceeded: {text}"),
            Self::QuotaExceeded(text) => return write!(f, "quota exceeded: {text}"),
            Self::Other(text) => text,
        })
    }
}

impl std::error::Error for Error {}

/// With the kind that comes nearest, and the error itself as its source.
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::AccessDenied | Error::Credentials => io::ErrorKind::PermissionDenied,
            Error::FunctionNotFound => io::ErrorKind::NotFound,
            Error::InvalidArgument(_) | Error::InvalidRequest(_) => io::ErrorKind::InvalidInput,
            Error::Integrity => io::ErrorKind::InvalidData,
            Error::PayloadTooLarge => io::ErrorKind::FileTooLarge,
            Error::LimitExceeded(_) | Error::QuotaExceeded(_) => io::ErrorKind::QuotaExceeded,
            Error::Timeout => io::ErrorKind::TimedOut,
            Error::Connection => io::ErrorKind::ConnectionAborted,
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

/// The Lambda error that reading a response stream ended with, or [`Error::Other`] with the text of any other.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(error) => error,
            Err(error) => Self::Other(match error.source() {
                Some(source) => format!("{error}: {source}"),
                None => error.to_string(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_survives_the_way_through_io() {
        let failure = FunctionFailure { code: "Runtime.ExitError".to_owned(), details: None };
        for error in [Error::AccessDenied, Error::FunctionFailed(failure), Error::Throttled(None)] {
            assert_eq!(Error::from(io::Error::from(error.clone())), error);
        }
    }

    #[test]
    fn texts_are_for_people() {
        assert_eq!(Error::NotReady.to_string(), "the function is not ready");
        let throttled = Error::Throttled(Some(ThrottleReason::CallerRate));
        assert_eq!(throttled.to_string(), "too many calls a second");
    }
}
