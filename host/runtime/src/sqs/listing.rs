//! Listings: one page is one call of AWS, and the place between two pages is kept here, where no guest can reach it.

use innkeeper_policy::{AccountRegion, SqsOperation};

use crate::bindings::sqs_types::{Error, ListQueuesOptions};
use crate::context::AwsCtx;
use crate::sqs::queue::Queue;
use crate::sqs::{convert, error, settle};

/// The most queues that SQS puts on a page.
const MAX_PAGE_SIZE: u32 = 1_000;

/// The `queue-listing` resource.
#[derive(Debug)]
pub struct QueueListing {
    of: Of,
    page_size: i32,
    next: Next,
}

/// What is listed.
#[derive(Debug)]
enum Of {
    /// The queues of an account in a region.
    Account { place: AccountRegion, prefix: Option<String> },
    /// The queues whose dead letters go to a queue.
    Sources(Queue),
}

#[derive(Debug)]
enum Next {
    First,
    /// The page behind this token, which is SQS's and never the guest's.
    Behind(String),
    None,
}

/// Why a listing was given up.
#[derive(Debug, thiserror::Error)]
#[error("the page has the token that it was asked for with")]
struct SameToken;

impl QueueListing {
    pub(crate) async fn of_account(ctx: &AwsCtx, options: ListQueuesOptions) -> Result<Self, Error> {
        let prefix = options.prefix.filter(|prefix| !prefix.is_empty());
        let is_start = |prefix: &String| {
            let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
            prefix.len() <= innkeeper_policy::QueueName::MAX_LENGTH && prefix.bytes().all(allowed)
        };
        if !prefix.as_ref().is_none_or(is_start) {
            return Err(convert::invalid("no queue's name begins with the prefix"));
        }
        let page_size = page_size(options.page_size)?;
        let place = ctx.gate().place().await?.clone();
        Ok(Self { of: Of::Account { place, prefix }, page_size, next: Next::First })
    }

    pub(crate) fn of_sources(queue: Queue, page_size: Option<u32>) -> Result<Self, Error> {
        Ok(Self { of: Of::Sources(queue), page_size: self::page_size(page_size)?, next: Next::First })
    }

    /// The next page: the names of queues.
    pub(crate) async fn next_page(&mut self, ctx: &AwsCtx) -> Result<Option<Vec<String>>, Error> {
        let token = match &self.next {
            Next::First => None,
            Next::Behind(token) => Some(token.clone()),
            Next::None => return Ok(None),
        };
        let (urls, next, mut call) = match &self.of {
            Of::Account { place, prefix } => {
                let mut permit = ctx.gate().sqs(SqsOperation::ListQueues { place }).await?;
                let request = permit
                    .client
                    .list_queues()
                    .set_queue_name_prefix(prefix.clone())
                    .max_results(self.page_size)
                    .set_next_token(token.clone())
                    .send();
                let answer = permit.call.observe(request).await;
                match answer {
                    Ok(output) => (output.queue_urls.unwrap_or_default(), output.next_token, permit.call),
                    failed => return settle(&mut permit.call, failed).map(|_| None),
                }
            }
            Of::Sources(queue) => {
                let operation = SqsOperation::ListDeadLetterSourceQueues { queue: queue.arn() };
                let mut leave = queue.leave(ctx, operation).await?;
                let request = leave
                    .client
                    .list_dead_letter_source_queues()
                    .queue_url(&*leave.url)
                    .max_results(self.page_size)
                    .set_next_token(token.clone())
                    .send();
                let answer = leave.call.observe(request).await;
                match answer {
                    Ok(output) => (output.queue_urls, output.next_token, leave.call),
                    failed => return settle(&mut leave.call, failed).map(|_| None),
                }
            }
        };
        if next.is_some() && next == token {
            // A server that sends the same place again would keep the guest, and us, here for ever.
            let error = Error::Other("the listing does not advance".to_owned());
            call.fail(error::case(&error), &SameToken);
            return Err(error);
        }
        call.succeed();
        self.next = next.filter(|token| !token.is_empty()).map_or(Next::None, Next::Behind);
        Ok(Some(urls.iter().filter_map(|url| name_in_url(url)).collect()))
    }
}

fn page_size(page_size: Option<u32>) -> Result<i32, Error> {
    convert::within("the page size", page_size.unwrap_or(MAX_PAGE_SIZE), 1..=MAX_PAGE_SIZE)
}

/// A queue as a guest may know it: the account in the URL is not told.
fn name_in_url(url: &str) -> Option<String> {
    url.rsplit_once('/').map(|(_, name)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_one_to_a_thousand() {
        for (size, good) in [(0, false), (1, true), (1_000, true), (1_001, false), (u32::MAX, false)] {
            assert_eq!(page_size(Some(size)).is_ok(), good, "{size}");
        }
        assert_eq!(page_size(None).unwrap(), 1_000);
    }

    #[test]
    fn a_url_is_told_as_a_name() {
        let url = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders.fifo";
        assert_eq!(name_in_url(url).as_deref(), Some("orders.fifo"));
    }
}
