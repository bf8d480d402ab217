use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::{Deserialize, Serialize};

use super::tags::check_tags;
use super::{Context, Nothing};
use crate::layer::AwsError;
use crate::sqs::error::{error, invalid_parameter, invalid_value, missing, no_such_queue, unknown_attribute};
use crate::sqs::name::{QueueId, is_fifo_name};
use crate::sqs::queue::Queue;
use crate::sqs::redrive::RedrivePolicy;
use crate::sqs::settings::{Attributes, Settings};
use crate::sqs::store::{COOLING, State};

/// The most queues of one page, and what a list without `MaxResults` has.
const MAX_PAGE: usize = 1000;

/// The attributes that cannot be set.
const READ_ONLY: &[&str] = &[
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
];
/// The attributes that can, whether or not a queue has them.
const SETTABLE: &[&str] = &[
    "Policy",
    "VisibilityTimeout",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "DelaySeconds",
    "ReceiveMessageWaitTimeSeconds",
    "RedrivePolicy",
    "FifoQueue",
    "ContentBasedDeduplication",
    "KmsMasterKeyId",
    "KmsDataKeyReusePeriodSeconds",
    "DeduplicationScope",
    "FifoThroughputLimit",
    "RedriveAllowPolicy",
    "SqsManagedSseEnabled",
];

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs) struct CreateQueue {
    pub(in crate::sqs) queue_name: Option<String>,
    pub(in crate::sqs) attributes: Option<Attributes>,
    // In lower case, unlike everything else.
    #[serde(rename = "tags")]
    pub(in crate::sqs) tags: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct QueueUrl {
    pub(in crate::sqs) queue_url: String,
}

/// The input of operations on a queue that take nothing else.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs) struct OfQueue {
    pub(in crate::sqs) queue_url: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs) struct GetQueueUrl {
    queue_name: Option<String>,
    #[serde(rename = "QueueOwnerAWSAccountId")]
    owner: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs) struct GetQueueAttributes {
    queue_url: Option<String>,
    attribute_names: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct GetQueueAttributesResult {
    // Without any, SQS leaves out the map.
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    attributes: Attributes,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs) struct SetQueueAttributes {
    queue_url: Option<String>,
    attributes: Option<Attributes>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs) struct ListQueues {
    queue_name_prefix: String,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct ListQueuesResult {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    queue_urls: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs) struct ListDeadLetterSourceQueues {
    queue_url: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
pub(in crate::sqs) struct ListDeadLetterSourceQueuesResult {
    // In lower camel case, unlike everything else.
    #[serde(rename = "queueUrls")]
    queue_urls: Vec<String>,
    #[serde(rename = "NextToken", skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// `CreateQueue`, in the region of the endpoint.
pub(in crate::sqs) fn create_queue(cx: &Context<'_>, input: CreateQueue) -> Result<QueueUrl, AwsError> {
    create_in(cx, input, Some(cx.region.clone()))
}

/// Makes a queue in a region, or in none: then it answers in every one.
pub(in crate::sqs) fn create_in(
    cx: &Context<'_>,
    input: CreateQueue,
    region: Option<String>,
) -> Result<QueueUrl, AwsError> {
    let name = input.queue_name.ok_or_else(|| missing("QueueName"))?;
    let attributes = trimmed(input.attributes.unwrap_or_default());
    let settings = Settings::of_new(&name, &attributes)?;
    let tags = input.tags.unwrap_or_default();
    check_tags(&name, &tags)?;
    let now = cx.now();
    let mut state = cx.state(now);
    let account_id = cx.account(&cx.caller.account_id);
    if let Some(id) = state.find(&name, &cx.region, account_id.as_deref()) {
        let queue = state.queue(&id, now)?;
        check_same(&queue.settings, &settings, &attributes)?;
        return Ok(QueueUrl { queue_url: cx.url(&id) });
    }
    let id = QueueId { name, region, account_id };
    if state.deleted.contains_key(&id) {
        return Err(error(
            "QueueDeletedRecently",
            format!(
                "You must wait {} seconds after deleting a queue before you can create another with the same name.",
                COOLING.as_secs()
            ),
        ));
    }
    if let Some(redrive) = &settings.redrive {
        check_redrive(cx, &state, &id, redrive)?;
    }
    let mut queue = Queue::new(settings, now, cx.shared.ids.uuid("queue"));
    queue.tags = tags;
    let url = QueueUrl { queue_url: cx.url(&id) };
    state.queues.insert(id, queue);
    state.made.notify_waiters();
    Ok(url)
}

/// Attributes without spaces around their names. What AWS does with such names is not recorded; moto takes them for the
/// names without, and tests that were written for it rely on that.
fn trimmed(attributes: Attributes) -> Attributes {
    attributes.into_iter().map(|(name, value)| (name.trim().to_owned(), value)).collect()
}

/// A queue that is there already is the one that is asked for only if what is asked for is as it has it.
fn check_same(existing: &Settings, wanted: &Settings, given: &Attributes) -> Result<(), AwsError> {
    let (has, would_have) = (existing.render(), wanted.render());
    let differs = |name: &&String| match name.as_str() {
        "RedrivePolicy" => existing.redrive != wanted.redrive,
        name => has.get(name) != would_have.get(name),
    };
    match given.keys().find(differs) {
        None => Ok(()),
        Some(name) => Err(error(
            "QueueNameExists",
            format!("A queue already exists with the same name and a different value for attribute {name}"),
        )),
    }
}

/// The dead-letter queue has to be there, of the same type, and willing.
fn check_redrive(
    cx: &Context<'_>,
    state: &State,
    id: &QueueId,
    redrive: &RedrivePolicy,
) -> Result<(), AwsError> {
    let invalid = |reason: &str| invalid_value(&redrive.render(), "RedrivePolicy", reason);
    let target = state.find_arn(&redrive.arn, cx.own()).filter(|target| target.account_id == id.account_id);
    let target = target.ok_or_else(|| invalid("Dead letter target does not exist."))?;
    let queue = state.queues.get(&target).ok_or_else(no_such_queue)?;
    if queue.is_fifo() != is_fifo_name(&id.name) {
        return Err(invalid("Dead-letter queue must be same type of queue as the source."));
    }
    let allowed = queue.settings.redrive_allow.as_ref();
    if allowed.is_some_and(|policy| !policy.allows(&cx.arn(id))) {
        return Err(invalid(
            "The RedriveAllowPolicy of the dead-letter queue does not allow this source queue.",
        ));
    }
    Ok(())
}

/// `DeleteQueue`
pub(in crate::sqs) fn delete_queue(cx: &Context<'_>, input: OfQueue) -> Result<Nothing, AwsError> {
    let now = cx.now();
    let mut state = cx.state(now);
    let id = cx.id(&state, input.queue_url.as_deref())?;
    if let Some(queue) = state.queues.remove(&id) {
        queue.changed.notify_waiters();
        state.deleted.insert(id, now);
    }
    Ok(Nothing {})
}

/// `GetQueueUrl`
pub(in crate::sqs) fn get_queue_url(cx: &Context<'_>, input: GetQueueUrl) -> Result<QueueUrl, AwsError> {
    let name = input.queue_name.ok_or_else(|| missing("QueueName"))?;
    let owner = input.owner.unwrap_or_else(|| cx.caller.account_id.clone());
    let state = cx.state(cx.now());
    // Whether there is a queue is nothing for those who may not ask.
    let id = cx.id(&state, Some(&format!("{}/{owner}/{name}", cx.endpoint))).map_err(|_| no_such_queue())?;
    Ok(QueueUrl { queue_url: cx.url(&id) })
}

/// `GetQueueAttributes`
pub(in crate::sqs) fn get_queue_attributes(
    cx: &Context<'_>,
    input: GetQueueAttributes,
) -> Result<GetQueueAttributesResult, AwsError> {
    let now = cx.now();
    let mut state = cx.state(now);
    let id = cx.id(&state, input.queue_url.as_deref())?;
    let known = |name: &String| name == "All" || [READ_ONLY, SETTABLE].concat().contains(&name.as_str());
    if let Some(unknown) = input.attribute_names.iter().find(|name| !known(name)) {
        return Err(unknown_attribute(unknown));
    }
    let arn = cx.arn(&id);
    let queue = state.queue(&id, now)?;
    let counts = queue.counts();
    let mut attributes = queue.settings.render();
    for (name, value) in [
        ("ApproximateNumberOfMessages", counts.visible.to_string()),
        ("ApproximateNumberOfMessagesNotVisible", counts.in_flight.to_string()),
        ("ApproximateNumberOfMessagesDelayed", counts.delayed.to_string()),
        ("CreatedTimestamp", seconds(queue.created)),
        ("LastModifiedTimestamp", seconds(queue.modified)),
        ("QueueArn", arn),
    ] {
        attributes.insert(name.to_owned(), value);
    }
    if !input.attribute_names.iter().any(|name| name == "All") {
        attributes.retain(|name, _| input.attribute_names.contains(name));
    }
    Ok(GetQueueAttributesResult { attributes })
}

/// `SetQueueAttributes`
pub(in crate::sqs) fn set_queue_attributes(
    cx: &Context<'_>,
    input: SetQueueAttributes,
) -> Result<Nothing, AwsError> {
    let now = cx.now();
    let mut state = cx.state(now);
    let id = cx.id(&state, input.queue_url.as_deref())?;
    let attributes = trimmed(input.attributes.ok_or_else(|| missing("Attributes"))?);
    set(cx, &mut state, now, &id, &attributes)?;
    Ok(Nothing {})
}

pub(in crate::sqs) fn set(
    cx: &Context<'_>,
    state: &mut State,
    now: SystemTime,
    id: &QueueId,
    attributes: &Attributes,
) -> Result<(), AwsError> {
    let mut wanted = state.queue(id, now)?.settings.clone();
    wanted.set(attributes)?;
    if let (true, Some(redrive)) = (attributes.contains_key("RedrivePolicy"), &wanted.redrive) {
        check_redrive(cx, state, id, redrive)?;
    }
    state.queue(id, now)?.set(now, attributes)
}

/// `ListQueues`
pub(in crate::sqs) fn list_queues(cx: &Context<'_>, input: ListQueues) -> Result<ListQueuesResult, AwsError> {
    let state = cx.state(cx.now());
    let account_id = cx.account(&cx.caller.account_id);
    let own = |id: &&QueueId| {
        id.account_id == account_id && id.region.as_ref().is_none_or(|region| *region == cx.region)
    };
    let ids = state.queues.keys().filter(own).filter(|id| id.name.starts_with(&input.queue_name_prefix));
    let (queue_urls, next_token) = page(cx, ids, input.max_results, input.next_token.as_deref())?;
    Ok(ListQueuesResult { queue_urls, next_token })
}

/// `ListDeadLetterSourceQueues`
pub(in crate::sqs) fn list_dead_letter_source_queues(
    cx: &Context<'_>,
    input: ListDeadLetterSourceQueues,
) -> Result<ListDeadLetterSourceQueuesResult, AwsError> {
    let state = cx.state(cx.now());
    let id = cx.id(&state, input.queue_url.as_deref())?;
    let sources = state.sources_of(&id, cx.own());
    let (queue_urls, next_token) = page(cx, sources.iter(), input.max_results, input.next_token.as_deref())?;
    Ok(ListDeadLetterSourceQueuesResult { queue_urls, next_token })
}

/// A page of queues: their URLs, and the token of the next page, which exists only if a length was asked for.
fn page<'q>(
    cx: &Context<'_>,
    ids: impl Iterator<Item = &'q QueueId>,
    max_results: Option<i64>,
    token: Option<&str>,
) -> Result<(Vec<String>, Option<String>), AwsError> {
    let length = max_results.map(usize::try_from).transpose();
    let length = length.ok().flatten().filter(|length| (1..=MAX_PAGE).contains(length));
    if let (Some(given), None) = (max_results, length) {
        return Err(invalid_value(
            &given.to_string(),
            "MaxResults",
            &format!("MaxResults must be an integer between 1 and {MAX_PAGE}."),
        ));
    }
    let after = token.map(|token| {
        let name = BASE64_STANDARD.decode(token).ok().and_then(|name| String::from_utf8(name).ok());
        name.ok_or_else(|| invalid_parameter("Invalid or expired next token."))
    });
    let after = after.transpose()?;
    let mut rest = ids.filter(|id| after.as_ref().is_none_or(|after| id.name > *after)).peekable();
    let page: Vec<&QueueId> = rest.by_ref().take(length.unwrap_or(MAX_PAGE)).collect();
    let more = length.is_some() && rest.peek().is_some();
    let next_token = page.last().filter(|_| more).map(|last| BASE64_STANDARD.encode(&last.name));
    Ok((page.into_iter().map(|id| cx.url(id)).collect(), next_token))
}

/// `PurgeQueue`. What takes AWS up to a minute happens at once.
pub(in crate::sqs) fn purge_queue(cx: &Context<'_>, input: OfQueue) -> Result<Nothing, AwsError> {
    let now = cx.now();
    let mut state = cx.state(now);
    let id = cx.id(&state, input.queue_url.as_deref())?;
    let queue = state.queue(&id, now)?;
    if queue.purged.is_some_and(|purged| now < purged + COOLING) {
        return Err(error(
            "PurgeQueueInProgress",
            format!(
                "Only one PurgeQueue operation on {} is allowed every {} seconds.",
                id.name,
                COOLING.as_secs()
            ),
        ));
    }
    queue.purged = Some(now);
    queue.purge();
    Ok(Nothing {})
}

/// A time as the timestamps of a queue have it.
fn seconds(time: SystemTime) -> String {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().to_string()
}
