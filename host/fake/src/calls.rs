use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use serde::{Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// How many calls the log keeps; the oldest go first. [`Call::number`] tells whether some are gone.
pub const CALL_LOG_LIMIT: usize = 10_000;

/// An AWS service, as the fake tells them apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Service {
    /// Amazon S3.
    S3,
    /// Amazon SQS.
    Sqs,
    /// AWS Lambda.
    Lambda,
    /// AWS Security Token Service.
    Sts,
    /// AWS Identity and Access Management: roles, and nothing else of it.
    Iam,
    /// A service that the fake does not have, by its endpoint prefix (`kms`, `dynamodb`).
    Other(String),
}

impl Service {
    /// The service's endpoint prefix, which is also its name in a credential scope: `s3`, `sqs`, `lambda`, `sts`,
    /// `iam`.
    pub fn as_str(&self) -> &str {
        match self {
            Self::S3 => "s3",
            Self::Sqs => "sqs",
            Self::Lambda => "lambda",
            Self::Sts => "sts",
            Self::Iam => "iam",
            Self::Other(name) => name,
        }
    }

    /// The service of an endpoint prefix.
    pub(crate) fn of(name: &str) -> Self {
        match name {
            "s3" => Self::S3,
            "sqs" => Self::Sqs,
            "lambda" => Self::Lambda,
            "sts" => Self::Sts,
            "iam" => Self::Iam,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Service {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One request as the fake received it: every attempt that an SDK makes is a call of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Call {
    /// The order of arrival, from 1.
    pub number: u64,
    /// When it arrived, by the fake's clock.
    #[serde(serialize_with = "rfc3339")]
    pub time: SystemTime,
    /// The service that was asked.
    pub service: Service,
    /// The operation's name in the AWS API, for example `GetObject`; `Unknown` if there is none.
    pub operation: String,
    /// The bucket, for S3.
    pub bucket: Option<String>,
    /// The key, for operations on an object.
    pub key: Option<String>,
    /// The name of the queue, for SQS.
    pub queue: Option<String>,
    /// The name of the function, for Lambda.
    pub function: Option<String>,
    /// The region of the endpoint, or of the signature where the endpoint has none.
    pub region: Option<String>,
    /// The access key that signed the request; none for an anonymous one.
    pub access_key_id: Option<String>,
    /// Which attempt of the SDK's it was, from 1; none if the client does not say.
    pub attempt: Option<u32>,
    /// The HTTP status; none if the connection was lost, or is being waited for.
    pub status: Option<u16>,
    /// The AWS error code, if there was one in the answer; of SQS the error's name, such as `QueueDoesNotExist`.
    pub error_code: Option<String>,
    /// Whether a [`Fault`](crate::Fault) was applied.
    pub faulted: bool,
    /// Bytes of the request's body that were read, as transferred.
    pub bytes_in: u64,
    /// Bytes of the answer's body that the client has read so far.
    pub bytes_out: u64,
}

fn rfc3339<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    let text = OffsetDateTime::from(*time).format(&Rfc3339).map_err(serde::ser::Error::custom)?;
    serializer.serialize_str(&text)
}

/// The call log.
#[derive(Debug, Default)]
pub(crate) struct CallLog {
    next: AtomicU64,
    entries: Mutex<VecDeque<Arc<Entry>>>,
}

/// A call in the log: bodies stream on after it was entered, so their counts are apart.
#[derive(Debug)]
pub(crate) struct Entry {
    call: Mutex<Call>,
    pub(crate) bytes_in: AtomicU64,
    pub(crate) bytes_out: AtomicU64,
}

impl CallLog {
    /// Enters a call, which gets its number here.
    pub(crate) fn enter(&self, mut call: Call) -> Arc<Entry> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        call.number = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        let entry = Arc::new(Entry {
            call: Mutex::new(call),
            bytes_in: AtomicU64::new(0),
            bytes_out: AtomicU64::new(0),
        });
        if entries.len() == CALL_LOG_LIMIT {
            entries.pop_front();
        }
        entries.push_back(Arc::clone(&entry));
        entry
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.iter().map(|entry| entry.call()).collect()
    }

    pub(crate) fn clear(&self) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Entry {
    pub(crate) fn update(&self, change: impl FnOnce(&mut Call)) {
        change(&mut self.call.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn call(&self) -> Call {
        let mut call = self.call.lock().unwrap_or_else(PoisonError::into_inner).clone();
        call.bytes_in = self.bytes_in.load(Ordering::Relaxed);
        call.bytes_out = self.bytes_out.load(Ordering::Relaxed);
        call
    }
}
