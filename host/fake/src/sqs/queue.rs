//! A queue as a machine of states: no protocol, no clock of its own, no other queue.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;

use super::deduplication::{Deduplication, Key, Sent};
use super::error::{error, invalid_value};
use super::message::{Content, Message, MessageState, QueueMessage, Receive};
use super::receipt::{Receipt, expired, unavailable};
use super::receive::Attempt;
use super::settings::{Attributes, Scope, Settings};
use crate::layer::AwsError;

/// The longest time that one receive can keep a message, however often its visibility is changed.
const MAX_VISIBILITY: Duration = Duration::from_hours(12);
/// The sequence number before a queue's first: 20 digits, as AWS's are.
const FIRST_SEQUENCE_NUMBER: u128 = 18_849_496_460_467_696_128;
/// How long AWS takes until a change of `DeduplicationScope` is in force.
const PROPAGATION: Duration = Duration::from_mins(1);

/// A queue and the messages in it.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(super) settings: Settings,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) created: SystemTime,
    pub(super) modified: SystemTime,
    pub(super) purged: Option<SystemTime>,
    /// Tells the queue from one that had its name before.
    pub(super) generation: String,
    /// Wakes those who wait for a message whenever anything has changed.
    pub(super) changed: Arc<Notify>,
    /// By order of arrival.
    pub(super) messages: BTreeMap<u64, Message>,
    by_id: HashMap<String, u64>,
    pub(super) ready: BTreeSet<u64>,
    /// Delayed and in flight, by the time at which they become visible.
    waiting: BTreeSet<(SystemTime, u64)>,
    by_age: BTreeSet<(SystemTime, u64)>,
    pub(super) in_flight: usize,
    pub(super) groups: HashMap<String, Group>,
    /// The message groups in the order in which they are served: one that has been received from goes to the end.
    pub(super) turns: BTreeMap<u64, String>,
    next_turn: u64,
    deduplication: Deduplication,
    /// What a deduplication id is unique in, which follows the attribute after [`PROPAGATION`].
    scope: Scope,
    scope_changes: Option<SystemTime>,
    pub(super) attempts: HashMap<String, Attempt>,
    arrived: u64,
}

/// A message group of a FIFO queue.
#[derive(Debug)]
pub(super) struct Group {
    /// In order. What lies behind one that is in flight or delayed cannot be received.
    pub(super) messages: BTreeSet<u64>,
    /// Its place in [`Queue::turns`].
    turn: u64,
}

/// How many messages a queue has of each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) visible: usize,
    pub(super) in_flight: usize,
    pub(super) delayed: usize,
}

impl Queue {
    pub(super) fn new(settings: Settings, now: SystemTime, generation: String) -> Self {
        Self {
            scope: settings.fifo.map_or(Scope::Queue, |fifo| fifo.scope),
            scope_changes: None,
            settings,
            tags: BTreeMap::new(),
            created: now,
            modified: now,
            purged: None,
            generation,
            changed: Arc::default(),
            messages: BTreeMap::new(),
            by_id: HashMap::new(),
            ready: BTreeSet::new(),
            waiting: BTreeSet::new(),
            by_age: BTreeSet::new(),
            in_flight: 0,
            groups: HashMap::new(),
            turns: BTreeMap::new(),
            next_turn: 0,
            deduplication: Deduplication::default(),
            attempts: HashMap::new(),
            arrived: 0,
        }
    }

    pub(super) fn is_fifo(&self) -> bool {
        self.settings.fifo.is_some()
    }

    /// Lets happen what time brings: messages become visible or too old, deduplication ids are forgotten.
    pub(super) fn advance(&mut self, now: SystemTime) {
        let retention = self.settings.retention();
        while let Some(&(sent, key)) = self.by_age.first()
            && sent + retention <= now
        {
            self.remove(key);
        }
        while let Some(&(visible_at, key)) = self.waiting.first()
            && visible_at <= now
        {
            self.show(key);
        }
        if self.scope_changes.is_some_and(|at| at <= now) {
            self.scope_changes = None;
            self.scope = self.settings.fifo.map_or(Scope::Queue, |fifo| fifo.scope);
        }
        self.deduplication.forget(now);
        self.attempts.retain(|_, attempt| !attempt.is_over(now));
    }

    /// When the next message becomes visible by itself.
    pub(super) fn next_change(&self) -> Option<SystemTime> {
        self.waiting.first().map(|(visible_at, _)| *visible_at)
    }

    /// Takes a message in. A duplicate is not taken, and answered as the message that it duplicates.
    pub(super) fn send(
        &mut self,
        now: SystemTime,
        id: String,
        content: Content,
        delay: Option<Duration>,
    ) -> Sent {
        let key = self.deduplication_key(&content);
        if let Some(sent) = key.as_ref().and_then(|key| self.deduplication.find(key)) {
            return sent.clone();
        }
        let message = Message {
            id,
            content: Arc::new(content),
            sequence_number: None,
            sent: now,
            visible_at: now + delay.unwrap_or(self.settings.delay()),
            receive_count: 0,
            first_received: None,
            receive: None,
            dead_letter_source: None,
        };
        let sent = self.insert(now, message);
        if let Some(key) = key {
            self.deduplication.remember(now, key, sent.clone());
        }
        sent
    }

    fn deduplication_key(&self, content: &Content) -> Option<Key> {
        self.settings.fifo?;
        let scope = match self.scope {
            Scope::Queue => None,
            Scope::Group => content.group_id.clone(),
        };
        Some((scope, content.deduplication_id.clone()?))
    }

    /// Puts a message in last, with a sequence number of this queue's.
    pub(super) fn insert(&mut self, now: SystemTime, mut message: Message) -> Sent {
        self.arrived += 1;
        let key = self.arrived;
        if self.is_fifo() {
            let number = FIRST_SEQUENCE_NUMBER + u128::from(key) * 256;
            message.sequence_number = Some(number.to_string());
            let name = message.content.group_id.clone().unwrap_or_default();
            if !self.groups.contains_key(&name) {
                let turn = self.new_turn(name.clone());
                self.groups.insert(name.clone(), Group { messages: BTreeSet::new(), turn });
            }
            if let Some(group) = self.groups.get_mut(&name) {
                group.messages.insert(key);
            }
        }
        let sent = Sent { message_id: message.id.clone(), sequence_number: message.sequence_number.clone() };
        self.by_id.insert(message.id.clone(), key);
        self.by_age.insert((message.sent, key));
        if message.visible_at <= now {
            self.ready.insert(key);
        } else {
            self.waiting.insert((message.visible_at, key));
        }
        self.messages.insert(key, message);
        self.changed.notify_waiters();
        sent
    }

    /// Lets a group wait until all others have had their turn.
    pub(super) fn end_turn(&mut self, name: &str) {
        let Some(group) = self.groups.get(name) else { return };
        self.turns.remove(&group.turn);
        let turn = self.new_turn(name.to_owned());
        if let Some(group) = self.groups.get_mut(name) {
            group.turn = turn;
        }
    }

    fn new_turn(&mut self, name: String) -> u64 {
        self.next_turn += 1;
        self.turns.insert(self.next_turn, name);
        self.next_turn
    }

    /// Deletes the message of a receipt. One that is gone is no error.
    pub(super) fn delete(
        &mut self,
        now: SystemTime,
        receipt: &Receipt,
        handle: &str,
    ) -> Result<(), AwsError> {
        let Some(&key) = self.by_id.get(&receipt.message_id) else { return Ok(()) };
        // A standard queue takes any of the message's handles; a FIFO queue only the last, and in time.
        if self.is_fifo() && self.held_by(key, receipt, now).is_none() {
            return Err(expired(handle));
        }
        self.remove(key);
        self.changed.notify_waiters();
        Ok(())
    }

    /// Changes when the message of a receipt becomes visible again.
    pub(super) fn change_visibility(
        &mut self,
        now: SystemTime,
        receipt: &Receipt,
        handle: &str,
        timeout: Duration,
    ) -> Result<(), AwsError> {
        let key = self.by_id.get(&receipt.message_id).copied().ok_or_else(|| unavailable(handle))?;
        // A standard queue takes any of the message's handles, as it does to delete it.
        let receive = if self.is_fifo() { self.held_by(key, receipt, now) } else { self.held(key, now) };
        let Some(receive) = receive else { return self.change_visible(key, handle) };
        if now + timeout > receive.at + MAX_VISIBILITY {
            return Err(invalid_value(
                &timeout.as_secs().to_string(),
                "VisibilityTimeout",
                "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]",
            ));
        }
        self.attempts.retain(|_, attempt| !attempt.has(&receipt.message_id));
        if timeout.is_zero() {
            self.show(key);
            if let Some(message) = self.messages.get_mut(&key) {
                message.visible_at = now;
                message.receive = Some(Receive { released: true, ..receive });
            }
        } else {
            self.hide(key, now + timeout);
        }
        self.changed.notify_waiters();
        Ok(())
    }

    /// What there is to say of a message that is not in flight, or not by this handle.
    fn change_visible(&self, key: u64, handle: &str) -> Result<(), AwsError> {
        if self.is_fifo() {
            return Err(unavailable(handle));
        }
        match self.messages.get(&key).and_then(|message| message.receive) {
            None => Err(unavailable(handle)),
            Some(Receive { released: true, .. }) => {
                Err(error("MessageNotInflight", "The specified message isn't in flight."))
            }
            // Recorded on AWS: a standard queue takes the call, if too late.
            Some(Receive { released: false, .. }) => Ok(()),
        }
    }

    /// The receive by which a message is in flight.
    fn held(&self, key: u64, now: SystemTime) -> Option<Receive> {
        let message = self.messages.get(&key)?;
        message.receive.filter(|_| message.state(now) == MessageState::InFlight)
    }

    /// The receive that a receipt stands for, if its message is still in flight by it.
    fn held_by(&self, key: u64, receipt: &Receipt, now: SystemTime) -> Option<Receive> {
        self.held(key, now).filter(|receive| receive.number == receipt.receive)
    }

    /// Removes every message, and forgets every deduplication id.
    pub(super) fn purge(&mut self) {
        let keys: Vec<u64> = self.messages.keys().copied().collect();
        for key in keys {
            self.remove(key);
        }
        self.deduplication = Deduplication::default();
        self.changed.notify_waiters();
    }

    /// Changes attributes. The delay of a FIFO queue, unlike a standard one's, is also that of messages that wait.
    pub(super) fn set(&mut self, now: SystemTime, attributes: &Attributes) -> Result<(), AwsError> {
        self.settings.set(attributes)?;
        self.modified = now;
        let scope = self.settings.fifo.map_or(Scope::Queue, |fifo| fifo.scope);
        self.scope_changes = (scope != self.scope).then(|| now + PROPAGATION);
        if self.is_fifo() && attributes.contains_key("DelaySeconds") {
            let delay = self.settings.delay();
            let unreceived: Vec<_> = self
                .messages
                .iter()
                .filter(|(_, message)| message.receive.is_none() && message.dead_letter_source.is_none())
                .map(|(key, message)| (*key, message.sent + delay))
                .collect();
            for (key, visible_at) in unreceived {
                self.hide(key, visible_at);
            }
            self.advance(now);
        }
        self.changed.notify_waiters();
        Ok(())
    }

    pub(super) fn counts(&self) -> Counts {
        Counts {
            visible: self.ready.len(),
            in_flight: self.in_flight,
            delayed: self.waiting.len() - self.in_flight,
        }
    }

    pub(super) fn views(&self, now: SystemTime) -> Vec<QueueMessage> {
        self.messages.values().map(|message| message.view(now)).collect()
    }

    /// Makes a message visible.
    pub(super) fn show(&mut self, key: u64) {
        let Some(message) = self.messages.get(&key) else { return };
        if self.waiting.remove(&(message.visible_at, key)) {
            if message.receive.is_some() {
                self.in_flight -= 1;
            }
            self.ready.insert(key);
        }
    }

    /// Keeps a message back until a time: in flight if it has been received, else delayed.
    pub(super) fn hide(&mut self, key: u64, until: SystemTime) {
        // Counts are kept by `show`, so what waits already is shown first.
        self.show(key);
        let Some(message) = self.messages.get_mut(&key) else { return };
        message.visible_at = until;
        if message.receive.is_some() {
            self.in_flight += 1;
        }
        self.ready.remove(&key);
        self.waiting.insert((until, key));
    }

    pub(super) fn remove(&mut self, key: u64) -> Option<Message> {
        self.show(key);
        let message = self.messages.remove(&key)?;
        self.ready.remove(&key);
        self.by_id.remove(&message.id);
        self.by_age.remove(&(message.sent, key));
        self.attempts.retain(|_, attempt| !attempt.has(&message.id));
        let name = message.content.group_id.as_deref().unwrap_or_default();
        if let Some(group) = self.groups.get_mut(name) {
            group.messages.remove(&key);
            if group.messages.is_empty() {
                self.turns.remove(&group.turn);
                self.groups.remove(name);
            }
        }
        Some(message)
    }

    pub(super) fn key_of(&self, message_id: &str) -> Option<u64> {
        self.by_id.get(message_id).copied()
    }
}
