//! Getting past the policy: what a guest is granted is what is sent for it, byte for byte, and nothing else.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod existence;
mod keys;
mod lambda;
mod presign;
mod quota;
mod rights;
mod s3;
mod sqs;

use innkeeper_attacks::{Besieged, Component, Siege, program};
use serde_json::{Value, json};

/// The program that makes the calls that it is told.
const TRIES: Component = program::TRIES;

const DENIED: &str = "error: AccessDenied";

/// An error that says that it was the argument.
fn is_invalid(outcome: &Value) -> bool {
    outcome.as_str().is_some_and(|outcome| outcome.starts_with("error: InvalidArgument"))
}

/// Any error.
fn is_error(outcome: &Value) -> bool {
    outcome.as_str().is_some_and(|outcome| outcome.starts_with("error: "))
}

/// The resource of a grant that stands for this key alone: IAM's wildcards and variables, escaped as IAM has it.
fn object(bucket: &str, key: &str) -> String {
    let escaped: String = key
        .chars()
        .map(|c| if matches!(c, '*' | '?' | '$') { format!("${{{c}}}") } else { c.to_string() })
        .collect();
    format!("arn:aws:s3:::{bucket}/{escaped}")
}

/// Makes a call that the policy has to deny, whatever there is: nothing is sent for it.
async fn is_denied(siege: &Siege, besieged: &Besieged, call: Value) {
    siege.forget_sent();
    assert_eq!(besieged.tries_one(call.clone()).await, DENIED, "{call}");
    assert_eq!(siege.sent(), [], "{call}");
}

/// Makes a call that must not be taken for one of what is granted: it is refused, and nothing is sent for it.
async fn is_refused(siege: &Siege, besieged: &Besieged, call: Value) {
    siege.forget_sent();
    let outcome = besieged.tries_one(call.clone()).await;
    assert!(is_invalid(&outcome) || outcome == DENIED, "{call}: {outcome}");
    assert_eq!(siege.sent(), [], "{call}");
}

/// Makes a call that is granted.
async fn is_granted(besieged: &Besieged, call: Value) -> Value {
    let outcome = besieged.tries_one(call.clone()).await;
    assert!(!is_error(&outcome), "{call}: {outcome}");
    outcome
}

/// A call with more fields.
fn with(mut call: Value, more: Value) -> Value {
    let (Some(fields), Value::Object(more)) = (call.as_object_mut(), more) else { return call };
    fields.extend(more);
    call
}

/// A call about a key of the bucket `uploads`.
fn on_key(call: &str, key: &str) -> Value {
    json!({ "do": call, "bucket": "uploads", "key": key })
}
