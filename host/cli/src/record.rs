//! What a guest asked of AWS in one run, written down (`innkeeper run --record`), to be held against another policy or another run
//! (`innkeeper replay`).
//!
//! A record has what the audit trail has: each operation, what the policy was asked for it, and how its calls of AWS ended. It has no time, no
//! request id, no credential, and no body: of the result there is a digest. The input is in it, since without it nothing can be run again.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use innkeeper::audit::{Call, Decision, OperationId, Outcome, Verdict};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::exit::Exit;
use crate::failure::Failure;

/// What `innkeeper run --help` says of records.
pub(crate) const HELP: &str = r#"The document of --record (version 1 of the schema), which `innkeeper replay` reads:
  version     1
  guest       the guest's name
  input       {text} or {base64}: what it was called with
  operations  in the order in which the guest asked: {operation, requests, calls}; requests is
              a list of {action, resource, context, allowed}, calls of {service, resource,
              outcome, bytes-sent, bytes-received}; outcome is "success", "cancelled", or the
              case of the WIT error that the guest got
  result      {sha256, bytes}, or {failed}
It holds no credential, no body, no time and no request id."#;

/// The version of the schema.
const VERSION: u32 = 1;

/// The longest file that is taken for a record.
const MAX_BYTES: u64 = 256 << 20;

/// A run, written down.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Record {
    version: u32,
    pub(crate) guest: String,
    input: Input,
    pub(crate) operations: Vec<Operation>,
    result: Ending,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Input {
    Text(String),
    Base64(String),
}

/// One operation of the guest.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Operation {
    /// Its name in AWS's API.
    #[serde(rename = "operation")]
    pub(crate) name: String,
    pub(crate) requests: Vec<Request>,
    calls: Vec<Called>,
}

/// What the policy was asked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Request {
    pub(crate) action: String,
    pub(crate) resource: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) context: BTreeMap<String, String>,
    pub(crate) allowed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Called {
    service: String,
    resource: String,
    outcome: String,
    bytes_sent: u64,
    bytes_received: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
enum Ending {
    Returned { sha256: String, bytes: u64 },
    Failed { failed: String },
}

impl Record {
    /// Of a run: its decisions and calls, and what the guest returned or how it failed.
    pub(crate) fn new(
        guest: &str,
        input: &[u8],
        decisions: &[Decision],
        calls: &[Call],
        result: Result<&[u8], &str>,
    ) -> Self {
        let mut operations: BTreeMap<OperationId, Operation> = BTreeMap::new();
        let of = |name: &str| Operation { name: name.to_owned(), requests: Vec::new(), calls: Vec::new() };
        for decision in decisions {
            let operation = operations.entry(decision.id).or_insert_with(|| of(decision.operation));
            operation.requests.push(Request {
                action: decision.action.to_owned(),
                resource: decision.resource.to_string(),
                context: decision
                    .context
                    .iter()
                    .map(|(key, value)| (key.clone().into_owned(), value.clone()))
                    .collect(),
                allowed: matches!(decision.verdict, Verdict::Allow { .. }),
            });
        }
        for call in calls {
            let operation = operations.entry(call.id).or_insert_with(|| of(call.operation));
            operation.calls.push(Called {
                service: call.service.to_owned(),
                resource: call.resource.to_string(),
                outcome: match &call.outcome {
                    Outcome::Success => "success",
                    Outcome::Cancelled => "cancelled",
                    // The cause is for the operator, and may say what is nobody else's business.
                    Outcome::Failure { error, .. } => error,
                }
                .to_owned(),
                bytes_sent: call.bytes_sent,
                bytes_received: call.bytes_received,
            });
        }
        Self {
            version: VERSION,
            guest: guest.to_owned(),
            input: match std::str::from_utf8(input) {
                Ok(text) => Input::Text(text.to_owned()),
                Err(_) => Input::Base64(STANDARD.encode(input)),
            },
            operations: operations.into_values().collect(),
            result: match result {
                Ok(output) => {
                    let sha256 = Sha256::digest(output).iter().fold(String::new(), |mut hex, byte| {
                        // Writing to a string cannot fail.
                        let _ = write!(hex, "{byte:02x}");
                        hex
                    });
                    Ending::Returned { sha256, bytes: output.len() as u64 }
                }
                Err(kind) => Ending::Failed { failed: kind.to_owned() },
            },
        }
    }

    /// Reads a record.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let what = || format!("`{}` cannot be read as a record of `innkeeper run --record`", path.display());
        let failed = |error: &(dyn std::error::Error + 'static)| Failure::doing(Exit::Io, what(), error);
        let length = std::fs::metadata(path).map_err(|error| failed(&error))?.len();
        if length > MAX_BYTES {
            return Err(Failure::new(Exit::Io, what()).with_cause("it is larger than any record is"));
        }
        let bytes = std::fs::read(path).map_err(|error| failed(&error))?;
        let record: Self = serde_json::from_slice(&bytes).map_err(|error| failed(&error))?;
        if record.version != VERSION {
            let cause = format!("its version is {}, and this `innkeeper` knows {VERSION}", record.version);
            return Err(Failure::new(Exit::Io, what()).with_cause(cause));
        }
        record.input().map_err(|error| failed(&error))?;
        Ok(record)
    }

    /// Writes it, in place of what is there.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        let failed = |error: &(dyn std::error::Error + 'static)| {
            Failure::doing(Exit::Io, format!("the record cannot be written to `{}`", path.display()), error)
        };
        let mut text = serde_json::to_vec_pretty(self).map_err(|error| failed(&error))?;
        text.push(b'\n');
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        // It holds the names of what is in AWS, and the input.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(|error| failed(&error))?;
        file.write_all(&text).map_err(|error| failed(&error))
    }

    /// What the guest was called with.
    pub(crate) fn input(&self) -> Result<Vec<u8>, base64::DecodeError> {
        match &self.input {
            Input::Text(text) => Ok(text.clone().into_bytes()),
            Input::Base64(text) => STANDARD.decode(text),
        }
    }

    /// The run in lines, one for each request and each call, to be compared with those of another run.
    pub(crate) fn lines(&self) -> String {
        let mut out = String::new();
        for operation in &self.operations {
            for request in &operation.requests {
                let verdict = if request.allowed { "allowed" } else { "denied" };
                let pairs: Vec<_> =
                    request.context.iter().map(|(key, value)| format!("{key} = {value}")).collect();
                let context =
                    if pairs.is_empty() { String::new() } else { format!(" ({})", pairs.join(", ")) };
                // Writing to a string cannot fail.
                let _ = writeln!(
                    out,
                    "{}: {} on {}{context}: {verdict}",
                    operation.name, request.action, request.resource
                );
            }
            for call in &operation.calls {
                let _ = writeln!(
                    out,
                    "{}: {} called on {}: {}, {} bytes sent, {} received",
                    operation.name,
                    call.service,
                    call.resource,
                    call.outcome,
                    call.bytes_sent,
                    call.bytes_received
                );
            }
        }
        let _ = match &self.result {
            Ending::Returned { sha256, bytes } => writeln!(out, "returned {bytes} bytes, SHA-256 {sha256}"),
            Ending::Failed { failed } => writeln!(out, "failed ({failed})"),
        };
        out
    }
}
