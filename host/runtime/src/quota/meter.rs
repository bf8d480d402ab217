//! What has been used of quotas, and whether there is room for more.

use std::collections::BTreeMap;
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

/// The leave of a call to use its quotas. It is over when this is dropped.
#[derive(Debug, Default)]
pub(crate) struct Admission {
    tally: Option<Tally>,
    concurrency: Vec<OwnedSemaphorePermit>,
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

    /// Waits for, or takes, room for a call that the grants with these quotas allow.
    pub(crate) async fn admit(
        &self,
        named: impl Iterator<Item = &str>,
        usage: &Arc<Usage>,
        demand: Demand,
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
        let mut concurrency = Vec::new();
        for meter in &meters {
            concurrency.extend(meter.enter().await?);
        }
        for meter in &meters {
            meter.start(usage, demand).await?;
        }
        let admitted = Admitted { meters, usage: Arc::clone(usage), demand, received: AtomicU64::new(0) };
        Ok(Admission { tally: Some(Tally(Arc::new(admitted))), concurrency })
    }
}

impl Admission {
    /// With a permit that is given back when the call is over.
    #[must_use]
    pub(crate) fn holding(mut self, permit: OwnedSemaphorePermit) -> Self {
        self.concurrency.push(permit);
        self
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
    async fn enter(&self) -> Result<Option<OwnedSemaphorePermit>, Exceeded> {
        let Some(semaphore) = &self.concurrency else { return Ok(None) };
        let semaphore = Arc::clone(semaphore);
        let permit = match self.quota.on_excess {
            OnExcess::Reject => semaphore.try_acquire_owned().ok(),
            // The end of the guest's time ends the wait as well.
            OnExcess::Wait => semaphore.acquire_owned().await.ok(),
        };
        permit.map(Some).ok_or_else(|| self.exceeded.concurrency.clone())
    }

    /// A call, of which nothing has been sent yet.
    async fn start(&self, usage: &Usage, demand: Demand) -> Result<(), Exceeded> {
        let used = usage.of(self)?;
        let bytes = demand.bytes_out.unwrap_or_default();
        self.count_call(used)?;
        let started = match self.count_bytes(used, bytes) {
            Ok(()) => self.fill(bytes, usage.deadline).await.inspect_err(|_| {
                used.bytes.fetch_sub(bytes, Ordering::Relaxed);
            }),
            exceeded => exceeded,
        };
        // A call that is refused is not counted.
        started.inspect_err(|_| {
            used.calls.fetch_sub(1, Ordering::Relaxed);
        })
    }

    /// Takes room for a call in what is per time, and waits for it if it may.
    async fn fill(&self, bytes: u64, deadline: Option<Instant>) -> Result<(), Exceeded> {
        let limits = [
            (&self.bytes_in, &self.exceeded.bytes_in, None),
            (&self.bytes_out, &self.exceeded.bytes_out, Some(bytes)),
            (&self.rate, &self.exceeded.rate, Some(1)),
        ];
        for (bucket, exceeded, count) in limits {
            let Some(bucket) = bucket else { continue };
            loop {
                let wait = match count.map_or_else(|| bucket.check(), |count| bucket.take(count)) {
                    Ok(()) => break,
                    Err(Full::For(wait)) if self.quota.on_excess == OnExcess::Wait => wait,
                    Err(_) => return Err(exceeded.clone()),
                };
                let ends = Instant::now().checked_add(wait);
                if deadline.is_some_and(|deadline| ends.is_none_or(|end| end >= deadline)) {
                    return Err(exceeded.clone());
                }
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
