//! Functions that are files: `lambda/NAME.json` of a seed.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::handler::{FunctionError, FunctionErrorKind, FunctionEvent, FunctionResponse, Handler};
use super::kept::Kept;

/// A function as it is read: `lambda/FUNCTION.json` of a [seed](crate::folder). The name is that of the file.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FunctionDocument {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    /// Seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) timeout: Option<u32>,
    /// MB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) memory_size: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reserved_concurrency: Option<u32>,
    /// The published versions, all with these answers: how many there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) versions: u32,
    /// Alias to version.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub(super) aliases: std::collections::BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) answers: Option<Vec<CannedAnswer>>,
    /// The guest that is the function's code, by the name that whoever runs it knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) guest: Option<String>,
    /// Whether a client has uploaded the code, which is not run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) uploaded: bool,
    /// All else of it, where the whole state is saved, in place of what the members above say of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) kept: Option<Box<Kept>>,
}

/// What a document says that a function is.
#[derive(Clone, Debug)]
pub(super) enum Code {
    Answers(Vec<CannedAnswer>),
    Guest(String),
    Uploaded,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// An answer, and the events that it is for.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct CannedAnswer {
    /// What the event has to contain; none is every event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    when: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<Value>,
    #[serde(default)]
    error_kind: FunctionErrorKind,
    #[serde(default)]
    log: Vec<String>,
    /// How long the function takes.
    #[serde(default)]
    delay_millis: u64,
}

impl FunctionDocument {
    /// What the function is: answers, a guest or uploaded, and one of them alone. An answer is a payload or an error, not both.
    pub(super) fn code(&self) -> Result<Code, String> {
        if let Some(kept) = &self.kept {
            kept.check()?;
        }
        if self.uploaded {
            return match (&self.answers, &self.guest) {
                (None, None) => Ok(Code::Uploaded),
                _ => Err("a function that is `uploaded` has neither `answers` nor a `guest`".to_owned()),
            };
        }
        let answers = match (&self.answers, &self.guest) {
            (Some(answers), None) => answers,
            (None, Some(guest)) if guest.is_empty() => return Err("`guest` is empty".to_owned()),
            (None, Some(guest)) => return Ok(Code::Guest(guest.clone())),
            (Some(_), Some(_)) => return Err("a function has `answers` or a `guest`, not both".to_owned()),
            (None, None) => return Err("a function has `answers` or a `guest`; this has neither".to_owned()),
        };
        match answers.iter().position(|answer| answer.payload.is_some() && answer.error.is_some()) {
            Some(index) => Err(format!("answer {} has both a `payload` and an `error`", index + 1)),
            None => Ok(Code::Answers(answers.clone())),
        }
    }
}

/// Answers from a file: the first whose `when` the event contains.
pub(super) struct Canned(pub(super) Vec<CannedAnswer>);

#[async_trait]
impl Handler for Canned {
    async fn handle(&self, event: FunctionEvent) -> Result<FunctionResponse, FunctionError> {
        let given: Value = event.json()?;
        let answer =
            self.0.iter().find(|answer| answer.when.as_ref().is_none_or(|when| contains(&given, when)));
        let answer = answer
            .ok_or_else(|| FunctionError::new("NoAnswer", "no answer of the seed is for this event"))?
            .clone();
        for line in &answer.log {
            event.log.line(line);
        }
        if answer.delay_millis > 0 {
            tokio::time::sleep(Duration::from_millis(answer.delay_millis)).await;
        }
        match answer.error {
            Some(payload) => Err(FunctionError { kind: answer.error_kind, payload }),
            None => Ok(answer.payload.unwrap_or(Value::Null).into()),
        }
    }
}

/// Whether `value` has all that `part` has: of objects, each member of it; of everything else, the same.
fn contains(value: &Value, part: &Value) -> bool {
    match (value, part) {
        (Value::Object(value), Value::Object(part)) => {
            part.iter().all(|(key, part)| value.get(key).is_some_and(|value| contains(value, part)))
        }
        (value, part) => value == part,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_contains_what_all_its_members_contain() {
        let event = json!({ "sku": "A1", "count": { "min": 1, "max": 2 }, "tags": ["a", "b"] });
        for part in [
            json!({}),
            json!({ "sku": "A1" }),
            json!({ "count": { "max": 2 } }),
            json!({ "tags": ["a", "b"] }),
        ] {
            assert!(contains(&event, &part), "{part}");
        }
        for part in
            [json!({ "sku": "B" }), json!({ "count": { "max": 1 } }), json!({ "tags": ["a"] }), json!([])]
        {
            assert!(!contains(&event, &part), "{part}");
        }
    }
}
