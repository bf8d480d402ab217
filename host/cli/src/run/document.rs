//! The report as one JSON document (`--json`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use innkeeper::audit::{Call, Decision, HttpDecision, HttpRequest};
use serde::Serialize;
use serde_json::value::RawValue;

use super::report::{Changes, Report, Timing};
use crate::exit::Exit;
use crate::failure::{Failure, FailureDocument};
use crate::json;

/// What `innkeeper run --help` says of the document.
pub(super) const HELP: &str = r#"The document of --json:
  guest            the guest's name
  exit-code        the exit code of the process
  result           what the guest returned; null if it failed
  result-encoding  "json": `result` is the guest's own JSON; "text": a string;
                   "base64": a string that holds bytes in base64; null: no result
  error            null, or {kind, exit-code, message, causes, backtrace, help}
  log              what the guest wrote beside its result (untrusted text)
  calls            every call of AWS: {time, guest, id, service, operation, resource,
                   attempts, bytes-sent, bytes-received, duration, request-id, outcome};
                   outcome is "success", "cancelled" or "failure" with {error, cause}
  decisions        every decision of the policy: {time, guest, id, operation, action,
                   resource, decision}; decision is "allow" with {rule} or "deny" with
                   {rule, reason, suggestion}; `id` matches a call with its decisions
  http-requests    every request that the guest has sent: {time, guest, id, method, url,
                   address, status, bytes-sent, bytes-received, duration, outcome}
  http-decisions   every decision on one: {time, guest, id, method, url, address, decision}
  changes          with --fake, what is different: {buckets-created, buckets-removed,
                   objects: [{kind, bucket, key, size-before, size-after}],
                   queues: [{kind, queue, visible, in-flight, delayed,
                   messages: [{kind, message-id, body}]}],
                   invocations: [{function, qualifier, version, invocation-type,
                   attempts, outcome, error, log}]}; else null. kind is "added",
                   "changed" or "removed"; outcome is "returned", "failed-handled",
                   "failed-unhandled", "dropped", "unfinished" or "dry-run"
  timing           seconds: {prepare, run}
Times are RFC 3339, durations seconds, sizes bytes. Keys may be added later."#;

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Document<'a> {
    guest: &'a str,
    exit_code: u8,
    result: Option<Value<'a>>,
    result_encoding: Option<Encoding>,
    error: Option<FailureDocument>,
    log: String,
    calls: &'a [Call],
    decisions: &'a [Decision],
    http_requests: &'a [HttpRequest],
    http_decisions: &'a [HttpDecision],
    changes: Option<&'a Changes>,
    timing: Timing,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Value<'a> {
    Json(&'a RawValue),
    Text(&'a str),
    Base64(String),
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
enum Encoding {
    Json,
    Text,
    Base64,
}

/// The report as a document.
pub(super) fn render(report: &Report) -> serde_json::Result<String> {
    let (result, result_encoding) = report.output.as_deref().map(encode).unzip();
    serde_json::to_string(&Document {
        guest: &report.guest,
        exit_code: report.failure.as_ref().map_or(Exit::Success, Failure::exit).code(),
        result,
        result_encoding,
        error: report.failure.as_ref().map(Failure::document),
        log: String::from_utf8_lossy(&report.log).into_owned(),
        calls: &report.calls,
        decisions: &report.decisions,
        http_requests: &report.http_requests,
        http_decisions: &report.http_decisions,
        changes: report.changes.as_ref(),
        timing: report.timing,
    })
}

fn encode(output: &[u8]) -> (Value<'_>, Encoding) {
    match std::str::from_utf8(output) {
        Ok(text) => match json::parse(text) {
            Some(document) => (Value::Json(document), Encoding::Json),
            None => (Value::Text(text), Encoding::Text),
        },
        Err(_) => (Value::Base64(STANDARD.encode(output)), Encoding::Base64),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::report::Called;
    use super::*;

    fn document(output: Option<&[u8]>) -> serde_json::Value {
        let report = Report {
            guest: "g".to_owned(),
            called: Called::Aws,
            output: output.map(<[u8]>::to_vec),
            failure: output.is_none().then(|| Failure::new(Exit::Trap, "it broke").with_help("mend it")),
            log: b"hello\xff".to_vec(),
            calls: Vec::new(),
            decisions: Vec::new(),
            http_decisions: Vec::new(),
            http_requests: Vec::new(),
            changes: None,
            saved: None,
            timing: Timing::default(),
        };
        serde_json::from_str(&render(&report).unwrap()).unwrap()
    }

    #[test]
    fn a_result_is_json_else_text_else_base64() {
        let json = document(Some(br#"{"b":1,"a":[1.0]}"#));
        assert_eq!(
            (&json["result"], &json["result-encoding"]),
            (&json!({"a": [1.0], "b": 1}), &json!("json"))
        );
        let text = document(Some("größe".as_bytes()));
        assert_eq!((&text["result"], &text["result-encoding"]), (&json!("größe"), &json!("text")));
        let bytes = document(Some(b"\xff\x00"));
        assert_eq!((&bytes["result"], &bytes["result-encoding"]), (&json!("/wA="), &json!("base64")));
        let empty = document(Some(b""));
        assert_eq!((&empty["result"], &empty["result-encoding"]), (&json!(""), &json!("text")));
    }

    #[test]
    fn a_failure_has_its_kind_code_and_help() {
        let document = document(None);
        assert_eq!(document["result"], json!(null));
        assert_eq!(document["exit-code"], json!(7));
        assert_eq!(
            document["error"],
            json!({"kind": "trap", "exit-code": 7, "message": "it broke", "help": ["mend it"]})
        );
        assert_eq!(document["log"], json!("hello\u{fffd}"));
    }

    #[test]
    fn the_help_names_every_key_of_the_document() {
        for key in document(None).as_object().unwrap().keys() {
            assert!(HELP.contains(&format!("\n  {key} ")), "{key}");
        }
    }
}
