//! The file: reading, writing, and what stands on its lines.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use innkeeper::exchange::BodyDigest;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::write::{self, WriteError};

/// The version of the file.
pub(super) const VERSION: u32 = 2;

/// The first second of the year 9000: dates of requests have four digits for the year, and what a guest waits for comes on top.
const MAX_BEGAN: f64 = 221_845_392_000.0;

/// One call of a guest, recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// What was called, and how.
    pub start: Start,
    /// What happened, in order.
    pub lines: Vec<Line>,
    /// How the call ended.
    pub result: Ending,
}

/// What was called, and how.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Start {
    /// The guest's name.
    pub guest: String,
    /// What it was called with.
    pub input: Input,
    /// The region that its calls went to.
    pub region: Option<String>,
    /// The endpoint in place of AWS's own.
    pub endpoint: Option<String>,
    /// When the call began, in seconds since 1970.
    pub began: f64,
    /// Whether the bodies of answers are kept beside the file.
    pub bodies: KeptBodies,
}

impl Start {
    /// When the call began. Times that no clock shows are 1970.
    pub fn began(&self) -> SystemTime {
        let began = Duration::try_from_secs_f64(self.began).unwrap_or_default();
        SystemTime::UNIX_EPOCH.checked_add(began).unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

/// Whether the bodies of answers are kept beside the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeptBodies {
    /// In a folder beside the file.
    Kept,
    /// Not at all.
    None,
}

/// What a guest was called with.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Input {
    /// Text.
    Text(String),
    /// Other bytes, in base64.
    Base64(String),
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Line {
    /// The guest called a function.
    Exchange(Exchange),
    /// The policy was asked.
    Request(Request),
    /// AWS was asked.
    Answer(Answer),
}

/// A function of `innkeeper:aws` that the guest called. See [`innkeeper::exchange`].
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Exchange {
    /// Its number.
    pub id: u64,
    /// The function: `s3.bucket.get-object`.
    pub function: String,
    /// The handle, in a word.
    pub on: Option<String>,
    /// The arguments by name.
    pub arguments: Map<String, Value>,
    /// `{"ok": ...}`, `{"err": ...}`, or `null`: it was never answered.
    pub answer: Value,
    /// What streamed.
    pub body: Option<StreamedBody>,
}

/// What came of a body that streamed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct StreamedBody {
    /// Bytes that passed.
    pub bytes: u64,
    /// Their SHA-256.
    pub sha256: String,
    /// Whether it was read to its end.
    pub whole: bool,
}

/// What the policy was asked, and what it said.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Request {
    /// The operation in AWS's API.
    pub operation: String,
    /// The IAM action.
    pub action: String,
    /// The ARN.
    pub resource: String,
    /// The values of the operation's own condition keys.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub context: BTreeMap<String, String>,
    /// What it said.
    pub allowed: bool,
}

/// What was sent to AWS, and what came.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Answer {
    /// The service.
    pub service: String,
    /// What was sent.
    pub request: WireRequest,
    /// What came; `None`: the call was ended before.
    pub response: Option<Response>,
}

/// A request at the wire, as far as it makes a difference to the answer.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct WireRequest {
    /// The method.
    pub method: String,
    /// The URL, with its parameters in order.
    pub url: String,
    /// Headers, by their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body: a digest, or a document with digests in it. `null` for one that streamed.
    pub body: Value,
}

/// A response at the wire.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Response {
    /// None came: `timeout`, `io` or `other`.
    Failed {
        /// Why.
        failed: String,
    },
    /// One came.
    Came {
        /// The status.
        status: u16,
        /// Headers, by their names in lower case.
        headers: BTreeMap<String, String>,
        /// The body.
        #[serde(flatten)]
        body: ResponseBody,
    },
}

/// The body of a response.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResponseBody {
    /// A document of the protocol, as text.
    Document(String),
    /// A JSON document, in which digests may stand for the bodies of messages.
    Json(Value),
    /// Bytes that are the guest's business.
    Body {
        /// How many came.
        bytes: u64,
        /// Their SHA-256.
        sha256: String,
        /// How it ended.
        ended: Ended,
    },
}

/// How the body of an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// All of it was read.
    Whole,
    /// Nobody wanted the rest.
    Unread,
    /// The connection failed.
    Cut,
}

/// How the guest's call ended.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Ending {
    /// It returned this.
    Returned(BodyDigestLine),
    /// It failed in this way.
    Failed {
        /// The kind, such as `guest` or `limit`.
        failed: String,
    },
}

/// A digest, to be read back.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct BodyDigestLine {
    /// How many bytes.
    pub bytes: u64,
    /// Their SHA-256.
    pub sha256: String,
}

impl From<BodyDigest> for BodyDigestLine {
    fn from(BodyDigest { bytes, sha256 }: BodyDigest) -> Self {
        Self { bytes, sha256 }
    }
}

/// Why a file is no recording that can be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It has more than [`Recording::MAX_BYTES`].
    #[error("it has more than {} MiB, and no recording has", Recording::MAX_BYTES >> 20)]
    TooLarge,
    /// A line is not what it has to be.
    #[error("line {line}: {source}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// Why.
        source: serde_json::Error,
    },
    /// It is of another version.
    #[error("its version is {0}, and this `innkeeper` knows {VERSION}")]
    Version(u32),
    /// It does not begin with a start.
    #[error("it does not begin with a start")]
    NoStart,
    /// It has no end, or something stands behind it.
    #[error("it does not end with an end: the recording was cut short")]
    NoEnd,
    /// It says that the call began at a time that is none.
    #[error("it began at {0} seconds since 1970, which no clock shows")]
    Began(f64),
    /// The input is no base64.
    #[error("the input is no base64")]
    Input(#[from] base64::DecodeError),
}

#[derive(Deserialize, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(super) enum StartLine {
    Start {
        version: u32,
        #[serde(flatten)]
        start: Start,
    },
}

#[derive(Deserialize, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(super) enum EndLine {
    End { result: Ending },
}

/// To find out the version of a file whose other keys nobody knows.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

impl Input {
    /// As text where it is some.
    pub fn new(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Base64(STANDARD.encode(bytes)),
        }
    }

    /// The bytes.
    ///
    /// # Errors
    ///
    /// [`ReadError::Input`].
    pub fn bytes(&self) -> Result<Vec<u8>, ReadError> {
        match self {
            Self::Text(text) => Ok(text.clone().into_bytes()),
            Self::Base64(text) => Ok(STANDARD.decode(text)?),
        }
    }
}

impl Ending {
    /// It returned this.
    pub fn returned(output: &[u8]) -> Self {
        Self::Returned(BodyDigest::of(output).into())
    }

    /// It failed in this way.
    pub fn failed(kind: impl Into<String>) -> Self {
        Self::Failed { failed: kind.into() }
    }
}

impl Recording {
    /// The longest file that is a recording: 64 MiB, or some 50,000 calls of AWS. None that is longer is written or read.
    pub const MAX_BYTES: u64 = 64 << 20;

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        // A device or a pipe has no length, and may have no end.
        let metadata = std::fs::metadata(path)?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file").into());
        }
        if metadata.len() > Self::MAX_BYTES {
            return Err(ReadError::TooLarge);
        }
        Self::parse(&std::fs::read_to_string(path)?)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    pub fn parse(text: &str) -> Result<Self, ReadError> {
        let at = |line: usize| move |source| ReadError::Line { line: line + 1, source };
        let mut numbered = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let (number, first) = numbered.next().ok_or(ReadError::NoStart)?;
        let versioned: Versioned = serde_json::from_str(first).map_err(at(number))?;
        if versioned.version != VERSION {
            return Err(ReadError::Version(versioned.version));
        }
        let StartLine::Start { start, .. } = serde_json::from_str(first).map_err(at(number))?;
        let mut rest: Vec<_> = numbered.collect();
        let (_, last) = rest.pop().ok_or(ReadError::NoEnd)?;
        let Ok(EndLine::End { result }) = serde_json::from_str(last) else { return Err(ReadError::NoEnd) };
        let lines = rest
            .into_iter()
            .map(|(number, line)| serde_json::from_str(line).map_err(at(number)))
            .collect::<Result<_, _>>()?;
        start.input.bytes()?;
        if !(0.0..MAX_BEGAN).contains(&start.began) {
            return Err(ReadError::Began(start.began));
        }
        Ok(Self { start, lines, result })
    }

    /// Writes the file, in place of what is there. Only its owner can read it.
    ///
    /// # Errors
    ///
    /// [`WriteError`]. What is there is replaced only by what can be read again.
    pub fn write(&self, path: &Path) -> Result<(), WriteError> {
        let texts = self.lines.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>();
        write::write(path, &self.start, &texts.map_err(io::Error::from)?, &self.result)
    }

    /// What the guest called, in order.
    pub fn exchanges(&self) -> impl Iterator<Item = &Exchange> {
        self.lines.iter().filter_map(|line| match line {
            Line::Exchange(exchange) => Some(exchange),
            Line::Request(_) | Line::Answer(_) => None,
        })
    }

    /// What the policy was asked, in order.
    pub fn requests(&self) -> impl Iterator<Item = &Request> {
        self.lines.iter().filter_map(|line| match line {
            Line::Request(request) => Some(request),
            Line::Exchange(_) | Line::Answer(_) => None,
        })
    }

    /// What AWS was asked and answered, in order.
    pub fn answers(&self) -> impl Iterator<Item = &Answer> {
        self.lines.iter().filter_map(|line| match line {
            Line::Answer(answer) => Some(answer),
            Line::Exchange(_) | Line::Request(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording() -> Recording {
        Recording {
            start: Start {
                guest: "g".to_owned(),
                input: Input::new(b"\xff"),
                region: Some("eu-west-1".to_owned()),
                endpoint: None,
                began: 1.5,
                bodies: KeptBodies::Kept,
            },
            lines: vec![
                Line::Request(Request {
                    operation: "GetObject".to_owned(),
                    action: "s3:GetObject".to_owned(),
                    resource: "arn:aws:s3:::b/k".to_owned(),
                    context: BTreeMap::new(),
                    allowed: true,
                }),
                Line::Answer(Answer {
                    service: "s3".to_owned(),
                    request: WireRequest {
                        method: "GET".to_owned(),
                        url: "https://b/k".to_owned(),
                        headers: BTreeMap::new(),
                        body: Value::Null,
                    },
                    response: Some(Response::Came {
                        status: 200,
                        headers: BTreeMap::new(),
                        body: ResponseBody::Body { bytes: 1, sha256: "00".to_owned(), ended: Ended::Unread },
                    }),
                }),
            ],
            result: Ending::failed("trap"),
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.jsonl");
        recording().write(&path).unwrap();
        assert_eq!(Recording::read(&path).unwrap(), recording());
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(r#"{"event":"start","version":2,"#), "{text}");
        assert_eq!(text.lines().count(), 4);
    }

    #[test]
    fn what_is_no_recording_is_refused_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.jsonl");
        recording().write(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let said = |text: &str| Recording::parse(text).unwrap_err().to_string();
        assert_eq!(said(""), "it does not begin with a start");
        assert!(said("{}").starts_with("line 1: missing field `version`"));
        assert_eq!(
            said(&text.replace("\"version\":2", "\"version\":3")),
            "its version is 3, and this `innkeeper` knows 2"
        );
        let cut: String = text.split_inclusive('\n').take(3).collect();
        assert_eq!(said(&cut), "it does not end with an end: the recording was cut short");
        assert!(said(&text.replacen("\"request\"", "\"wish\"", 1)).starts_with("line 2: unknown variant"));
        assert_eq!(said(&text.replace("/w==", "/w=")), "the input is no base64");
        for began in ["-1.0", "1e12", "1e300"] {
            let wrong = text.replace("\"began\":1.5", &format!("\"began\":{began}"));
            assert!(said(&wrong).contains("which no clock shows"), "{began}");
        }
    }
}
