//! Attributes of queues.

use aws_sdk_sqs::types::QueueAttributeName as Name;
use pretty_assertions::assert_eq;

use crate::aws::{fifo, pass, queue, queue_with, refused};

#[tokio::test(start_paused = true)]
async fn a_new_queue_has_the_defaults() {
    let queue = queue().await;
    let get = queue.client.get_queue_attributes().queue_url(&queue.url).attribute_names(Name::All);
    let attributes = get.send().await.unwrap().attributes.unwrap();
    let mut attributes: Vec<_> =
        attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    attributes.sort_unstable();
    assert_eq!(
        attributes,
        [
            ("ApproximateNumberOfMessages", "0"),
            ("ApproximateNumberOfMessagesDelayed", "0"),
            ("ApproximateNumberOfMessagesNotVisible", "0"),
            ("CreatedTimestamp", "1767225600"),
            ("DelaySeconds", "0"),
            ("LastModifiedTimestamp", "1767225600"),
            ("MaximumMessageSize", "1048576"),
            ("MessageRetentionPeriod", "345600"),
            ("QueueArn", "arn:aws:sqs:eu-west-1:000000000000:orders"),
            ("ReceiveMessageWaitTimeSeconds", "0"),
            ("SqsManagedSseEnabled", "true"),
            ("VisibilityTimeout", "30"),
        ]
    );
    let none = queue.client.get_queue_attributes().queue_url(&queue.url).send().await.unwrap();
    assert_eq!(none.attributes, None);
    let unknown =
        queue.client.get_queue_attributes().queue_url(&queue.url).attribute_names(Name::from("Nope"));
    refused(unknown.send().await, 400, "InvalidAttributeName", "Unknown Attribute Nope.");
}

#[tokio::test(start_paused = true)]
async fn a_fifo_queue_has_more() {
    let queue = fifo().await;
    for (name, value) in [
        (Name::FifoQueue, "true"),
        (Name::ContentBasedDeduplication, "true"),
        (Name::DeduplicationScope, "queue"),
        (Name::FifoThroughputLimit, "perQueue"),
    ] {
        assert_eq!(queue.attribute(name).await.as_deref(), Some(value));
    }
    let set = |name: Name, value: &str| {
        queue.client.set_queue_attributes().queue_url(&queue.url).attributes(name, value).send()
    };
    refused(
        set(Name::FifoThroughputLimit, "perMessageGroupId").await,
        400,
        "InvalidAttributeValue",
        "messageGroup",
    );
    refused(set(Name::FifoQueue, "false").await, 400, "InvalidAttributeValue", "Modifying queue type");
    set(Name::DeduplicationScope, "messageGroup").await.unwrap();
    set(Name::FifoThroughputLimit, "perMessageGroupId").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn sets_all_attributes_or_none() {
    let queue = queue().await;
    pass(10).await;
    queue.set(Name::VisibilityTimeout, "69").await;
    assert_eq!(queue.attribute(Name::VisibilityTimeout).await.unwrap(), "69");
    assert_eq!(queue.attribute(Name::LastModifiedTimestamp).await.unwrap(), "1767225610");
    let set = |name: Name, value: &str| {
        queue.client.set_queue_attributes().queue_url(&queue.url).attributes(name, value)
    };
    let both = set(Name::DelaySeconds, "5").attributes(Name::VisibilityTimeout, "43201").send().await;
    refused(both, 400, "InvalidAttributeValue", "VisibilityTimeout");
    assert_eq!(queue.attribute(Name::DelaySeconds).await.unwrap(), "0");
    refused(
        set(Name::from("Nope"), "1").send().await,
        400,
        "InvalidAttributeName",
        "Unknown Attribute Nope.",
    );
    refused(
        set(Name::FifoQueue, "true").send().await,
        400,
        "InvalidAttributeName",
        "Unknown Attribute FifoQueue.",
    );
    refused(set(Name::QueueArn, "x").send().await, 400, "InvalidAttributeName", "QueueArn");
    let policy = r#"{"Version":"2012-10-17","Statement":[]}"#;
    queue.set(Name::Policy, policy).await;
    assert_eq!(queue.attribute(Name::Policy).await.as_deref(), Some(policy));
    queue.set(Name::Policy, "").await;
    assert_eq!(queue.attribute(Name::Policy).await, None);
}

#[tokio::test(start_paused = true)]
async fn encrypts_with_one_kind_of_key() {
    let queue = queue_with("orders", &[(Name::KmsMasterKeyId, "alias/key")]).await;
    assert_eq!(queue.attribute(Name::KmsMasterKeyId).await.as_deref(), Some("alias/key"));
    assert_eq!(queue.attribute(Name::KmsDataKeyReusePeriodSeconds).await.as_deref(), Some("300"));
    assert_eq!(queue.attribute(Name::SqsManagedSseEnabled).await.as_deref(), Some("false"));
    let both = queue.client.set_queue_attributes().queue_url(&queue.url);
    let both = both.attributes(Name::KmsMasterKeyId, "k").attributes(Name::SqsManagedSseEnabled, "true");
    refused(both.send().await, 400, "InvalidAttributeName", "one type of server-side encryption");
    queue.set(Name::SqsManagedSseEnabled, "true").await;
    assert_eq!(queue.attribute(Name::KmsMasterKeyId).await, None);
}
