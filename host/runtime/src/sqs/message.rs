//! The `message` resource, and what is done with the receipts of messages, one or many.

use std::collections::BTreeMap;

use aws_sdk_sqs::types::{
    BatchResultErrorEntry, ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
};
use innkeeper_policy::SqsOperation;

use crate::bindings::sqs_types::Error;
use crate::context::AwsCtx;
use crate::sqs::queue::Queue;
use crate::sqs::{convert, error, send, settle};

/// A received message in a guest's care: its queue, and the receipt that SQS knows it by. No guest sees the receipt.
#[derive(Clone)]
pub struct Message {
    queue: Queue,
    receipt: String,
}

/// The receipt is a right, and not to be printed.
impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message").field("queue", &self.queue).finish_non_exhaustive()
    }
}

impl Message {
    pub(crate) fn new(queue: Queue, receipt: String) -> Self {
        Self { queue, receipt }
    }

    pub(crate) async fn delete(&self, ctx: &AwsCtx) -> Result<(), Error> {
        let mut leave =
            self.queue.leave(ctx, SqsOperation::DeleteMessage { queue: self.queue.arn() }).await?;
        let request =
            leave.client.delete_message().queue_url(&*leave.url).receipt_handle(&self.receipt).send();
        let answer = leave.call.observe(request).await;
        settle(&mut leave.call, answer).map(drop).map_err(of_receipt)
    }

    /// Sets the visibility timeout in seconds.
    pub(crate) async fn change_visibility(&self, ctx: &AwsCtx, seconds: u32) -> Result<(), Error> {
        let seconds = convert::within("visibility-timeout", seconds, 0..=convert::MAX_VISIBILITY)?;
        let operation = SqsOperation::ChangeMessageVisibility { queue: self.queue.arn() };
        let mut leave = self.queue.leave(ctx, operation).await?;
        let request = leave
            .client
            .change_message_visibility()
            .queue_url(&*leave.url)
            .receipt_handle(&self.receipt)
            .visibility_timeout(seconds)
            .send();
        let answer = leave.call.observe(request).await;
        settle(&mut leave.call, answer).map(drop)
    }

    /// A receipt means nothing to another queue.
    fn check_queue(&self, queue: &Queue) -> Result<(), Error> {
        if self.queue.arn() == queue.arn() { Ok(()) } else { Err(Error::InvalidReceiptHandle) }
    }
}

/// Deletes any number of messages, batch by batch.
pub(crate) async fn delete_many(
    ctx: &AwsCtx,
    queue: &Queue,
    messages: &[Message],
) -> Result<Vec<Result<(), Error>>, Error> {
    let mut results = Results::new(messages.iter().map(|message| message.check_queue(queue)));
    while let Some(batch) = results.next_batch() {
        let request = |(id, message): (usize, &Message)| {
            DeleteMessageBatchRequestEntry::builder()
                .id(id.to_string())
                .receipt_handle(&message.receipt)
                .build()
                .ok()
        };
        let requests =
            batch.iter().filter_map(|place| messages.get(*place)).enumerate().filter_map(request).collect();
        let mut leave = match queue.leave(ctx, SqsOperation::DeleteMessageBatch { queue: queue.arn() }).await
        {
            Ok(leave) => leave,
            Err(error) => return results.refuse(error),
        };
        let request =
            leave.client.delete_message_batch().queue_url(&*leave.url).set_entries(Some(requests)).send();
        let answer = leave.call.observe(request).await;
        results.take(&batch, settle(&mut leave.call, answer).map(|output| output.failed));
    }
    Ok(results.into_results().into_iter().map(|result| result.map_err(of_receipt)).collect())
}

/// Sets the visibility timeouts of any number of messages, in seconds, batch by batch.
pub(crate) async fn change_many(
    ctx: &AwsCtx,
    queue: &Queue,
    messages: &[(Message, u32)],
) -> Result<Vec<Result<(), Error>>, Error> {
    let check = |(message, seconds): &(Message, u32)| {
        message.check_queue(queue)?;
        convert::within("visibility-timeout", *seconds, 0..=convert::MAX_VISIBILITY).map(drop)
    };
    let mut results = Results::new(messages.iter().map(check));
    while let Some(batch) = results.next_batch() {
        let request = |(id, (message, seconds)): (usize, &(Message, u32))| {
            ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(id.to_string())
                .receipt_handle(&message.receipt)
                .visibility_timeout(i32::try_from(*seconds).ok()?)
                .build()
                .ok()
        };
        let requests =
            batch.iter().filter_map(|place| messages.get(*place)).enumerate().filter_map(request).collect();
        let operation = SqsOperation::ChangeMessageVisibilityBatch { queue: queue.arn() };
        let mut leave = match queue.leave(ctx, operation).await {
            Ok(leave) => leave,
            Err(error) => return results.refuse(error),
        };
        let request = leave
            .client
            .change_message_visibility_batch()
            .queue_url(&*leave.url)
            .set_entries(Some(requests))
            .send();
        let answer = leave.call.observe(request).await;
        results.take(&batch, settle(&mut leave.call, answer).map(|output| output.failed));
    }
    Ok(results.into_results())
}

/// What is wrong with a delete. Its one argument is the receipt, and SQS calls that of a FIFO queue whose time is over an invalid
/// parameter.
fn of_receipt(error: Error) -> Error {
    match error {
        Error::InvalidArgument(_) => Error::InvalidReceiptHandle,
        other => other,
    }
}

/// What comes of each of many messages.
struct Results {
    /// `None` for one that is still to be sent.
    results: Vec<Option<Result<(), Error>>>,
    begun: bool,
}

impl Results {
    /// Those that are wrong from the beginning are not sent.
    fn new(checked: impl Iterator<Item = Result<(), Error>>) -> Self {
        Self { results: checked.map(|result| result.err().map(Err)).collect(), begun: false }
    }

    /// The places of the next messages.
    fn next_batch(&self) -> Option<Vec<usize>> {
        let left = self.results.iter().enumerate().filter(|(_, result)| result.is_none());
        let batch: Vec<usize> = left.map(|(place, _)| place).take(send::MAX_ENTRIES).collect();
        Some(batch).filter(|batch| !batch.is_empty())
    }

    /// All that SQS does not name among the failed has gone well.
    fn take(&mut self, batch: &[usize], answer: Result<Vec<BatchResultErrorEntry>, Error>) {
        self.begun = true;
        let failed = answer.map(|failed| {
            let of_entry = |entry: BatchResultErrorEntry| (entry.id, error::from_entry(&entry.code));
            failed.into_iter().map(of_entry).collect::<BTreeMap<_, _>>()
        });
        for (id, place) in batch.iter().enumerate() {
            let result = match &failed {
                Ok(failed) => failed.get(&id.to_string()).map_or(Ok(()), |error| Err(error.clone())),
                Err(error) => Err(error.clone()),
            };
            if let Some(slot) = self.results.get_mut(*place) {
                *slot = Some(result);
            }
        }
    }

    /// The host is not let do it: an error of the whole, unless something has been done before.
    fn refuse(mut self, error: Error) -> Result<Vec<Result<(), Error>>, Error> {
        if !self.begun {
            return Err(error);
        }
        for result in &mut self.results {
            result.get_or_insert_with(|| Err(error.clone()));
        }
        Ok(self.into_results())
    }

    fn into_results(self) -> Vec<Result<(), Error>> {
        self.results.into_iter().map(|result| result.unwrap_or(Err(Error::Cancelled))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_not_printed() {
        let message = Message::new(Queue::for_tests("orders"), "AQEB-secret".to_owned());
        assert!(!format!("{message:?}").contains("AQEB"));
    }

    #[test]
    fn a_receipt_is_good_for_its_queue_alone() {
        let message = Message::new(Queue::for_tests("orders"), String::new());
        assert!(message.check_queue(&Queue::for_tests("orders")).is_ok());
        assert!(matches!(message.check_queue(&Queue::for_tests("other")), Err(Error::InvalidReceiptHandle)));
    }

    #[test]
    fn batches_pass_over_what_is_wrong_from_the_beginning() {
        let checked = (0..13).map(|place| if place == 2 { Err(Error::InvalidReceiptHandle) } else { Ok(()) });
        let mut results = Results::new(checked);
        let first = results.next_batch().unwrap();
        assert_eq!(first, [0, 1, 3, 4, 5, 6, 7, 8, 9, 10]);
        let failed = BatchResultErrorEntry::builder()
            .id("9")
            .code("InternalError")
            .sender_fault(false)
            .build()
            .unwrap();
        results.take(&first, Ok(vec![failed]));
        assert_eq!(results.next_batch().unwrap(), [11, 12]);
        results.take(&[11, 12], Err(Error::Timeout));
        assert!(results.next_batch().is_none());
        let results = results.into_results();
        assert!(results[0].is_ok());
        assert!(matches!(results[2], Err(Error::InvalidReceiptHandle)));
        assert!(matches!(results[10], Err(Error::Unavailable)));
        assert!(matches!(results[12], Err(Error::Timeout)));
    }
}
