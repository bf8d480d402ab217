//! From an error of the SDK to a case of the WIT variant. The one place for SQS.

use std::error::Error as StdError;

use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;

use crate::bindings::sqs_types::{BatchError, Error, KmsError};
use crate::sdk_error::{self, CommonCode, Fault};

crate::failure::failure!(Error);

/// The WIT error that an SDK error stands for: by what went wrong before any answer, then by SQS's error code, then by the status.
pub(crate) fn from_sdk<E>(error: &SdkError<E, HttpResponse>) -> Error
where
    E: StdError + ProvideErrorMetadata + 'static,
{
    if let Some(fault) = sdk_error::fault(error) {
        return from_fault(fault);
    }
    let status = error.raw_response().map_or(0, |response| response.status().as_u16());
    match error.as_service_error().and_then(ProvideErrorMetadata::code) {
        Some(code) => from_code(code, status),
        None => from_status(status).unwrap_or_else(|| Error::Other(format!("status {status}"))),
    }
}

/// The WIT error of one entry of a batch, of which there is a code alone.
pub(crate) fn from_entry(code: &str) -> Error {
    from_code(code, 0)
}

fn from_fault(fault: Fault) -> Error {
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

/// SQS has two codes for most errors: that of its first protocol, which the SDK shows where an answer has it, and that of its JSON
/// protocol.
fn from_code(code: &str, status: u16) -> Error {
    match code.strip_prefix("AWS.SimpleQueueService.").unwrap_or(code) {
        // The last one is of those that move messages, whose source is a queue; `move_task` knows of the other one.
        "NonExistentQueue" | "QueueDoesNotExist" | "ResourceNotFoundException" => Error::QueueNotFound,
        "QueueAlreadyExists" | "QueueNameExists" => Error::QueueExists,
        "QueueDeletedRecently" => Error::QueueDeletedRecently,
        "ReceiptHandleIsInvalid" | "InvalidIdFormat" => Error::InvalidReceiptHandle,
        "MessageNotInflight" => Error::MessageNotInFlight,
        "InvalidMessageContents" => Error::InvalidMessageContents,
        "OverLimit" => Error::OverLimit,
        "PurgeQueueInProgress" => Error::PurgeInProgress,
        "UnsupportedOperation" => Error::Unsupported,
        "EmptyBatchRequest" => Error::InvalidBatch(BatchError::Empty),
        "TooManyEntriesInBatchRequest" => Error::InvalidBatch(BatchError::TooManyEntries),
        "BatchEntryIdsNotDistinct" => Error::InvalidBatch(BatchError::IdsNotDistinct),
        "InvalidBatchEntryId" => Error::InvalidBatch(BatchError::InvalidId),
        "BatchRequestTooLong" => Error::InvalidBatch(BatchError::TooLong),
        "KMS.AccessDeniedException" | "KmsAccessDenied" => Error::Kms(KmsError::AccessDenied),
        "KMS.DisabledException" | "KmsDisabled" => Error::Kms(KmsError::Disabled),
        "KMS.InvalidKeyUsageException" | "KmsInvalidKeyUsage" => Error::Kms(KmsError::InvalidKeyUsage),
        "KMS.InvalidStateException" | "KmsInvalidState" => Error::Kms(KmsError::InvalidState),
        "KMS.NotFoundException" | "KmsNotFound" => Error::Kms(KmsError::NotFound),
        "KMS.OptInRequired" | "KmsOptInRequired" => Error::Kms(KmsError::OptInRequired),
        "KMS.ThrottlingException" | "KmsThrottled" => Error::Kms(KmsError::Throttled),
        // The code is one of AWS's published names; the message is not passed on, since it may name other things than the guest did.
        "InvalidAddress"
        | "InvalidAttributeName"
        | "InvalidAttributeValue"
        | "InvalidParameterCombination"
        | "InvalidParameterValue"
        | "InvalidParameterValueException"
        | "MissingParameter"
        | "MissingRequiredParameterException"
        | "ValidationError" => Error::InvalidArgument(code.to_owned()),
        _ => match sdk_error::common_code(code) {
            Some(common) => from_common(common),
            None => from_status(status).unwrap_or_else(|| Error::Other(code.to_owned())),
        },
    }
}

fn from_status(status: u16) -> Option<Error> {
    sdk_error::common_status(status).map(from_common)
}

fn from_common(code: CommonCode) -> Error {
    match code {
        CommonCode::AccessDenied => Error::AccessDenied,
        CommonCode::Credentials => Error::Credentials,
        CommonCode::Throttled => Error::Throttled,
        CommonCode::Unavailable => Error::Unavailable,
    }
}

/// The name of the case, as WIT spells it.
pub(crate) fn case(error: &Error) -> &'static str {
    match error {
        Error::AccessDenied => "access-denied",
        Error::QueueNotFound => "queue-not-found",
        Error::QueueExists => "queue-exists",
        Error::QueueDeletedRecently => "queue-deleted-recently",
        Error::MoveTaskNotFound => "move-task-not-found",
        Error::InvalidReceiptHandle => "invalid-receipt-handle",
        Error::MessageNotInFlight => "message-not-in-flight",
        Error::InvalidMessageContents => "invalid-message-contents",
        Error::Fifo(_) => "fifo",
        Error::MessageTooLong(_) => "message-too-long",
        Error::InvalidArgument(_) => "invalid-argument",
        Error::OverLimit => "over-limit",
        Error::InvalidBatch(_) => "invalid-batch",
        Error::PurgeInProgress => "purge-in-progress",
        Error::Unsupported => "unsupported",
        Error::Kms(_) => "kms",
        Error::Integrity => "integrity",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_and_the_new_code_of_an_error_are_one_case() {
        for (old, new, case_name) in [
            ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "queue-not-found"),
            ("QueueAlreadyExists", "QueueNameExists", "queue-exists"),
            ("AWS.SimpleQueueService.QueueDeletedRecently", "QueueDeletedRecently", "queue-deleted-recently"),
            ("AWS.SimpleQueueService.MessageNotInflight", "MessageNotInflight", "message-not-in-flight"),
            ("AWS.SimpleQueueService.PurgeQueueInProgress", "PurgeQueueInProgress", "purge-in-progress"),
            ("AWS.SimpleQueueService.BatchRequestTooLong", "BatchRequestTooLong", "invalid-batch"),
            ("AWS.SimpleQueueService.UnsupportedOperation", "UnsupportedOperation", "unsupported"),
            ("InvalidParameterValue", "InvalidParameterValueException", "invalid-argument"),
            ("MissingParameter", "MissingRequiredParameterException", "invalid-argument"),
            ("KMS.ThrottlingException", "KmsThrottled", "kms"),
            ("Throttling", "ThrottlingException", "throttled"),
            ("AccessDenied", "AccessDeniedException", "access-denied"),
        ] {
            assert_eq!(case(&from_code(old, 400)), case_name, "{old}");
            assert_eq!(case(&from_code(new, 400)), case_name, "{new}");
        }
    }

    #[test]
    fn an_unknown_code_is_known_by_its_status() {
        assert_eq!(case(&from_code("SomethingNew", 503)), "unavailable");
        assert_eq!(case(&from_code("SomethingNew", 403)), "access-denied");
        assert_eq!(case(&from_code("SomethingNew", 400)), "other");
    }
}
