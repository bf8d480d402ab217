//! The operations of SQS, each from its input to its result. Nothing here knows how either is transferred.

#![expect(
    clippy::needless_pass_by_value,
    reason = "an operation is given its input, whether or not it keeps it"
)]

mod batch;
mod change;
mod permissions;
pub(super) mod queues;
mod receive;
mod send;
mod tags;
mod tasks;

use std::net::IpAddr;
use std::sync::MutexGuard;
use std::time::SystemTime;

use http::StatusCode;

pub(super) use change::{
    change_message_visibility, change_message_visibility_batch, delete_message, delete_message_batch,
};
pub(super) use permissions::{add_permission, remove_permission};
pub(super) use queues::{
    create_queue, delete_queue, get_queue_attributes, get_queue_url, list_dead_letter_source_queues,
    list_queues, purge_queue, set_queue_attributes,
};
pub(super) use receive::receive_message;
pub(super) use send::{send_message, send_message_batch};
pub(super) use tags::{list_queue_tags, tag_queue, untag_queue};
pub(super) use tasks::{cancel_message_move_task, list_message_move_tasks, start_message_move_task};

pub(super) use send::accept;

use super::access::{Asked, is_for_the_owner};
use super::error::{missing, no_such_queue};
use super::name::{QueueId, of_url};
use super::queue::Queue;
use super::store::{State, arn_of};
use crate::fake::Shared;
use crate::layer::AwsError;
use crate::resource_policy::Verdict;

/// Who asks, and what for.
#[derive(Clone, Debug, Default)]
pub(super) struct Caller {
    pub(super) account_id: String,
    pub(super) arn: String,
    /// The id of the user or role session that sends: `SenderId`.
    pub(super) sender_id: String,
    pub(super) operation: String,
    pub(super) source_ip: Option<IpAddr>,
    pub(super) user_agent: Option<String>,
}

/// Who asks, and where.
pub(super) struct Context<'a> {
    pub(super) shared: &'a Shared,
    pub(super) region: String,
    pub(super) caller: Caller,
    /// Scheme and host of the endpoint, which the URLs of queues begin with.
    pub(super) endpoint: String,
    /// `X-Amzn-Trace-Id` of the request.
    pub(super) trace_header: Option<String>,
}

impl Context<'_> {
    fn now(&self) -> SystemTime {
        self.shared.clock.now()
    }

    fn state(&self, now: SystemTime) -> MutexGuard<'_, State> {
        self.shared.sqs.at(now, &self.shared.ids)
    }

    /// The account of the fake.
    fn own(&self) -> &str {
        &self.shared.account_id
    }

    /// An account as the id of a queue has it.
    fn account(&self, account_id: &str) -> Option<String> {
        (account_id != self.own()).then(|| account_id.to_owned())
    }

    fn url(&self, id: &QueueId) -> String {
        let account_id = id.account_id.as_deref().unwrap_or(self.own());
        format!("{}/{account_id}/{}", self.endpoint, id.name)
    }

    fn arn(&self, id: &QueueId) -> String {
        arn_of(id, &self.region, self.own())
    }

    /// The queue of a `QueueUrl`, if the caller may do with it what is asked.
    fn id(&self, state: &State, url: Option<&str>) -> Result<QueueId, AwsError> {
        let url = url.ok_or_else(|| missing("QueueUrl"))?;
        let address = of_url(url, &self.region)?;
        let account_id = self.account(address.account_id.as_deref().unwrap_or(&self.caller.account_id));
        let id = state.find(&address.name, &self.region, account_id.as_deref()).ok_or_else(no_such_queue)?;
        let arn = self.arn(&id);
        let verdict = match state.queues.get(&id).and_then(|queue| queue.settings.policy()) {
            None => Verdict::Silent,
            Some(policy) => {
                let asked = Asked {
                    shared: self.shared,
                    caller: &self.caller,
                    queue: &arn,
                    region: &self.region,
                    is_secure: self.endpoint.starts_with("https:"),
                    now: self.now(),
                };
                asked.verdict(policy)
            }
        };
        let is_owner = id.account_id == self.account(&self.caller.account_id);
        let reason = match verdict {
            Verdict::Allow if is_owner || !is_for_the_owner(&self.caller.operation) => return Ok(id),
            Verdict::Silent if is_owner => return Ok(id),
            // Whoever owns the queue can always mend its policy.
            Verdict::Deny if is_owner && self.caller.operation == "SetQueueAttributes" => return Ok(id),
            Verdict::Deny => "with an explicit deny in a resource-based policy".to_owned(),
            Verdict::Allow | Verdict::Silent => {
                let action = self.caller.operation.to_ascii_lowercase();
                format!("because no resource-based policy allows the sqs:{action} action")
            }
        };
        Err(AwsError::new(
            StatusCode::FORBIDDEN,
            "AccessDeniedException",
            format!(
                "User: {} is not authorized to perform: sqs:{} on resource: {arn} {reason}",
                self.caller.arn,
                self.caller.operation.to_ascii_lowercase(),
            ),
        ))
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
