//! A queue's state and settings.

use std::collections::HashMap;

use aws_sdk_sqs::types::QueueAttributeName;
use innkeeper_policy::{QueueArn, SqsOperation};
use serde::{Deserialize, Serialize};

use crate::bindings::common_types::Timestamp;
use crate::bindings::sqs_types::{
    DeduplicationScope, Error, FifoAttributes, FifoError, QueueAttributes, QueueSettings, RedriveChange,
    RedrivePolicy, ThroughputLimit,
};
use crate::context::AwsCtx;
use crate::sqs::queue::Queue;
use crate::sqs::{convert, settle};

pub(crate) async fn get(ctx: &AwsCtx, queue: &Queue) -> Result<QueueAttributes, Error> {
    let mut leave = queue.leave(ctx, SqsOperation::GetQueueAttributes { queue: queue.arn() }).await?;
    let request = leave
        .client
        .get_queue_attributes()
        .queue_url(&*leave.url)
        .attribute_names(QueueAttributeName::All)
        .send();
    let answer = leave.call.observe(request).await;
    let attributes = settle(&mut leave.call, answer)?.attributes.unwrap_or_default();
    Ok(from_map(queue.is_fifo(), &attributes))
}

pub(crate) async fn set(ctx: &AwsCtx, queue: &Queue, settings: QueueSettings) -> Result<(), Error> {
    let settings = Settings::check(ctx, queue, settings).await?;
    if settings.map.is_empty() {
        return Err(convert::invalid("there is no setting to change"));
    }
    let operation = SqsOperation::SetQueueAttributes {
        queue: queue.arn(),
        dead_letter_queue: settings.dead_letter_queue.as_ref(),
    };
    let mut leave = queue.leave(ctx, operation).await?;
    let request =
        leave.client.set_queue_attributes().queue_url(&*leave.url).set_attributes(Some(settings.map)).send();
    let answer = leave.call.observe(request).await;
    settle(&mut leave.call, answer).map(drop)
}

/// Settings as SQS takes them, and the queue that they let messages go to, of which the policy is asked.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    pub(crate) map: HashMap<QueueAttributeName, String>,
    pub(crate) dead_letter_queue: Option<QueueArn>,
}

/// `RedrivePolicy`, as SQS writes it and takes it. It writes the number as one, and takes it as a text too.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct RawRedrivePolicy {
    dead_letter_target_arn: String,
    max_receive_count: Number,
}

#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum Number {
    Number(u32),
    Text(String),
}

impl Settings {
    /// Checks what the guest wants of a queue, and finds the dead-letter queue that it names.
    pub(crate) async fn check(ctx: &AwsCtx, queue: &Queue, settings: QueueSettings) -> Result<Self, Error> {
        let mut checked = Self { map: plain(queue.is_fifo(), &settings)?, dead_letter_queue: None };
        match settings.redrive_policy {
            None => {}
            Some(RedriveChange::Remove) => {
                checked.map.insert(QueueAttributeName::RedrivePolicy, String::new());
            }
            Some(RedriveChange::Set(policy)) => {
                let target = Queue::open(ctx, &policy.dead_letter_queue).await?;
                let policy = redrive_policy(queue, &target, policy.max_receive_count)?;
                checked.map.insert(QueueAttributeName::RedrivePolicy, policy);
                checked.dead_letter_queue = Some(target.arn().clone());
            }
        }
        Ok(checked)
    }
}

fn redrive_policy(queue: &Queue, target: &Queue, max_receive_count: u32) -> Result<String, Error> {
    convert::within("max-receive-count", max_receive_count, 1..=1_000)?;
    if target.arn().place() != queue.arn().place() {
        return Err(convert::invalid("the dead-letter queue is not in the account and region of the queue"));
    }
    if target.is_fifo() != queue.is_fifo() {
        return Err(convert::invalid("the dead-letter queue is of another kind than the queue"));
    }
    let policy = RawRedrivePolicy {
        dead_letter_target_arn: target.arn().to_string(),
        max_receive_count: Number::Number(max_receive_count),
    };
    serde_json::to_string(&policy).map_err(|error| convert::invalid(error.to_string()))
}

/// The settings that are a number or a word.
fn plain(is_fifo: bool, settings: &QueueSettings) -> Result<HashMap<QueueAttributeName, String>, Error> {
    let mut map = HashMap::new();
    for (attribute, name, value, bounds) in [
        (
            QueueAttributeName::VisibilityTimeout,
            "visibility-timeout",
            settings.visibility_timeout,
            0..=convert::MAX_VISIBILITY,
        ),
        (
            QueueAttributeName::MessageRetentionPeriod,
            "message-retention-period",
            settings.message_retention_period,
            60..=1_209_600,
        ),
        (
            QueueAttributeName::MaximumMessageSize,
            "maximum-message-size",
            settings.maximum_message_size,
            1_024..=1_048_576,
        ),
        (QueueAttributeName::DelaySeconds, "delay-seconds", settings.delay_seconds, 0..=convert::MAX_DELAY),
        (
            QueueAttributeName::ReceiveMessageWaitTimeSeconds,
            "receive-message-wait-time-seconds",
            settings.receive_message_wait_time_seconds,
            0..=20,
        ),
    ] {
        if let Some(value) = convert::option_within(name, value, bounds)? {
            map.insert(attribute, value.to_string());
        }
    }
    let deduplication = settings.content_based_deduplication.map(|on| on.to_string());
    let scope = settings.deduplication_scope.map(|scope| match scope {
        DeduplicationScope::Queue => "queue".to_owned(),
        DeduplicationScope::MessageGroup => "messageGroup".to_owned(),
    });
    let throughput = settings.throughput_limit.map(|limit| match limit {
        ThroughputLimit::PerQueue => "perQueue".to_owned(),
        ThroughputLimit::PerMessageGroup => "perMessageGroupId".to_owned(),
    });
    for (attribute, value) in [
        (QueueAttributeName::ContentBasedDeduplication, deduplication),
        (QueueAttributeName::DeduplicationScope, scope),
        (QueueAttributeName::FifoThroughputLimit, throughput),
    ] {
        match value {
            Some(_) if !is_fifo => return Err(Error::Fifo(FifoError::SettingRefused)),
            Some(value) => {
                map.insert(attribute, value);
            }
            None => {}
        }
    }
    if let Some(on) = settings.sqs_managed_sse {
        map.insert(QueueAttributeName::SqsManagedSseEnabled, on.to_string());
    }
    Ok(map)
}

fn from_map(is_fifo: bool, map: &HashMap<QueueAttributeName, String>) -> QueueAttributes {
    let text = |name| map.get(&name).map(String::as_str);
    let number = |name| text(name).and_then(|text| text.parse().ok()).unwrap_or_default();
    let count = |name| text(name).and_then(|text| text.parse().ok()).unwrap_or_default();
    let time = |name| {
        text(name).and_then(|text| text.parse().ok()).map(|seconds| Timestamp { seconds, nanoseconds: 0 })
    };
    let is_true = |name| text(name) == Some("true");
    let fifo = FifoAttributes {
        content_based_deduplication: is_true(QueueAttributeName::ContentBasedDeduplication),
        deduplication_scope: match text(QueueAttributeName::DeduplicationScope) {
            Some("messageGroup") => DeduplicationScope::MessageGroup,
            _ => DeduplicationScope::Queue,
        },
        throughput_limit: match text(QueueAttributeName::FifoThroughputLimit) {
            Some("perMessageGroupId") => ThroughputLimit::PerMessageGroup,
            _ => ThroughputLimit::PerQueue,
        },
    };
    QueueAttributes {
        messages: count(QueueAttributeName::ApproximateNumberOfMessages),
        messages_not_visible: count(QueueAttributeName::ApproximateNumberOfMessagesNotVisible),
        messages_delayed: count(QueueAttributeName::ApproximateNumberOfMessagesDelayed),
        created: time(QueueAttributeName::CreatedTimestamp),
        last_modified: time(QueueAttributeName::LastModifiedTimestamp),
        visibility_timeout: number(QueueAttributeName::VisibilityTimeout),
        message_retention_period: number(QueueAttributeName::MessageRetentionPeriod),
        maximum_message_size: number(QueueAttributeName::MaximumMessageSize),
        delay_seconds: number(QueueAttributeName::DelaySeconds),
        receive_message_wait_time_seconds: number(QueueAttributeName::ReceiveMessageWaitTimeSeconds),
        redrive_policy: text(QueueAttributeName::RedrivePolicy).and_then(read_redrive_policy),
        fifo: is_fifo.then_some(fifo),
        sqs_managed_sse: is_true(QueueAttributeName::SqsManagedSseEnabled),
        kms: text(QueueAttributeName::KmsMasterKeyId).is_some_and(|key| !key.is_empty()),
    }
}

fn read_redrive_policy(json: &str) -> Option<RedrivePolicy> {
    let raw: RawRedrivePolicy = serde_json::from_str(json).ok()?;
    Some(RedrivePolicy {
        dead_letter_queue: convert::queue_name_in_arn(&raw.dead_letter_target_arn)?,
        max_receive_count: match raw.max_receive_count {
            Number::Number(number) => number,
            Number::Text(text) => text.parse().ok()?,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> QueueSettings {
        QueueSettings {
            visibility_timeout: None,
            message_retention_period: None,
            maximum_message_size: None,
            delay_seconds: None,
            receive_message_wait_time_seconds: None,
            redrive_policy: None,
            content_based_deduplication: None,
            deduplication_scope: None,
            throughput_limit: None,
            sqs_managed_sse: None,
        }
    }

    #[test]
    fn settings_are_held_to_their_bounds() {
        let with = |retention| {
            plain(false, &QueueSettings { message_retention_period: Some(retention), ..settings() })
        };
        assert_eq!(with(60).unwrap()[&QueueAttributeName::MessageRetentionPeriod], "60");
        assert!(with(59).is_err() && with(1_209_601).is_err());
        assert!(plain(false, &settings()).unwrap().is_empty());
    }

    #[test]
    fn a_setting_of_fifo_queues_is_refused_by_a_standard_queue() {
        let with = QueueSettings { content_based_deduplication: Some(true), ..settings() };
        assert!(matches!(plain(false, &with), Err(Error::Fifo(FifoError::SettingRefused))));
        assert_eq!(plain(true, &with).unwrap()[&QueueAttributeName::ContentBasedDeduplication], "true");
    }

    #[test]
    fn a_dead_letter_queue_is_of_the_same_kind_and_place() {
        let queue = Queue::for_tests("orders");
        let policy = redrive_policy(&queue, &Queue::for_tests("dead"), 3).unwrap();
        let read = read_redrive_policy(&policy).unwrap();
        assert_eq!((read.dead_letter_queue.as_str(), read.max_receive_count), ("dead", 3));
        assert!(redrive_policy(&queue, &Queue::for_tests("dead.fifo"), 3).is_err());
        assert!(redrive_policy(&queue, &Queue::for_tests("dead"), 0).is_err());
        assert!(redrive_policy(&queue, &Queue::for_tests("dead"), 1_001).is_err());
        let abroad = Queue::of("arn:aws:sqs:eu-west-1:210987654321:dead".parse().unwrap(), None);
        assert!(redrive_policy(&queue, &abroad, 3).is_err());
    }

    #[test]
    fn a_redrive_policy_is_read_in_both_of_its_forms() {
        for count in ["7", "\"7\""] {
            let json = format!(
                r#"{{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:123456789012:dead","maxReceiveCount":{count}}}"#
            );
            assert_eq!(read_redrive_policy(&json).unwrap().max_receive_count, 7);
        }
        assert!(read_redrive_policy("").is_none());
        assert!(read_redrive_policy("{}").is_none());
    }
}
