//! What has been used of quotas, and whether there is room for more.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use innkeeper_policy::Location;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::bucket::{Bucket, Full};
use super::{OnExcess, Quota, Quotas};

/// A quota that is used up. `Display` names it: `rate`, or `NAME.rate` of one that a grant names.
///
/// Its texts are made with the meter: a guest may call again and again and be refused each time, and that has to cost little.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.reason)]
pub(crate) struct Exceeded(Arc<Excess>);

#[derive(Debug, PartialEq, Eq)]
struct Excess {
    key: &'static str,
    location: Option<Location>,
    reason: Arc<str>,
    suggestion: Arc<str>,
}

impl Exceeded {
    fn new(key: &'static str, prefix: &str, location: Option<&Location>) -> Self {
        let reason = format!("the quota `{prefix}{key}` is used up").into();
        let suggestion = match location {
            Some(place) => format!("raise `{key}` at {place}"),
            None => format!("raise `{key}` of the guest's quotas"),
        };
        Self(Arc::new(Excess { key, location: location.cloned(), reason, suggestion: suggestion.into() }))
    }

    /// The key in the manifest, which the guest is told.
    pub(crate) fn key(&self) -> &'static str {
        self.0.key
    }

    /// Where it is written.
    pub(crate) fn location(&self) -> Option<&Location> {
        self.0.location.as_ref()
    }

    /// What is written down: why the call was refused.
    pub(crate) fn reason(&self) -> &Arc<str> {
        &self.0.reason
    }

    /// What to change so that it would not be.
    pub(crate) fn suggestion(&self) -> &Arc<str> {
        &self.0.suggestion
    }
}

/// The quotas of a meter, by their keys.
#[derive(Debug)]
struct Excesses {
    rate: Exceeded,
    bytes_out: Exceeded,
    bytes_in: Exceeded,
    calls_per_run: Exceeded,
    bytes_per_run: Exceeded,
    concurrency: Exceeded,
    object_size: Exceeded,
}

impl Excesses {
    /// `prefix` is what the names of the quotas begin with.
    fn new(prefix: &str, location: Option<&Location>) -> Self {
        let exceeded = |key| Exceeded::new(key, prefix, location);
        Self {
            rate: exceeded("rate"),
            bytes_out: exceeded("bytes-out"),
            bytes_in: exceeded("bytes-in"),
            calls_per_run: exceeded("calls-per-run"),
            bytes_per_run: exceeded("bytes-per-run"),
            concurrency: exceeded("concurrency"),
            object_size: exceeded("object-size"),
        }
    }
}

/// The meters of a guest's quotas, for all of its runs.
#[derive(Debug, Default)]
pub(crate) struct Meters {
    all: Vec<Arc<Meter>>,
    /// Whether the first is on all calls.
    has_guest: bool,
    named: BTreeMap<String, usize>,
}

#[derive(Debug)]
struct Meter {
    /// The number among the guest's meters.
    index: usize,
    exceeded: Excesses,
    quota: Quota,
    rate: Option<Bucket>,
    bytes_out: Option<Bucket>,
    bytes_in: Option<Bucket>,
    concurrency: Option<Arc<Semaphore>>,
}

/// What one run has used, for each meter.
#[derive(Debug)]
pub(crate) struct Usage {
    used: Vec<Used>,
    /// When the run's time is over.
    deadline: Option<Instant>,
}

#[derive(Debug, Default)]
struct Used {
    calls: AtomicU64,
    bytes: AtomicU64,
}

/// What a call is about to use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demand {
    /// The bytes of the request's body, where they are known beforehand.
    pub(crate) bytes_out: Option<u64>,
    /// How the call has to do with an object.
    pub(crate) object: ObjectUse,
}

/// How a call has to do with an object, for `object-size`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ObjectUse {
    /// It does not send or return one.
    None,
    /// Its request or answer is one.
    Body,
    /// It makes one whose size is not known.
    Unmeasured,
}

/// Whether a call has a place among those at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// From now on until it is over.
    Taken,
    /// It has one of those aside: what tidies up must not wait for what is to be tidied up.
    Aside,
}

/// The leave of a call to use its quotas. It is over when this is dropped.
#[derive(Debug, Default)]
pub(crate) struct Admission {
    tally: Option<Tally>,
    concurrency: Vec<OwnedSemaphorePermit>,
    has_waited: bool,
}

/// What a call has taken so far. It is given back when this is dropped, unless the call is admitted.
#[derive(Default)]
struct Taken<'m> {
    used: Vec<(&'m Used, u64)>,
    room: Vec<(&'m Bucket, u64)>,
    has_waited: bool,
}

impl Taken<'_> {
    /// The call is admitted. Whether it has waited for that.
    fn keep(mut self) -> bool {
        self.used.clear();
        self.room.clear();
        self.has_waited
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        for (used, bytes) in &self.used {
            used.give_back(*bytes);
        }
        for (bucket, count) in &self.room {
            bucket.give_back(*count);
        }
    }
}

/// Counts what a call uses.
#[derive(Clone, Debug)]
pub(crate) struct Tally(Arc<Admitted>);

#[derive(Debug)]
struct Admitted {
    meters: Vec<Arc<Meter>>,
    usage: Arc<Usage>,
    demand: Demand,
    received: AtomicU64,
}

impl Meters {
    pub(crate) fn new(quotas: Quotas) -> Self {
        let has_guest = quotas.guest.is_some();
        let guest = quotas.guest.into_iter().map(|quota| (None, quota));
        let written = guest.chain(quotas.named.into_iter().map(|(name, quota)| (Some(name), quota)));
        let (mut all, mut named) = (Vec::new(), BTreeMap::new());
        for (index, (name, quota)) in written.enumerate() {
            let prefix = name.as_ref().map(|name| format!("{name}.")).unwrap_or_default();
            all.push(Arc::new(Meter::new(index, &prefix, quota)));
            named.extend(name.map(|name| (name, index)));
        }
        Self { all, has_guest, named }
    }

    /// What a run uses, which ends after `timeout`.
    pub(crate) fn usage(&self, timeout: Option<Duration>) -> Usage {
        let used = std::iter::repeat_with(Used::default).take(self.all.len()).collect();
        Usage { used, deadline: timeout.and_then(|timeout| Instant::now().checked_add(timeout)) }
    }

    /// The least number of calls that a quota allows at the same time, if one does.
    pub(crate) fn least_concurrency(&self) -> Option<u32> {
        self.all.iter().filter_map(|meter| meter.quota.concurrency).min().map(NonZeroU32::get)
    }

    /// Waits for, or takes, room for a call that the grants with these quotas allow. A call that is refused takes nothing of any.
    pub(crate) async fn admit(
        &self,
        named: impl Iterator<Item = &str>,
        usage: &Arc<Usage>,
        demand: Demand,
        place: Place,
    ) -> Result<Admission, Exceeded> {
        let guest = self.has_guest.then_some(0);
        let named = named.filter_map(|name| self.named.get(name).copied());
        let found = guest.into_iter().chain(named).filter_map(|index| self.all.get(index));
        let mut meters: Vec<_> = found.map(Arc::clone).collect();
        if meters.is_empty() {
            return Ok(Admission::default());
        }
        meters.sort_unstable_by_key(|meter| meter.index);
        meters.dedup_by_key(|meter| meter.index);
        // What is refused for good is refused before anything is used.
        for meter in &meters {
            meter.check_object(demand, demand.bytes_out.unwrap_or_default())?;
        }
        let (mut concurrency, mut taken) = (Vec::new(), Taken::default());
        if place == Place::Taken {
            for meter in &meters {
                concurrency.extend(meter.enter(&mut taken).await?);
            }
        }
        for meter in &meters {
            meter.start(usage, demand, &mut taken).await?;
        }
        let has_waited = taken.keep();
        let admitted = Admitted { meters, usage: Arc::clone(usage), demand, received: AtomicU64::new(0) };
        Ok(Admission { tally: Some(Tally(Arc::new(admitted))), concurrency, has_waited })
    }
}

impl Admission {
    /// With a permit that is given back when the call is over.
    #[must_use]
    pub(crate) fn holding(mut self, permit: OwnedSemaphorePermit) -> Self {
        self.concurrency.push(permit);
        self
    }

    /// Whether the call had to wait for it.
    pub(crate) fn has_waited(&self) -> bool {
        self.has_waited
    }

    /// Nothing has been sent, and nothing will be: what the call would have used is there for others.
    pub(crate) fn give_back(self) {
        let Some(Tally(admitted)) = &self.tally else { return };
        let bytes = admitted.demand.bytes_out.unwrap_or_default();
        for meter in &admitted.meters {
            if let Ok(used) = admitted.usage.of(meter) {
                used.give_back(bytes);
            }
            for (bucket, count) in [(&meter.rate, 1), (&meter.bytes_out, bytes)] {
                if let Some(bucket) = bucket {
                    bucket.give_back(count);
                }
            }
        }
    }

    /// What counts the call; `None` where no quota is on it.
    pub(crate) fn tally(&self) -> Option<Tally> {
        self.tally.clone()
    }
}

impl Tally {
    /// An attempt, counted from 1, is about to send a body of so many bytes. Called where nothing can wait: a retry that goes beyond
    /// a quota with [`OnExcess::Wait`] is sent, and the calls after it wait the longer.
    pub(crate) fn attempt(&self, number: u32, bytes: u64) -> Result<(), Exceeded> {
        let admitted = &self.0;
        let is_counted = number <= 1;
        let bytes = if is_counted && admitted.demand.bytes_out.is_some() { 0 } else { bytes };
        for meter in &admitted.meters {
            let used = admitted.usage.of(meter)?;
            if !is_counted {
                meter.count_call(used)?;
                meter.use_now(meter.rate.as_ref(), 1, &meter.exceeded.rate)?;
            }
            meter.count_bytes(used, bytes)?;
            meter.use_now(meter.bytes_out.as_ref(), bytes, &meter.exceeded.bytes_out)?;
        }
        Ok(())
    }

    /// So many more bytes of the answer's body have come.
    pub(crate) fn receive(&self, bytes: u64) -> Result<(), Exceeded> {
        let admitted = &self.0;
        let received = admitted.received.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        for meter in &admitted.meters {
            let used = admitted.usage.of(meter)?;
            meter.check_object(admitted.demand, received)?;
            meter.count_bytes(used, bytes)?;
            let fits = meter.bytes_in.as_ref().is_none_or(|bucket| bucket.charge(bytes));
            if !fits && meter.quota.on_excess == OnExcess::Reject {
                return Err(meter.exceeded.bytes_in.clone());
            }
        }
        Ok(())
    }
}

impl Usage {
    #[cfg(test)]
    pub(crate) fn used_calls(&self) -> Vec<u64> {
        self.used.iter().map(|used| used.calls.load(Ordering::Relaxed)).collect()
    }

    fn of(&self, meter: &Meter) -> Result<&Used, Exceeded> {
        // A run of other meters has nothing to use.
        self.used.get(meter.index).ok_or_else(|| meter.exceeded.calls_per_run.clone())
    }
}

impl Used {
    fn give_back(&self, bytes: u64) {
        self.calls.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Meter {
    fn new(index: usize, prefix: &str, quota: Quota) -> Self {
        Self {
            index,
            exceeded: Excesses::new(prefix, quota.location.as_ref()),
            rate: quota.rate.map(Bucket::new),
            bytes_out: quota.bytes_out.map(Bucket::new),
            bytes_in: quota.bytes_in.map(Bucket::new),
            concurrency: quota.concurrency.map(|calls| Arc::new(Semaphore::new(calls.get() as usize))),
            quota,
        }
    }

    fn check_object(&self, demand: Demand, bytes: u64) -> Result<(), Exceeded> {
        let Some(limit) = self.quota.object_size else { return Ok(()) };
        match demand.object {
            ObjectUse::None => Ok(()),
            ObjectUse::Body if bytes <= limit => Ok(()),
            ObjectUse::Body | ObjectUse::Unmeasured => Err(self.exceeded.object_size.clone()),
        }
    }

    /// One of the calls at the same time.
    async fn enter(&self, taken: &mut Taken<'_>) -> Result<Option<OwnedSemaphorePermit>, Exceeded> {
        let Some(semaphore) = &self.concurrency else { return Ok(None) };
        let permit = match Arc::clone(semaphore).try_acquire_owned() {
            Err(_) if self.quota.on_excess == OnExcess::Wait => {
                taken.has_waited = true;
                // The end of the guest's time ends the wait as well.
                Arc::clone(semaphore).acquire_owned().await.ok()
            }
            acquired => acquired.ok(),
        };
        permit.map(Some).ok_or_else(|| self.exceeded.concurrency.clone())
    }

    /// A call, of which nothing has been sent yet.
    async fn start<'m>(
        &'m self,
        usage: &'m Usage,
        demand: Demand,
        taken: &mut Taken<'m>,
    ) -> Result<(), Exceeded> {
        let used = usage.of(self)?;
        let bytes = demand.bytes_out.unwrap_or_default();
        self.count_call(used)?;
        if let Err(exceeded) = self.count_bytes(used, bytes) {
            used.give_back(0);
            return Err(exceeded);
        }
        taken.used.push((used, bytes));
        self.fill(bytes, usage.deadline, taken).await
    }

    /// Takes room for a call in what is per time, and waits for it if it may.
    async fn fill<'m>(
        &'m self,
        bytes: u64,
        deadline: Option<Instant>,
        taken: &mut Taken<'m>,
    ) -> Result<(), Exceeded> {
        let limits = [
            (&self.bytes_in, &self.exceeded.bytes_in, None),
            (&self.bytes_out, &self.exceeded.bytes_out, Some(bytes)),
            (&self.rate, &self.exceeded.rate, Some(1)),
        ];
        for (bucket, exceeded, count) in limits {
            let Some(bucket) = bucket else { continue };
            loop {
                let wait = match count.map_or_else(|| bucket.check(), |count| bucket.take(count)) {
                    Ok(()) => {
                        taken.room.extend(count.map(|count| (bucket, count)));
                        break;
                    }
                    Err(Full::For(wait)) if self.quota.on_excess == OnExcess::Wait => wait,
                    Err(_) => return Err(exceeded.clone()),
                };
                let ends = Instant::now().checked_add(wait);
                if deadline.is_some_and(|deadline| ends.is_none_or(|end| end >= deadline)) {
                    return Err(exceeded.clone());
                }
                taken.has_waited = true;
                tokio::time::sleep(wait).await;
            }
        }
        Ok(())
    }

    fn count_call(&self, used: &Used) -> Result<(), Exceeded> {
        add(&used.calls, 1, self.quota.calls_per_run).ok_or_else(|| self.exceeded.calls_per_run.clone())
    }

    fn count_bytes(&self, used: &Used, more: u64) -> Result<(), Exceeded> {
        add(&used.bytes, more, self.quota.bytes_per_run).ok_or_else(|| self.exceeded.bytes_per_run.clone())
    }

    fn use_now(&self, bucket: Option<&Bucket>, count: u64, exceeded: &Exceeded) -> Result<(), Exceeded> {
        let Some(bucket) = bucket else { return Ok(()) };
        match self.quota.on_excess {
            OnExcess::Reject => bucket.take(count).map_err(|_| exceeded.clone()),
            OnExcess::Wait => {
                bucket.charge(count);
                Ok(())
            }
        }
    }
}

/// Adds to what a run has used, up to a limit: then nothing is added.
fn add(used: &AtomicU64, more: u64, limit: Option<u64>) -> Option<()> {
    let limit = limit.unwrap_or(u64::MAX);
    let fits = |used: u64| used.checked_add(more).filter(|sum| *sum <= limit);
    used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).ok().map(drop)
}

#[cfg(test)]
mod tests;
