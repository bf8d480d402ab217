//! What a bucket tells queues and functions of its objects.
//!
//! An operation [`tell`]s what has happened while it holds the bucket, and what is to be told waits in the store until the operation is
//! done: then it is [delivered](deliver), before its answer. AWS takes a second or so.

mod destination;
mod record;

pub(crate) use destination::{Teller, check, test_event};
pub(crate) use record::Happening;

use std::sync::Arc;

use s3s::dto::{FilterRuleName, NotificationConfiguration, NotificationConfigurationFilter};

use self::destination::Destination;
use super::store::Bucket;
use crate::fake::Shared;
use crate::layer::RequestContext;

/// Something that is to be told.
#[derive(Debug)]
pub(crate) struct Notification {
    destination: Destination,
    /// The bucket that tells it.
    bucket: String,
    /// The account that the bucket is of.
    account_id: String,
    text: String,
}

/// Has a bucket tell what has happened, if it is configured to.
pub(crate) fn tell(
    shared: &Shared,
    context: &RequestContext,
    name: &str,
    bucket: &Bucket,
    happening: &Happening,
) {
    let Some(configuration) = bucket.configuration.notification() else { return };
    for (id, destination) in interested(configuration, happening) {
        let text = happening.record(shared, context, name, bucket, id);
        shared.store.add_notification(Notification {
            destination,
            bucket: name.to_owned(),
            account_id: bucket.owner.id.clone(),
            text,
        });
    }
}

/// Delivers what is waiting.
pub(crate) fn deliver(shared: &Arc<Shared>) {
    for notification in shared.store.take_notifications() {
        let Notification { destination, bucket, account_id, text } = notification;
        destination.deliver(shared, &bucket, &account_id, text);
    }
}

/// Who is to be told, and the id of the configuration that says so. A topic is nobody here.
fn interested<'c>(
    configuration: &'c NotificationConfiguration,
    happening: &'c Happening,
) -> impl Iterator<Item = (&'c str, Destination)> {
    let queues = configuration.queue_configurations.iter().flatten();
    let queues = queues
        .filter(|queue| happening.is_one_of(&queue.events) && fits(queue.filter.as_ref(), &happening.key))
        .filter_map(|queue| Some((queue.id.as_deref(), Destination::queue(&queue.queue_arn)?)));
    let functions = configuration.lambda_function_configurations.iter().flatten();
    let functions = functions
        .filter(|function| {
            happening.is_one_of(&function.events) && fits(function.filter.as_ref(), &happening.key)
        })
        .filter_map(|function| {
            Some((function.id.as_deref(), Destination::function(&function.lambda_function_arn)?))
        });
    queues.chain(functions).map(|(id, destination)| (id.unwrap_or_default(), destination))
}

/// Whether a key is as every rule of a filter wants it.
fn fits(filter: Option<&NotificationConfigurationFilter>, key: &str) -> bool {
    let rules = filter.and_then(|filter| filter.key.as_ref()).and_then(|key| key.filter_rules.as_ref());
    rules.into_iter().flatten().all(|rule| {
        let value = rule.value.as_deref().unwrap_or_default();
        match rule.name.as_ref().map(FilterRuleName::as_str) {
            Some(name) if name.eq_ignore_ascii_case(FilterRuleName::PREFIX) => key.starts_with(value),
            Some(name) if name.eq_ignore_ascii_case(FilterRuleName::SUFFIX) => key.ends_with(value),
            _ => false,
        }
    })
}
