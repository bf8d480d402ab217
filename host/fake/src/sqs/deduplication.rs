//! What a FIFO queue remembers of the messages that were sent to it, so that a second one of the same id is none.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, SystemTime};

/// How long a deduplication id is remembered, and how long a receive may be tried again.
pub(super) const INTERVAL: Duration = Duration::from_mins(5);

/// The scope of a deduplication id, if that is a group, and the id.
pub(super) type Key = (Option<String>, String);

/// What the sender of a duplicate is answered: the message that is there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) message_id: String,
    pub(super) sequence_number: Option<String>,
}

/// The messages of the last five minutes. Deleting them makes no difference.
#[derive(Debug, Default)]
pub(super) struct Deduplication {
    sent: HashMap<Key, Sent>,
    order: VecDeque<(SystemTime, Key)>,
}

impl Deduplication {
    pub(super) fn forget(&mut self, now: SystemTime) {
        while let Some((sent, _)) = self.order.front()
            && *sent + INTERVAL <= now
        {
            if let Some((_, key)) = self.order.pop_front() {
                self.sent.remove(&key);
            }
        }
    }

    pub(super) fn find(&self, key: &Key) -> Option<&Sent> {
        self.sent.get(key)
    }

    pub(super) fn remember(&mut self, now: SystemTime, key: Key, sent: Sent) {
        self.order.push_back((now, key.clone()));
        self.sent.insert(key, sent);
    }
}
