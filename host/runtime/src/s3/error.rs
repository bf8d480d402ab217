//! From an error of the SDK to a case of the WIT variant. The one place for S3.

use std::error::Error as StdError;

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use wasmtime::component::ResourceTableError;

use crate::bindings::s3_types::Error;
use crate::sdk_error::{self, Fault};

/// What a function of the interface answers in place of a result: an error that the guest can decide on, or a trap.
///
/// `?` makes the former of a WIT error. A trap has to be spelled.
#[derive(Debug)]
pub enum Failure {
    /// For the guest.
    Error(Error),
    /// The host is broken, or the guest passed a handle that it does not have.
    Trap(wasmtime::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<ResourceTableError> for Failure {
    fn from(error: ResourceTableError) -> Self {
        match error {
            ResourceTableError::Full => Self::Error(Error::LimitExceeded("handles".to_owned())),
            other => Self::Trap(other.into()),
        }
    }
}

impl Failure {
    /// For the generated glue: the error to hand to the guest, or the trap.
    pub(crate) fn into_error(self) -> wasmtime::Result<Error> {
        match self {
            Self::Error(error) => Ok(error),
            Self::Trap(trap) => Err(trap),
        }
    }
}

/// The WIT error that an SDK error stands for: by what went wrong before any answer, then by S3's error code, then by the
/// status of an answer that has no code, as those to HEAD have none.
pub(crate) fn from_sdk<E>(error: &SdkError<E, HttpResponse>) -> Error
where
    E: StdError + ProvideErrorMetadata + 'static,
{
    if let Some(fault) = sdk_error::fault(error) {
        return from_fault(fault);
    }
    let status = error.raw_response().map_or(0, |response| response.status().as_u16());
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    code.and_then(from_code).unwrap_or_else(|| from_status(status, code))
}

/// The WIT error for a fault that no answer of S3 describes.
pub(crate) fn from_fault(fault: Fault) -> Error {
    match fault {
        Fault::Credentials => Error::Credentials,
        Fault::Arguments => {
            Error::InvalidArgument("the request cannot be made of these arguments".to_owned())
        }
        Fault::Timeout => Error::Timeout,
        Fault::Connection => Error::Connection,
        Fault::Integrity => Error::Integrity,
        Fault::Malformed => Error::Other("the answer could not be understood".to_owned()),
        Fault::Quota(key) => Error::QuotaExceeded(key.to_owned()),
    }
}

/// The WIT error for a code that is all that there is, as with each of the objects of a `DeleteObjects`.
pub(crate) fn from_code_alone(code: Option<&str>) -> Error {
    let known = code.and_then(from_code);
    known.unwrap_or_else(|| Error::Other(code.unwrap_or("the answer has no code").to_owned()))
}

fn from_code(code: &str) -> Option<Error> {
    Some(match code {
        "AccessDenied" | "AllAccessDisabled" | "AccountProblem" => Error::AccessDenied,
        "NoSuchBucket" => Error::NoSuchBucket,
        "NoSuchKey" | "NoSuchVersion" => Error::NoSuchKey,
        "PreconditionFailed" => Error::PreconditionFailed,
        "NotModified" => Error::NotModified,
        "ConditionalRequestConflict" | "OperationAborted" => Error::Conflict,
        "BucketAlreadyExists" => Error::BucketAlreadyExists,
        "BucketAlreadyOwnedByYou" => Error::BucketAlreadyOwnedByYou,
        "BucketNotEmpty" => Error::BucketNotEmpty,
        "NoSuchUpload" => Error::NoSuchUpload,
        "InvalidPart" => Error::InvalidPart,
        "InvalidPartOrder" => Error::InvalidPartOrder,
        "EntityTooSmall" => Error::EntityTooSmall,
        "InvalidRange" | "InvalidPartNumber" => Error::InvalidRange,
        "InvalidObjectState" => Error::InvalidObjectState,
        "EntityTooLarge" => Error::EntityTooLarge,
        "KeyTooLongError" => Error::KeyTooLong,
        "BadDigest"
        | "InvalidDigest"
        | "IncompleteBody"
        | "XAmzContentSHA256Mismatch"
        | "XAmzContentChecksumMismatch" => Error::Integrity,
        "PermanentRedirect"
        | "TemporaryRedirect"
        | "Redirect"
        | "IllegalLocationConstraintException"
        | "AuthorizationHeaderMalformed" => Error::WrongRegion,
        "ExpiredToken"
        | "InvalidAccessKeyId"
        | "InvalidToken"
        | "RequestTimeTooSkewed"
        | "SignatureDoesNotMatch"
        | "TokenRefreshRequired" => Error::Credentials,
        "SlowDown"
        | "Throttling"
        | "ThrottlingException"
        | "TooManyRequestsException"
        | "RequestLimitExceeded" => Error::Throttled,
        "InternalError" | "ServiceUnavailable" | "RequestTimeout" => Error::Unavailable,
        // The code is one of AWS's published names; the message is not passed on, since it may name other things than the
        // guest did.
        "InvalidArgument"
        | "InvalidBucketName"
        | "InvalidRequest"
        | "InvalidStorageClass"
        | "InvalidURI"
        | "MetadataTooLarge"
        | "InvalidTag"
        | "MalformedXML"
        | "MethodNotAllowed"
        | "MissingContentLength"
        | "NotImplemented"
        | "TooManyBuckets" => Error::InvalidArgument(code.to_owned()),
        _ => return None,
    })
}

fn from_status(status: u16, code: Option<&str>) -> Error {
    match status {
        301 | 307 => Error::WrongRegion,
        304 => Error::NotModified,
        403 => Error::AccessDenied,
        404 => Error::NoSuchKey,
        409 => Error::Conflict,
        412 => Error::PreconditionFailed,
        416 => Error::InvalidRange,
        429 => Error::Throttled,
        500 | 502 | 503 | 504 => Error::Unavailable,
        _ => Error::Other(code.map_or_else(|| format!("status {status}"), str::to_owned)),
    }
}

/// The name of the case, as WIT spells it.
pub(crate) fn case(error: &Error) -> &'static str {
    match error {
        Error::AccessDenied => "access-denied",
        Error::NoSuchBucket => "no-such-bucket",
        Error::NoSuchKey => "no-such-key",
        Error::PreconditionFailed => "precondition-failed",
        Error::NotModified => "not-modified",
        Error::Conflict => "conflict",
        Error::BucketAlreadyExists => "bucket-already-exists",
        Error::BucketAlreadyOwnedByYou => "bucket-already-owned-by-you",
        Error::BucketNotEmpty => "bucket-not-empty",
        Error::NoSuchUpload => "no-such-upload",
        Error::InvalidPart => "invalid-part",
        Error::InvalidPartOrder => "invalid-part-order",
        Error::EntityTooSmall => "entity-too-small",
        Error::InvalidRange => "invalid-range",
        Error::InvalidObjectState => "invalid-object-state",
        Error::ObjectTooLarge(_) => "object-too-large",
        Error::EntityTooLarge => "entity-too-large",
        Error::KeyTooLong => "key-too-long",
        Error::InvalidArgument(_) => "invalid-argument",
        Error::Integrity => "integrity",
        Error::WrongRegion => "wrong-region",
        Error::Credentials => "credentials",
        Error::Throttled => "throttled",
        Error::Unavailable => "unavailable",
        Error::Timeout => "timeout",
        Error::Connection => "connection",
        Error::Cancelled => "cancelled",
        Error::LimitExceeded(_) => "limit-exceeded",
        Error::QuotaExceeded(_) => "quota-exceeded",
        Error::Other(_) => "other",
    }
}
