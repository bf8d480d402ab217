//! What programs are given and what they answer.

use serde_json::{Value, json};

/// The input with more fields.
pub fn with(mut input: Value, more: &Value) -> Value {
    if let (Some(fields), Some(more)) = (input.as_object_mut(), more.as_object()) {
        fields.extend(more.clone());
    }
    input
}

/// The answer that is an error.
pub fn error(case: &str) -> Value {
    json!({ "error": case })
}

/// Whether the answer is an error that begins so.
pub fn is_error(answer: &Value, case: &str) -> bool {
    answer.get("error").and_then(Value::as_str).is_some_and(|error| error.starts_with(case))
}
