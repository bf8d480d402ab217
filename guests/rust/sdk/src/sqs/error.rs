//! The WIT variant `error`.

use std::fmt;

use super::{BatchError, FifoError, KmsError};

/// Why an operation did not succeed: the WIT variant `error` of `innkeeper:aws/sqs-types`. Match on the case; texts are for people and
/// may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The guest's policy or AWS does not allow it, or AWS hides from this guest whether the queue exists. It says nothing about
    /// whether the queue exists.
    AccessDenied,
    /// The queue does not exist, or was deleted less than a minute ago.
    QueueNotFound,
    /// There is a queue of this name, with other settings. Nothing was changed.
    QueueExists,
    /// A queue of this name was deleted less than 60 seconds ago. The guest may try again after that.
    QueueDeletedRecently,
    /// There is no such move task, or it has ended.
    MoveTaskNotFound,
    /// The receipt of the message is worth nothing any more, or belongs to another queue.
    InvalidReceiptHandle,
    /// The message is not in flight: its visibility timeout has ended.
    MessageNotInFlight,
    /// The body has characters that SQS does not take.
    InvalidMessageContents,
    /// The message, or what the guest asks of it, does not fit the kind of the queue. Nothing was sent.
    Fifo(FifoError),
    /// The message, with its attributes, is longer than the queue takes. The payload is its length in bytes.
    MessageTooLong(u64),
    /// An argument that SQS, or the host on its behalf, does not take. The text says which.
    InvalidArgument(String),
    /// A limit of SQS is reached, such as that of messages in flight.
    OverLimit,
    /// SQS does not take the batch as a whole.
    InvalidBatch(BatchError),
    /// The queue was purged less than 60 seconds ago.
    PurgeInProgress,
    /// The queue cannot do this.
    Unsupported,
    /// The key that encrypts the queue cannot be used.
    Kms(KmsError),
    /// The bytes that arrived are not the bytes that were sent: a digest differs.
    Integrity,
    /// The host's own credentials are missing, expired or refused. The operator has to mend it.
    Credentials,
    /// Too many requests. The host has tried again already.
    Throttled,
    /// SQS failed or is not available. The host has tried again already.
    Unavailable,
    /// No answer came within the host's time limits. Whether a message was sent is not known.
    Timeout,
    /// No connection could be made, or it broke. Whether a message was sent is not known.
    Connection,
    /// The host stopped the call, because it is shutting down or the guest's call has ended.
    Cancelled,
    /// A limit that the host's operator set on this guest was reached. The text names the limit.
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
            Self::QueueNotFound => "there is no such queue",
            Self::QueueExists => "there is a queue of this name, with other settings",
            Self::QueueDeletedRecently => "a queue of this name was deleted less than 60 seconds ago",
            Self::MoveTaskNotFound => "there is no such move task",
            Self::InvalidReceiptHandle => "the message is no longer in the guest's care",
            Self::MessageNotInFlight => "the message is not in flight",
            Self::InvalidMessageContents => "the body has characters that SQS does not take",
            Self::Fifo(FifoError::GroupIdRequired) => "a message for a FIFO queue needs a group id",
            Self::Fifo(FifoError::DeduplicationIdRequired) => {
                "a message for this FIFO queue needs a deduplication id"
            }
            Self::Fifo(FifoError::DeduplicationIdRefused) => {
                "a message for a standard queue has no deduplication id"
            }
            Self::Fifo(FifoError::DelayRefused) => "a message for a FIFO queue has no delay of its own",
            Self::Fifo(FifoError::SettingRefused) => "a standard queue does not have this setting",
            Self::MessageTooLong(bytes) => return write!(f, "the message is too long: {bytes} bytes"),
            Self::InvalidArgument(text) => return write!(f, "invalid argument: {text}"),
            Self::OverLimit => "a limit of SQS is reached",
            Self::InvalidBatch(BatchError::Empty) => "the batch is empty",
            Self::InvalidBatch(BatchError::TooManyEntries) => "the batch has too many entries",
            Self::InvalidBatch(BatchError::IdsNotDistinct) => "two entries of the batch have the same id",
            Self::InvalidBatch(BatchError::InvalidId) => "the id of an entry is malformed",
            Self::InvalidBatch(BatchError::TooLong) => "the batch is too long",
            Self::PurgeInProgress => "the queue was purged less than 60 seconds ago",
            Self::Unsupported => "the queue cannot do this",
            Self::Kms(KmsError::AccessDenied) => "the host may not use the key of the queue",
            Self::Kms(KmsError::Disabled) => "the key of the queue is disabled",
            Self::Kms(KmsError::InvalidKeyUsage) => "the key of the queue is for something else",
            Self::Kms(KmsError::InvalidState) => "the key of the queue cannot be used in its state",
            Self::Kms(KmsError::NotFound) => "there is no such key as the queue's",
            Self::Kms(KmsError::OptInRequired) => "the account has to subscribe to the key's service",
            Self::Kms(KmsError::Throttled) => "too many requests for the key of the queue",
            Self::Integrity => "the bytes were damaged on their way",
            Self::Credentials => "AWS does not take the host's credentials",
            Self::Throttled => "too many requests",
            Self::Unavailable => "SQS is not available",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_for_people() {
        assert_eq!(Error::AccessDenied.to_string(), "access denied");
        assert_eq!(Error::MessageTooLong(7).to_string(), "the message is too long: 7 bytes");
        assert_eq!(
            Error::Fifo(FifoError::GroupIdRequired).to_string(),
            "a message for a FIFO queue needs a group id"
        );
    }
}
