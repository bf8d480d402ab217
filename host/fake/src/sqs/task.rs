//! Message move tasks: dead letters on their way back, or to another queue.

use std::time::{Duration, SystemTime};

use super::error::no_such_queue;
use super::message::Message;
use super::name::QueueId;
use super::store::State;
use crate::ids::Ids;

/// The most messages a second that a task moves, which is also what it moves unless it is told less.
pub(super) const MAX_RATE: u32 = 500;

/// A task, running or over.
#[derive(Clone, Debug)]
pub(super) struct MoveTask {
    pub(super) id: String,
    pub(super) source: QueueId,
    pub(super) source_arn: String,
    /// None returns each message to the queue that it died in.
    pub(super) destination: Option<(QueueId, String)>,
    /// `MaxNumberOfMessagesPerSecond`.
    pub(super) rate: Option<u32>,
    pub(super) started: SystemTime,
    pub(super) moved: u64,
    pub(super) to_move: u64,
    pub(super) status: Status,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Running,
    Completed,
    Cancelled,
    /// With its `FailureReason`.
    Failed(String),
}

impl Status {
    pub(super) fn as_str(&self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Completed => "COMPLETED",
            Self::Cancelled => "CANCELLED",
            Self::Failed(_) => "FAILED",
        }
    }
}

impl MoveTask {
    /// When the next message is moved.
    pub(super) fn next_step(&self) -> Option<SystemTime> {
        let rate = self.rate.unwrap_or(MAX_RATE);
        let nanoseconds = (self.moved + 1).saturating_mul(1_000_000_000) / u64::from(rate.max(1));
        (self.status == Status::Running).then(|| self.started + Duration::from_nanos(nanoseconds))
    }
}

impl State {
    /// Moves what the tasks had to move by now.
    pub(super) fn advance_tasks(&mut self, now: SystemTime, ids: &Ids) {
        let mut tasks = std::mem::take(&mut self.tasks);
        for task in &mut tasks {
            while let Some(due) = task.next_step()
                && due <= now
            {
                task.status = self.step(task, due, ids);
            }
        }
        self.tasks = tasks;
    }

    /// Moves one message at the time at which it is due.
    fn step(&mut self, task: &mut MoveTask, due: SystemTime, ids: &Ids) -> Status {
        let failed = |reason: &str| Status::Failed(reason.to_owned());
        let gone = || failed(super::error::query_code(&no_such_queue().code));
        let Some(source) = self.queues.get_mut(&task.source) else { return gone() };
        source.advance(due);
        let Some(&key) = source.ready.first() else { return Status::Completed };
        let Some(message) = source.messages.get(&key) else { return Status::Completed };
        let destination = match (&task.destination, &message.dead_letter_source) {
            (Some((id, _)), _) | (None, Some(id)) => id.clone(),
            (None, None) => return failed("CouldNotDetermineMessageSource"),
        };
        if !self.queues.contains_key(&destination) {
            return gone();
        }
        let message = self.queues.get_mut(&task.source).and_then(|source| source.remove(key));
        let (Some(message), Some(target)) = (message, self.queues.get_mut(&destination)) else {
            return gone();
        };
        // A message that is moved is a new one, with an id of its own.
        let moved = Message {
            id: ids.uuid("message"),
            sent: due,
            visible_at: due,
            receive_count: 0,
            first_received: None,
            receive: None,
            dead_letter_source: None,
            ..message
        };
        target.insert(due, moved);
        task.moved += 1;
        if task.moved >= task.to_move { Status::Completed } else { Status::Running }
    }
}
