//! What is kept of an SDK error: nothing of the raw response, which may hold credentials, and AWS's message only where it
//! quotes neither a signature nor anything secret that was sent.

use crate::error::{Error, Source};
use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::fmt;
use std::sync::Arc;

/// The codes whose messages are kept. `SignatureDoesNotMatch` is not among them, since it quotes the canonical request
/// with the session token in it, nor are `IncompleteSignature`, which quotes the signature, and `ValidationError`, which
/// quotes any parameter.
const QUOTABLE: [&str; 11] = [
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "ForbiddenException",
    "IDPCommunicationError",
    "IDPRejectedClaim",
    "InvalidClientTokenId",
    "MalformedPolicyDocument",
    "PackedPolicyTooLarge",
    "RegionDisabledException",
];

/// An SDK error, reduced to what may be shown.
#[derive(Debug)]
pub(crate) enum Answer {
    /// AWS answered with an error.
    Service { code: String, source: Source },
    /// AWS did not answer.
    Connection { source: Source },
}

impl Answer {
    /// Reduces an error of a call that was made with `secrets`.
    pub(crate) fn of<E, R>(error: SdkError<E, R>, secrets: &[&str]) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        R: fmt::Debug + 'static,
    {
        match error {
            SdkError::ServiceError(context) => {
                let metadata = context.err().meta();
                let code = metadata.code().unwrap_or("unknown").to_owned();
                let message = metadata
                    .message()
                    .filter(|message| QUOTABLE.contains(&code.as_str()) && is_discreet(message, secrets))
                    .map_or_else(|| code.clone(), |message| format!("{code}: {message}"));
                Self::Service { code, source: Arc::new(Message(message)) }
            }
            SdkError::TimeoutError(_) => Self::connection("the call took longer than its limit"),
            SdkError::ResponseError(_) => Self::connection("the answer could not be read"),
            SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
                Some(error) if error.is_timeout() => {
                    Self::connection("the connection took longer than its limit")
                }
                Some(error) => Self::Connection { source: Arc::new(Message(innermost(error))) },
                None => Self::connection("the request could not be sent"),
            },
            error => Self::Connection { source: Arc::new(Message(innermost(&error))) },
        }
    }

    fn connection(message: &str) -> Self {
        Self::Connection { source: Arc::new(Message(message.to_owned())) }
    }

    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            Self::Service { code, .. } => Some(code),
            Self::Connection { .. } => None,
        }
    }

    /// The answer as an error of its own.
    pub(crate) fn into_error(self, what: &'static str) -> Error {
        match self {
            Self::Service { code, source } => Error::Service { what, code, source },
            Self::Connection { source } => Error::Connection { what, source },
        }
    }

    pub(crate) fn into_source(self) -> Source {
        match self {
            Self::Service { source, .. } | Self::Connection { source } => source,
        }
    }
}

/// An endpoint that is not AWS's may say anything, the request included.
fn is_discreet(message: &str, secrets: &[&str]) -> bool {
    let quotes = |secret: &&str| !secret.is_empty() && message.contains(*secret);
    !message.contains("Signature=") && !secrets.iter().any(quotes)
}

/// The parts of a key that are secret.
pub(crate) fn secrets_of(credentials: &Credentials) -> [&str; 2] {
    [credentials.secret_access_key(), credentials.session_token().unwrap_or_default()]
}

/// A message that holds no secret.
#[derive(Debug)]
pub(crate) struct Message(pub(crate) String);

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Message {}

/// The cause at the bottom of a chain, which for a connection is the operating system's or TLS's word for it.
pub(crate) fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
