//! The functions of `innkeeper:aws/sqs`, as wasmtime calls them: handles in, work elsewhere, handles out.

use wasmtime::component::{Resource, ResourceTable};

use crate::bindings::{sqs, sqs_types};
use crate::context::AwsCtxView;
use crate::sqs::{
    Failure, Message, MoveTask, Queue, QueueListing, attributes, manage, message, move_task, receive, send,
};

type Results<T> = Vec<Result<T, sqs_types::Error>>;

impl sqs_types::Host for AwsCtxView<'_> {
    fn convert_error(&mut self, failure: Failure) -> wasmtime::Result<sqs_types::Error> {
        failure.into_error()
    }
}

impl sqs::Host for AwsCtxView<'_> {
    async fn list_queues(
        &mut self,
        options: sqs_types::ListQueuesOptions,
    ) -> Result<Resource<QueueListing>, Failure> {
        let listing = QueueListing::of_account(self.ctx, options).await?;
        Ok(self.table.push(listing)?)
    }
}

impl sqs::HostQueue for AwsCtxView<'_> {
    async fn open(&mut self, name: String) -> Result<Resource<Queue>, Failure> {
        let queue = Queue::open(self.ctx, &name).await?;
        Ok(self.table.push(queue)?)
    }

    async fn create(
        &mut self,
        name: String,
        settings: sqs_types::QueueSettings,
        tags: Vec<(String, String)>,
    ) -> Result<Resource<Queue>, Failure> {
        let queue = manage::create(self.ctx, &name, settings, tags).await?;
        Ok(self.table.push(queue)?)
    }

    async fn name(&mut self, queue: Resource<Queue>) -> wasmtime::Result<String> {
        Ok(self.table.get(&queue)?.name().to_owned())
    }

    async fn is_fifo(&mut self, queue: Resource<Queue>) -> wasmtime::Result<bool> {
        Ok(self.table.get(&queue)?.is_fifo())
    }

    async fn send_message(
        &mut self,
        queue: Resource<Queue>,
        body: String,
        options: sqs_types::SendOptions,
    ) -> Result<sqs_types::SendOutput, Failure> {
        let queue = self.table.get(&queue)?;
        Ok(send::one(self.ctx, queue, body, options).await?)
    }

    async fn send_messages(
        &mut self,
        queue: Resource<Queue>,
        entries: Vec<sqs_types::SendEntry>,
    ) -> Result<Results<sqs_types::SendOutput>, Failure> {
        let queue = self.table.get(&queue)?;
        Ok(send::many(self.ctx, queue, entries).await?)
    }

    async fn receive_messages(
        &mut self,
        queue: Resource<Queue>,
        options: sqs_types::ReceiveOptions,
    ) -> Result<Vec<sqs::ReceivedMessage>, Failure> {
        let queue = self.table.get(&queue)?.clone();
        let slots = usize::try_from(receive::max_messages(options)?).unwrap_or_default();
        // The handles are there before the messages are, so that none is received that the guest cannot hold.
        let empty = (0..slots).map(|_| Message::new(queue.clone(), String::new()));
        let mut handles = push_all(self.table, empty)?.into_iter();
        let (received, failure) = match receive::receive(self.ctx, &queue, options).await {
            Ok(received) => (received, None),
            Err(failure) => (Vec::new(), Some(failure)),
        };
        let mut messages = Vec::with_capacity(received.len());
        for (content, receipt) in received {
            let Some(handle) = handles.next() else { break };
            *self.table.get_mut(&handle)? = Message::new(queue.clone(), receipt);
            messages.push(sqs::ReceivedMessage { content, handle });
        }
        for unused in handles {
            self.table.delete(unused)?;
        }
        failure.map_or(Ok(messages), |failure| Err(failure.into()))
    }

    async fn delete_messages(
        &mut self,
        queue: Resource<Queue>,
        messages: Vec<Resource<Message>>,
    ) -> Result<Results<()>, Failure> {
        let queue = self.table.get(&queue)?;
        let messages: Vec<Message> =
            messages.iter().map(|handle| self.table.get(handle).cloned()).collect::<Result<_, _>>()?;
        Ok(message::delete_many(self.ctx, queue, &messages).await?)
    }

    async fn change_visibility(
        &mut self,
        queue: Resource<Queue>,
        messages: Vec<(Resource<Message>, u32)>,
    ) -> Result<Results<()>, Failure> {
        let queue = self.table.get(&queue)?;
        let messages: Vec<(Message, u32)> = messages
            .iter()
            .map(|(handle, seconds)| Ok((self.table.get(handle)?.clone(), *seconds)))
            .collect::<Result<_, Failure>>()?;
        Ok(message::change_many(self.ctx, queue, &messages).await?)
    }

    async fn get_attributes(
        &mut self,
        queue: Resource<Queue>,
    ) -> Result<sqs_types::QueueAttributes, Failure> {
        let queue = self.table.get(&queue)?;
        Ok(attributes::get(self.ctx, queue).await?)
    }

    async fn set_attributes(
        &mut self,
        queue: Resource<Queue>,
        settings: sqs_types::QueueSettings,
    ) -> Result<(), Failure> {
        let queue = self.table.get(&queue)?;
        Ok(attributes::set(self.ctx, queue, settings).await?)
    }

    async fn purge(&mut self, queue: Resource<Queue>) -> Result<(), Failure> {
        let queue = self.table.get(&queue)?;
        Ok(manage::purge(self.ctx, queue).await?)
    }

    async fn delete(&mut self, queue: Resource<Queue>) -> Result<(), Failure> {
        let queue = self.table.get(&queue)?;
        Ok(manage::delete(self.ctx, queue).await?)
    }

    async fn list_dead_letter_sources(
        &mut self,
        queue: Resource<Queue>,
        page_size: Option<u32>,
    ) -> Result<Resource<QueueListing>, Failure> {
        let queue = self.table.get(&queue)?.clone();
        Ok(self.table.push(QueueListing::of_sources(queue, page_size)?)?)
    }

    async fn start_message_move_task(
        &mut self,
        queue: Resource<Queue>,
        destination: Option<Resource<Queue>>,
        max_messages_per_second: Option<u32>,
    ) -> Result<Resource<MoveTask>, Failure> {
        let destination = destination.map(|handle| self.table.get(&handle)).transpose()?;
        let source = self.table.get(&queue)?;
        let task = move_task::start(self.ctx, source, destination, max_messages_per_second).await?;
        Ok(self.table.push(task)?)
    }

    async fn list_message_move_tasks(
        &mut self,
        queue: Resource<Queue>,
        max_results: Option<u32>,
    ) -> Result<Vec<sqs::ListedMoveTask>, Failure> {
        let source = self.table.get(&queue)?;
        let tasks = move_task::list(self.ctx, source, move_task::max_results(max_results)?).await?;
        let mut handles =
            push_all(self.table, tasks.iter().filter_map(|(_, task)| task.clone()))?.into_iter();
        let listed = tasks.into_iter().map(|(info, task)| {
            let handle = task.and_then(|_| handles.next());
            sqs::ListedMoveTask { info, handle }
        });
        Ok(listed.collect())
    }

    async fn list_tags(&mut self, queue: Resource<Queue>) -> Result<Vec<(String, String)>, Failure> {
        let queue = self.table.get(&queue)?;
        Ok(manage::list_tags(self.ctx, queue).await?)
    }

    async fn tag(&mut self, queue: Resource<Queue>, tags: Vec<(String, String)>) -> Result<(), Failure> {
        let queue = self.table.get(&queue)?;
        Ok(manage::tag(self.ctx, queue, tags).await?)
    }

    async fn untag(&mut self, queue: Resource<Queue>, keys: Vec<String>) -> Result<(), Failure> {
        let queue = self.table.get(&queue)?;
        Ok(manage::untag(self.ctx, queue, keys).await?)
    }

    async fn drop(&mut self, queue: Resource<Queue>) -> wasmtime::Result<()> {
        self.table.delete(queue)?;
        Ok(())
    }
}

impl sqs::HostMessage for AwsCtxView<'_> {
    async fn delete(&mut self, message: Resource<Message>) -> Result<(), Failure> {
        let message = self.table.get(&message)?;
        Ok(message.delete(self.ctx).await?)
    }

    async fn extend(&mut self, message: Resource<Message>, visibility_timeout: u32) -> Result<(), Failure> {
        let message = self.table.get(&message)?;
        Ok(message.change_visibility(self.ctx, visibility_timeout).await?)
    }

    async fn release(&mut self, message: Resource<Message>) -> Result<(), Failure> {
        let message = self.table.get(&message)?;
        Ok(message.change_visibility(self.ctx, 0).await?)
    }

    async fn drop(&mut self, message: Resource<Message>) -> wasmtime::Result<()> {
        self.table.delete(message)?;
        Ok(())
    }
}

impl sqs::HostQueueListing for AwsCtxView<'_> {
    async fn next_page(&mut self, listing: Resource<QueueListing>) -> Result<Option<Vec<String>>, Failure> {
        let listing = self.table.get_mut(&listing)?;
        Ok(listing.next_page(self.ctx).await?)
    }

    async fn drop(&mut self, listing: Resource<QueueListing>) -> wasmtime::Result<()> {
        self.table.delete(listing)?;
        Ok(())
    }
}

impl sqs::HostMoveTask for AwsCtxView<'_> {
    async fn cancel(&mut self, task: Resource<MoveTask>) -> Result<u64, Failure> {
        let task = self.table.get(&task)?;
        Ok(task.cancel(self.ctx).await?)
    }

    async fn drop(&mut self, task: Resource<MoveTask>) -> wasmtime::Result<()> {
        self.table.delete(task)?;
        Ok(())
    }
}

/// Handles for all of them, or for none.
fn push_all<T: Send + 'static>(
    table: &mut ResourceTable,
    entries: impl Iterator<Item = T>,
) -> Result<Vec<Resource<T>>, Failure> {
    let mut handles = Vec::new();
    for entry in entries {
        match table.push(entry) {
            Ok(handle) => handles.push(handle),
            Err(full) => {
                for handle in handles {
                    table.delete(handle)?;
                }
                return Err(full.into());
            }
        }
    }
    Ok(handles)
}
