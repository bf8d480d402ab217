//! Receiving: which messages, in which order, and which of them are dead letters by now.

use std::time::{Duration, SystemTime};

use super::deduplication::INTERVAL;
use super::error::error;
use super::message::{Message, Receive};
use super::queue::Queue;
use super::receipt::Receipt;
use crate::layer::AwsError;

/// The most messages of a standard queue that can be in flight.
const MAX_IN_FLIGHT: usize = 120_000;
/// The most messages of a FIFO queue that can be in flight.
const MAX_IN_FLIGHT_FIFO: usize = 20_000;

/// How messages are to be received.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) max_messages: usize,
    /// None is the queue's own.
    pub(super) visibility: Option<Duration>,
    /// `ReceiveRequestAttemptId`.
    pub(super) attempt_id: Option<String>,
    /// Whether nobody waits: only then is a queue with too many messages in flight an error.
    pub(super) poll: Poll,
}

/// How long a receive waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Poll {
    Short,
    Long,
}

/// What a receive has brought about.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) received: Vec<(Receipt, Message)>,
    /// Messages that have been received too often, which are in the queue no more.
    pub(super) dead: Vec<Message>,
}

/// A receive that can be tried again, as one whose answer was lost.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    at: SystemTime,
    receipts: Vec<Receipt>,
}

impl Attempt {
    pub(super) fn is_over(&self, now: SystemTime) -> bool {
        self.at + INTERVAL <= now
    }

    pub(super) fn has(&self, message_id: &str) -> bool {
        self.receipts.iter().any(|receipt| receipt.message_id == message_id)
    }
}

impl Queue {
    /// Receives messages. Those that have been received from this queue `max_receive_count` times before are dead letters.
    pub(super) fn receive(
        &mut self,
        now: SystemTime,
        order: &Order,
        max_receive_count: Option<u32>,
    ) -> Result<Taken, AwsError> {
        let visibility = order.visibility.unwrap_or(self.settings.visibility());
        if let Some(received) = self.receive_again(now, order, visibility) {
            return Ok(Taken { received, dead: Vec::new() });
        }
        let limit = if self.is_fifo() { MAX_IN_FLIGHT_FIFO } else { MAX_IN_FLIGHT };
        let room = limit.saturating_sub(self.in_flight);
        if room == 0 && !self.is_fifo() && order.poll == Poll::Short {
            return Err(error(
                "OverLimit",
                format!("The maximum number of in flight messages is reached: {MAX_IN_FLIGHT}."),
            ));
        }
        let mut taken = Taken::default();
        for key in self.candidates(order.max_messages.min(room), max_receive_count) {
            let count = self.messages.get(&key).map_or(0, Message::receives_here);
            if max_receive_count.is_some_and(|max| count >= max) {
                taken.dead.extend(self.remove(key));
            } else {
                taken.received.extend(self.take(key, now, visibility));
            }
        }
        let mut served: Vec<&str> =
            taken.received.iter().filter_map(|(_, message)| message.content.group_id.as_deref()).collect();
        served.dedup();
        for name in served {
            self.end_turn(name);
        }
        if !taken.dead.is_empty() {
            self.changed.notify_waiters();
        }
        if let (Some(id), false) = (&order.attempt_id, taken.received.is_empty()) {
            let receipts = taken.received.iter().map(|(receipt, _)| receipt.clone()).collect();
            self.attempts.insert(id.clone(), Attempt { at: now, receipts });
        }
        Ok(taken)
    }

    /// The messages that are next: up to `max` that can be received, and the dead letters before and among them.
    fn candidates(&self, max: usize, max_receive_count: Option<u32>) -> Vec<u64> {
        let mut keys = Vec::new();
        let mut live = 0;
        for key in self.available() {
            if live == max {
                break;
            }
            let Some(message) = self.messages.get(&key) else { continue };
            if max_receive_count.is_none_or(|max| message.receives_here() < max) {
                live += 1;
            }
            keys.push(key);
        }
        keys
    }

    /// The messages that can be received, in the order in which they are. In a FIFO queue that is group after group, of
    /// each what lies in front of the first message that is in flight or delayed.
    fn available(&self) -> Box<dyn Iterator<Item = u64> + '_> {
        if !self.is_fifo() {
            return Box::new(self.ready.iter().copied());
        }
        let groups = self.turns.values().filter_map(|name| self.groups.get(name));
        Box::new(
            groups
                .flat_map(|group| group.messages.iter().copied().take_while(|key| self.ready.contains(key))),
        )
    }

    /// Whether a message can be received.
    pub(super) fn has_available(&self) -> bool {
        self.available().next().is_some()
    }

    fn take(&mut self, key: u64, now: SystemTime, visibility: Duration) -> Option<(Receipt, Message)> {
        let message = self.messages.get_mut(&key)?;
        let number = message.receive.map_or(0, |receive| receive.number) + 1;
        message.receive_count += 1;
        message.first_received.get_or_insert(now);
        message.receive = Some(Receive { number, at: now, released: false });
        let receipt = Receipt { message_id: message.id.clone(), receive: number };
        // A visibility timeout of zero leaves the message where it is.
        if !visibility.is_zero() {
            self.hide(key, now + visibility);
        }
        let message = self.messages.get(&key)?.clone();
        Some((receipt, message))
    }

    /// The messages of a receive that is tried again, hidden anew, as long as nobody has touched them.
    fn receive_again(
        &mut self,
        now: SystemTime,
        order: &Order,
        visibility: Duration,
    ) -> Option<Vec<(Receipt, Message)>> {
        let receipts = self.attempts.get(order.attempt_id.as_ref()?)?.receipts.clone();
        let keys: Option<Vec<u64>> = receipts
            .iter()
            .map(|receipt| {
                let key = self.key_of(&receipt.message_id)?;
                let message = self.messages.get(&key)?;
                let held = message.receive.is_some_and(|receive| receive.number == receipt.receive);
                (held && message.visible_at > now).then_some(key)
            })
            .collect();
        let mut received = Vec::new();
        for (key, receipt) in keys?.into_iter().zip(receipts) {
            self.hide(key, now + visibility);
            received.push((receipt, self.messages.get(&key)?.clone()));
        }
        Some(received)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqs::message::{Content, NewMessage};
    use crate::sqs::settings::{Attributes, Settings};

    /// A queue with so many messages, each in a group of its own.
    fn filled(name: &str, count: usize) -> Queue {
        let mut attributes = Attributes::new();
        if name.ends_with("fifo") {
            attributes.insert("FifoQueue".into(), "true".into());
        }
        let settings = Settings::of_new(name, &attributes).unwrap();
        let mut queue = Queue::new(settings, SystemTime::UNIX_EPOCH, "q".into());
        for number in 0..count {
            let id = number.to_string();
            let message = NewMessage::new("x").group_id(&id);
            let content = Content::new(message, Some(id.clone()), "sender".into());
            queue.send(SystemTime::UNIX_EPOCH, id, content, None);
        }
        queue
    }

    fn receive(queue: &mut Queue, max_messages: usize, poll: Poll) -> Result<usize, String> {
        let order = Order { max_messages, visibility: None, attempt_id: None, poll };
        let taken = queue.receive(SystemTime::UNIX_EPOCH, &order, None);
        taken.map(|taken| taken.received.len()).map_err(|error| error.code)
    }

    #[test]
    fn a_standard_queue_has_at_most_so_many_messages_in_flight() {
        let mut queue = filled("q", MAX_IN_FLIGHT + 1);
        assert_eq!(receive(&mut queue, usize::MAX, Poll::Short), Ok(MAX_IN_FLIGHT));
        assert_eq!(receive(&mut queue, 1, Poll::Short), Err("OverLimit".to_owned()));
        assert_eq!(receive(&mut queue, 1, Poll::Long), Ok(0));
        queue.remove(1);
        assert_eq!(receive(&mut queue, 10, Poll::Short), Ok(1));
    }

    #[test]
    fn a_fifo_queue_has_fewer_and_says_nothing() {
        let mut queue = filled("q.fifo", MAX_IN_FLIGHT_FIFO + 1);
        assert_eq!(receive(&mut queue, usize::MAX, Poll::Short), Ok(MAX_IN_FLIGHT_FIFO));
        assert_eq!(receive(&mut queue, 1, Poll::Short), Ok(0));
    }
}
