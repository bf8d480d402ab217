use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::fake::FakeAws;
use crate::lambda::{EventSourceMappingDocument, FunctionDocument, FunctionId, LambdaDirectError};
use crate::sqs::{QueueDocument, SqsDirectError};

/// The queues, functions and event source mappings of a seed that is no folder: the same documents, in whatever carries them.
///
/// ```
/// use innkeeper_fake::{FakeAws, InlineSeed};
///
/// let seed: InlineSeed = serde_json::from_str(
///     r#"{
///         "queues": { "jobs": { "messages": ["one", "two"] } },
///         "functions": { "price": { "answers": [{ "payload": { "total": 3 } }] } }
///     }"#,
/// )?;
/// let fake = FakeAws::new();
/// fake.seed_inline(&seed, "tests.json")?;
/// assert_eq!(fake.sqs().messages("jobs").len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[non_exhaustive]
pub struct InlineSeed {
    /// As in `sqs/QUEUE.json`.
    pub queues: BTreeMap<String, QueueDocument>,
    /// As in `lambda/FUNCTION.json`.
    pub functions: BTreeMap<String, FunctionDocument>,
    /// As in `lambda/.innkeeper.json`.
    pub event_source_mappings: Vec<EventSourceMappingDocument>,
}

/// Why a document is no seed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InlineSeedError {
    /// A queue that SQS refuses, or a message in it.
    #[error("cannot seed the queue `{name}`")]
    Queue {
        /// The queue.
        name: String,
        /// What SQS says.
        source: SqsDirectError,
    },
    /// A function that Lambda refuses.
    #[error("cannot seed the function `{name}`")]
    Function {
        /// The function.
        name: String,
        /// Why.
        source: LambdaDirectError,
    },
    /// An event source mapping that makes no sense.
    #[error("cannot seed an event source mapping")]
    EventSourceMapping {
        /// Why.
        source: LambdaDirectError,
    },
}

impl InlineSeed {
    /// Queues and functions by name.
    pub fn new(
        queues: BTreeMap<String, QueueDocument>,
        functions: BTreeMap<String, FunctionDocument>,
    ) -> Self {
        Self { queues, functions, event_source_mappings: Vec::new() }
    }

    /// The same with event source mappings.
    #[must_use]
    pub fn event_source_mappings(self, event_source_mappings: Vec<EventSourceMappingDocument>) -> Self {
        Self { event_source_mappings, ..self }
    }
}

/// Makes the queues, the functions and what leads from the ones to the others. A redrive policy needs the queue that it names, so all queues are there before any policy is.
pub(crate) fn seed_inline(fake: &FakeAws, seed: &InlineSeed, origin: &Path) -> Result<(), InlineSeedError> {
    for (name, queue) in &seed.queues {
        fake.sqs().seed_queue(name, queue).map_err(|source| of_queue(name, source))?;
    }
    for (name, queue) in &seed.queues {
        fake.sqs().seed_policies(name, queue).map_err(|source| of_queue(name, source))?;
    }
    for (name, function) in &seed.functions {
        fake.lambda()
            .seed_function(FunctionId::own(name), function.clone(), origin)
            .map_err(|source| InlineSeedError::Function { name: name.clone(), source })?;
    }
    fake.lambda()
        .seed_mappings(seed.event_source_mappings.clone())
        .map_err(|source| InlineSeedError::EventSourceMapping { source })
}

fn of_queue(name: &str, source: SqsDirectError) -> InlineSeedError {
    InlineSeedError::Queue { name: name.to_owned(), source }
}
