//! What becomes of each message.
//!
//! A message is deleted only when what it says is somewhere else: written down, or in the other queue. Whatever goes wrong before that
//! leaves it in its queue, and whatever is done twice then is the same twice.

use innkeeper_guest::sqs::{Error, ReceivedMessage};

use crate::book::Book;
use crate::job::{Job, Settings};
use crate::order::{Order, told};
use crate::price::Price;
use crate::pricing;
use crate::queues::Queues;
use crate::report::{Later, Rejected, Report};

/// Handles orders until there are no more, or so many as the job says.
pub(crate) fn run(job: &Job, settings: &Settings) -> Result<Report, String> {
    let desk = Desk::open(settings)?;
    let mut report = Report::default();
    while report.received < job.most {
        let messages = desk
            .queues
            .receive(job.most - report.received)
            .map_err(|error| format!("cannot receive orders: {error}"))?;
        if messages.is_empty() {
            break;
        }
        report.batches += 1;
        report.received += u32::try_from(messages.len()).unwrap_or(u32::MAX);
        desk.handle(messages, &mut report)?;
    }
    Ok(report)
}

struct Desk<'a> {
    queues: Queues,
    book: Book,
    settings: &'a Settings,
}

/// Messages of a batch that are done with, and those that are no good orders, with the reason.
#[derive(Default)]
struct Sorted {
    done: Vec<ReceivedMessage>,
    rejected: Vec<(ReceivedMessage, String)>,
}

impl<'a> Desk<'a> {
    fn open(settings: &'a Settings) -> Result<Self, String> {
        let queues = Queues::open().map_err(|error| format!("cannot open the queues: {error}"))?;
        let book = Book::open().map_err(|error| format!("cannot open the order book: {error}"))?;
        Ok(Self { queues, book, settings })
    }

    /// Handles a batch.
    fn handle(&self, messages: Vec<ReceivedMessage>, report: &mut Report) -> Result<(), String> {
        let mut sorted = Sorted::default();
        let mut orders = Vec::new();
        for message in messages {
            match Order::parse(&message.content.body) {
                Ok(order) => orders.push((message, order)),
                Err(reason) => sorted.rejected.push((message, reason)),
            }
        }
        let priced = self.price(orders, &mut sorted, report);
        self.reject(sorted.rejected, &mut sorted.done, report);
        self.delete(&sorted.done, report);
        priced
    }

    /// Has orders priced, and does what their prices say. Where nobody knows any price the run ends, and the orders can be received
    /// again at once: by a run that has more luck.
    fn price(
        &self,
        orders: Vec<(ReceivedMessage, Order)>,
        sorted: &mut Sorted,
        report: &mut Report,
    ) -> Result<(), String> {
        if orders.is_empty() {
            return Ok(());
        }
        let handles = orders.iter().map(|(message, _)| &message.handle);
        let priced = self
            .queues
            .keep(handles, self.settings.pricing_seconds)
            .map_err(|error| format!("cannot keep the orders while they are priced: {error}"))
            .and_then(|()| pricing::price(orders.iter().map(|(_, order)| order)));
        let prices = match priced {
            Ok(prices) => prices,
            Err(error) => {
                // Those that cannot be given back come back by themselves, when their visibility timeout has ended.
                let given_back = orders.iter().filter(|(message, _)| message.release().is_ok()).count();
                return Err(format!("{error}; {given_back} of {} orders were given back", orders.len()));
            }
        };
        for ((message, order), price) in orders.into_iter().zip(prices) {
            match price {
                Price::Total(total) => match self.book.write(&order, total) {
                    Ok(()) => {
                        let key = order.key();
                        report.accept(order.id, total, key);
                        sorted.done.push(message);
                    }
                    Err(error) => report.keep(&message.content.message_id, &error),
                },
                Price::Later(sku) => match message.extend(self.settings.retry_seconds) {
                    Ok(()) => report.later.push(Later { id: order.id, sku }),
                    Err(error) => report.keep(&message.content.message_id, &error),
                },
                Price::Refused(reason) => sorted.rejected.push((message, told(&reason))),
            }
        }
        Ok(())
    }

    /// Sends what is no good order to the other queue; what has got there is done with.
    fn reject(
        &self,
        rejected: Vec<(ReceivedMessage, String)>,
        done: &mut Vec<ReceivedMessage>,
        report: &mut Report,
    ) {
        if rejected.is_empty() {
            return;
        }
        let results = each(self.queues.reject(&rejected), rejected.len());
        for ((message, reason), result) in rejected.into_iter().zip(results) {
            match result {
                Ok(()) => {
                    let id = message.content.message_id.clone();
                    report.rejected.push(Rejected { message: id, reason });
                    done.push(message);
                }
                Err(error) => report.keep(&message.content.message_id, &error),
            }
        }
    }

    /// Deletes what is done with. A message that cannot be deleted comes again, and the same is done again.
    fn delete(&self, done: &[ReceivedMessage], report: &mut Report) {
        if done.is_empty() {
            return;
        }
        for (message, result) in done.iter().zip(each(self.queues.delete(done), done.len())) {
            if let Err(error) = result {
                report.keep(&message.content.message_id, &error);
            }
        }
    }
}

/// A result for each of so many, where there may be one for all.
fn each(results: Result<Vec<Result<(), Error>>, Error>, many: usize) -> Vec<Result<(), Error>> {
    results.unwrap_or_else(|error| vec![Err(error); many])
}
