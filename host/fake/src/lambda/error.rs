//! Lambda's errors: REST JSON, with the name in a header.

use std::collections::BTreeMap;

use http::{HeaderValue, Response, StatusCode, header};
use s3s::Body;
use serde_json::json;

use crate::layer::{Answer, AwsError, ErrorCode};

/// The errors of the operations here, with their statuses.
const ERRORS: &[(&str, u16)] = &[
    ("CodeStorageExceededException", 400),
    ("EC2AccessDeniedException", 502),
    ("EC2ThrottledException", 502),
    ("EC2UnexpectedException", 502),
    ("EFSIOException", 410),
    ("EFSMountConnectivityException", 408),
    ("EFSMountFailureException", 403),
    ("EFSMountTimeoutException", 408),
    ("ENILimitReachedException", 502),
    ("InvalidParameterValueException", 400),
    ("InvalidRequestContentException", 400),
    ("InvalidRuntimeException", 502),
    ("InvalidSecurityGroupIDException", 502),
    ("InvalidSubnetIDException", 502),
    ("InvalidZipFileException", 502),
    ("KMSAccessDeniedException", 502),
    ("KMSDisabledException", 502),
    ("KMSInvalidStateException", 502),
    ("KMSNotFoundException", 502),
    ("NoPublishedVersionException", 400),
    ("PreconditionFailedException", 412),
    ("RecursiveInvocationException", 400),
    ("RequestEntityTooLargeException", 413),
    ("RequestTooLargeException", 413),
    ("ResourceConflictException", 409),
    ("ResourceInUseException", 400),
    ("ResourceNotFoundException", 404),
    ("ResourceNotReadyException", 502),
    ("SerializedRequestEntityTooLargeException", 413),
    ("ServiceException", 500),
    ("SnapStartException", 400),
    ("SnapStartNotReadyException", 409),
    ("SnapStartTimeoutException", 408),
    ("SubnetIPAddressLimitReachedException", 502),
    (TOO_MANY_REQUESTS, 429),
    ("UnsupportedMediaTypeException", 415),
    ("ValidationException", 400),
];

const TOO_MANY_REQUESTS: &str = "TooManyRequestsException";
/// Errors whose message is in lower case, unlike that of the others.
const LOWER_CASE_MESSAGE: &[&str] = &[
    "InvalidParameterValueException",
    "InvalidRequestContentException",
    "PreconditionFailedException",
    "RequestTooLargeException",
    "ResourceConflictException",
    "ResourceNotReadyException",
    "SerializedRequestEntityTooLargeException",
    TOO_MANY_REQUESTS,
    "UnsupportedMediaTypeException",
    "ValidationException",
];

/// Why a call was throttled (`Reason` of `TooManyRequestsException`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Throttle {
    /// The account has as many invocations running as it may have.
    Account,
    /// The function has a limit of its own.
    Function,
}

/// The HTTP status of one of Lambda's own errors.
pub(crate) fn status_of(code: &str) -> Option<StatusCode> {
    let status = ERRORS.iter().find(|(name, _)| *name == code)?.1;
    StatusCode::from_u16(status).ok()
}

pub(super) fn error(code: &str, message: impl Into<String>) -> AwsError {
    AwsError::new(status_of(code).unwrap_or(StatusCode::BAD_REQUEST), code, message)
}

pub(super) fn throttled(why: Throttle) -> AwsError {
    let reason = match why {
        Throttle::Account => "ConcurrentInvocationLimitExceeded",
        Throttle::Function => "ReservedFunctionConcurrentInvocationLimitExceeded",
    };
    AwsError { reason: Some(reason), ..error(TOO_MANY_REQUESTS, "Rate Exceeded.") }
}

pub(super) fn no_such_function(arn: &str) -> AwsError {
    error("ResourceNotFoundException", format!("Function not found: {arn}"))
}

/// What is asked for is not there, and AWS does not say what.
pub(super) fn not_found() -> AwsError {
    error("ResourceNotFoundException", "The resource you requested does not exist.")
}

/// A resource has no policy, or no statement in it.
pub(super) fn no_policy() -> AwsError {
    error("ResourceNotFoundException", "No policy is associated with the given resource.")
}

/// What is in the table of operations, and nothing carries it out.
pub(super) fn unknown_operation(name: &str) -> AwsError {
    let message = format!("the fake has no operation `{name}` of Lambda");
    AwsError::new(StatusCode::NOT_FOUND, "UnknownOperationException", message)
}

/// `1 validation error detected: ...`
pub(super) fn validation(value: &str, field: &str, constraint: &str) -> AwsError {
    error(
        "ValidationException",
        format!(
            "1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: {constraint}"
        ),
    )
}

/// [`validation`] of what is too long to be repeated.
pub(super) fn validation_of(field: &str, constraint: &str) -> AwsError {
    let message =
        format!("1 validation error detected: Value at '{field}' failed to satisfy constraint: {constraint}");
    error("ValidationException", message)
}

/// What a request has to have and has not.
pub(super) fn missing(field: &str) -> AwsError {
    error(
        "ValidationException",
        format!(
            "1 validation error detected: Value null at '{field}' failed to satisfy constraint: Member must not be null"
        ),
    )
}

/// The error as Lambda answers it.
pub(crate) fn answer(error: &AwsError) -> Answer {
    let fault = if error.status.is_server_error() { "Service" } else { "User" };
    let lower = LOWER_CASE_MESSAGE.contains(&error.code.as_str());
    let mut body = BTreeMap::from([
        ("Type", fault),
        (if lower { "message" } else { "Message" }, error.message.as_str()),
    ]);
    if error.code == TOO_MANY_REQUESTS {
        // A throttling that a test injects says no reason; the API's own throttling is by caller.
        body.insert("Reason", error.reason.unwrap_or("CallerRateLimitExceeded"));
    }
    let mut answer = Response::new(Body::from(json!(body).to_string().into_bytes()));
    *answer.status_mut() = error.status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(code) = HeaderValue::from_str(&error.code) {
        headers.insert("x-amzn-errortype", code);
    }
    answer.extensions_mut().insert(ErrorCode(error.code.clone()));
    answer
}
