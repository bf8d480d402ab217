//! From an error of the SDK to a case of the WIT variant. The one place for Lambda.

use std::error::Error as StdError;

use aws_sdk_lambda::error::ProvideErrorMetadata;
use aws_sdk_lambda::types::ThrottleReason as SdkThrottleReason;
use aws_sdk_lambda::types::error::TooManyRequestsException;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;

use crate::bindings::lambda_types::{Error, NeededResource, ThrottleReason};
use crate::sdk_error::{self, CommonCode, Fault};

crate::failure::failure!(Error);

/// The WIT error that an SDK error stands for: by what went wrong before any answer, then by Lambda's error code, then by the status.
pub(crate) fn from_sdk<E>(error: &SdkError<E, HttpResponse>) -> Error
where
    E: StdError + ProvideErrorMetadata + 'static,
{
    if let Some(fault) = sdk_error::fault(error) {
        return from_fault(fault);
    }
    let status = error.raw_response().map_or(0, |response| response.status().as_u16());
    match error.as_service_error().and_then(ProvideErrorMetadata::code) {
        Some(code) => match from_code(code, status) {
            Error::Throttled(_) => Error::Throttled(throttle_reason(error)),
            other => other,
        },
        None => from_status(status).unwrap_or_else(|| Error::Other(format!("status {status}"))),
    }
}

/// The WIT error for a fault that no answer of Lambda describes.
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

fn from_code(code: &str, status: u16) -> Error {
    match code.strip_suffix("Exception").unwrap_or(code) {
        "ResourceNotFound" => Error::FunctionNotFound,
        "TooManyRequests" => Error::Throttled(None),
        "RequestTooLarge" => Error::PayloadTooLarge,
        "InvalidRequestContent"
        | "UnsupportedMediaType"
        | "SerializedRequestEntityTooLarge"
        | "SerializationError" => Error::InvalidRequest(code.to_owned()),
        "InvalidParameterValue" | "Validation" | "ModeNotSupported" | "NoPublishedVersion" => {
            Error::InvalidArgument(code.to_owned())
        }
        "RecursiveInvocation" => Error::RecursiveInvocation,
        "ResourceNotReady" | "SnapStartNotReady" | "ENINotReady" | "CodeArtifactUserPending" => {
            Error::NotReady
        }
        "ResourceConflict" | "ResourceInUse" | "DurableExecutionAlreadyStarted" => Error::Conflict,
        "EC2AccessDenied"
        | "EC2Throttled"
        | "EC2Unexpected"
        | "ENILimitReached"
        | "InvalidSecurityGroupID"
        | "InvalidSubnetID"
        | "SubnetIPAddressLimitReached" => Error::ResourceUnavailable(NeededResource::Vpc),
        "EFSIO"
        | "EFSMountConnectivity"
        | "EFSMountFailure"
        | "EFSMountTimeout"
        | "S3FilesMountConnectivity"
        | "S3FilesMountFailure"
        | "S3FilesMountTimeout" => Error::ResourceUnavailable(NeededResource::FileSystem),
        "KMSAccessDenied" | "KMSDisabled" | "KMSInvalidState" | "KMSNotFound" => {
            Error::ResourceUnavailable(NeededResource::Kms)
        }
        "InvalidRuntime" | "InvalidZipFile" | "CodeArtifactUserDeleted" | "CodeArtifactUserFailed" => {
            Error::ResourceUnavailable(NeededResource::Code)
        }
        "SnapStart" | "SnapStartTimeout" | "SnapStartRegenerationFailure" => {
            Error::ResourceUnavailable(NeededResource::Snapshot)
        }
        _ => match sdk_error::common_code(code) {
            Some(common) => from_common(common),
            None => from_status(status).unwrap_or_else(|| Error::Other(code.to_owned())),
        },
    }
}

fn from_status(status: u16) -> Option<Error> {
    match status {
        404 => Some(Error::FunctionNotFound),
        409 => Some(Error::Conflict),
        413 => Some(Error::PayloadTooLarge),
        _ => sdk_error::common_status(status).map(from_common),
    }
}

fn from_common(code: CommonCode) -> Error {
    match code {
        CommonCode::AccessDenied => Error::AccessDenied,
        CommonCode::Credentials => Error::Credentials,
        CommonCode::Throttled => Error::Throttled(None),
        CommonCode::Unavailable => Error::Service,
    }
}

/// What there was too much of, if the error says so.
fn throttle_reason(error: &(dyn StdError + 'static)) -> Option<ThrottleReason> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(throttled) = error.downcast_ref::<TooManyRequestsException>() {
            return throttled.reason().and_then(reason);
        }
        cause = error.source();
    }
    None
}

fn reason(reason: &SdkThrottleReason) -> Option<ThrottleReason> {
    Some(match reason {
        SdkThrottleReason::ConcurrentInvocationLimitExceeded => ThrottleReason::ConcurrentInvocations,
        SdkThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded => {
            ThrottleReason::ReservedConcurrentInvocations
        }
        SdkThrottleReason::FunctionInvocationRateLimitExceeded => ThrottleReason::InvocationRate,
        SdkThrottleReason::ReservedFunctionInvocationRateLimitExceeded => {
            ThrottleReason::ReservedInvocationRate
        }
        SdkThrottleReason::CallerRateLimitExceeded => ThrottleReason::CallerRate,
        SdkThrottleReason::ConcurrentSnapshotCreateLimitExceeded => ThrottleReason::ConcurrentSnapshots,
        _ => return None,
    })
}

/// The name of the case, as WIT spells it.
pub(crate) fn case(error: &Error) -> &'static str {
    match error {
        Error::AccessDenied => "access-denied",
        Error::FunctionNotFound => "function-not-found",
        Error::Throttled(_) => "throttled",
        Error::PayloadTooLarge => "payload-too-large",
        Error::InvalidRequest(_) => "invalid-request",
        Error::InvalidArgument(_) => "invalid-argument",
        Error::RecursiveInvocation => "recursive-invocation",
        Error::NotReady => "not-ready",
        Error::Conflict => "conflict",
        Error::ResourceUnavailable(_) => "resource-unavailable",
        Error::FunctionFailed(_) => "function-failed",
        Error::Integrity => "integrity",
        Error::Credentials => "credentials",
        Error::Service => "service",
        Error::Timeout => "timeout",
        Error::Connection => "connection",
        Error::Cancelled => "cancelled",
        Error::LimitExceeded(_) => "limit-exceeded",
        Error::QuotaExceeded(_) => "quota-exceeded",
        Error::Other(_) => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_its_case() {
        for (code, name) in [
            ("AccessDeniedException", "access-denied"),
            ("ResourceNotFoundException", "function-not-found"),
            ("TooManyRequestsException", "throttled"),
            ("ThrottlingException", "throttled"),
            ("RequestTooLargeException", "payload-too-large"),
            ("InvalidRequestContentException", "invalid-request"),
            ("InvalidParameterValueException", "invalid-argument"),
            ("RecursiveInvocationException", "recursive-invocation"),
            ("ResourceNotReadyException", "not-ready"),
            ("ENINotReadyException", "not-ready"),
            ("ResourceConflictException", "conflict"),
            ("EC2AccessDeniedException", "resource-unavailable"),
            ("EFSIOException", "resource-unavailable"),
            ("KMSDisabledException", "resource-unavailable"),
            ("InvalidZipFileException", "resource-unavailable"),
            ("SnapStartException", "resource-unavailable"),
            ("ServiceException", "service"),
            ("UnrecognizedClientException", "credentials"),
            ("ExpiredTokenException", "credentials"),
            ("InvalidSignatureException", "credentials"),
            ("SomethingNew", "other"),
        ] {
            assert_eq!(case(&from_code(code, 400)), name, "{code}");
        }
        assert_eq!(case(&from_code("SomethingNew", 500)), "service");
    }

    #[test]
    fn each_reason_of_throttling_has_its_case() {
        for (text, expected) in [
            ("ConcurrentInvocationLimitExceeded", Some("ConcurrentInvocations")),
            ("ReservedFunctionConcurrentInvocationLimitExceeded", Some("ReservedConcurrentInvocations")),
            ("FunctionInvocationRateLimitExceeded", Some("InvocationRate")),
            ("ReservedFunctionInvocationRateLimitExceeded", Some("ReservedInvocationRate")),
            ("CallerRateLimitExceeded", Some("CallerRate")),
            ("ConcurrentSnapshotCreateLimitExceeded", Some("ConcurrentSnapshots")),
            ("SomethingNew", None),
        ] {
            let throttled = TooManyRequestsException::builder().reason(text.into()).build();
            let found = throttle_reason(&throttled).map(|reason| format!("{reason:?}"));
            assert!(
                found.as_deref().map(|found| found.rsplit("::").next()) == expected.map(Some),
                "{text}: {found:?}"
            );
        }
        assert!(throttle_reason(&TooManyRequestsException::builder().build()).is_none());
    }
}
