//! The WIT variant `error`.

use std::error::Error as _;
use std::fmt;
use std::io;

/// Why an operation did not succeed: the WIT variant `error` of `innkeeper:aws/s3-types`. Match on the case; texts are for people and
/// may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The guest's policy or AWS does not allow it, or AWS hides from this guest whether the thing exists. It says nothing about
    /// whether the bucket or key exists.
    AccessDenied,
    /// The bucket does not exist.
    NoSuchBucket,
    /// The key, or the version of it, does not exist.
    NoSuchKey,
    /// A condition did not hold: `if_match` on another etag, or `if_none_match` on an object that is there. Nothing was changed. As the
    /// error of a body: the object was replaced while it was being read.
    PreconditionFailed,
    /// `if_none_match` named the etag that the object still has.
    NotModified,
    /// Another writer was at the same key at the same time. Nothing was changed; the guest may try again.
    Conflict,
    /// A bucket of this name exists, and belongs to somebody else.
    BucketAlreadyExists,
    /// A bucket of this name exists, and belongs to the host's account.
    BucketAlreadyOwnedByYou,
    /// The bucket has objects, or versions of some.
    BucketNotEmpty,
    /// The upload does not exist: it was finished, given up, or never begun.
    NoSuchUpload,
    /// A part of an upload is missing or is not the one that was sent.
    InvalidPart,
    /// The parts of an upload are not in order.
    InvalidPartOrder,
    /// A part of an upload that is not its last is shorter than 5 MiB.
    EntityTooSmall,
    /// The range lies outside of the object.
    InvalidRange,
    /// The object is archived and has to be restored before it can be read.
    InvalidObjectState,
    /// The object is longer than the `max_bytes` of a bounded read. The payload is its length in bytes, where known.
    ObjectTooLarge(Option<u64>),
    /// The body is longer than S3 takes: 5 GiB in one put, 5 TiB in an upload.
    EntityTooLarge,
    /// The key is longer than 1,024 bytes of UTF-8.
    KeyTooLong,
    /// An argument that S3, or the host on its behalf, does not take. The text says which.
    InvalidArgument(String),
    /// The bytes that arrived are not the bytes that were sent: a checksum or a length differs.
    Integrity,
    /// The bucket is in another region than the host calls. The operator has to mend the manifest.
    WrongRegion,
    /// The host's own credentials are missing, expired or refused. The operator has to mend it.
    Credentials,
    /// Too many requests. The host has tried again already.
    Throttled,
    /// S3 failed or is not available. The host has tried again already.
    Unavailable,
    /// No answer came within the host's time limits. Whether a write took place is not known.
    Timeout,
    /// No connection could be made, or it broke. Whether a write took place is not known.
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
            Self::NoSuchBucket => "there is no such bucket",
            Self::NoSuchKey => "there is no such key",
            Self::PreconditionFailed => "a condition on the object does not hold",
            Self::NotModified => "the object has not changed",
            Self::Conflict => "another writer was at the same key",
            Self::BucketAlreadyExists => "the bucket exists and belongs to somebody else",
            Self::BucketAlreadyOwnedByYou => "the bucket exists already",
            Self::BucketNotEmpty => "the bucket is not empty",
            Self::NoSuchUpload => "there is no such upload",
            Self::InvalidPart => "a part of the upload is missing or another one",
            Self::InvalidPartOrder => "the parts of the upload are not in order",
            Self::EntityTooSmall => "a part of the upload is too short",
            Self::InvalidRange => "the range lies outside of the object",
            Self::InvalidObjectState => "the object is archived",
            Self::ObjectTooLarge(None) => "the object is too large",
            Self::ObjectTooLarge(Some(size)) => return write!(f, "the object is too large: {size} bytes"),
            Self::EntityTooLarge => "the body is longer than S3 takes",
            Self::KeyTooLong => "the key is longer than 1,024 bytes",
            Self::InvalidArgument(text) => return write!(f, "invalid argument: {text}"),
            Self::Integrity => "the bytes were damaged on their way",
            Self::WrongRegion => "the bucket is in another region than the host calls",
            Self::Credentials => "AWS does not take the host's credentials",
            Self::Throttled => "too many requests",
            Self::Unavailable => "S3 is not available",
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
            Error::NoSuchBucket | Error::NoSuchKey | Error::NoSuchUpload => io::ErrorKind::NotFound,
            Error::BucketAlreadyExists | Error::BucketAlreadyOwnedByYou => io::ErrorKind::AlreadyExists,
            Error::BucketNotEmpty => io::ErrorKind::DirectoryNotEmpty,
            Error::InvalidArgument(_) | Error::KeyTooLong | Error::InvalidRange => {
                io::ErrorKind::InvalidInput
            }
            Error::Integrity => io::ErrorKind::InvalidData,
            Error::ObjectTooLarge(_) | Error::EntityTooLarge => io::ErrorKind::FileTooLarge,
            Error::LimitExceeded(_) | Error::QuotaExceeded(_) => io::ErrorKind::QuotaExceeded,
            Error::Timeout => io::ErrorKind::TimedOut,
            Error::Connection => io::ErrorKind::ConnectionAborted,
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

/// The S3 error that reading a body ended with, or [`Error::Other`] with the text of any other.
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
        for error in [Error::AccessDenied, Error::Integrity, Error::ObjectTooLarge(Some(7)), Error::Throttled]
        {
            assert_eq!(Error::from(io::Error::from(error.clone())), error);
        }
        assert_eq!(io::Error::from(Error::NoSuchKey).kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn another_io_error_keeps_its_text() {
        let error = io::Error::new(io::ErrorKind::UnexpectedEof, "cut short");
        assert_eq!(Error::from(error), Error::Other("cut short".to_owned()));
    }

    #[test]
    fn texts_are_for_people() {
        assert_eq!(Error::AccessDenied.to_string(), "access denied");
        assert_eq!(Error::ObjectTooLarge(Some(7)).to_string(), "the object is too large: 7 bytes");
        assert_eq!(Error::InvalidArgument("page-size".into()).to_string(), "invalid argument: page-size");
    }
}
