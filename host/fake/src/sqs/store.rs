//! All queues of a fake, and what leads from one to another.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;

use super::error::no_such_queue;
use super::message::Message;
use super::name::{QueueArn, QueueId, arn};
use super::queue::Queue;
use super::receipt::Receipt;
use super::receive::Order;
use super::task::MoveTask;
use crate::ids::Ids;
use crate::layer::AwsError;

/// How long the name of a deleted queue cannot be used, and how long a purge keeps another one from starting.
pub(super) const COOLING: Duration = Duration::from_mins(1);

/// The state of SQS. One lock, held only for moments and never across an await.
#[derive(Debug, Default)]
pub(crate) struct SqsState(Mutex<State>);

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(super) queues: BTreeMap<QueueId, Queue>,
    pub(super) deleted: HashMap<QueueId, SystemTime>,
    pub(super) tasks: Vec<MoveTask>,
    /// Told whenever a queue has been made.
    pub(super) made: Arc<Notify>,
}

impl SqsState {
    /// Removes everything, and lets those know who wait for a message.
    pub(crate) fn clear(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let State { queues, made, .. } = std::mem::take(&mut *state);
        made.notify_waiters();
        for queue in queues.values() {
            queue.changed.notify_waiters();
        }
    }

    /// The state as it has become by `now`.
    pub(super) fn at(&self, now: SystemTime, ids: &Ids) -> MutexGuard<'_, State> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.advance_tasks(now, ids);
        state.deleted.retain(|_, deleted| *deleted + COOLING > now);
        state
    }
}

impl State {
    /// The queue of a name in an account (none is the fake's own), as it is seen from a region.
    pub(super) fn find(&self, name: &str, region: &str, account_id: Option<&str>) -> Option<QueueId> {
        [Some(region.to_owned()), None]
            .into_iter()
            .map(|region| QueueId {
                name: name.to_owned(),
                region,
                account_id: account_id.map(str::to_owned),
            })
            .find(|id| self.queues.contains_key(id))
    }

    /// The queue of an ARN. `own` is the account of the fake.
    pub(super) fn find_arn(&self, arn: &QueueArn, own: &str) -> Option<QueueId> {
        let account_id = Some(arn.account_id.as_str()).filter(|account| *account != own);
        self.find(&arn.name, &arn.region, account_id)
    }

    /// A queue as it has become by `now`.
    pub(super) fn queue(&mut self, id: &QueueId, now: SystemTime) -> Result<&mut Queue, AwsError> {
        let queue = self.queues.get_mut(id).ok_or_else(no_such_queue)?;
        queue.advance(now);
        Ok(queue)
    }

    /// Receives messages, and moves those that have been received too often to the dead-letter queue. As long as that
    /// does not exist they stay.
    pub(super) fn receive(
        &mut self,
        id: &QueueId,
        now: SystemTime,
        order: &Order,
        own: &str,
    ) -> Result<Vec<(Receipt, Message)>, AwsError> {
        let redrive = self.queue(id, now)?.settings.redrive.clone();
        let redrive = redrive.and_then(|policy| {
            let target = self.find_arn(&policy.arn, own).filter(|target| target != id)?;
            Some((target, policy.max_receive_count))
        });
        let max_receive_count = redrive.as_ref().map(|(_, max)| *max);
        let taken = self.queue(id, now)?.receive(now, order, max_receive_count)?;
        if let Some((target, _)) = redrive {
            let target = self.queue(&target, now)?;
            for message in taken.dead {
                // A standard queue's dead letter keeps its age.
                let sent = if target.is_fifo() { now } else { message.sent };
                let dead = Message {
                    sent,
                    visible_at: now,
                    receive: None,
                    dead_letter_source: Some(id.clone()),
                    ..message
                };
                target.insert(now, dead);
            }
            target.advance(now);
        }
        Ok(taken.received)
    }

    /// When something may happen to a queue by itself.
    pub(super) fn next_change(&self, id: &QueueId) -> Option<SystemTime> {
        let own = self.queues.get(id).and_then(Queue::next_change);
        self.tasks.iter().filter_map(MoveTask::next_step).chain(own).min()
    }

    /// The queues whose dead letters go to this one, by name.
    pub(super) fn sources_of(&self, id: &QueueId, own: &str) -> Vec<QueueId> {
        self.queues
            .iter()
            .filter(|(_, queue)| {
                let redrive = queue.settings.redrive.as_ref();
                redrive.and_then(|policy| self.find_arn(&policy.arn, own)).as_ref() == Some(id)
            })
            .map(|(id, _)| id.clone())
            .collect()
    }
}

/// The ARN of a queue, as it is seen from a region. `own` is the account of the fake.
pub(super) fn arn_of(id: &QueueId, region: &str, own: &str) -> String {
    arn(id.region.as_deref().unwrap_or(region), id.account_id.as_deref().unwrap_or(own), &id.name)
}
