//! SQS at one moment, and what differs between two.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use serde::Serialize;

use super::document::QueueDocument;
use super::message::{MessageState, QueueMessage, millis};
use super::name::QueueId;
use super::queue::Queue;
use super::settings::Attributes;
use crate::snapshot::ChangeKind;

pub(crate) type Queues = BTreeMap<QueueId, QueueSnapshot>;

/// A queue at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct QueueSnapshot {
    /// Its name.
    pub queue: String,
    /// Its region; none for a queue of the fake's own, or of every one.
    pub region: Option<String>,
    /// Its account; none for a queue of the fake's own.
    pub account_id: Option<String>,
    /// The attributes that are not those of every new queue.
    pub attributes: BTreeMap<String, String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Messages that can be received.
    pub visible: usize,
    /// Messages that have been received and not deleted.
    pub in_flight: usize,
    /// Messages that wait for their delay.
    pub delayed: usize,
    /// All of them, in the order of their arrival.
    pub messages: Vec<QueueMessage>,
    #[serde(skip)]
    now_millis: u64,
}

/// What differs in SQS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SqsChanges {
    /// Queues that are new, sorted.
    pub queues_created: Vec<String>,
    /// Queues that are gone, sorted.
    pub queues_removed: Vec<String>,
    /// Queues that differ, new and removed ones included, by name.
    pub queues: Vec<QueueChange>,
}

/// A queue that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct QueueChange {
    /// Its name.
    pub queue: String,
    /// Its region; none for a queue of the fake's own, or of every one.
    pub region: Option<String>,
    /// Its account; none for a queue of the fake's own.
    pub account_id: Option<String>,
    /// What happened to it.
    pub kind: ChangeKind,
    /// Messages that can be received, after.
    pub visible: usize,
    /// Messages in flight, after.
    pub in_flight: usize,
    /// Delayed messages, after.
    pub delayed: usize,
    /// Messages that are new, gone, or in another state than before.
    pub messages: Vec<MessageChange>,
    /// The queue as it is after; none if it is gone.
    #[serde(skip)]
    pub after: Option<QueueSnapshot>,
}

/// A message that is new, gone, or in another state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MessageChange {
    /// Its id.
    pub message_id: String,
    /// What happened to it: one that has been received, or has become visible again, has changed.
    pub kind: ChangeKind,
    /// Its body.
    pub body: String,
    /// Its state after; none if it is gone.
    pub state: Option<MessageState>,
}

impl QueueSnapshot {
    pub(super) fn of(id: &QueueId, queue: &Queue, now: SystemTime) -> Self {
        let counts = queue.counts();
        Self {
            queue: id.name.clone(),
            region: id.region.clone(),
            account_id: id.account_id.clone(),
            attributes: queue.settings.render_changed(),
            tags: queue.tags.clone(),
            visible: counts.visible,
            in_flight: counts.in_flight,
            delayed: counts.delayed,
            messages: queue.views(now),
            now_millis: millis(now),
        }
    }

    /// The queue as the document that a seed reads.
    pub(crate) fn document(&self) -> QueueDocument {
        let attributes: Attributes = self.attributes.clone();
        let mut document = QueueDocument::new(attributes, self.tags.clone(), &self.messages, self.now_millis);
        document.region.clone_from(&self.region);
        document.account_id.clone_from(&self.account_id);
        document
    }

    /// The same at any moment: with the same attributes, tags, and messages in the same states.
    fn same(&self, other: &Self) -> bool {
        Self { now_millis: 0, ..self.clone() } == Self { now_millis: 0, ..other.clone() }
    }
}

/// What has happened between two moments.
pub(crate) fn changes(before: &Queues, after: &Queues) -> SqsChanges {
    let names = |of: &Queues, without: &Queues| {
        of.keys().filter(|id| !without.contains_key(*id)).map(|id| id.name.clone()).collect()
    };
    let ids: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    SqsChanges {
        queues_created: names(after, before),
        queues_removed: names(before, after),
        queues: ids.into_iter().filter_map(|id| change(before.get(id), after.get(id))).collect(),
    }
}

fn change(before: Option<&QueueSnapshot>, after: Option<&QueueSnapshot>) -> Option<QueueChange> {
    let either = after.or(before)?;
    if let (Some(before), Some(after)) = (before, after)
        && before.same(after)
    {
        return None;
    }
    let messages_of =
        |queue: Option<&QueueSnapshot>| queue.map(|queue| queue.messages.clone()).unwrap_or_default();
    let (old, new) = (messages_of(before), messages_of(after));
    let old_by_id: BTreeMap<_, _> = old.iter().map(|message| (&message.message_id, message)).collect();
    let new_ids: BTreeSet<_> = new.iter().map(|message| &message.message_id).collect();
    let gone =
        old.iter().filter(|message| !new_ids.contains(&message.message_id)).map(|message| MessageChange {
            message_id: message.message_id.clone(),
            kind: ChangeKind::Removed,
            body: message.body.clone(),
            state: None,
        });
    let now = new.iter().filter_map(|message| {
        let kind = match old_by_id.get(&message.message_id) {
            None => ChangeKind::Added,
            Some(old) if old.state != message.state || old.receive_count != message.receive_count => {
                ChangeKind::Changed
            }
            Some(_) => return None,
        };
        Some(MessageChange {
            message_id: message.message_id.clone(),
            kind,
            body: message.body.clone(),
            state: Some(message.state),
        })
    });
    Some(QueueChange {
        queue: either.queue.clone(),
        region: either.region.clone(),
        account_id: either.account_id.clone(),
        kind: match (before, after) {
            (_, None) => ChangeKind::Removed,
            (None, Some(_)) => ChangeKind::Added,
            (Some(_), Some(_)) => ChangeKind::Changed,
        },
        visible: after.map_or(0, |queue| queue.visible),
        in_flight: after.map_or(0, |queue| queue.in_flight),
        delayed: after.map_or(0, |queue| queue.delayed),
        messages: gone.chain(now).collect(),
        after: after.cloned(),
    })
}
