//! SQS's errors: their names, the codes that the query protocol had for them, and their statuses.

use http::StatusCode;

use crate::layer::AwsError;

/// An error of SQS: its shape's name in the API, its code in the query protocol, its HTTP status.
///
/// The code is also what `x-amzn-query-error` carries, which the Rust SDK and boto3 show as the error's code.
type Row = (&'static str, &'static str, u16);

const ERRORS: &[Row] = &[
    ("BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct", 400),
    ("BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong", 400),
    ("EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest", 400),
    ("InvalidAddress", "InvalidAddress", 404),
    ("InvalidAttributeName", "InvalidAttributeName", 400),
    ("InvalidAttributeValue", "InvalidAttributeValue", 400),
    ("InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId", 400),
    ("InvalidIdFormat", "InvalidIdFormat", 404),
    ("InvalidMessageContents", "InvalidMessageContents", 400),
    ("InvalidParameterValueException", "InvalidParameterValue", 400),
    ("InvalidSecurity", "InvalidSecurity", 403),
    ("KmsAccessDenied", "KMS.AccessDeniedException", 400),
    ("KmsDisabled", "KMS.DisabledException", 400),
    ("KmsInvalidKeyUsage", "KMS.InvalidKeyUsageException", 400),
    ("KmsInvalidState", "KMS.InvalidStateException", 400),
    ("KmsNotFound", "KMS.NotFoundException", 400),
    ("KmsOptInRequired", "KMS.OptInRequired", 403),
    ("KmsThrottled", "KMS.ThrottlingException", 400),
    ("MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight", 400),
    ("MissingRequiredParameterException", "MissingParameter", 400),
    ("OverLimit", "OverLimit", 403),
    ("PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress", 403),
    ("QueueDeletedRecently", "AWS.SimpleQueueService.QueueDeletedRecently", 400),
    ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", 400),
    ("QueueNameExists", "QueueAlreadyExists", 400),
    ("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", 404),
    ("RequestThrottled", "RequestThrottled", 403),
    ("ResourceNotFoundException", "ResourceNotFoundException", 404),
    ("TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest", 400),
    ("UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation", 400),
];

/// The row of an error by its name or its old code.
fn row(code: &str) -> Option<&'static Row> {
    ERRORS.iter().find(|(name, legacy, _)| *name == code || *legacy == code)
}

/// The HTTP status of one of SQS's own errors.
pub(crate) fn status_of(code: &str) -> Option<StatusCode> {
    row(code).and_then(|(_, _, status)| StatusCode::from_u16(*status).ok())
}

/// The code that an error has in the query protocol, and in the entries of a batch.
pub(super) fn query_code(code: &str) -> &str {
    row(code).map_or(code, |(_, legacy, _)| legacy)
}

/// The name that an error has in the API, by that or by its old code.
pub(super) fn modern_name(code: &str) -> &str {
    row(code).map_or(code, |(name, _, _)| name)
}

/// The shape of an error, as AWS JSON names it.
pub(super) fn shape(code: &str) -> String {
    match row(code) {
        Some((name, _, _)) => format!("com.amazonaws.sqs#{name}"),
        // What every service of AWS answers alike: AccessDeniedException, ExpiredTokenException ...
        None => format!("com.amazon.coral.service#{code}"),
    }
}

pub(super) fn error(code: &str, message: impl Into<String>) -> AwsError {
    AwsError::new(status_of(code).unwrap_or(StatusCode::BAD_REQUEST), code, message)
}

/// `Value V for parameter P is invalid. Reason: R`
pub(super) fn invalid_value(value: &str, parameter: &str, reason: &str) -> AwsError {
    invalid_parameter(format!("Value {value} for parameter {parameter} is invalid. Reason: {reason}"))
}

pub(super) fn invalid_parameter(message: impl Into<String>) -> AwsError {
    error("InvalidParameterValueException", message)
}

/// A parameter that the operation needs.
pub(super) fn missing(parameter: &str) -> AwsError {
    error("MissingRequiredParameterException", format!("The request must contain the parameter {parameter}."))
}

pub(super) fn no_such_queue() -> AwsError {
    error("QueueDoesNotExist", "The specified queue does not exist.")
}

pub(super) fn unknown_attribute(name: &str) -> AwsError {
    error("InvalidAttributeName", format!("Unknown Attribute {name}."))
}

/// A parameter that only the other type of queue has.
pub(super) fn wrong_queue_type(value: &str, parameter: &str) -> AwsError {
    invalid_value(value, parameter, "The request include parameter that is not valid for this queue type.")
}
