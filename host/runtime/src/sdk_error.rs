//! What an error of the AWS SDK is about, for all services alike: found by types, never by the text of a message.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime::client::http::body::content_length_enforcement::ContentLengthError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;

use crate::quota::Exceeded;

/// Why there is no answer of the service to go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The host has no credentials, or could not get them.
    Credentials,
    /// The request cannot be made of these arguments.
    Arguments,
    /// Time ran out.
    Timeout,
    /// The connection was not made, or broke.
    Connection,
    /// Bytes came that are not those that were sent.
    Integrity,
    /// The answer makes no sense.
    Malformed,
    /// The guest's quota of this key is used up.
    Quota(&'static str),
}

/// The fault, or `None` where the service has answered with an error of its own.
pub(crate) fn fault<E: StdError + 'static>(error: &SdkError<E, HttpResponse>) -> Option<Fault> {
    match error {
        SdkError::ServiceError(_) => None,
        SdkError::TimeoutError(_) => Some(Fault::Timeout),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => Some(Fault::Timeout),
        SdkError::ConstructionFailure(_) => Some(known_cause(error).unwrap_or(Fault::Arguments)),
        SdkError::ResponseError(_) => Some(known_cause(error).unwrap_or(Fault::Malformed)),
        _ => Some(known_cause(error).unwrap_or(Fault::Connection)),
    }
}

/// The fault in the middle of a body. One that stalled, and that the SDK has therefore cut, is a broken connection: its error has a type
/// that the SDK keeps to itself.
pub(crate) fn body_fault(error: &(dyn StdError + 'static)) -> Fault {
    known_cause(error).unwrap_or(Fault::Connection)
}

/// What the codes mean that all services with a JSON protocol have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CommonCode {
    /// The host's identity may not do it.
    AccessDenied,
    /// The host's credentials are refused.
    Credentials,
    /// Too many requests.
    Throttled,
    /// The service failed, or is not available.
    Unavailable,
}

/// The meaning of an error code that belongs to no service in particular.
pub(crate) fn common_code(code: &str) -> Option<CommonCode> {
    // Some services have them with `Exception` behind, some without.
    Some(match code.strip_suffix("Exception").unwrap_or(code) {
        "AccessDenied" | "AuthorizationError" | "NotAuthorized" | "OptInRequired" => CommonCode::AccessDenied,
        "ExpiredToken"
        | "IncompleteSignature"
        | "InvalidAccessKeyId"
        | "InvalidClientTokenId"
        | "InvalidSecurity"
        | "InvalidSignature"
        | "InvalidToken"
        | "MissingAuthenticationToken"
        | "RequestExpired"
        | "RequestTimeTooSkewed"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClient" => CommonCode::Credentials,
        "RequestLimitExceeded"
        | "RequestThrottled"
        | "SlowDown"
        | "Throttled"
        | "Throttling"
        | "TooManyRequests" => CommonCode::Throttled,
        "InternalError"
        | "InternalFailure"
        | "InternalServerError"
        | "RequestTimeout"
        | "Service"
        | "ServiceUnavailable" => CommonCode::Unavailable,
        _ => return None,
    })
}

/// The same by the status of an answer whose code says nothing.
pub(crate) fn common_status(status: u16) -> Option<CommonCode> {
    Some(match status {
        401 | 403 => CommonCode::AccessDenied,
        429 => CommonCode::Throttled,
        500 | 502 | 503 | 504 => CommonCode::Unavailable,
        _ => return None,
    })
}

/// The first cause in the chain whose type says what it is.
fn known_cause(error: &(dyn StdError + 'static)) -> Option<Fault> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(exceeded) = error.downcast_ref::<Exceeded>() {
            return Some(Fault::Quota(exceeded.key()));
        }
        if error.is::<CredentialsError>() || error.is::<innkeeper_aws::Error>() {
            return Some(Fault::Credentials);
        }
        if error.is::<aws_smithy_checksums::body::validate::Error>() || error.is::<ContentLengthError>() {
            return Some(Fault::Integrity);
        }
        if error.is::<std::io::Error>() {
            return Some(Fault::Connection);
        }
        cause = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] Box<dyn StdError + Send + Sync>);

    #[test]
    fn a_cause_is_found_however_deep() {
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        assert_eq!(body_fault(&Outer(Box::new(Outer(refused.into())))), Fault::Connection);
        let none = CredentialsError::not_loaded("no keys");
        assert_eq!(body_fault(&Outer(Box::new(none))), Fault::Credentials);
    }
}
