//! The functions of `innkeeper:aws/sqs`, recorded. The table is the interface's: one that is missing does not compile.

use serde_json::{Value, json};
use wasmtime::component::Resource;

use super::{Labels, Recorded, Written, argument, dropped, exchange, handles, value, written};
use crate::bindings::sqs::{self, Host, HostQueue};
use crate::bindings::sqs_types::{
    self, Error, ListQueuesOptions, QueueAttributes, QueueSettings, ReceiveOptions, SendEntry, SendOptions,
    SendOutput,
};
use crate::sqs::{Failure, Message, MoveTask, Queue, QueueListing};

impl sqs_types::Host for Recorded<'_> {
    fn convert_error(&mut self, failure: Failure) -> wasmtime::Result<Error> {
        failure.into_error()
    }
}

impl Host for Recorded<'_> {
    exchange!(function sqs::Host, "sqs.", list_queues(options: ListQueuesOptions) -> Resource<QueueListing>);
}

macro_rules! queue {
    ($($name:ident($($argument:ident: $ty:ty),*) -> $out:ty;)*) => {
        impl HostQueue for Recorded<'_> {
            exchange!(function sqs::HostQueue, "sqs.queue.", open(name: String) -> Resource<Queue>);
            exchange!(function sqs::HostQueue, "sqs.queue.", create(
                name: String, settings: QueueSettings, tags: Vec<(String, String)>
            ) -> Resource<Queue>);

            // They ask nothing of AWS.
            async fn name(&mut self, queue: Resource<Queue>) -> wasmtime::Result<String> {
                sqs::HostQueue::name(&mut self.view, queue).await
            }

            async fn is_fifo(&mut self, queue: Resource<Queue>) -> wasmtime::Result<bool> {
                sqs::HostQueue::is_fifo(&mut self.view, queue).await
            }

            $(exchange!(method sqs::HostQueue, "sqs.", "queue" Queue, $name($($argument: $ty),*) -> $out);)*
            dropped!(sqs::HostQueue, Queue);
        }
    };
}

type Results<T> = Vec<Result<T, Error>>;

queue! {
    send_message(body: String, options: SendOptions) -> SendOutput;
    send_messages(entries: Vec<SendEntry>) -> Results<SendOutput>;
    receive_messages(options: ReceiveOptions) -> Vec<sqs::ReceivedMessage>;
    delete_messages(messages: Vec<Resource<Message>>) -> Results<()>;
    change_visibility(messages: Vec<(Resource<Message>, u32)>) -> Results<()>;
    get_attributes() -> QueueAttributes;
    set_attributes(settings: QueueSettings) -> ();
    purge() -> ();
    delete() -> ();
    list_dead_letter_sources(page_size: Option<u32>) -> Resource<QueueListing>;
    start_message_move_task(destination: Option<Resource<Queue>>, max_messages_per_second: Option<u32>) -> Resource<MoveTask>;
    list_message_move_tasks(max_results: Option<u32>) -> Vec<sqs::ListedMoveTask>;
    list_tags() -> Vec<(String, String)>;
    tag(tags: Vec<(String, String)>) -> ();
    untag(keys: Vec<String>) -> ();
}

impl sqs::HostMessage for Recorded<'_> {
    exchange!(method sqs::HostMessage, "sqs.", "message" Message, delete() -> ());
    exchange!(method sqs::HostMessage, "sqs.", "message" Message, extend(visibility_timeout: u32) -> ());
    exchange!(method sqs::HostMessage, "sqs.", "message" Message, release() -> ());
    dropped!(sqs::HostMessage, Message);
}

impl sqs::HostQueueListing for Recorded<'_> {
    exchange!(method sqs::HostQueueListing, "sqs.", "queue-listing" QueueListing, next_page() -> Option<Vec<String>>);
    dropped!(sqs::HostQueueListing, QueueListing);
}

impl sqs::HostMoveTask for Recorded<'_> {
    exchange!(method sqs::HostMoveTask, "sqs.", "move-task" MoveTask, cancel() -> u64);
    dropped!(sqs::HostMoveTask, MoveTask);
}

handles! {
    "queue" Queue,
    "message" Message,
    "queue-listing" QueueListing,
    "move-task" MoveTask,
}

written! {
    ListQueuesOptions, QueueSettings, SendOptions, SendOutput, Vec<SendEntry>, Results<SendOutput>, Results<()>, ReceiveOptions,
    QueueAttributes,
}

impl Written for Vec<sqs::ReceivedMessage> {
    fn write(&self, labels: &mut Labels) -> Value {
        self.iter()
            .map(|message| {
                json!({ "content": value::of(&message.content), "handle": message.handle.write(labels) })
            })
            .collect()
    }
}

impl Written for Vec<sqs::ListedMoveTask> {
    fn write(&self, labels: &mut Labels) -> Value {
        self.iter()
            .map(|task| json!({ "info": value::of(&task.info), "handle": task.handle.write(labels) }))
            .collect()
    }
}
