//! The `queue` resource, and the URL that SQS wants in every call.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use innkeeper_policy::{QueueArn, QueueName, QueueUrl, SqsOperation};

use crate::bindings::sqs_types::Error;
use crate::context::AwsCtx;
use crate::gate::{CallRecord, Permit};
use crate::sqs::settle;

/// A queue that a guest has opened: its ARN, which is what the policy is asked about, and no right of any kind.
#[derive(Clone, Debug)]
pub struct Queue(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    arn: QueueArn,
    /// The URL by which it was opened, checked.
    url: Option<QueueUrl>,
}

/// The leave to carry out one operation on a queue, with the queue's URL.
pub(crate) struct Leave {
    pub(crate) client: aws_sdk_sqs::Client,
    pub(crate) call: CallRecord,
    pub(crate) url: Arc<str>,
}

impl Queue {
    /// What the guest's word for a queue stands for: a name of its manifest, a queue's name, ARN or URL.
    pub(crate) async fn open(ctx: &AwsCtx, name: &str) -> Result<Self, Error> {
        let name = ctx.resolve(name);
        if QueueUrl::is_url(name) {
            return Self::of_url(ctx, name.parse().map_err(invalid)?).await;
        }
        let arn = if name.starts_with("arn:") {
            let arn: QueueArn = name.parse().map_err(invalid)?;
            let region = ctx.gate().region().await?.as_str();
            if arn.place().region() != region || arn.place().partition() != ctx.gate().partition().await? {
                return Err(elsewhere());
            }
            arn
        } else {
            let name: QueueName = name.parse().map_err(invalid)?;
            QueueArn::new(ctx.gate().place().await?.clone(), name)
        };
        Ok(Self::of(arn, None))
    }

    /// Nothing is ever sent to the URL's host. It has to be the one that the host calls anyway, so that a URL means what it says.
    async fn of_url(ctx: &AwsCtx, url: QueueUrl) -> Result<Self, Error> {
        let region = ctx.gate().region().await?.as_str();
        let is_the_hosts = match url.region() {
            Some(of_url) => of_url == region,
            None => ctx
                .gate()
                .endpoint()
                .is_some_and(|endpoint| endpoint.as_str().trim_end_matches('/') == url.origin()),
        };
        let arn = url.to_arn(region).filter(|_| is_the_hosts).ok_or_else(elsewhere)?;
        Ok(Self::of(arn, Some(url)))
    }

    /// The queue of an ARN, where somebody else has checked that it is in reach.
    pub(crate) fn of(arn: QueueArn, url: Option<QueueUrl>) -> Self {
        Self(Arc::new(Inner { arn, url }))
    }

    /// For the policy.
    pub(crate) fn arn(&self) -> &QueueArn {
        &self.0.arn
    }

    /// The queue's own name.
    pub(crate) fn name(&self) -> &str {
        self.0.arn.name().as_str()
    }

    /// Whether it is a FIFO queue.
    pub(crate) fn is_fifo(&self) -> bool {
        self.0.arn.name().is_fifo()
    }

    /// Asks for leave to do something with the queue. Its URL is asked for before, if it is not known, since a call that is under way
    /// while another one is made for it would wait for itself where only one may be; but not for what will be denied anyway.
    pub(crate) async fn leave(&self, ctx: &AwsCtx, operation: SqsOperation<'_>) -> Result<Leave, Error> {
        let url = match self.known_url(ctx) {
            Some(url) => url,
            None if ctx.gate().would_allow_sqs(operation).await? => self.ask_url(ctx).await?,
            None => {
                // That it is denied is written down; unless it is not any more.
                ctx.gate().sqs(operation).await?.call.forget();
                self.ask_url(ctx).await?
            }
        };
        let Permit { client, call } = ctx.gate().sqs(operation).await?;
        Ok(Leave { client, call, url })
    }

    /// The URL that the queue was opened by, or that SQS has said before.
    fn known_url(&self, ctx: &AwsCtx) -> Option<Arc<str>> {
        let opened_by = self.0.url.as_ref().map(|url| url.as_str().into());
        opened_by.or_else(|| ctx.queue_urls().get(self.arn()))
    }

    /// The URL that SQS says, which is asked once. That is an operation of its own, with a need of its own, so that a policy that is enough
    /// here is enough for the host's role too.
    async fn ask_url(&self, ctx: &AwsCtx) -> Result<Arc<str>, Error> {
        let mut permit = ctx.gate().sqs(SqsOperation::GetQueueUrl { queue: self.arn() }).await?;
        let request = permit
            .client
            .get_queue_url()
            .queue_name(self.name())
            .queue_owner_aws_account_id(self.arn().place().account().as_str())
            .send();
        let answer = permit.call.observe(request).await;
        let url = settle(&mut permit.call, answer)?.queue_url;
        let url: Arc<str> = url.ok_or_else(|| Error::Other("the answer has no URL".to_owned()))?.into();
        ctx.queue_urls().insert(self.arn(), Arc::clone(&url));
        Ok(url)
    }

    #[cfg(test)]
    pub(crate) fn for_tests(name: &str) -> Self {
        Self::of(format!("arn:aws:sqs:eu-west-1:123456789012:{name}").parse().unwrap(), None)
    }
}

fn invalid(error: impl std::fmt::Display) -> Error {
    Error::InvalidArgument(error.to_string())
}

/// Does not say where the host is.
fn elsewhere() -> Error {
    Error::InvalidArgument(
        "the queue is in another region, or at another host, than the one that is called".to_owned(),
    )
}

/// The URLs of queues that SQS has told, for all calls of a guest.
#[derive(Debug, Default)]
pub(crate) struct QueueUrls(Mutex<BTreeMap<QueueArn, Arc<str>>>);

impl QueueUrls {
    /// More than a guest works with; one that has a million queues is not to fill the host's memory with their URLs.
    const MAX: usize = 1_000;

    fn get(&self, queue: &QueueArn) -> Option<Arc<str>> {
        self.lock().get(queue).cloned()
    }

    pub(crate) fn insert(&self, queue: &QueueArn, url: Arc<str>) {
        let mut urls = self.lock();
        if urls.len() >= Self::MAX {
            urls.clear();
        }
        urls.insert(queue.clone(), url);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<QueueArn, Arc<str>>> {
        // A panic elsewhere leaves nothing half done here: a URL is in the map or it is not.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_remembered_up_to_a_bound() {
        let urls = QueueUrls::default();
        let queue = |number: usize| Queue::for_tests(&format!("q{number}")).arn().clone();
        for number in 0..=QueueUrls::MAX {
            urls.insert(&queue(number), "https://example".into());
        }
        assert!(urls.get(&queue(0)).is_none());
        assert!(urls.get(&queue(QueueUrls::MAX)).is_some());
        assert!(urls.lock().len() <= QueueUrls::MAX);
    }
}
