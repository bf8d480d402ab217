//! Sending, one message or many.

use std::collections::BTreeMap;

use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use innkeeper_policy::SqsOperation;

use crate::bindings::sqs_types::{Error, FifoError, SendEntry, SendOptions, SendOutput};
use crate::context::AwsCtx;
use crate::sqs::queue::Queue;
use crate::sqs::{convert, digest, error, settle};

/// The most entries of a batch, of any kind.
pub(crate) const MAX_ENTRIES: usize = 10;

pub(crate) async fn one(
    ctx: &AwsCtx,
    queue: &Queue,
    body: String,
    options: SendOptions,
) -> Result<SendOutput, Error> {
    let length = convert::check(queue.is_fifo(), &body, &options)?;
    let mut leave = queue.leave(ctx, SqsOperation::SendMessage { queue: queue.arn() }).await?;
    leave.call.sent(length);
    let request = leave
        .client
        .send_message()
        .queue_url(&*leave.url)
        .message_body(&body)
        .set_message_attributes(given(convert::attributes(&options.attributes)?))
        .set_message_system_attributes(given(convert::system_attributes(&options)?))
        .set_delay_seconds(options.delay_seconds.and_then(|delay| i32::try_from(delay).ok()))
        .set_message_group_id(options.group_id.clone())
        .set_message_deduplication_id(options.deduplication_id.clone())
        .send();
    let answer = leave.call.observe(request).await;
    let output = settle(&mut leave.call, answer).map_err(|error| name_missing_id(queue, &options, error))?;
    let (md5, md5_of_attributes) =
        (output.md5_of_message_body.as_deref(), output.md5_of_message_attributes.as_deref());
    digest::verify(&body, &options.attributes, md5, md5_of_attributes)?;
    Ok(SendOutput {
        message_id: output
            .message_id
            .ok_or_else(|| Error::Other("the answer has no message id".to_owned()))?,
        sequence_number: output.sequence_number,
    })
}

/// Sends any number of messages, batch by batch, in their order.
pub(crate) async fn many(
    ctx: &AwsCtx,
    queue: &Queue,
    entries: Vec<SendEntry>,
) -> Result<Vec<Result<SendOutput, Error>>, Error> {
    let mut sending = Sending::new(queue, &entries);
    while let Some(batch) = sending.next_batch(queue, &entries) {
        let first = !sending.begun;
        match send_batch(ctx, queue, &entries, &batch).await {
            Ok(results) => sending.take(&entries, &batch, results),
            // Nothing has been sent, and nothing will be.
            Err(Refused(error)) if first => return Err(error),
            Err(Refused(error)) => sending.give_up(&error),
        }
    }
    Ok(sending.results.into_iter().map(|result| result.unwrap_or(Err(Error::Cancelled))).collect())
}

/// A batch that was not sent.
struct Refused(Error);

/// Sends one batch. The answer has a result for each of its entries, in their order.
async fn send_batch(
    ctx: &AwsCtx,
    queue: &Queue,
    entries: &[SendEntry],
    batch: &Batch,
) -> Result<Vec<Result<SendOutput, Error>>, Refused> {
    let mut requests = Vec::new();
    for (id, entry) in batch.entries(entries).enumerate() {
        requests.push(request(id, entry).map_err(Refused)?);
    }
    let leave = queue.leave(ctx, SqsOperation::SendMessageBatch { queue: queue.arn() }).await;
    let mut leave = leave.map_err(Refused)?;
    leave.call.sent(batch.bytes);
    let request = leave.client.send_message_batch().queue_url(&*leave.url).set_entries(Some(requests)).send();
    let answer = leave.call.observe(request).await;
    let output = match settle(&mut leave.call, answer) {
        Ok(output) => output,
        Err(error) => {
            let of_entry = |entry: &SendEntry| Err(name_missing_id(queue, &entry.options, error.clone()));
            return Ok(batch.entries(entries).map(of_entry).collect());
        }
    };
    let mut results: BTreeMap<String, Result<SendOutput, Error>> = BTreeMap::new();
    for failed in output.failed {
        results.insert(failed.id, Err(error::from_entry(&failed.code)));
    }
    for sent in output.successful {
        let Some(entry) = sent.id.parse().ok().and_then(|id| batch.entries(entries).nth(id)) else {
            continue;
        };
        let (md5, md5_of_attributes) = (&sent.md5_of_message_body, sent.md5_of_message_attributes.as_deref());
        let intact = digest::verify(&entry.body, &entry.options.attributes, Some(md5), md5_of_attributes);
        let output = SendOutput { message_id: sent.message_id, sequence_number: sent.sequence_number };
        results.insert(sent.id, intact.map(|()| output));
    }
    let of_entry = |(id, entry): (usize, &SendEntry)| match results.remove(&id.to_string()) {
        Some(result) => result.map_err(|error| name_missing_id(queue, &entry.options, error)),
        None => Err(Error::Other("the answer does not mention the message".to_owned())),
    };
    Ok(batch.entries(entries).enumerate().map(of_entry).collect())
}

fn request(id: usize, entry: &SendEntry) -> Result<SendMessageBatchRequestEntry, Error> {
    let options = &entry.options;
    SendMessageBatchRequestEntry::builder()
        .id(id.to_string())
        .message_body(&entry.body)
        .set_message_attributes(given(convert::attributes(&options.attributes)?))
        .set_message_system_attributes(given(convert::system_attributes(options)?))
        .set_delay_seconds(options.delay_seconds.and_then(|delay| i32::try_from(delay).ok()))
        .set_message_group_id(options.group_id.clone())
        .set_message_deduplication_id(options.deduplication_id.clone())
        .build()
        .map_err(|error| convert::invalid(error.to_string()))
}

/// An empty map is left out.
fn given<K, V>(map: std::collections::HashMap<K, V>) -> Option<std::collections::HashMap<K, V>> {
    Some(map).filter(|map| !map.is_empty())
}

/// SQS calls a missing deduplication id an invalid parameter, like much else; all else has been looked at before.
fn name_missing_id(queue: &Queue, options: &SendOptions, error: Error) -> Error {
    match error {
        Error::InvalidArgument(_) if queue.is_fifo() && options.deduplication_id.is_none() => {
            Error::Fifo(FifoError::DeduplicationIdRequired)
        }
        other => other,
    }
}

/// Which entries go together: places in the list of all.
#[derive(Debug, Default, PartialEq, Eq)]
struct Batch {
    places: Vec<usize>,
    bytes: usize,
}

impl Batch {
    fn entries<'a>(&self, entries: &'a [SendEntry]) -> impl Iterator<Item = &'a SendEntry> {
        self.places.iter().filter_map(|place| entries.get(*place))
    }
}

/// Many messages on their way.
struct Sending {
    /// For each message its result, where there is one.
    results: Vec<Option<Result<SendOutput, Error>>>,
    /// The length in bytes of each.
    lengths: Vec<usize>,
    /// The first that may not have been looked at.
    next: usize,
    /// Whether a batch was sent.
    begun: bool,
    /// Why the rest of a group of a FIFO queue is not sent.
    stopped: BTreeMap<String, Error>,
}

impl Sending {
    fn new(queue: &Queue, entries: &[SendEntry]) -> Self {
        let checked =
            entries.iter().map(|entry| convert::check(queue.is_fifo(), &entry.body, &entry.options));
        let mut sending = Self {
            results: Vec::new(),
            lengths: Vec::new(),
            next: 0,
            begun: false,
            stopped: BTreeMap::new(),
        };
        for length in checked {
            sending.lengths.push(*length.as_ref().unwrap_or(&0));
            sending.results.push(length.err().map(Err));
        }
        sending
    }

    /// The next messages that have no result yet, as many as go into one batch.
    fn next_batch(&mut self, queue: &Queue, entries: &[SendEntry]) -> Option<Batch> {
        let mut batch = Batch::default();
        while let (Some(entry), Some(result), Some(length)) =
            (entries.get(self.next), self.results.get_mut(self.next), self.lengths.get(self.next))
        {
            let group = entry.options.group_id.as_ref().filter(|_| queue.is_fifo());
            let stopped = group.and_then(|group| self.stopped.get(group));
            if let (None, Some(error)) = (&result, stopped) {
                *result = Some(Err(error.clone()));
            }
            if result.is_none() {
                // SQS refuses a whole batch for one message that lacks a deduplication id where it needs one.
                let has_id = |entry: &SendEntry| entry.options.deduplication_id.is_some();
                let mixed =
                    queue.is_fifo() && batch.entries(entries).any(|other| has_id(other) != has_id(entry));
                if batch.places.len() == MAX_ENTRIES || batch.bytes + length > convert::MAX_BYTES || mixed {
                    break;
                }
                batch.places.push(self.next);
                batch.bytes += length;
            }
            self.next += 1;
        }
        Some(batch).filter(|batch| !batch.places.is_empty())
    }

    fn take(&mut self, entries: &[SendEntry], batch: &Batch, results: Vec<Result<SendOutput, Error>>) {
        self.begun = true;
        for (place, result) in batch.places.iter().zip(results) {
            if let (Err(error), Some(group)) =
                (&result, entries.get(*place).and_then(|e| e.options.group_id.as_ref()))
            {
                self.stopped.entry(group.clone()).or_insert_with(|| error.clone());
            }
            if let Some(slot) = self.results.get_mut(*place) {
                *slot = Some(result);
            }
        }
    }

    /// Gives all that have no result this one.
    fn give_up(&mut self, error: &Error) {
        for result in &mut self.results {
            result.get_or_insert_with(|| Err(error.clone()));
        }
        self.next = self.results.len();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(length: usize, group: Option<&str>) -> SendEntry {
        let options = SendOptions {
            attributes: Vec::new(),
            delay_seconds: None,
            group_id: group.map(str::to_owned),
            deduplication_id: None,
            trace_header: None,
        };
        SendEntry { body: "x".repeat(length), options }
    }

    #[expect(clippy::unnecessary_wraps, reason = "the outcome of an entry")]
    fn sent() -> Result<SendOutput, Error> {
        Ok(SendOutput { message_id: "id".to_owned(), sequence_number: None })
    }

    /// The batches of some entries, if all goes well.
    fn batches(queue: &Queue, entries: &[SendEntry]) -> Vec<Vec<usize>> {
        let mut sending = Sending::new(queue, entries);
        let mut batches = Vec::new();
        while let Some(batch) = sending.next_batch(queue, entries) {
            sending.take(entries, &batch, batch.places.iter().map(|_| sent()).collect());
            batches.push(batch.places);
        }
        batches
    }

    #[test]
    fn a_batch_has_ten_messages_and_1_mib_at_most() {
        let queue = Queue::for_tests("orders");
        let small: Vec<_> = (0..11).map(|_| entry(1, None)).collect();
        assert_eq!(batches(&queue, &small), [(0..10).collect::<Vec<_>>(), vec![10]]);
        let half = convert::MAX_BYTES / 2;
        let large: Vec<_> = [half, half, 1, half].map(|length| entry(length, None)).into();
        assert_eq!(batches(&queue, &large), [vec![0, 1], vec![2, 3]]);
        assert!(batches(&queue, &[]).is_empty());
    }

    #[test]
    fn a_message_without_deduplication_id_does_not_spoil_the_batch_of_others() {
        let queue = Queue::for_tests("orders.fifo");
        let mut entries: Vec<_> = (0..4).map(|_| entry(1, Some("g"))).collect();
        entries[2].options.deduplication_id = Some("d".to_owned());
        assert_eq!(batches(&queue, &entries), [vec![0, 1], vec![2], vec![3]]);
    }

    #[test]
    fn what_cannot_be_sent_does_not_keep_the_others_back() {
        let queue = Queue::for_tests("orders");
        let entries = [entry(1, None), entry(0, None), entry(convert::MAX_BYTES + 1, None), entry(1, None)];
        assert_eq!(batches(&queue, &entries), [vec![0, 3]]);
    }

    #[test]
    fn the_rest_of_a_group_that_failed_is_not_sent() {
        let queue = Queue::for_tests("orders.fifo");
        let entries: Vec<_> =
            (0..22).map(|n| entry(1, Some(if n % 2 == 0 { "even" } else { "odd" }))).collect();
        let mut sending = Sending::new(&queue, &entries);
        let first = sending.next_batch(&queue, &entries).unwrap();
        let fail_8 = |place: &usize| if *place == 8 { Err(Error::Throttled) } else { sent() };
        sending.take(&entries, &first, first.places.iter().map(fail_8).collect());
        let second = sending.next_batch(&queue, &entries).unwrap();
        assert_eq!(second.places, [11, 13, 15, 17, 19, 21]);
        assert!(matches!(sending.results[10], Some(Err(Error::Throttled))));
        // A standard queue keeps no order, so that nothing has to wait.
        let queue = Queue::for_tests("orders");
        let mut sending = Sending::new(&queue, &entries);
        let first = sending.next_batch(&queue, &entries).unwrap();
        sending.take(&entries, &first, first.places.iter().map(fail_8).collect());
        assert_eq!(sending.next_batch(&queue, &entries).unwrap().places, (10..20).collect::<Vec<_>>());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn every_message_is_in_one_batch_in_its_order(lengths in prop::collection::vec(0_usize..400_000, 0..24)) {
            let queue = Queue::for_tests("orders");
            let entries: Vec<_> = lengths.iter().map(|length| entry(*length, None)).collect();
            let batches = batches(&queue, &entries);
            for batch in &batches {
                prop_assert!(batch.len() <= MAX_ENTRIES);
                prop_assert!(batch.iter().map(|place| lengths[*place]).sum::<usize>() <= convert::MAX_BYTES);
            }
            let sendable: Vec<usize> = (0..lengths.len()).filter(|place| lengths[*place] > 0).collect();
            prop_assert_eq!(batches.concat(), sendable);
        }
    }
}
