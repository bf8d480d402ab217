//! Creating, emptying and deleting queues, and their tags.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_sqs::types::QueueAttributeName;
use innkeeper_policy::SqsOperation;

use crate::bindings::sqs_types::{Error, QueueSettings};
use crate::context::AwsCtx;
use crate::sqs::attributes::Settings;
use crate::sqs::queue::Queue;
use crate::sqs::{convert, settle};

/// The most tags of a queue.
const MAX_TAGS: usize = 50;

/// The longest key and the longest value of a tag, in characters.
const MAX_TAG_KEY: usize = 128;
const MAX_TAG_VALUE: usize = 256;

pub(crate) async fn create(
    ctx: &AwsCtx,
    name: &str,
    settings: QueueSettings,
    tags: Vec<(String, String)>,
) -> Result<Queue, Error> {
    let queue = Queue::open(ctx, name).await?;
    // SQS is told the name alone, and creates the queue wherever the host is: what was decided on has to be there.
    if queue.arn().place() != ctx.gate().place().await? {
        return Err(convert::invalid("a queue can be created in the host's account alone"));
    }
    let mut settings = Settings::check(ctx, &queue, settings).await?;
    if queue.is_fifo() {
        settings.map.insert(QueueAttributeName::FifoQueue, "true".to_owned());
    }
    let tags = check_tags(tags)?;
    let operation = SqsOperation::CreateQueue {
        queue: queue.arn(),
        dead_letter_queue: settings.dead_letter_queue.as_ref(),
        tagged: !tags.is_empty(),
    };
    let mut permit = ctx.gate().sqs(operation).await?;
    let request = permit
        .client
        .create_queue()
        .queue_name(queue.name())
        .set_attributes(Some(settings.map).filter(|map| !map.is_empty()))
        .set_tags(Some(tags).filter(|tags| !tags.is_empty()))
        .send();
    let answer = permit.call.observe(request).await;
    if let Some(url) = settle(&mut permit.call, answer)?.queue_url {
        ctx.queue_urls().insert(queue.arn(), url.into());
    }
    Ok(queue)
}

pub(crate) async fn purge(ctx: &AwsCtx, queue: &Queue) -> Result<(), Error> {
    let mut leave = queue.leave(ctx, SqsOperation::PurgeQueue { queue: queue.arn() }).await?;
    let request = leave.client.purge_queue().queue_url(&*leave.url).send();
    let answer = leave.call.observe(request).await;
    settle(&mut leave.call, answer).map(drop)
}

pub(crate) async fn delete(ctx: &AwsCtx, queue: &Queue) -> Result<(), Error> {
    let mut leave = queue.leave(ctx, SqsOperation::DeleteQueue { queue: queue.arn() }).await?;
    let request = leave.client.delete_queue().queue_url(&*leave.url).send();
    let answer = leave.call.observe(request).await;
    settle(&mut leave.call, answer).map(drop)
}

pub(crate) async fn list_tags(ctx: &AwsCtx, queue: &Queue) -> Result<Vec<(String, String)>, Error> {
    let mut leave = queue.leave(ctx, SqsOperation::ListQueueTags { queue: queue.arn() }).await?;
    let request = leave.client.list_queue_tags().queue_url(&*leave.url).send();
    let answer = leave.call.observe(request).await;
    let tags: BTreeMap<String, String> =
        settle(&mut leave.call, answer)?.tags.into_iter().flatten().collect();
    Ok(tags.into_iter().collect())
}

pub(crate) async fn tag(ctx: &AwsCtx, queue: &Queue, tags: Vec<(String, String)>) -> Result<(), Error> {
    let tags = check_tags(tags)?;
    if tags.is_empty() {
        return Err(convert::invalid("there is no tag to add"));
    }
    let mut leave = queue.leave(ctx, SqsOperation::TagQueue { queue: queue.arn() }).await?;
    let request = leave.client.tag_queue().queue_url(&*leave.url).set_tags(Some(tags)).send();
    let answer = leave.call.observe(request).await;
    settle(&mut leave.call, answer).map(drop)
}

pub(crate) async fn untag(ctx: &AwsCtx, queue: &Queue, keys: Vec<String>) -> Result<(), Error> {
    if keys.is_empty() || keys.len() > MAX_TAGS {
        return Err(convert::invalid(format!("there have to be 1 to {MAX_TAGS} keys of tags")));
    }
    keys.iter().try_for_each(|key| check_tag_key(key))?;
    let mut leave = queue.leave(ctx, SqsOperation::UntagQueue { queue: queue.arn() }).await?;
    let request = leave.client.untag_queue().queue_url(&*leave.url).set_tag_keys(Some(keys)).send();
    let answer = leave.call.observe(request).await;
    settle(&mut leave.call, answer).map(drop)
}

fn check_tags(tags: Vec<(String, String)>) -> Result<HashMap<String, String>, Error> {
    if tags.len() > MAX_TAGS {
        return Err(convert::invalid(format!("a queue has {MAX_TAGS} tags at most")));
    }
    let mut checked = HashMap::new();
    for (key, value) in tags {
        check_tag_key(&key)?;
        if value.chars().count() > MAX_TAG_VALUE {
            return Err(convert::invalid(format!(
                "the value of a tag has {MAX_TAG_VALUE} characters at most"
            )));
        }
        if checked.insert(key, value).is_some() {
            return Err(convert::invalid("the key of a tag is given twice"));
        }
    }
    Ok(checked)
}

fn check_tag_key(key: &str) -> Result<(), Error> {
    let length = key.chars().count();
    if !(1..=MAX_TAG_KEY).contains(&length) || key.to_ascii_lowercase().starts_with("aws:") {
        return Err(convert::invalid(format!(
            "the key of a tag has 1 to {MAX_TAG_KEY} characters, and does not begin with `aws:`"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag_of(key: &str, value: &str) -> Vec<(String, String)> {
        vec![(key.to_owned(), value.to_owned())]
    }

    #[test]
    fn tags_are_held_to_their_bounds() {
        assert!(check_tags(tag_of("k", "")).is_ok());
        assert!(check_tags(tag_of(&"ü".repeat(128), &"ü".repeat(256))).is_ok());
        for (key, value) in
            [("", "v"), ("aws:x", "v"), ("AWS:x", "v"), (&*"k".repeat(129), "v"), ("k", &*"v".repeat(257))]
        {
            assert!(check_tags(tag_of(key, value)).is_err(), "{key:?}");
        }
        assert!(check_tags([tag_of("k", "a"), tag_of("k", "b")].concat()).is_err());
        let many = |count| (0..count).map(|n| (n.to_string(), String::new())).collect();
        assert!(check_tags(many(50)).is_ok());
        assert!(check_tags(many(51)).is_err());
    }
}
