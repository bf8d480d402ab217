use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::queues::OfQueue;
use super::{Context, Nothing};
use crate::layer::AwsError;
use crate::sqs::error::{invalid_parameter, missing};

/// The most tags of a queue.
const MAX_TAGS: usize = 50;
/// The longest key of a tag, in characters.
const MAX_KEY: usize = 128;
/// The longest value of a tag, in characters.
const MAX_VALUE: usize = 256;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs) struct TagQueue {
    queue_url: Option<String>,
    tags: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs) struct UntagQueue {
    queue_url: Option<String>,
    tag_keys: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct ListQueueTagsResult {
    // Without any, SQS leaves out the map.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
}

/// `TagQueue`
pub(in crate::sqs) fn tag_queue(cx: &Context<'_>, input: TagQueue) -> Result<Nothing, AwsError> {
    let now = cx.now();
    let mut state = cx.state(now);
    let id = cx.id(&state, input.queue_url.as_deref())?;
    let queue = state.queue(&id, now)?;
    let mut tags = queue.tags.clone();
    tags.extend(input.tags.filter(|tags| !tags.is_empty()).ok_or_else(|| missing("Tags"))?);
    check_tags(&id.name, &tags)?;
    queue.tags = tags;
    Ok(Nothing {})
}

/// `UntagQueue`
pub(in crate::sqs) fn untag_queue(cx: &Context<'_>, input: UntagQueue) -> Result<Nothing, AwsError> {
    let now = cx.now();
    let mut state = cx.state(now);
    let queue = cx.queue(&mut state, input.queue_url.as_deref(), now)?;
    let keys = input.tag_keys.ok_or_else(|| missing("TagKeys"))?;
    if keys.is_empty() || !keys.iter().all(|key| is_key(key)) {
        return Err(invalid_parameter(format!(
            "Tag keys must be between 1 and {MAX_KEY} characters in length."
        )));
    }
    for key in keys {
        queue.tags.remove(&key);
    }
    Ok(Nothing {})
}

/// `ListQueueTags`
pub(in crate::sqs) fn list_queue_tags(
    cx: &Context<'_>,
    input: OfQueue,
) -> Result<ListQueueTagsResult, AwsError> {
    let now = cx.now();
    let mut state = cx.state(now);
    let queue = cx.queue(&mut state, input.queue_url.as_deref(), now)?;
    Ok(ListQueueTagsResult { tags: queue.tags.clone() })
}

pub(super) fn check_tags(queue: &str, tags: &BTreeMap<String, String>) -> Result<(), AwsError> {
    if tags.len() > MAX_TAGS {
        return Err(invalid_parameter(format!("Too many tags added for queue {queue}.")));
    }
    let valid = |(key, value): (&String, &String)| {
        is_key(key) && value.chars().count() <= MAX_VALUE && !key.starts_with("aws:")
    };
    if tags.iter().all(valid) { Ok(()) } else { Err(invalid_parameter("Tag keys and values are invalid.")) }
}

fn is_key(key: &str) -> bool {
    (1..=MAX_KEY).contains(&key.chars().count())
}
