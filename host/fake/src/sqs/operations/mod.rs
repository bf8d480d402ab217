//! The operations of SQS, each from its input to its result. Nothing here knows how either is transferred.

#![expect(
    clippy::needless_pass_by_value,
    reason = "an operation is given its input, whether or not it keeps it"
)]

mod batch;
mod change;
pub(super) mod queues;
mod receive;
mod send;
mod tags;
mod tasks;

use std::sync::MutexGuard;
use std::time::SystemTime;

pub(super) use change::{
    change_message_visibility, change_message_visibility_batch, delete_message, delete_message_batch,
};
pub(super) use queues::{
    create_queue, delete_queue, get_queue_attributes, get_queue_url, list_dead_letter_source_queues,
    list_queues, purge_queue, set_queue_attributes,
};
pub(super) use receive::receive_message;
pub(super) use send::{send_message, send_message_batch};
pub(super) use tags::{list_queue_tags, tag_queue, untag_queue};
pub(super) use tasks::{cancel_message_move_task, list_message_move_tasks, start_message_move_task};

pub(super) use send::accept;

use super::error::{missing, no_such_queue};
use super::name::{QueueId, of_url};
use super::queue::Queue;
use super::store::{State, arn_of};
use crate::fake::Shared;
use crate::layer::AwsError;

/// Who asks, and where.
pub(super) struct Context<'a> {
    pub(super) shared: &'a Shared,
    pub(super) region: String,
    /// The id of the user or role session that sends: `SenderId`.
    pub(super) sender_id: String,
    /// Scheme and host of the endpoint, which the URLs of queues begin with.
    pub(super) endpoint: String,
}

impl Context<'_> {
    fn now(&self) -> SystemTime {
        self.shared.clock.now()
    }

    fn state(&self, now: SystemTime) -> MutexGuard<'_, State> {
        self.shared.sqs.at(now, &self.shared.ids)
    }

    fn account_id(&self) -> &str {
        &self.shared.account_id
    }

    fn url(&self, id: &QueueId) -> String {
        format!("{}/{}/{}", self.endpoint, self.account_id(), id.name)
    }

    fn arn(&self, id: &QueueId) -> String {
        arn_of(id, &self.region, self.account_id())
    }

    /// The queue of a `QueueUrl`.
    fn id(&self, state: &State, url: Option<&str>) -> Result<QueueId, AwsError> {
        let url = url.ok_or_else(|| missing("QueueUrl"))?;
        let name = of_url(url, self.account_id(), &self.region)?;
        state.find(&name, &self.region).ok_or_else(no_such_queue)
    }

    fn queue<'s>(
        &self,
        state: &'s mut State,
        url: Option<&str>,
        now: SystemTime,
    ) -> Result<&'s mut Queue, AwsError> {
        let id = self.id(state, url)?;
        state.queue(&id, now)
    }
}

/// A result without anything in it.
#[derive(Debug, serde::Serialize)]
pub(super) struct Nothing {}
