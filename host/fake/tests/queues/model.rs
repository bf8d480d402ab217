//! Random operations on a queue, beside a model so plain that it is right: nothing is ever lost, doubled without cause,
//! or out of order in a group.

use std::collections::BTreeMap;

use aws_sdk_sqs::types::{MessageSystemAttributeName as System, QueueAttributeName as Name};
use innkeeper_fake::MessageState;
use proptest::prelude::*;

use crate::aws::{Queue, fifo, pass, queue, system};
use crate::dead_letters::redrive;

/// All times in seconds.
const RETENTION: u64 = 200;
const MAX_RECEIVES: u32 = 3;
const DEDUPLICATION: u64 = 300;

#[derive(Clone, Debug)]
enum Operation {
    Send {
        body: u8,
        group: u8,
        delay: u8,
    },
    Receive {
        max: u8,
        visibility: u8,
    },
    /// With the handle of this number, of all that there were.
    Delete(prop::sample::Index),
    Change(prop::sample::Index, u8),
    Pass(u8),
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let operation = prop_oneof![
        4 => (0u8..6, 0u8..3, 0u8..20).prop_map(|(body, group, delay)| Operation::Send { body, group, delay }),
        4 => (1u8..=10, 0u8..40).prop_map(|(max, visibility)| Operation::Receive { max, visibility }),
        2 => any::<prop::sample::Index>().prop_map(Operation::Delete),
        2 => (any::<prop::sample::Index>(), 0u8..40).prop_map(|(which, seconds)| Operation::Change(which, seconds)),
        2 => (0u8..60).prop_map(Operation::Pass),
    ];
    prop::collection::vec(operation, 1..60)
}

/// A message as the model sees it. Its number is its place among those that were sent.
#[derive(Clone, Debug)]
struct Message {
    id: String,
    group: String,
    sent: u64,
    visible_at: u64,
    receives: u32,
    /// The last handle was used to make it visible.
    released: bool,
    fate: Fate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Here,
    Deleted,
    Expired,
    Dead,
}

struct Model {
    queue: Queue,
    fifo: bool,
    now: u64,
    messages: Vec<Message>,
    /// Which message it is of, which of its receives, and the handle.
    handles: Vec<(usize, u32, String)>,
    /// By body: when it was first sent, and as which message.
    sent: BTreeMap<u8, (u64, usize)>,
}

impl Model {
    async fn new(is_fifo: bool) -> Self {
        let queue = if is_fifo { fifo().await } else { queue().await };
        let attributes = [(Name::FifoQueue, "true")];
        let dead = if is_fifo {
            queue.other("dead.fifo", &attributes).await
        } else {
            queue.other("dead", &[]).await
        };
        redrive(&queue, &dead, MAX_RECEIVES).await;
        queue.set(Name::MessageRetentionPeriod, &RETENTION.to_string()).await;
        Self {
            queue,
            fifo: is_fifo,
            now: 0,
            messages: Vec::new(),
            handles: Vec::new(),
            sent: BTreeMap::new(),
        }
    }

    async fn run(&mut self, operation: Operation) {
        match operation {
            Operation::Send { body, group, delay } => self.send(body, group, delay).await,
            Operation::Receive { max, visibility } => self.receive(max.into(), visibility.into()).await,
            Operation::Delete(which) if !self.handles.is_empty() => {
                self.delete(which.index(self.handles.len())).await;
            }
            Operation::Change(which, seconds) if !self.handles.is_empty() => {
                self.change(which.index(self.handles.len()), seconds.into()).await;
            }
            Operation::Delete(_) | Operation::Change(..) => {}
            Operation::Pass(seconds) => self.pass(seconds.into()).await,
        }
        self.compare();
    }

    async fn send(&mut self, body: u8, group: u8, delay: u8) {
        let (text, group) = (format!("body {body}"), format!("group-{group}"));
        let mut send = self.queue.send(&text);
        if self.fifo {
            send = send.message_group_id(&group);
        } else {
            send = send.delay_seconds(delay.into());
        }
        let id = send.send().await.unwrap().message_id.unwrap();
        if self.fifo {
            if let Some((sent, number)) = self.sent.get(&body)
                && self.now < sent + DEDUPLICATION
            {
                assert_eq!(id, self.messages[*number].id, "a duplicate is answered as the first");
                return;
            }
            self.sent.insert(body, (self.now, self.messages.len()));
        }
        let visible_at = self.now + if self.fifo { 0 } else { delay.into() };
        assert!(self.messages.iter().all(|message| message.id != id));
        self.messages.push(Message {
            id,
            group,
            sent: self.now,
            visible_at,
            receives: 0,
            released: false,
            fate: Fate::Here,
        });
    }

    async fn receive(&mut self, max: usize, visibility: u64) {
        let available = self.available();
        let receive = self.queue.receive().max_number_of_messages(i32::try_from(max).unwrap());
        let receive = receive.visibility_timeout(i32::try_from(visibility).unwrap());
        let received = receive.send().await.unwrap().messages.unwrap_or_default();

        // Messages that had been received too often are dead letters now, if the receive came by.
        let dead = self.queue.fake.sqs().messages(if self.fifo { "dead.fifo" } else { "dead" });
        for number in 0..self.messages.len() {
            let message = &mut self.messages[number];
            if message.fate == Fate::Here && dead.iter().any(|dead| dead.message_id == message.id) {
                assert!(available.contains(&number) && message.receives >= MAX_RECEIVES, "{message:?}");
                message.fate = Fate::Dead;
            }
        }
        let live: Vec<usize> = available
            .iter()
            .copied()
            .filter(|number| self.messages[*number].receives < MAX_RECEIVES)
            .collect();
        assert_eq!(received.len(), live.len().min(max), "as many as there are");

        let mut last_of_group = BTreeMap::new();
        for message in &received {
            let number = self.number(message.message_id().unwrap());
            assert!(live.contains(&number), "{:?} is not to be received", self.messages[number]);
            let state = &mut self.messages[number];
            state.receives += 1;
            state.released = false;
            if visibility > 0 {
                state.visible_at = self.now + visibility;
            }
            let count = system(message, System::ApproximateReceiveCount).unwrap();
            assert_eq!(count, state.receives.to_string());
            if self.fifo {
                let before = last_of_group.insert(state.group.clone(), number);
                assert!(before.is_none_or(|before| before < number), "out of order");
                let of_group = |other: &usize| self.messages[*other].group == self.messages[number].group;
                let ahead = live.iter().filter(|other| of_group(other) && **other < number);
                for ahead in ahead {
                    assert!(
                        received.iter().any(|it| it.message_id() == Some(&self.messages[*ahead].id)),
                        "overtaken"
                    );
                }
            }
            let handle = message.receipt_handle().unwrap().to_owned();
            assert!(self.handles.iter().all(|(_, _, other)| *other != handle), "a new handle each time");
            self.handles.push((number, self.messages[number].receives, handle));
        }
    }

    /// What may be received now, dead letters among it: in a standard queue all that is visible; in a FIFO queue, of each
    /// group, what lies in front of its first message in flight.
    fn available(&self) -> Vec<usize> {
        let here = |message: &&Message| message.fate == Fate::Here;
        let visible = |message: &Message| message.visible_at <= self.now;
        (0..self.messages.len())
            .filter(|number| {
                let message = &self.messages[*number];
                let locked = || {
                    let ahead = self.messages[..*number].iter();
                    let mut group = ahead.filter(here).filter(|it| it.group == message.group);
                    group.any(|other| !visible(other))
                };
                here(&message) && visible(message) && !(self.fifo && locked())
            })
            .collect()
    }

    async fn delete(&mut self, which: usize) {
        let (number, receive, handle) = self.handles[which].clone();
        let delete = self.queue.client.delete_message().queue_url(&self.queue.url).receipt_handle(handle);
        let deleted = delete.send().await;
        let held = self.held(number, receive);
        let message = &mut self.messages[number];
        let gone = message.fate != Fate::Here;
        assert_eq!(deleted.is_ok(), gone || held || !self.fifo, "{message:?}");
        if !gone && (held || !self.fifo) {
            message.fate = Fate::Deleted;
        }
    }

    async fn change(&mut self, which: usize, seconds: u64) {
        let (number, receive, handle) = self.handles[which].clone();
        let change =
            self.queue.client.change_message_visibility().queue_url(&self.queue.url).receipt_handle(handle);
        let changed = change.visibility_timeout(i32::try_from(seconds).unwrap()).send().await;
        let held = self.held(number, receive);
        // A standard queue takes any of a message's handles, and takes them late.
        let held = held || (!self.fifo && self.held(number, self.messages[number].receives));
        let message = &mut self.messages[number];
        let late = !self.fifo && message.fate == Fate::Here && !message.released;
        assert_eq!(changed.is_ok(), held || late, "{message:?}");
        if held {
            message.visible_at = self.now + seconds;
            message.released = seconds == 0;
        }
    }

    /// Whether a message is in flight by this receive.
    fn held(&self, number: usize, receive: u32) -> bool {
        let message = &self.messages[number];
        message.fate == Fate::Here && message.receives == receive && message.visible_at > self.now
    }

    async fn pass(&mut self, seconds: u64) {
        pass(seconds).await;
        self.now += seconds;
        for message in &mut self.messages {
            if message.fate == Fate::Here && message.sent + RETENTION <= self.now {
                message.fate = Fate::Expired;
            }
        }
    }

    /// The queue has what the model has, in the same order and the same states.
    fn compare(&self) {
        let name = if self.fifo { "orders.fifo" } else { "orders" };
        let is: Vec<_> = self
            .queue
            .fake
            .sqs()
            .messages(name)
            .into_iter()
            .map(|message| (message.message_id, message.state, message.receive_count))
            .collect();
        let expected: Vec<_> = self
            .messages
            .iter()
            .filter(|message| message.fate == Fate::Here)
            .map(|message| {
                let state = match (message.visible_at > self.now, message.receives) {
                    (false, _) => MessageState::Visible,
                    (true, 0) => MessageState::Delayed,
                    (true, _) => MessageState::InFlight,
                };
                (message.id.clone(), state, message.receives)
            })
            .collect();
        assert_eq!(is, expected);
    }

    fn number(&self, id: &str) -> usize {
        self.messages.iter().position(|message| message.id == id).unwrap()
    }
}

fn check(fifo: bool, operations: Vec<Operation>) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut model = Model::new(fifo).await;
        for operation in operations {
            model.run(operation).await;
        }
        // In the end, whatever is left can be had.
        model.pass(60).await;
        loop {
            let left = model.available().len();
            model.receive(10, 100).await;
            model.compare();
            if model.available().len() == left {
                break;
            }
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_standard_queue_is_as_its_model(operations in operations()) {
        check(false, operations);
    }

    #[test]
    fn a_fifo_queue_is_as_its_model(operations in operations()) {
        check(true, operations);
    }
}
