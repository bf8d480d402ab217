//! Queues as services of AWS send to them.

use super::direct::SENDER_ID;
use super::message::NewMessage;
use super::named::{NamedQueue, Unreachable};
use super::operations::accept;
use super::queue::Queue;
use super::store::State;
use crate::fake::Shared;
use crate::resource_policy::{Policy, ServiceCall, Verdict};

impl NamedQueue {
    /// Whether the service may send now.
    pub(crate) fn check_send(&self, shared: &Shared, call: &ServiceCall<'_>) -> Result<(), Unreachable> {
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
        let id = self.id(state, shared).ok_or(Unreachable::NotThere)?;
        let queue = state.queue(&id, call.common.now).map_err(|_| Unreachable::NotThere)?;
        let policy = queue.settings.policy().and_then(|policy| Policy::parse(policy).ok());
        let verdict = policy.map(|policy| call.verdict(&policy, "sqs:SendMessage", &self.text));
        if verdict == Some(Verdict::Allow) { Ok(queue) } else { Err(Unreachable::Denied) }
    }
}
