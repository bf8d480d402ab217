//! Queues as services of AWS send to them.

use super::direct::SENDER_ID;
use super::message::NewMessage;
use super::name::{QueueArn, QueueId, is_fifo_name};
use super::operations::accept;
use super::queue::Queue;
use super::store::State;
use crate::fake::Shared;
use crate::resource_policy::{Policy, ServiceCall, Verdict};

/// A queue that a service is to send to, whether or not it is there.
#[derive(Clone, Debug)]
pub(crate) struct QueueDestination {
    arn: QueueArn,
    text: String,
}

/// Why a service does not reach what it is to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreachable {
    /// It is not there.
    NotThere,
    /// Its policy does not let the service do it.
    Denied,
}

impl QueueDestination {
    pub(crate) fn parse(arn: &str) -> Option<Self> {
        Some(Self { arn: QueueArn::parse(arn)?, text: arn.to_owned() })
    }

    pub(crate) fn arn(&self) -> &str {
        &self.text
    }

    pub(crate) fn region(&self) -> &str {
        &self.arn.region
    }

    /// Whether its name is a FIFO queue's, as every FIFO queue's is.
    pub(crate) fn is_fifo(&self) -> bool {
        is_fifo_name(&self.arn.name)
    }

    /// Whether the service may send now.
    pub(crate) fn check(&self, shared: &Shared, call: &ServiceCall<'_>) -> Result<(), Unreachable> {
        let mut state = shared.sqs.at(call.common.now, &shared.ids);
        self.queue(shared, &mut state, call).map(drop)
    }

    /// Sends, if the service may. Nobody is told where it may not, as on AWS.
    pub(crate) fn send(&self, shared: &Shared, call: &ServiceCall<'_>, body: String) {
        let now = call.common.now;
        let mut state = shared.sqs.at(now, &shared.ids);
        if let Ok(queue) = self.queue(shared, &mut state, call) {
            // Too long for the queue, or without what a FIFO queue needs.
            let _ = accept(queue, NewMessage::new(body), SENDER_ID, now, &shared.ids);
        }
    }

    fn queue<'s>(
        &self,
        shared: &Shared,
        state: &'s mut State,
        call: &ServiceCall<'_>,
    ) -> Result<&'s mut Queue, Unreachable> {
        let id: QueueId = state.find_arn(&self.arn, &shared.account_id).ok_or(Unreachable::NotThere)?;
        let queue = state.queue(&id, call.common.now).map_err(|_| Unreachable::NotThere)?;
        let policy = queue.settings.policy().and_then(|policy| Policy::parse(policy).ok());
        let verdict = policy.map(|policy| call.verdict(&policy, "sqs:SendMessage", &self.text));
        if verdict == Some(Verdict::Allow) { Ok(queue) } else { Err(Unreachable::Denied) }
    }
}
