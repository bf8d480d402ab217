//! A client over a fake, and what the tests ask of it.

#![expect(clippy::disallowed_methods, reason = "these tests are about what lies under a client")]

use std::time::Duration;

use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::operation::receive_message::builders::ReceiveMessageFluentBuilder;
use aws_sdk_sqs::operation::send_message::builders::SendMessageFluentBuilder;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use innkeeper_fake::FakeAws;

pub(crate) const ACCOUNT: &str = "000000000000";

pub(crate) fn config(fake: &FakeAws, region: &str) -> aws_sdk_sqs::config::Builder {
    aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .credentials_provider(Credentials::from_keys("AKIDEXAMPLE", "secret", None))
        .retry_config(RetryConfig::disabled())
        .http_client(fake.http_client())
        .time_source(fake.time_source())
        .sleep_impl(fake.sleep())
}

pub(crate) fn client_in(fake: &FakeAws, region: &str) -> aws_sdk_sqs::Client {
    aws_sdk_sqs::Client::from_conf(config(fake, region).build())
}

pub(crate) fn client_of(config: aws_sdk_sqs::config::Builder) -> aws_sdk_sqs::Client {
    aws_sdk_sqs::Client::from_conf(config.build())
}

/// A queue that a test talks to.
#[derive(Clone)]
pub(crate) struct Queue {
    pub(crate) fake: FakeAws,
    pub(crate) client: aws_sdk_sqs::Client,
    pub(crate) url: String,
}

/// The queue `orders`.
pub(crate) async fn queue() -> Queue {
    queue_with("orders", &[]).await
}

/// The queue `orders.fifo`, which takes messages without deduplication ids.
pub(crate) async fn fifo() -> Queue {
    let attributes =
        [(QueueAttributeName::FifoQueue, "true"), (QueueAttributeName::ContentBasedDeduplication, "true")];
    queue_with("orders.fifo", &attributes).await
}

pub(crate) async fn queue_with(name: &str, attributes: &[(QueueAttributeName, &str)]) -> Queue {
    let fake = FakeAws::new();
    let client = client_in(&fake, "eu-west-1");
    Queue { fake, client, url: String::new() }.other(name, attributes).await
}

impl Queue {
    /// Another queue of the same fake.
    pub(crate) async fn other(&self, name: &str, attributes: &[(QueueAttributeName, &str)]) -> Self {
        let mut create = self.client.create_queue().queue_name(name);
        for (attribute, value) in attributes {
            create = create.attributes(attribute.clone(), *value);
        }
        let url = create.send().await.unwrap().queue_url.unwrap();
        Self { url, ..self.clone() }
    }

    pub(crate) fn send(&self, body: &str) -> SendMessageFluentBuilder {
        self.client.send_message().queue_url(&self.url).message_body(body)
    }

    /// A receive of up to ten messages, with all their attributes.
    pub(crate) fn receive(&self) -> ReceiveMessageFluentBuilder {
        self.client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(10)
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names("All")
    }

    pub(crate) async fn messages(&self) -> Vec<Message> {
        self.receive().send().await.unwrap().messages.unwrap_or_default()
    }

    /// The bodies of what can be received, which is in flight then.
    pub(crate) async fn bodies(&self) -> Vec<String> {
        self.messages().await.into_iter().map(|message| message.body.unwrap()).collect()
    }

    pub(crate) async fn one(&self) -> Message {
        let mut messages = self.messages().await;
        assert_eq!(messages.len(), 1, "{messages:?}");
        messages.remove(0)
    }

    pub(crate) async fn delete(&self, message: &Message) {
        let handle = message.receipt_handle().unwrap();
        self.client.delete_message().queue_url(&self.url).receipt_handle(handle).send().await.unwrap();
    }

    pub(crate) async fn attribute(&self, name: QueueAttributeName) -> Option<String> {
        let get = self.client.get_queue_attributes().queue_url(&self.url).attribute_names(name.clone());
        get.send().await.unwrap().attributes.and_then(|mut attributes| attributes.remove(&name))
    }

    pub(crate) async fn arn(&self) -> String {
        self.attribute(QueueAttributeName::QueueArn).await.unwrap()
    }

    pub(crate) async fn set(&self, name: QueueAttributeName, value: &str) {
        self.client.set_queue_attributes().queue_url(&self.url).attributes(name, value).send().await.unwrap();
    }

    /// Visible, in flight, delayed.
    pub(crate) async fn counts(&self) -> [usize; 3] {
        let mut counts = [0; 3];
        for (count, name) in counts.iter_mut().zip([
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
            QueueAttributeName::ApproximateNumberOfMessagesDelayed,
        ]) {
            *count = self.attribute(name).await.unwrap().parse().unwrap();
        }
        counts
    }
}

#[expect(clippy::needless_pass_by_value, reason = "a name is written where it is used")]
pub(crate) fn system(message: &Message, name: MessageSystemAttributeName) -> Option<&str> {
    message.attributes()?.get(&name).map(String::as_str)
}

/// The HTTP status, the code and the message of an error.
pub(crate) fn error<T, E: ProvideErrorMetadata>(result: Result<T, SdkError<E>>) -> (u16, String, String) {
    let error = result.err().expect("an error");
    let status = error.raw_response().map_or(0, |response| response.status().as_u16());
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    (status, text(error.code()), text(error.message()))
}

/// Asserts what an error is. The message has to contain `reason`.
#[track_caller]
pub(crate) fn refused<T, E: ProvideErrorMetadata>(
    result: Result<T, SdkError<E>>,
    status: u16,
    code: &str,
    reason: &str,
) {
    let error = error(result);
    assert_eq!((error.0, error.1.as_str()), (status, code), "{}", error.2);
    assert!(error.2.contains(reason), "`{}` does not say `{reason}`", error.2);
}

pub(crate) async fn pass(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}
