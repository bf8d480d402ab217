//! What mappings do: poll their queues, and call their functions.
//!
//! Each mapping has one task, which runs on the clock of tokio as everything else does that takes time: it waits until its queue or
//! anything of Lambda has changed, or until a message becomes visible, and never just looks again. It keeps no fake alive.

use std::future::pending;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::runtime::Handle;
use tokio::sync::futures::OwnedNotified;

use super::event::{event, failures, split};
use super::filter::Filter;
use super::mapping::{Activity, EventSourceMapping};
use crate::fake::Shared;
use crate::lambda::invoke::invoke_for_source;
use crate::lambda::rest::{Context, Target};
use crate::sqs::SourceMessage;

/// The batches of one mapping that are with its function at the same time, unless it is told another number: with so many AWS begins.
const CONCURRENCY: usize = 5;

/// Lets every mapping be polled whose task is not running: it is new, of a seed, or its runtime has ended. Outside of a runtime that
/// has to wait until somebody asks the fake for anything.
pub(crate) fn poll_all(shared: &Arc<Shared>) {
    let mut mappings = shared.lambda.mappings();
    for mapping in mappings.iter_mut().filter(|mapping| mapping.poller.strong_count() == 0) {
        let Ok(runtime) = Handle::try_current() else { return };
        let running = Arc::new(());
        mapping.poller = Arc::downgrade(&running);
        runtime.spawn(poll(Arc::downgrade(shared), mapping.uuid.clone(), running));
    }
}

/// Whether a mapping has messages for its function, or its function is not done with some. Messages that wait to become visible
/// again do not count.
pub(crate) fn is_busy(shared: &Arc<Shared>) -> bool {
    let now = shared.clock.now();
    let polled: Vec<EventSourceMapping> = {
        let mappings = shared.lambda.mappings_at(now);
        if mappings.iter().any(|mapping| mapping.under_way > 0) {
            return true;
        }
        mappings.iter().filter(|mapping| mapping.enabled && !mapping.is_ending()).cloned().collect()
    };
    polled.iter().any(|mapping| can_be_called(shared, mapping) && mapping.source.has_messages(shared))
}

/// A message that has been received and that the function is not done with.
struct UnderWay {
    shared: Weak<Shared>,
    uuid: String,
}

impl UnderWay {
    fn new(shared: &Arc<Shared>, uuid: &str) -> Self {
        if let Some(mapping) = shared.lambda.mappings().get_mut(uuid) {
            mapping.under_way += 1;
        }
        Self { shared: Arc::downgrade(shared), uuid: uuid.to_owned() }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let Some(shared) = self.shared.upgrade() else { return };
        if let Some(mapping) = shared.lambda.mappings().get_mut(&self.uuid) {
            mapping.under_way = mapping.under_way.saturating_sub(1);
        }
        shared.lambda.settled();
    }
}

/// A batch that is not complete.
#[derive(Default)]
struct Gathered {
    messages: Vec<SourceMessage>,
    under_way: Vec<UnderWay>,
    /// When it goes as it is.
    until: Option<SystemTime>,
}

/// What there is to do now.
enum Step {
    /// The mapping is no more.
    End,
    /// Another look.
    Look,
    Deliver(Box<EventSourceMapping>, Gathered),
    Wait {
        /// Something of Lambda has changed.
        stirred: OwnedNotified,
        /// Something of the queue has changed.
        changed: Option<OwnedNotified>,
        until: Option<SystemTime>,
    },
}

async fn poll(shared: Weak<Shared>, uuid: String, _running: Arc<()>) {
    let mut gathered = Gathered::default();
    let mut deliveries = FuturesUnordered::new();
    loop {
        let Some(fake) = shared.upgrade() else { return };
        let (stirred, changed, until) = match step(&fake, &uuid, &mut gathered, deliveries.len()) {
            Step::End => break,
            Step::Look => continue,
            Step::Deliver(mapping, Gathered { messages, mut under_way, .. }) => {
                for batch in split(messages) {
                    let of_batch = under_way.drain(..batch.len().min(under_way.len())).collect();
                    deliveries.push(deliver(Arc::clone(&fake), mapping.clone(), batch, of_batch));
                }
                continue;
            }
            Step::Wait { stirred, changed, until } => (stirred, changed, until),
        };
        // What is left to wait for may have been this look.
        fake.lambda.settled();
        let rest = until.map(|until| until.duration_since(fake.clock.now()).unwrap_or_default());
        // A fake that nobody else has goes now.
        drop(fake);
        tokio::select! {
            biased;
            // A function may be done at once, and its queue have the next message at once: others want their turn.
            Some(()) = deliveries.next() => tokio::task::yield_now().await,
            () = stirred => {}
            () = wait(changed) => {}
            () = sleep(rest) => {}
        }
    }
    while deliveries.next().await.is_some() {}
}

async fn wait(changed: Option<OwnedNotified>) {
    match changed {
        Some(changed) => changed.await,
        None => pending().await,
    }
}

async fn sleep(rest: Option<Duration>) {
    match rest {
        Some(rest) => tokio::time::sleep(rest).await,
        None => pending().await,
    }
}

fn step(shared: &Arc<Shared>, uuid: &str, gathered: &mut Gathered, deliveries: usize) -> Step {
    let now = shared.clock.now();
    // Whoever is told of a change from here on is told of one that this look has not seen.
    let stirred = shared.lambda.stirred();
    let found = {
        let mut mappings = shared.lambda.mappings_at(now);
        match mappings.get_mut(uuid) {
            None => return Step::End,
            Some(mapping) => match mapping.activity(now) {
                Activity::Polls => Ok(mapping.clone()),
                Activity::Rests { until } => Err(until),
            },
        }
    };
    let mapping = match found {
        Ok(mapping) => mapping,
        Err(until) => {
            // What was gathered becomes visible again in its time.
            *gathered = Gathered::default();
            return Step::Wait { stirred, changed: None, until };
        }
    };
    let settings = &mapping.settings;
    let limit = settings.maximum_concurrency.and_then(|limit| usize::try_from(limit).ok());
    if !can_be_called(shared, &mapping) {
        *gathered = Gathered::default();
        return Step::Wait { stirred, changed: None, until: None };
    }
    if deliveries >= limit.unwrap_or(CONCURRENCY) {
        return Step::Wait { stirred, changed: None, until: None };
    }
    let size = usize::try_from(settings.batch_size).unwrap_or(usize::MAX);
    let polled = mapping.source.poll(shared, size.saturating_sub(gathered.messages.len()));
    let received = !polled.messages.is_empty();
    let filters: Vec<Filter> = settings.filters.iter().filter_map(|text| Filter::parse(text)).collect();
    let (wanted, others): (Vec<_>, Vec<_>) = polled.messages.into_iter().partition(|message| {
        filters.is_empty() || filters.iter().any(|filter| filter.fits(&message.record, &message.body))
    });
    // As AWS has it, what is filtered out is deleted and not left for others.
    mapping.source.delete(shared, &others);
    if !wanted.is_empty() && gathered.until.is_none() {
        gathered.until = Some(now + Duration::from_secs(settings.batching_window));
    }
    gathered.under_way.extend(wanted.iter().map(|_| UnderWay::new(shared, uuid)));
    gathered.messages.extend(wanted);
    let complete = gathered.messages.len() >= size || gathered.until.is_some_and(|until| until <= now);
    if !gathered.messages.is_empty() && complete {
        return Step::Deliver(Box::new(mapping), std::mem::take(gathered));
    }
    if received {
        return Step::Look;
    }
    let until = gathered.until.into_iter().chain(polled.next).min();
    Step::Wait { stirred, changed: Some(polled.changed), until }
}

/// Calls the function for a batch, and deletes what it is done with. All else becomes visible again when its time has come.
async fn deliver(
    shared: Arc<Shared>,
    mapping: Box<EventSourceMapping>,
    batch: Vec<SourceMessage>,
    _under_way: Vec<UnderWay>,
) {
    let cx = Context {
        shared: &shared,
        region: mapping.region.clone(),
        account_id: mapping.function.account_id.clone(),
        caller_arn: String::new(),
        is_secure: true,
        request_id: shared.ids.uuid("request"),
    };
    let target = Target { function: mapping.function.clone(), qualifier: mapping.qualifier.clone() };
    let Some(answer) = invoke_for_source(&cx, &target, event(&batch)).await else { return };
    let failed = if mapping.settings.report_batch_item_failures {
        failures(&answer, &batch)
    } else {
        Some(std::collections::HashSet::new())
    };
    let Some(failed) = failed else { return };
    mapping.source.delete(&shared, batch.iter().filter(|message| !failed.contains(message.id.as_str())));
}

/// Whether the function is there, and has code if it is to be given some.
fn can_be_called(shared: &Arc<Shared>, mapping: &EventSourceMapping) -> bool {
    let functions = shared.lambda.functions();
    let function = functions.by_id.get(&mapping.function);
    function.is_some_and(|function| function.version(mapping.qualifier.as_deref()).is_some())
        && !functions.guests.contains_key(&mapping.function)
}
