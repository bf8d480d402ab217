use std::sync::Arc;

use s3s::dto::{FilterRuleName, NotificationConfiguration, NotificationConfigurationFilter};
use s3s::{S3Error, S3ErrorCode, S3Result};
use serde_json::json;

use super::Notification;
use super::record::timestamp;
use crate::account::account_of;
use crate::fake::Shared;
use crate::lambda::FunctionDestination;
use crate::layer::RequestContext;
use crate::resource_policy::{Client, Common, ServiceCall};
use crate::s3::details::with_details;
use crate::s3::error::{error_with, invalid_argument};
use crate::sqs::{NamedQueue, Unreachable};

/// S3, as policies name it.
const S3: &str = "s3.amazonaws.com";

/// Where a bucket tells something.
#[derive(Clone, Debug)]
pub(crate) enum Destination {
    Queue(NamedQueue),
    Function(FunctionDestination),
}

impl Destination {
    pub(super) fn queue(arn: &str) -> Option<Self> {
        NamedQueue::parse(arn).map(Self::Queue)
    }

    pub(super) fn function(arn: &str) -> Option<Self> {
        FunctionDestination::parse(arn).map(Self::Function)
    }

    fn arn(&self) -> &str {
        match self {
            Self::Queue(queue) => queue.arn(),
            Self::Function(function) => function.arn(),
        }
    }

    fn region(&self) -> &str {
        match self {
            Self::Queue(queue) => queue.region(),
            Self::Function(function) => function.region(),
        }
    }

    pub(super) fn deliver(&self, shared: &Arc<Shared>, bucket: &str, account_id: &str, text: String) {
        self.as_s3(shared, bucket, account_id, |call| match self {
            Self::Queue(queue) => queue.send(shared, call, text),
            Self::Function(function) => function.invoke(shared, call, text.into()),
        });
    }

    /// What keeps a bucket from telling it here, in AWS's words.
    fn obstacle(&self, shared: &Shared, bucket: &str, account_id: &str) -> Option<String> {
        self.as_s3(shared, bucket, account_id, |call| match self {
            Self::Queue(queue) if queue.is_fifo() => Some("FIFO SQS queues are not supported.".to_owned()),
            Self::Queue(queue) => queue.check_send(shared, call).err().map(|why| match why {
                Unreachable::NotThere => "The destination queue does not exist".to_owned(),
                Unreachable::Denied => "Permissions on the destination queue do not allow S3 to publish \
                                        notifications from this bucket"
                    .to_owned(),
            }),
            Self::Function(function) => function.check(shared, call).err().map(|why| match why {
                Unreachable::NotThere => "The destination Lambda does not exist".to_owned(),
                Unreachable::Denied => format!("Not authorized to invoke function [{}]", self.arn()),
            }),
        })
    }

    /// Asks as S3 does for a bucket.
    fn as_s3<T>(
        &self,
        shared: &Shared,
        bucket: &str,
        account_id: &str,
        ask: impl FnOnce(&ServiceCall<'_>) -> T,
    ) -> T {
        let region = self.region();
        ask(&ServiceCall {
            service: S3,
            source_arn: &format!("arn:{}:s3:::{bucket}", crate::region::partition(region)),
            source_account: account_id,
            common: Common {
                principal: None,
                now: shared.clock.now(),
                region,
                resource_account: account_of(self.arn()),
                is_secure: true,
                client: Client::default(),
            },
        })
    }
}

/// The bucket that is to tell, and where it is.
pub(crate) struct Teller<'a> {
    pub(crate) bucket: &'a str,
    pub(crate) account_id: &'a str,
    pub(crate) region: &'a str,
}

/// Checks the destinations and filters of a configuration, in AWS's order, and gives the queues. `skip` is
/// `x-amz-skip-destination-validation`: then it does not matter whether they can be reached.
pub(crate) fn check(
    shared: &Shared,
    teller: &Teller<'_>,
    configuration: &mut NotificationConfiguration,
    skip: bool,
) -> S3Result<Vec<Destination>> {
    let mut named = Vec::new();
    for queue in configuration.queue_configurations.iter_mut().flatten() {
        named.push((queue.queue_arn.clone(), Destination::queue(&queue.queue_arn), "Queue"));
        check_filter(queue.filter.as_mut())?;
    }
    for topic in configuration.topic_configurations.iter_mut().flatten() {
        check_filter(topic.filter.as_mut())?;
    }
    for function in configuration.lambda_function_configurations.iter_mut().flatten() {
        let arn = &function.lambda_function_arn;
        named.push((arn.clone(), Destination::function(arn), "CloudFunction"));
        check_filter(function.filter.as_mut())?;
    }
    let mut destinations = Vec::new();
    for (arn, destination, kind) in named {
        let destination =
            destination.ok_or_else(|| invalid_argument(kind, &arn, "The ARN could not be parsed"))?;
        if destination.region() != teller.region {
            let message =
                "The notification destination service region is not valid for the bucket location constraint";
            return Err(invalid_argument(kind, &arn, message));
        }
        destinations.push(destination);
    }
    if skip {
        return Ok(Vec::new());
    }
    let obstacle = |destination: &Destination| {
        let obstacle = destination.obstacle(shared, teller.bucket, teller.account_id)?;
        Some((destination.arn().to_owned(), obstacle))
    };
    let obstacles: Vec<(String, String)> = destinations.iter().filter_map(obstacle).collect();
    if !obstacles.is_empty() {
        return Err(unreachable(&obstacles));
    }
    destinations.retain(|destination| matches!(destination, Destination::Queue(_)));
    Ok(destinations)
}

/// What a queue is told when a bucket is first to tell it something.
pub(crate) fn test_event(
    shared: &Shared,
    context: &RequestContext,
    teller: &Teller<'_>,
    destination: Destination,
) -> Notification {
    let event = json!({
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": timestamp(shared.clock.now()),
        "Bucket": teller.bucket,
        "RequestId": context.request_id,
        "HostId": shared.ids.host_id(&context.request_id),
    });
    Notification {
        destination,
        bucket: teller.bucket.to_owned(),
        account_id: teller.account_id.to_owned(),
        text: event.to_string(),
    }
}

fn unreachable(obstacles: &[(String, String)]) -> S3Error {
    let mut error = error_with(
        S3ErrorCode::InvalidArgument,
        "Unable to validate the following destination configurations",
    );
    for ((arn, obstacle), number) in obstacles.iter().zip(1..) {
        let (name, value) = (format!("ArgumentName{number}"), format!("ArgumentValue{number}"));
        error = with_details(error, &[(&name, arn), (&value, obstacle)]);
    }
    error
}

/// A rule is of the beginning or the end of keys, and S3 writes it in its own way.
fn check_filter(filter: Option<&mut NotificationConfigurationFilter>) -> S3Result {
    let rules = filter.and_then(|filter| filter.key.as_mut()).and_then(|key| key.filter_rules.as_mut());
    for rule in rules.into_iter().flatten() {
        let name = rule.name.as_ref().map_or("", FilterRuleName::as_str);
        let known = ["Prefix", "Suffix"].into_iter().find(|known| name.eq_ignore_ascii_case(known));
        let known = known.ok_or_else(|| {
            invalid_argument("FilterRule.Name", name, "filter rule name must be either prefix or suffix")
        })?;
        rule.name = Some(FilterRuleName::from_static(known));
    }
    Ok(())
}
