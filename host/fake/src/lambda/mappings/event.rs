//! What a function is told of messages, and what its answer says of them.

use std::collections::HashSet;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::lambda::MAX_SYNC;
use crate::sqs::SourceMessage;

/// What a batch adds to the records in it, and each record beside what it is.
const FRAME: usize = 16;

/// The messages as batches, none of whose events is longer than an invocation can be. A message that is too long alone is one.
pub(super) fn split(messages: Vec<SourceMessage>) -> Vec<Vec<SourceMessage>> {
    let mut batches = Vec::new();
    let (mut batch, mut size) = (Vec::new(), FRAME);
    for message in messages {
        let length = message.record.to_string().len() + 1;
        if size + length > MAX_SYNC && !batch.is_empty() {
            batches.push(std::mem::take(&mut batch));
            size = FRAME;
        }
        size += length;
        batch.push(message);
    }
    batches.extend((!batch.is_empty()).then_some(batch));
    batches
}

/// The event of a batch.
pub(super) fn event(batch: &[SourceMessage]) -> Bytes {
    let records: Vec<&Value> = batch.iter().map(|message| &message.record).collect();
    json!({ "Records": records }).to_string().into()
}

/// Which messages of a batch have failed, by id, as the answer of a function that reports them says. None is all of them: the
/// answer is none that can be understood, or names what is no message of the batch.
pub(super) fn failures<'b>(answer: &[u8], batch: &'b [SourceMessage]) -> Option<HashSet<&'b str>> {
    if answer.is_empty() {
        return Some(HashSet::new());
    }
    let failures = match serde_json::from_slice(answer).ok()? {
        Value::Null => return Some(HashSet::new()),
        Value::Object(mut answer) => answer.remove("batchItemFailures"),
        _ => return None,
    };
    let failures = match failures {
        None | Some(Value::Null) => return Some(HashSet::new()),
        Some(Value::Array(failures)) => failures,
        Some(_) => return None,
    };
    let message = |failure: &Value| {
        let id = failure.get("itemIdentifier")?.as_str()?;
        batch.iter().map(|message| message.id.as_str()).find(|message| *message == id)
    };
    failures.iter().map(message).collect()
}
