//! Operations of SQS. What takes time is a minute at least or nothing at all, so that a trace is over before it matters.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message, MessageAttributeValue,
    MessageSystemAttributeName, QueueAttributeName, SendMessageBatchRequestEntry,
};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::names::{Names, Receipt};
use crate::side::{REGION, Side, failure};

const QUEUES: &[&str] = &["first", "second", "dead", "first.fifo", "dead.fifo"];
/// Attributes of queues, and values of each: the last is one that none can have.
const ATTRIBUTES: &[(&str, &[&str])] = &[
    ("VisibilityTimeout", &["60", "43200", "43201"]),
    ("DelaySeconds", &["0", "60", "901"]),
    ("MaximumMessageSize", &["1024", "262144", "1023"]),
    ("MessageRetentionPeriod", &["60", "345600", "1209601"]),
    ("ReceiveMessageWaitTimeSeconds", &["0", "20", "21"]),
    ("KmsDataKeyReusePeriodSeconds", &["60", "86401"]),
    ("SqsManagedSseEnabled", &["true", "false"]),
    ("ContentBasedDeduplication", &["true", "false"]),
];

#[derive(Clone, Debug)]
pub(crate) enum Sqs {
    CreateQueue(&'static str, Attributes, Tags),
    GetQueueUrl(&'static str),
    ListQueues(Option<&'static str>),
    DeleteQueue(&'static str),
    SetQueueAttributes(&'static str, Attributes),
    /// Dead letters go to the second after so many receives.
    SetRedrivePolicy(&'static str, &'static str, u32),
    GetQueueAttributes(&'static str, &'static str),
    ListDeadLetterSourceQueues(&'static str),
    PurgeQueue(&'static str),
    TagQueue(&'static str, Tags),
    UntagQueue(&'static str, &'static str),
    ListQueueTags(&'static str),
    AddPermission(&'static str, &'static str),
    RemovePermission(&'static str, &'static str),
    SendMessage(&'static str, Sent),
    SendMessageBatch(&'static str, Vec<Sent>, Ids),
    ReceiveMessage(&'static str, Receive),
    DeleteMessage(u8),
    DeleteMessageBatch(&'static str, Vec<u8>),
    ChangeMessageVisibility(u8, i32),
    ChangeMessageVisibilityBatch(&'static str, Vec<(u8, i32)>),
}

type Attributes = BTreeMap<&'static str, &'static str>;
type Tags = BTreeMap<&'static str, &'static str>;

/// How the entries of a batch are named.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ids {
    Distinct,
    Same,
}

#[derive(Clone, Debug)]
pub(crate) struct Sent {
    body: &'static str,
    attribute: Option<(&'static str, &'static str, &'static str)>,
    delay: Option<i32>,
    group: Option<&'static str>,
    deduplication: Option<&'static str>,
}

#[derive(Clone, Debug)]
pub(crate) struct Receive {
    most: Option<i32>,
    visibility: Option<i32>,
    attributes: Option<&'static str>,
}

/// What every trace begins with.
pub(crate) fn first() -> Vec<Sqs> {
    ["first", "first.fifo", "dead", "dead.fifo"]
        .map(|queue| Sqs::CreateQueue(queue, Attributes::new(), Tags::new()))
        .into()
}

pub(crate) fn operation() -> impl Strategy<Value = Sqs> {
    let queues = prop_oneof![
        4 => (queue(), attributes(), tags()).prop_map(|(queue, with, tags)| Sqs::CreateQueue(queue, of(queue, with, Kept::Nothing), tags)),
        1 => queue().prop_map(Sqs::GetQueueUrl),
        1 => option::of(select(&["f", "first", "x"][..])).prop_map(Sqs::ListQueues),
        1 => queue().prop_map(Sqs::DeleteQueue),
        3 => (queue(), attributes()).prop_map(|(queue, attributes)| Sqs::SetQueueAttributes(queue, of(queue, attributes, Kept::Messages))),
        3 => dead_letters().prop_map(|(queue, dead, most)| Sqs::SetRedrivePolicy(queue, dead, most)),
        4 => (queue(), select(&["All", "QueueArn", "Policy", "FifoQueue", "ApproximateNumberOfMessages", "Nothing"][..]))
            .prop_map(|(queue, name)| Sqs::GetQueueAttributes(queue, name)),
        1 => queue().prop_map(Sqs::ListDeadLetterSourceQueues),
        1 => queue().prop_map(Sqs::PurgeQueue),
        1 => (queue(), tags()).prop_map(|(queue, tags)| Sqs::TagQueue(queue, tags)),
        1 => (queue(), select(&["team", "none"][..])).prop_map(|(queue, tag)| Sqs::UntagQueue(queue, tag)),
        1 => queue().prop_map(Sqs::ListQueueTags),
        1 => (queue(), select(&["one", "two"][..])).prop_map(|(queue, label)| Sqs::AddPermission(queue, label)),
        1 => (queue(), select(&["one", "two"][..])).prop_map(|(queue, label)| Sqs::RemovePermission(queue, label)),
    ];
    let messages = prop_oneof![
        8 => (queue(), sent()).prop_map(|(queue, sent)| Sqs::SendMessage(queue, sent)),
        3 => (queue(), prop::collection::vec(sent(), 1..4), prop_oneof![4 => Just(Ids::Distinct), 1 => Just(Ids::Same)])
            .prop_map(|(queue, sent, ids)| Sqs::SendMessageBatch(queue, sent, ids)),
        8 => (queue(), receive()).prop_map(|(queue, receive)| Sqs::ReceiveMessage(queue, receive)),
        4 => any::<u8>().prop_map(Sqs::DeleteMessage),
        1 => (queue(), prop::collection::vec(any::<u8>(), 1..4))
            .prop_map(|(queue, receipts)| Sqs::DeleteMessageBatch(queue, receipts)),
        3 => (any::<u8>(), visibility()).prop_map(|(receipt, timeout)| Sqs::ChangeMessageVisibility(receipt, timeout)),
        1 => (queue(), prop::collection::vec((any::<u8>(), visibility()), 1..4))
            .prop_map(|(queue, changes)| Sqs::ChangeMessageVisibilityBatch(queue, changes)),
    ];
    prop_oneof![1 => queues, 2 => messages]
}

fn queue() -> impl Strategy<Value = &'static str> {
    prop_oneof![4 => Just("first"), 3 => Just("first.fifo"), 2 => select(QUEUES)]
}

/// Two queues of one kind, and how many receives there are; moto refuses two of different kinds, and does it all the same.
fn dead_letters() -> impl Strategy<Value = (&'static str, &'static str, u32)> {
    let most = prop_oneof![9 => 1..3u32, 1 => Just(0)];
    (select(&[("first", "dead"), ("second", "dead"), ("first.fifo", "dead.fifo")][..]), most)
        .prop_map(|((queue, dead), most)| (queue, dead, most))
}

fn attributes() -> impl Strategy<Value = Attributes> {
    let attribute = select(ATTRIBUTES).prop_flat_map(|(name, values)| {
        // What is refused is seldom asked for.
        let value = prop_oneof![6 => select(&values[..values.len() - 1]), 1 => select(values)];
        (Just(name), value)
    });
    prop::collection::vec(attribute, 0..3).prop_map(|attributes| attributes.into_iter().collect())
}

/// What a queue may have in it when it gets attributes.
#[derive(Clone, Copy)]
enum Kept {
    Nothing,
    Messages,
}

/// Without what only a FIFO queue has: a trace is over where moto has a queue that AWS refuses. The delay of a FIFO queue, when it is
/// changed, is also that of the messages in it, which moto does not know.
fn of(queue: &str, mut attributes: Attributes, kept: Kept) -> Attributes {
    match (is_fifo(queue), kept) {
        (false, _) => drop(attributes.remove("ContentBasedDeduplication")),
        (true, Kept::Messages) => drop(attributes.remove("DelaySeconds")),
        (true, Kept::Nothing) => {}
    }
    attributes
}

fn tags() -> impl Strategy<Value = Tags> {
    prop::collection::btree_map(select(&["team", "cost"][..]), select(&["sales", ""][..]), 0..2)
}

fn sent() -> impl Strategy<Value = Sent> {
    let attribute = select(
        &[
            ("kind", "String", "order"),
            ("count", "Number", "3"),
            ("odd", "Number", "three"),
            ("a.b", "String.x", "1"),
        ][..],
    );
    (
        prop_oneof![20 => select(&["a", "b", "hello, world", "<&>é"][..]), 1 => Just("")],
        option::weighted(0.3, attribute),
        option::weighted(0.2, select(&[0, 60, 901][..])),
        option::weighted(0.5, select(&["g", "h"][..])),
        option::weighted(0.8, select(&["1", "2", "4", "5", "6", "7", "8", "9"][..])),
    )
        .prop_map(|(body, attribute, delay, group, deduplication)| Sent {
            body,
            attribute,
            delay,
            group,
            deduplication,
        })
}

fn visibility() -> impl Strategy<Value = i32> {
    select(&[0, 60, 43_201][..])
}

fn receive() -> impl Strategy<Value = Receive> {
    (
        option::weighted(0.5, select(&[1, 2, 10, 11, 0][..])),
        // Not 0: a message that is visible again by itself can be hidden again in moto, and on AWS cannot.
        option::weighted(0.4, select(&[30, 60][..])),
        option::weighted(0.5, select(&["All", "kind"][..])),
    )
        .prop_map(|(most, visibility, attributes)| Receive { most, visibility, attributes })
}

impl Sent {
    fn attributes(&self) -> Option<HashMap<String, MessageAttributeValue>> {
        self.attribute.map(|(name, kind, value)| {
            let value = MessageAttributeValue::builder().data_type(kind).string_value(value).build().unwrap();
            [(name.to_owned(), value)].into()
        })
    }

    /// With what its kind of queue asks for and without what it refuses, but for one body of them, so that refusals are seen too.
    fn for_queue(mut self, queue: &str) -> Self {
        let fifo = is_fifo(queue);
        if fifo && self.body != "b" {
            self.group = self.group.or(Some("g"));
            self.deduplication = self.deduplication.or(Some("3"));
            self.delay = None;
        }
        if !fifo && self.body != "b" {
            self.group = None;
            self.deduplication = None;
        }
        self
    }
}

fn url(queue: &str) -> String {
    // Both are of this account, whatever the host.
    format!("http://127.0.0.1/123456789012/{queue}")
}

/// By its name, as SQS itself tells the two kinds apart.
fn is_fifo(queue: &str) -> bool {
    queue.strip_suffix(".fifo").is_some()
}

fn arn(queue: &str) -> String {
    format!("arn:aws:sqs:{REGION}:123456789012:{queue}")
}

fn pairs(map: &BTreeMap<&'static str, &'static str>) -> HashMap<String, String> {
    map.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn typed(map: &Attributes) -> HashMap<QueueAttributeName, String> {
    map.iter().map(|(name, value)| (QueueAttributeName::from(*name), (*value).to_owned())).collect()
}

/// The answer as a document: what `$shown` makes of a success, or the failure.
macro_rules! answer {
    ($request:expr, $output:ident => $shown:expr) => {
        match $request.send().await {
            Ok($output) => $shown,
            Err(error) => failure(&error),
        }
    };
}

/// Entries of a batch that failed.
macro_rules! failed {
    ($it:ident) => {{
        let failed = $it.failed().iter().map(|it| json!([it.id(), it.code(), it.sender_fault()]));
        failed.collect::<Vec<_>>()
    }};
}

impl crate::Operation for Sqs {
    fn name(&self) -> &'static str {
        match self {
            Self::CreateQueue(..) => "CreateQueue",
            Self::GetQueueUrl(_) => "GetQueueUrl",
            Self::ListQueues(_) => "ListQueues",
            Self::DeleteQueue(_) => "DeleteQueue",
            Self::SetQueueAttributes(..) | Self::SetRedrivePolicy(..) => "SetQueueAttributes",
            Self::GetQueueAttributes(..) => "GetQueueAttributes",
            Self::ListDeadLetterSourceQueues(_) => "ListDeadLetterSourceQueues",
            Self::PurgeQueue(_) => "PurgeQueue",
            Self::TagQueue(..) => "TagQueue",
            Self::UntagQueue(..) => "UntagQueue",
            Self::ListQueueTags(_) => "ListQueueTags",
            Self::AddPermission(..) => "AddPermission",
            Self::RemovePermission(..) => "RemovePermission",
            Self::SendMessage(..) => "SendMessage",
            Self::SendMessageBatch(..) => "SendMessageBatch",
            Self::ReceiveMessage(..) => "ReceiveMessage",
            Self::DeleteMessage(_) => "DeleteMessage",
            Self::DeleteMessageBatch(..) => "DeleteMessageBatch",
            Self::ChangeMessageVisibility(..) => "ChangeMessageVisibility",
            Self::ChangeMessageVisibilityBatch(..) => "ChangeMessageVisibilityBatch",
        }
    }

    #[expect(clippy::too_many_lines, reason = "an arm for each operation")]
    async fn run(&self, side: &Side, names: &mut Names) -> Value {
        let sqs = &side.sqs;
        match self.clone() {
            Self::CreateQueue(queue, with, tags) => {
                let mut attributes = typed(&with);
                if is_fifo(queue) {
                    attributes.insert(QueueAttributeName::FifoQueue, "true".to_owned());
                }
                let create = sqs.create_queue().queue_name(queue).set_attributes(Some(attributes));
                answer!(create.set_tags(Some(pairs(&tags))), it => json!({ "queue": name_of(it.queue_url()) }))
            }
            Self::GetQueueUrl(queue) => {
                answer!(sqs.get_queue_url().queue_name(queue), it => json!({ "queue": name_of(it.queue_url()) }))
            }
            Self::ListQueues(prefix) => {
                answer!(sqs.list_queues().set_queue_name_prefix(prefix.map(str::to_owned)), it => {
                    let mut queues: Vec<_> = it.queue_urls().iter().map(|url| name_of(Some(url))).collect();
                    queues.sort();
                    json!({ "queues": queues })
                })
            }
            Self::DeleteQueue(queue) => {
                answer!(sqs.delete_queue().queue_url(url(queue)), _done => json!({}))
            }
            Self::SetQueueAttributes(queue, attributes) => {
                let set =
                    sqs.set_queue_attributes().queue_url(url(queue)).set_attributes(Some(typed(&attributes)));
                answer!(set, _done => json!({}))
            }
            Self::SetRedrivePolicy(queue, dead, most) => {
                let policy = json!({ "deadLetterTargetArn": arn(dead), "maxReceiveCount": most }).to_string();
                let set = sqs.set_queue_attributes().queue_url(url(queue));
                answer!(set.attributes(QueueAttributeName::RedrivePolicy, policy), _done => json!({}))
            }
            Self::GetQueueAttributes(queue, name) => {
                let get = sqs.get_queue_attributes().queue_url(url(queue));
                answer!(get.attribute_names(QueueAttributeName::from(name)), it => json!({ "attributes": shown(it.attributes) }))
            }
            Self::ListDeadLetterSourceQueues(queue) => {
                answer!(sqs.list_dead_letter_source_queues().queue_url(url(queue)), it => {
                    let mut queues: Vec<_> = it.queue_urls().iter().map(|url| name_of(Some(url))).collect();
                    queues.sort();
                    json!({ "queues": queues })
                })
            }
            Self::PurgeQueue(queue) => {
                answer!(sqs.purge_queue().queue_url(url(queue)), _done => json!({}))
            }
            Self::TagQueue(queue, tags) => {
                answer!(sqs.tag_queue().queue_url(url(queue)).set_tags(Some(pairs(&tags))), _done => json!({}))
            }
            Self::UntagQueue(queue, tag) => {
                answer!(sqs.untag_queue().queue_url(url(queue)).tag_keys(tag), _done => json!({}))
            }
            Self::ListQueueTags(queue) => answer!(sqs.list_queue_tags().queue_url(url(queue)), it => {
                json!({ "tags": it.tags.unwrap_or_default().into_iter().collect::<BTreeMap<_, _>>() })
            }),
            Self::AddPermission(queue, label) => {
                let add = sqs.add_permission().queue_url(url(queue)).label(label).actions("SendMessage");
                answer!(add.aws_account_ids("111111111111"), _done => json!({}))
            }
            Self::RemovePermission(queue, label) => {
                answer!(sqs.remove_permission().queue_url(url(queue)).label(label), _done => json!({}))
            }
            Self::SendMessage(queue, sent) => {
                let sent = sent.for_queue(queue);
                let send = sqs.send_message().queue_url(url(queue)).message_body(sent.body);
                let send = send.set_message_attributes(sent.attributes()).set_delay_seconds(sent.delay);
                let send = send.set_message_group_id(sent.group.map(str::to_owned));
                answer!(send.set_message_deduplication_id(sent.deduplication.map(str::to_owned)), it => json!({
                    "message": names.sent(it.message_id()),
                    "md5": it.md5_of_message_body, "attributes": it.md5_of_message_attributes,
                    "numbered": it.sequence_number.is_some(),
                }))
            }
            Self::SendMessageBatch(queue, sent, ids) => {
                let mut send = sqs.send_message_batch().queue_url(url(queue));
                for (number, sent) in sent.into_iter().enumerate() {
                    let sent = sent.for_queue(queue);
                    let id = match ids {
                        Ids::Distinct => number,
                        Ids::Same => 0,
                    };
                    let entry =
                        SendMessageBatchRequestEntry::builder().id(id.to_string()).message_body(sent.body);
                    let entry = entry.set_message_attributes(sent.attributes()).set_delay_seconds(sent.delay);
                    let entry = entry.set_message_group_id(sent.group.map(str::to_owned));
                    let entry = entry.set_message_deduplication_id(sent.deduplication.map(str::to_owned));
                    send = send.entries(entry.build().unwrap());
                }
                answer!(send, it => {
                    let sent = it.successful().iter().map(|it| {
                        json!([it.id(), names.sent(Some(it.message_id())), it.md5_of_message_body()])
                    });
                    let sent: Vec<_> = sent.collect();
                    it.failed().iter().for_each(|_| drop(names.sent(None)));
                    json!({ "sent": sent, "failed": failed!(it) })
                })
            }
            Self::ReceiveMessage(queue, receive) => {
                let attributes = receive.attributes;
                let all =
                    attributes.filter(|name| *name == "All").map(|_| vec![MessageSystemAttributeName::All]);
                let from = sqs.receive_message().queue_url(url(queue)).wait_time_seconds(0);
                let from =
                    from.set_max_number_of_messages(receive.most).set_visibility_timeout(receive.visibility);
                let from = from.set_message_system_attribute_names(all);
                let from = from.set_message_attribute_names(attributes.map(|name| vec![name.to_owned()]));
                answer!(from, it => {
                    let messages = it.messages.unwrap_or_default();
                    // Of more than one group SQS first looks for more of the first message's; moto does not.
                    let groups = is_fifo(queue) && receive.most.is_some_and(|most| most > 1);
                    json!({ (if groups { "messages-of-groups" } else { "messages" }): messages.iter().map(|it| message(queue, it, names)).collect::<Vec<_>>() })
                })
            }
            Self::DeleteMessage(receipt) => {
                let Some(Receipt { queue, handle }) = names.receipt(receipt) else {
                    return json!({ "none": true });
                };
                answer!(sqs.delete_message().queue_url(url(queue)).receipt_handle(handle), _done => json!({}))
            }
            Self::DeleteMessageBatch(queue, receipts) => {
                let mut delete = sqs.delete_message_batch().queue_url(url(queue));
                for (id, receipt) in receipts.iter().enumerate() {
                    let handle = names.receipt(*receipt).map_or("none", |receipt| &receipt.handle);
                    let entry =
                        DeleteMessageBatchRequestEntry::builder().id(id.to_string()).receipt_handle(handle);
                    delete = delete.entries(entry.build().unwrap());
                }
                answer!(delete, it => {
                    let done: Vec<String> = it.successful().iter().map(|it| it.id().to_owned()).collect();
                    json!({ "done": done, "failed": failed!(it) })
                })
            }
            Self::ChangeMessageVisibility(receipt, timeout) => {
                let Some(Receipt { queue, handle }) = names.receipt(receipt) else {
                    return json!({ "none": true });
                };
                let change = sqs.change_message_visibility().queue_url(url(queue)).receipt_handle(handle);
                answer!(change.visibility_timeout(timeout), _done => json!({}))
            }
            Self::ChangeMessageVisibilityBatch(queue, changes) => {
                let mut change = sqs.change_message_visibility_batch().queue_url(url(queue));
                for (id, (receipt, timeout)) in changes.iter().enumerate() {
                    let handle = names.receipt(*receipt).map_or("none", |receipt| &receipt.handle);
                    let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(id.to_string());
                    let entry = entry.receipt_handle(handle).visibility_timeout(*timeout);
                    change = change.entries(entry.build().unwrap());
                }
                answer!(change, it => {
                    let done: Vec<String> = it.successful().iter().map(|it| it.id().to_owned()).collect();
                    json!({ "done": done, "failed": failed!(it) })
                })
            }
        }
    }
}

/// A queue by its name alone: its URL begins with whichever address the server has.
fn name_of(url: Option<&str>) -> Option<&str> {
    url?.rsplit('/').next()
}

/// The attributes of a queue, without when it was made and changed.
fn shown(attributes: Option<HashMap<QueueAttributeName, String>>) -> BTreeMap<String, Value> {
    let attributes = attributes.unwrap_or_default().into_iter();
    attributes
        .map(|(name, value)| {
            let value = match name.as_str() {
                "CreatedTimestamp" | "LastModifiedTimestamp" => json!(true),
                "Policy" | "RedrivePolicy" => serde_json::from_str(&value).unwrap_or_default(),
                _ => json!(value),
            };
            (name.as_str().to_owned(), value)
        })
        .collect()
}

/// A message that was received, whose handle is kept.
fn message(queue: &'static str, it: &Message, names: &mut Names) -> Value {
    names.receipts.push(Receipt { queue, handle: it.receipt_handle().unwrap_or_default().to_owned() });
    let system = it.attributes.iter().flatten().map(|(name, value)| {
        let value = match name.as_str() {
            "SentTimestamp" | "ApproximateFirstReceiveTimestamp" | "SequenceNumber" => "some",
            _ => value,
        };
        (name.as_str().to_owned(), value.to_owned())
    });
    let attributes = it.message_attributes.iter().flatten();
    let attributes = attributes
        .map(|(name, value)| (name.clone(), (value.data_type().to_owned(), value.string_value.clone())));
    json!({
        "message": names.received(it.message_id()),
        "body": it.body, "md5": it.md5_of_body, "attributes-md5": it.md5_of_message_attributes,
        "system": system.collect::<BTreeMap<_, _>>(),
        "attributes": attributes.collect::<BTreeMap<_, _>>(),
    })
}
