//! The report as one JSON document (`--json`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use innkeeper::audit::{Call, Decision, HttpDecision, HttpRequest, Verdict};
use serde::Serialize;
use serde_json::value::RawValue;

use super::report::{Changes, Report, Timing};
use super::tally::Seen;
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
  operations       all calls of AWS, counted: {guest, service, operation, calls, failures,
                   cancelled, retries, bytes-sent, bytes-received}
  denials          what the policy denied, each once: {guest, action, resource, times, rule,
                   reason, suggestion}
  calls            the calls of AWS: {time, guest, id, service, operation, resource,
                   attempts, bytes-sent, bytes-received, duration, request-id, outcome};
                   outcome is "success", "cancelled" or "failure" with {error, cause}
  decisions        the decisions of the policy: {time, guest, id, operation, action,
                   resource, decision}; decision is "allow" with {rule} or "deny" with
                   {rule, reason, suggestion}; `id` matches a call with its decisions
  http-requests    the requests that the guest has sent: {time, guest, id, method, url,
                   address, status, bytes-sent, bytes-received, duration, outcome}
  http-decisions   the decisions on them: {time, guest, id, method, url, address, decision}
  omitted          how many entries the lists have no room for, which is for 10,000 in each
                   (16 MiB in all), and of `denials` for 1,000: {calls, decisions,
                   http-requests, http-decisions, denials}; --audit FILE has every one
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
    operations: Vec<Counted<'a>>,
    denials: Vec<Denial<'a>>,
    calls: &'a [Call],
    decisions: &'a [Decision],
    http_requests: &'a [HttpRequest],
    http_decisions: &'a [HttpDecision],
    omitted: Omitted,
    changes: Option<&'a Changes>,
    timing: Timing,
}

/// All calls of one operation.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Counted<'a> {
    guest: &'a str,
    service: &'a str,
    operation: &'a str,
    calls: usize,
    failures: usize,
    cancelled: usize,
    retries: u64,
    bytes_sent: u64,
    bytes_received: u64,
}

/// What was denied, however often.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Denial<'a> {
    guest: &'a str,
    action: &'a str,
    resource: &'a str,
    times: usize,
    rule: Option<String>,
    reason: &'a str,
    suggestion: &'a str,
}

/// How many entries are in none of the lists.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Omitted {
    calls: usize,
    decisions: usize,
    http_requests: usize,
    http_decisions: usize,
    denials: usize,
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
    let seen = &report.seen;
    let (result, result_encoding) = report.output.as_deref().map(encode).unzip();
    serde_json::to_string(&Document {
        guest: &report.guest,
        exit_code: report.failure.as_ref().map_or(Exit::Success, Failure::exit).code(),
        result,
        result_encoding,
        error: report.failure.as_ref().map(Failure::document),
        log: String::from_utf8_lossy(&report.log).into_owned(),
        operations: operations(seen).collect(),
        denials: seen.denials.iter().filter_map(|(first, times)| denial(first, times)).collect(),
        calls: &seen.calls.kept,
        decisions: &seen.decisions.kept,
        http_requests: &seen.http_requests.kept,
        http_decisions: &seen.http_decisions.kept,
        omitted: Omitted {
            calls: seen.calls.omitted(),
            decisions: seen.decisions.omitted(),
            http_requests: seen.http_requests.omitted(),
            http_decisions: seen.http_decisions.omitted(),
            denials: seen.denials.omitted,
        },
        changes: report.changes.as_ref(),
        timing: report.timing,
    })
}

fn operations(seen: &Seen) -> impl Iterator<Item = Counted<'_>> {
    seen.operations.iter().map(|((guest, service, operation), all)| Counted {
        guest,
        service,
        operation,
        calls: all.calls,
        failures: all.failures.total(),
        cancelled: all.cancelled,
        retries: all.retries,
        bytes_sent: all.bytes_sent,
        bytes_received: all.bytes_received,
    })
}

/// `None` for a decision that allows.
fn denial(first: &Decision, times: usize) -> Option<Denial<'_>> {
    let Verdict::Deny { rule, reason, suggestion } = &first.verdict else { return None };
    let rule = rule.as_ref().map(ToString::to_string);
    let (guest, resource) = (&*first.guest, &*first.resource);
    Some(Denial { guest, action: first.action, resource, times, rule, reason, suggestion })
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
    use super::super::tally::{MAX_ENTRIES, MAX_ENTRY_BYTES, MAX_ROWS};
    use super::*;

    fn document(output: Option<&[u8]>) -> serde_json::Value {
        let report = Report {
            guest: "g".to_owned(),
            called: Called::Aws,
            output: output.map(<[u8]>::to_vec),
            failure: output.is_none().then(|| Failure::new(Exit::Trap, "it broke").with_help("mend it")),
            log: b"hello\xff".to_vec(),
            seen: Seen::default(),
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
    fn the_help_names_the_bounds_of_the_lists() {
        assert!(HELP.contains("for 10,000 in each") && MAX_ENTRIES == 10_000);
        assert!(HELP.contains("`denials` for 1,000") && MAX_ROWS == 1_000);
        assert!(HELP.contains("(16 MiB in all)") && MAX_ENTRY_BYTES == 16 << 20);
    }

    #[test]
    fn the_help_names_every_key_of_the_document() {
        for key in document(None).as_object().unwrap().keys() {
            assert!(HELP.contains(&format!("\n  {key} ")), "{key}");
        }
    }
}
