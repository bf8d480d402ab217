use crate::{
    action::Action,
    arn::{AccountRegion, QueueArn},
    request::{Context, Request, Resource},
};

/// A call of Amazon SQS.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum SqsOperation<'a> {
    /// Asks for a queue's URL.
    GetQueueUrl {
        /// The queue.
        queue: &'a QueueArn,
    },
    /// Sends a message.
    SendMessage {
        /// The queue.
        queue: &'a QueueArn,
    },
    /// Sends up to ten messages.
    SendMessageBatch {
        /// The queue.
        queue: &'a QueueArn,
    },
    /// Receives up to ten messages.
    ReceiveMessage {
        /// The queue.
        queue: &'a QueueArn,
    },
    /// Deletes a received message.
    DeleteMessage {
        /// The queue.
        queue: &'a QueueArn,
    },
    /// Deletes up to ten received messages.
    DeleteMessageBatch {
        /// The queue.
        queue: &'a QueueArn,
    },
    /// Sets the visibility timeout of a received message.
    ChangeMessageVisibility {
        /// The queue.
        queue: &'a QueueArn,
    },
    /// Sets the visibility timeouts of up to ten received messages.
    ChangeMessageVisibilityBatch {
        /// The queue.
        queue: &'a QueueArn,
    },
    /// Asks for a queue's state and settings.
    GetQueueAttributes {
        /// The queue.
        queue: &'a QueueArn,
    },
    /// Changes a queue's settings.
    SetQueueAttributes {
        /// The queue.
        queue: &'a QueueArn,
        /// Where its messages are to go that were received too often.
        dead_letter_queue: Option<&'a QueueArn>,
    },
    /// Deletes all messages of a queue.
    PurgeQueue {
        /// The queue.
        queue: &'a QueueArn,
    },
    /// Creates a queue.
    CreateQueue {
        /// The queue.
        queue: &'a QueueArn,
        /// Where its messages are to go that were received too often.
        dead_letter_queue: Option<&'a QueueArn>,
        /// Whether it is to have tags from the beginning.
        tagged: bool,
    },
    /// Deletes a queue.
    DeleteQueue {
        /// The queue.
        queue: &'a QueueArn,
    },
    /// Lists one page of an account's queues in a region.
    ListQueues {
        /// The account and the region.
        place: &'a AccountRegion,
    },
    /// Lists one page of the queues whose dead letters go to a queue.
    ListDeadLetterSourceQueues {
        /// The dead-letter queue.
        queue: &'a QueueArn,
    },
    /// Begins to move the messages of a dead-letter queue.
    StartMessageMoveTask {
        /// The dead-letter queue.
        source: &'a QueueArn,
        /// The queue that they are to go to; `None` for wherever each came from.
        destination: Option<&'a QueueArn>,
    },
    /// Lists the last move tasks of a dead-letter queue.
    ListMessageMoveTasks {
        /// The dead-letter queue.
        source: &'a QueueArn,
    },
    /// Ends a move task.
    CancelMessageMoveTask {
        /// The dead-letter queue.
        source: &'a QueueArn,
    },
    /// Asks for a queue's tags.
    ListQueueTags {
        /// The queue.
        queue: &'a QueueArn,
    },
    /// Adds tags to a queue.
    TagQueue {
        /// The queue.
        queue: &'a QueueArn,
    },
    /// Removes tags from a queue.
    UntagQueue {
        /// The queue.
        queue: &'a QueueArn,
    },
}

names! {
    SqsOperation:
    GetQueueUrl => "GetQueueUrl",
    SendMessage => "SendMessage",
    SendMessageBatch => "SendMessageBatch",
    ReceiveMessage => "ReceiveMessage",
    DeleteMessage => "DeleteMessage",
    DeleteMessageBatch => "DeleteMessageBatch",
    ChangeMessageVisibility => "ChangeMessageVisibility",
    ChangeMessageVisibilityBatch => "ChangeMessageVisibilityBatch",
    GetQueueAttributes => "GetQueueAttributes",
    SetQueueAttributes => "SetQueueAttributes",
    PurgeQueue => "PurgeQueue",
    CreateQueue => "CreateQueue",
    DeleteQueue => "DeleteQueue",
    ListQueues => "ListQueues",
    ListDeadLetterSourceQueues => "ListDeadLetterSourceQueues",
    StartMessageMoveTask => "StartMessageMoveTask",
    ListMessageMoveTasks => "ListMessageMoveTasks",
    CancelMessageMoveTask => "CancelMessageMoveTask",
    ListQueueTags => "ListQueueTags",
    TagQueue => "TagQueue",
    UntagQueue => "UntagQueue",
}

impl<'a> SqsOperation<'a> {
    /// What the operation is done on.
    pub fn resource(&self) -> Resource<'a> {
        match *self {
            Self::GetQueueUrl { queue }
            | Self::SendMessage { queue }
            | Self::SendMessageBatch { queue }
            | Self::ReceiveMessage { queue }
            | Self::DeleteMessage { queue }
            | Self::DeleteMessageBatch { queue }
            | Self::ChangeMessageVisibility { queue }
            | Self::ChangeMessageVisibilityBatch { queue }
            | Self::GetQueueAttributes { queue }
            | Self::SetQueueAttributes { queue, .. }
            | Self::PurgeQueue { queue }
            | Self::CreateQueue { queue, .. }
            | Self::DeleteQueue { queue }
            | Self::ListDeadLetterSourceQueues { queue }
            | Self::StartMessageMoveTask { source: queue, .. }
            | Self::ListMessageMoveTasks { source: queue }
            | Self::CancelMessageMoveTask { source: queue }
            | Self::ListQueueTags { queue }
            | Self::TagQueue { queue }
            | Self::UntagQueue { queue } => Resource::queue(queue),
            Self::ListQueues { place } => Resource::all_of_sqs(place),
        }
    }

    /// The table of what each operation needs: its requests, counted from 0, up to the first `None`.
    pub(super) fn request(&self, index: usize) -> Option<Request<'a>> {
        let on_itself = |action| Some((action, self.resource()));
        let (action, resource) = match (*self, index) {
            (Self::GetQueueUrl { .. }, 0) => on_itself(Action::SqsGetQueueUrl),
            // IAM has no actions for the batch forms: they need the single ones.
            (Self::SendMessage { .. } | Self::SendMessageBatch { .. }, 0) => {
                on_itself(Action::SqsSendMessage)
            }
            (Self::ReceiveMessage { .. }, 0) => on_itself(Action::SqsReceiveMessage),
            (Self::DeleteMessage { .. } | Self::DeleteMessageBatch { .. }, 0) => {
                on_itself(Action::SqsDeleteMessage)
            }
            (Self::ChangeMessageVisibility { .. } | Self::ChangeMessageVisibilityBatch { .. }, 0) => {
                on_itself(Action::SqsChangeMessageVisibility)
            }
            (Self::GetQueueAttributes { .. }, 0) => on_itself(Action::SqsGetQueueAttributes),
            (Self::PurgeQueue { .. }, 0) => on_itself(Action::SqsPurgeQueue),
            (Self::DeleteQueue { .. }, 0) => on_itself(Action::SqsDeleteQueue),
            (Self::ListQueues { .. }, 0) => on_itself(Action::SqsListQueues),
            (Self::ListDeadLetterSourceQueues { .. }, 0) => on_itself(Action::SqsListDeadLetterSourceQueues),
            (Self::ListMessageMoveTasks { .. }, 0) => on_itself(Action::SqsListMessageMoveTasks),
            (Self::CancelMessageMoveTask { .. }, 0) => on_itself(Action::SqsCancelMessageMoveTask),
            (Self::ListQueueTags { .. }, 0) => on_itself(Action::SqsListQueueTags),
            (Self::TagQueue { .. }, 0) => on_itself(Action::SqsTagQueue),
            (Self::UntagQueue { .. }, 0) => on_itself(Action::SqsUntagQueue),

            // Whoever says where dead letters go sends there whatever it lets be received too often. AWS does not ask for this.
            (Self::SetQueueAttributes { .. }, 0) => on_itself(Action::SqsSetQueueAttributes),
            (Self::SetQueueAttributes { dead_letter_queue, .. }, 1) => {
                dead_letter_queue.map(|queue| (Action::SqsSendMessage, Resource::queue(queue)))
            }
            (Self::CreateQueue { .. }, 0) => on_itself(Action::SqsCreateQueue),
            (Self::CreateQueue { dead_letter_queue: Some(queue), .. }, 1) => {
                Some((Action::SqsSendMessage, Resource::queue(queue)))
            }
            (Self::CreateQueue { dead_letter_queue, tagged: true, .. }, index)
                if index == 1 + usize::from(dead_letter_queue.is_some()) =>
            {
                on_itself(Action::SqsTagQueue)
            }

            // A move receives, deletes and sends, with the rights of whoever begins it.
            (Self::StartMessageMoveTask { .. }, 0) => on_itself(Action::SqsStartMessageMoveTask),
            (Self::StartMessageMoveTask { .. }, 1) => on_itself(Action::SqsReceiveMessage),
            (Self::StartMessageMoveTask { .. }, 2) => on_itself(Action::SqsDeleteMessage),
            (Self::StartMessageMoveTask { .. }, 3) => on_itself(Action::SqsGetQueueAttributes),
            // Nobody knows where the messages came from, so without a destination it has to be all queues.
            (Self::StartMessageMoveTask { source, destination }, 4) => Some((
                Action::SqsSendMessage,
                destination.map_or_else(|| Resource::all_of_sqs(source.place()), Resource::queue),
            )),
            _ => None,
        }?;
        Some(Request { action, resource, context: Context::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, Operation, Service};

    fn queue(name: &str) -> QueueArn {
        format!("arn:aws:sqs:eu-west-1:123456789012:{name}").parse().unwrap()
    }

    fn needs(operation: SqsOperation<'_>) -> Vec<String> {
        let operation = Operation::from(operation);
        assert_eq!(operation.service(), Service::Sqs);
        let short = |request: Request<'_>| {
            let resource = request.resource.to_string();
            format!("{} {}", request.action, resource.rsplit_once(':').unwrap().1)
        };
        operation.requests().map(short).collect()
    }

    #[test]
    fn an_operation_needs_the_action_of_its_name() {
        let queue = &queue("orders");
        for operation in [
            SqsOperation::GetQueueUrl { queue },
            SqsOperation::SendMessage { queue },
            SqsOperation::ReceiveMessage { queue },
            SqsOperation::DeleteMessage { queue },
            SqsOperation::ChangeMessageVisibility { queue },
            SqsOperation::GetQueueAttributes { queue },
            SqsOperation::SetQueueAttributes { queue, dead_letter_queue: None },
            SqsOperation::PurgeQueue { queue },
            SqsOperation::CreateQueue { queue, dead_letter_queue: None, tagged: false },
            SqsOperation::DeleteQueue { queue },
            SqsOperation::ListDeadLetterSourceQueues { queue },
            SqsOperation::ListMessageMoveTasks { source: queue },
            SqsOperation::CancelMessageMoveTask { source: queue },
            SqsOperation::ListQueueTags { queue },
            SqsOperation::TagQueue { queue },
            SqsOperation::UntagQueue { queue },
        ] {
            let name = Operation::from(operation).name();
            let action = Action::from_name(&format!("sqs:{name}")).unwrap();
            assert_eq!(needs(operation), [format!("{action} orders")]);
        }
    }

    #[test]
    fn a_batch_needs_the_single_action() {
        let queue = &queue("orders");
        assert_eq!(needs(SqsOperation::SendMessageBatch { queue }), ["sqs:SendMessage orders"]);
        assert_eq!(needs(SqsOperation::DeleteMessageBatch { queue }), ["sqs:DeleteMessage orders"]);
        assert_eq!(
            needs(SqsOperation::ChangeMessageVisibilityBatch { queue }),
            ["sqs:ChangeMessageVisibility orders"]
        );
    }

    #[test]
    fn a_listing_needs_its_action_on_all_queues() {
        let place = queue("orders").place().clone();
        assert_eq!(needs(SqsOperation::ListQueues { place: &place }), ["sqs:ListQueues *"]);
    }

    #[test]
    fn naming_a_dead_letter_queue_needs_the_right_to_send_there() {
        let (queue, dead) = (&queue("orders"), &queue("dead"));
        assert_eq!(
            needs(SqsOperation::SetQueueAttributes { queue, dead_letter_queue: Some(dead) }),
            ["sqs:SetQueueAttributes orders", "sqs:SendMessage dead"]
        );
        for (dead_letter_queue, tagged, more) in [
            (None, false, &[] as &[&str]),
            (None, true, &["sqs:TagQueue orders"]),
            (Some(dead), false, &["sqs:SendMessage dead"]),
            (Some(dead), true, &["sqs:SendMessage dead", "sqs:TagQueue orders"]),
        ] {
            let found = needs(SqsOperation::CreateQueue { queue, dead_letter_queue, tagged });
            assert_eq!(found, [&["sqs:CreateQueue orders"], more].concat());
        }
    }

    #[test]
    fn a_move_needs_what_it_does() {
        let (source, target) = (&queue("dead"), &queue("orders"));
        let first = [
            "sqs:StartMessageMoveTask dead",
            "sqs:ReceiveMessage dead",
            "sqs:DeleteMessage dead",
            "sqs:GetQueueAttributes dead",
        ];
        let to = |destination| needs(SqsOperation::StartMessageMoveTask { source, destination });
        assert_eq!(to(Some(target)), [&first[..], &["sqs:SendMessage orders"]].concat());
        assert_eq!(to(None), [&first[..], &["sqs:SendMessage *"]].concat());
    }
}
