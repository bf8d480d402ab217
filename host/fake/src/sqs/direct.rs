//! SQS without a client.

use std::sync::{Arc, MutexGuard};
use std::time::SystemTime;

use super::attribute::check;
use super::document::QueueDocument;
use super::error::{missing, no_such_queue};
use super::message::{NewMessage, QueueMessage};
use super::name::{QueueId, arn, is_fifo_name};
use super::operations::{Caller, Context, accept, queues};
use super::queue::Queue;
use super::settings::Attributes;
use super::snapshot::{QueueSnapshot, Queues};
use super::store::State;
use crate::fake::Shared;
use crate::layer::AwsError;

/// The region of queues that answer in every region, where one has to be named.
const ANY_REGION: &str = "us-east-1";
/// Who sends what is sent past the wire.
pub(super) const SENDER_ID: &str = "AIDAFAKEFAKEFAKEFAKE2";

/// The fake's SQS without a client: synchronous, without requests, faults or the call log. From [`FakeAws::sqs`].
///
/// Queues that are made here answer in the region of the fake, or in every region if it has none; queues that a client
/// makes, in the region that it asks. A name finds the first before the second.
///
/// [`FakeAws::sqs`]: crate::FakeAws::sqs
#[derive(Clone, Debug)]
pub struct Sqs {
    shared: Arc<Shared>,
}

/// Why SQS refuses what a test asks of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
#[non_exhaustive]
pub struct SqsDirectError {
    /// The error's name in the API, for example `QueueDoesNotExist`.
    pub code: String,
    /// What SQS says.
    pub message: String,
}

impl From<AwsError> for SqsDirectError {
    fn from(error: AwsError) -> Self {
        Self { code: error.code, message: error.message }
    }
}

impl Sqs {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Makes a queue with the default attributes. One that is there already stays as it is. A name that ends with
    /// `.fifo` makes a FIFO queue.
    ///
    /// # Errors
    ///
    /// As `CreateQueue`: an invalid name, or a queue that was deleted less than a minute ago.
    pub fn create_queue(&self, queue: impl AsRef<str>) -> Result<(), SqsDirectError> {
        self.create_queue_with(queue, [] as [(&str, &str); 0])
    }

    /// Makes a queue with these attributes, named as in the API: `VisibilityTimeout`, `RedrivePolicy` ...
    ///
    /// # Errors
    ///
    /// As `CreateQueue`: an invalid name or attribute, a queue that is there with other attributes, or one that was
    /// deleted less than a minute ago.
    pub fn create_queue_with(
        &self,
        queue: impl AsRef<str>,
        attributes: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Result<(), SqsDirectError> {
        let attributes = attributes.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        self.create(&self.id_of(queue.as_ref(), self.shared.region.clone(), None), attributes)
    }

    /// Changes attributes of a queue. An empty string removes a policy.
    ///
    /// # Errors
    ///
    /// As `SetQueueAttributes`.
    pub fn set_attributes(
        &self,
        queue: impl AsRef<str>,
        attributes: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Result<(), SqsDirectError> {
        let attributes = attributes.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        let now = self.shared.clock.now();
        let mut state = self.state(now);
        let id = self.id(&state, queue.as_ref())?;
        Ok(queues::set(&self.context(&id), &mut state, now, &id, &attributes)?)
    }

    /// The attributes of a queue that can be set, as they are. None if there is no such queue.
    pub fn attributes(&self, queue: impl AsRef<str>) -> Option<Attributes> {
        self.look(queue.as_ref(), |queue, _| queue.settings.render())
    }

    /// Deletes a queue with all that is in it, and says whether it was there. Its name is free at once.
    pub fn delete_queue(&self, queue: impl AsRef<str>) -> bool {
        let mut state = self.state(self.shared.clock.now());
        let Ok(id) = self.id(&state, queue.as_ref()) else { return false };
        state.queues.remove(&id).inspect(|queue| queue.changed.notify_waiters()).is_some()
    }

    /// Removes every message of a queue, and says whether there is one of that name.
    pub fn purge(&self, queue: impl AsRef<str>) -> bool {
        self.look(queue.as_ref(), |queue, _| queue.purge()).is_some()
    }

    /// Sends a message, and gives its id.
    ///
    /// # Errors
    ///
    /// As `SendMessage`: no such queue, an empty or too long message, invalid attributes, a missing group or
    /// deduplication id, a delay in a FIFO queue.
    pub fn send(
        &self,
        queue: impl AsRef<str>,
        message: impl Into<NewMessage>,
    ) -> Result<String, SqsDirectError> {
        let message = message.into();
        let now = self.shared.clock.now();
        let mut state = self.state(now);
        let id = self.id(&state, queue.as_ref())?;
        let queue = state.queue(&id, now)?;
        Ok(self.send_to(queue, message, now)?)
    }

    /// The messages of a queue in the order of their arrival, whatever their state. None if there is no such queue:
    /// also empty. Looking changes nothing.
    pub fn messages(&self, queue: impl AsRef<str>) -> Vec<QueueMessage> {
        self.look(queue.as_ref(), |queue, now| queue.views(now)).unwrap_or_default()
    }

    /// The names of the queues, sorted.
    pub fn queues(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.state(self.shared.clock.now()).queues.keys().map(|id| id.name.clone()).collect();
        names.dedup();
        names
    }

    /// The ARN of a queue of this name, whether or not there is one. Of a fake without a region, in `us-east-1`.
    pub fn arn(&self, queue: impl AsRef<str>) -> String {
        let region = self.shared.region.as_deref().unwrap_or(ANY_REGION);
        arn(region, &self.shared.account_id, queue.as_ref())
    }

    pub(crate) fn snapshot(&self) -> Queues {
        let now = self.shared.clock.now();
        let mut state = self.state(now);
        for queue in state.queues.values_mut() {
            queue.advance(now);
        }
        state
            .queues
            .iter()
            .map(|(id, queue)| {
                // A queue of the fake's own region is what a seed makes without one.
                let region = id.region.clone().filter(|region| Some(region) != self.shared.region.as_ref());
                let id = QueueId { name: id.name.clone(), region, account_id: id.account_id.clone() };
                (id.clone(), QueueSnapshot::of(&id, queue, now))
            })
            .collect()
    }

    /// Makes a queue without what points at other queues, which may not be there yet, and says how many messages it has
    /// been sent.
    pub(crate) fn seed_queue(&self, name: &str, document: &QueueDocument) -> Result<usize, SqsDirectError> {
        let id = self.id_of_document(name, document);
        self.create(&id, document.own_attributes())?;
        let now = self.shared.clock.now();
        let mut state = self.state(now);
        let queue = state.queue(&id, now)?;
        queue.tags.extend(document.tags.clone());
        let messages = document.messages()?;
        let count = messages.len();
        for message in messages {
            self.send_to(queue, message, now)?;
        }
        Ok(count)
    }

    /// Adds what points at other queues, once all are there. A dead-letter queue may be given by its name.
    pub(crate) fn seed_policies(&self, name: &str, document: &QueueDocument) -> Result<(), SqsDirectError> {
        let id = self.id_of_document(name, document);
        let region = id.region.as_deref().unwrap_or(ANY_REGION);
        let account_id = id.account_id.as_ref().unwrap_or(&self.shared.account_id);
        let attributes = document.policies(|name| arn(region, account_id, name));
        if attributes.is_empty() {
            return Ok(());
        }
        let now = self.shared.clock.now();
        let mut state = self.state(now);
        Ok(queues::set(&self.context(&id), &mut state, now, &id, &attributes)?)
    }

    fn id_of_document(&self, name: &str, document: &QueueDocument) -> QueueId {
        let region = document.region.clone().or_else(|| self.shared.region.clone());
        self.id_of(name, region, document.account_id.as_ref())
    }

    fn id_of(&self, name: &str, region: Option<String>, account_id: Option<&String>) -> QueueId {
        let account_id = self.shared.other_account(account_id).cloned();
        QueueId { name: name.to_owned(), region, account_id }
    }

    fn create(&self, id: &QueueId, mut attributes: Attributes) -> Result<(), SqsDirectError> {
        if is_fifo_name(&id.name) {
            attributes.entry("FifoQueue".to_owned()).or_insert_with(|| "true".to_owned());
        }
        let input = queues::CreateQueue {
            queue_name: Some(id.name.clone()),
            attributes: Some(attributes),
            tags: None,
        };
        queues::create_in(&self.context(id), input, id.region.clone())?;
        Ok(())
    }

    fn send_to(&self, queue: &mut Queue, message: NewMessage, now: SystemTime) -> Result<String, AwsError> {
        if message.body.is_empty() {
            return Err(missing("MessageBody"));
        }
        if queue.is_fifo() && message.group_id.is_none() {
            return Err(missing("MessageGroupId"));
        }
        super::attribute::check_characters(&message.body)?;
        check(message.attributes.clone().into_iter().map(|(name, it)| (name, it.into())).collect())?;
        accept(queue, message, SENDER_ID, now, &self.shared.ids).map(|sent| sent.message_id)
    }

    fn look<T>(&self, name: &str, look: impl FnOnce(&mut Queue, SystemTime) -> T) -> Option<T> {
        let now = self.shared.clock.now();
        let mut state = self.state(now);
        let id = self.id(&state, name).ok()?;
        state.queue(&id, now).ok().map(|queue| look(queue, now))
    }

    fn state(&self, now: SystemTime) -> MutexGuard<'_, State> {
        self.shared.sqs.at(now, &self.shared.ids)
    }

    /// The queue of a name: of the fake's region or of none before those of other regions.
    fn id(&self, state: &State, name: &str) -> Result<QueueId, AwsError> {
        let own = self.id_of(name, self.shared.region.clone(), None);
        let any = || state.queues.keys().find(|id| id.name == name).cloned();
        Some(own).filter(|own| state.queues.contains_key(own)).or_else(any).ok_or_else(no_such_queue)
    }

    /// That of the owner of a queue.
    fn context(&self, id: &QueueId) -> Context<'_> {
        let account_id = id.account_id.as_ref().unwrap_or(&self.shared.account_id);
        Context {
            shared: &self.shared,
            region: id.region.as_deref().unwrap_or(ANY_REGION).to_owned(),
            caller: Caller {
                account_id: account_id.clone(),
                arn: format!("arn:aws:iam::{account_id}:root"),
                sender_id: SENDER_ID.to_owned(),
                ..Caller::default()
            },
            endpoint: String::new(),
            trace_header: None,
        }
    }
}
