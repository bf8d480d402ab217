//! What all batches have in common.

use std::collections::HashSet;

use serde::Serialize;

use crate::layer::AwsError;
use crate::sqs::error::{error, query_code};

/// The most entries of a batch.
const MAX_ENTRIES: usize = 10;
/// The longest id of an entry.
const MAX_ID: usize = 80;

/// What came of the entries of a batch: a batch with failures succeeds.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct BatchResult<T> {
    // Without any, SQS leaves out the list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    successful: Vec<T>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed: Vec<BatchFailure>,
}

/// An entry that failed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct BatchFailure {
    id: String,
    sender_fault: bool,
    code: String,
    message: String,
}

impl<T> BatchResult<T> {
    pub(super) fn of(results: impl IntoIterator<Item = (String, Result<T, AwsError>)>) -> Self {
        let mut batch = Self { successful: Vec::new(), failed: Vec::new() };
        for (id, result) in results {
            match result {
                Ok(entry) => batch.successful.push(entry),
                Err(error) => batch.failed.push(BatchFailure {
                    id,
                    sender_fault: !error.status.is_server_error(),
                    code: query_code(&error.code).to_owned(),
                    message: error.message,
                }),
            }
        }
        batch
    }
}

/// Refuses a batch as a whole: empty, too long, or with ids that are invalid or not distinct. `operation` is the one
/// that the batch is of.
pub(super) fn check_ids<'a>(
    operation: &str,
    ids: impl ExactSizeIterator<Item = &'a str> + Clone,
) -> Result<(), AwsError> {
    if ids.len() == 0 {
        return Err(error(
            "EmptyBatchRequest",
            format!("There should be at least one {operation}BatchRequestEntry in the request."),
        ));
    }
    if ids.len() > MAX_ENTRIES {
        return Err(error(
            "TooManyEntriesInBatchRequest",
            format!("Maximum number of entries per request are {MAX_ENTRIES}. You have sent {}.", ids.len()),
        ));
    }
    if !ids.clone().all(is_entry_id) {
        return Err(error(
            "InvalidBatchEntryId",
            "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 \
             letters long.",
        ));
    }
    let mut seen = HashSet::new();
    let mut ids = ids;
    match ids.find(|id| !seen.insert(*id)) {
        Some(id) => Err(error("BatchEntryIdsNotDistinct", format!("Id {id} repeated."))),
        None => Ok(()),
    }
}

fn is_entry_id(id: &str) -> bool {
    (1..=MAX_ID).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
