//! What an error of the AWS SDK is about, for all services alike: found by types, never by the text of a message.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime::client::http::body::content_length_enforcement::ContentLengthError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;

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

/// The first cause in the chain whose type says what it is.
fn known_cause(error: &(dyn StdError + 'static)) -> Option<Fault> {
    let mut cause = Some(error);
    while let Some(error) = cause {
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
