//! A bounded cache whose values are built once for all who ask.

use crate::digest::Digest;
use crate::error::Error;
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use moka::notification::RemovalCause;
use moka::policy::EvictionPolicy;
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A cache of at most so many values; past that, what was used least recently goes first.
///
/// A hit takes no lock that is held across an await. A miss joins the build that is under way for its key, or starts one
/// in a task of its own: a build that was begun ends, whoever stops waiting for it.
pub(crate) struct Cache<V> {
    store: moka::sync::Cache<Digest, V, BuildHasherDefault<DigestHasher>>,
    builds: Mutex<Builds<V>>,
    counters: Arc<Counters>,
}

struct Builds<V> {
    under_way: HashMap<Digest, Build<V>>,
    next: u64,
}

struct Build<V> {
    number: u64,
    outcome: Shared<BoxFuture<'static, Result<V, Error>>>,
}

/// What has happened in a cache.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) hits: AtomicU64,
    pub(crate) misses: AtomicU64,
    pub(crate) builds: AtomicU64,
    pub(crate) evictions: AtomicU64,
}

impl<V: Clone + Send + Sync + 'static> Cache<V> {
    pub(crate) fn new(capacity: u64) -> Arc<Self> {
        let counters = Arc::new(Counters::default());
        let evictions = Arc::clone(&counters);
        let store = moka::sync::Cache::builder()
            .max_capacity(capacity)
            .eviction_policy(EvictionPolicy::lru())
            .eviction_listener(move |_, _, cause| {
                if cause == RemovalCause::Size {
                    evictions.evictions.fetch_add(1, Ordering::Relaxed);
                }
            })
            .build_with_hasher(BuildHasherDefault::default());
        Arc::new(Self { store, builds: Mutex::new(Builds { under_way: HashMap::new(), next: 0 }), counters })
    }

    /// The value of `key`, if there is one.
    pub(crate) fn get(&self, key: &Digest) -> Option<V> {
        let value = self.store.get(key)?;
        self.counters.hits.fetch_add(1, Ordering::Relaxed);
        Some(value)
    }

    /// The value of `key`, which is built if there is none. A failure goes to all who waited, and is not kept.
    pub(crate) async fn get_or_build<F>(
        self: &Arc<Self>,
        key: Digest,
        build: impl FnOnce() -> F,
    ) -> Result<V, Error>
    where
        F: Future<Output = Result<V, Error>> + Send + 'static,
    {
        if let Some(value) = self.get(&key) {
            return Ok(value);
        }
        self.counters.misses.fetch_add(1, Ordering::Relaxed);
        let outcome = {
            let mut builds = self.lock();
            if let Some(build) = builds.under_way.get(&key) {
                build.outcome.clone()
            } else if let Some(value) = self.store.get(&key) {
                // It was finished between the look and the lock.
                return Ok(value);
            } else {
                let number = builds.next;
                builds.next += 1;
                let outcome = self.start(key, number, build());
                builds.under_way.insert(key, Build { number, outcome: outcome.clone() });
                outcome
            }
        };
        outcome.await
    }

    fn start<F>(
        self: &Arc<Self>,
        key: Digest,
        number: u64,
        build: F,
    ) -> Shared<BoxFuture<'static, Result<V, Error>>>
    where
        F: Future<Output = Result<V, Error>> + Send + 'static,
    {
        self.counters.builds.fetch_add(1, Ordering::Relaxed);
        let registration = Registration { cache: Arc::clone(self), key, number };
        let task = tokio::spawn(async move {
            let outcome = build.await;
            registration.finish(outcome.as_ref().ok());
            outcome
        });
        task.map(|outcome| outcome.unwrap_or(Err(Error::Interrupted))).boxed().shared()
    }

    /// Forgets what `predicate` chooses, and every build that is under way, so that whoever asks from now on gets
    /// something new. Who waits for such a build still gets what it builds. Returns how many values were forgotten.
    pub(crate) fn remove(&self, predicate: impl Fn(&V) -> bool) -> u64 {
        let mut builds = self.lock();
        builds.under_way.clear();
        let mut removed = 0;
        for (key, value) in &self.store {
            if predicate(&value) {
                self.store.invalidate(&*key);
                removed += 1;
            }
        }
        removed
    }

    /// The values that are in the cache now.
    pub(crate) fn values(&self) -> impl Iterator<Item = V> + '_ {
        self.store.iter().map(|(_, value)| value)
    }

    /// How many values are in the cache, once what is due for eviction is gone.
    pub(crate) fn len(&self) -> u64 {
        self.store.run_pending_tasks();
        self.store.entry_count()
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    fn lock(&self) -> MutexGuard<'_, Builds<V>> {
        // Nothing that could panic runs under the lock with the map in an intermediate state.
        self.builds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V> fmt::Debug for Cache<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("counters", &self.counters).finish_non_exhaustive()
    }
}

/// The place of a build among those under way, given up even if the build panics or its runtime stops.
struct Registration<V: Clone + Send + Sync + 'static> {
    cache: Arc<Cache<V>>,
    key: Digest,
    number: u64,
}

impl<V: Clone + Send + Sync + 'static> Registration<V> {
    /// Keeps the value, unless [`Cache::remove`] came in between: then it may be one of those to be forgotten.
    fn finish(&self, value: Option<&V>) {
        let mut builds = self.cache.lock();
        if builds.under_way.get(&self.key).is_none_or(|build| build.number != self.number) {
            return;
        }
        if let Some(value) = value {
            self.cache.store.insert(self.key, value.clone());
        }
        builds.under_way.remove(&self.key);
    }
}

impl<V: Clone + Send + Sync + 'static> Drop for Registration<V> {
    fn drop(&mut self) {
        self.finish(None);
    }
}

/// Takes the first bytes of a digest for its hash.
#[derive(Default)]
struct DigestHasher(u64);

impl Hasher for DigestHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::RegionError;
    use std::sync::atomic::AtomicUsize;
    use tokio::sync::oneshot;

    fn key(name: &str) -> Digest {
        Digest::of("test", |writer| writer.field(name))
    }

    fn counts<V>(cache: &Cache<V>) -> [u64; 4] {
        let Counters { hits, misses, builds, evictions } = &*cache.counters;
        [hits, misses, builds, evictions].map(|counter| counter.load(Ordering::Relaxed))
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn ten_thousand_tasks_cause_one_build() {
        let cache = Cache::<usize>::new(10);
        let built = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..10_000)
            .map(|_| {
                let (cache, built) = (Arc::clone(&cache), Arc::clone(&built));
                tokio::spawn(async move {
                    let build = || async move {
                        tokio::task::yield_now().await;
                        Ok(built.fetch_add(1, Ordering::SeqCst))
                    };
                    cache.get_or_build(key("one"), build).await.unwrap()
                })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), 0);
        }
        assert_eq!(built.load(Ordering::SeqCst), 1);
        let [hits, misses, builds, _] = counts(&cache);
        assert_eq!((hits + misses, builds), (10_000, 1));
    }

    #[tokio::test]
    async fn a_failure_goes_to_all_who_wait_and_is_not_kept() {
        let cache = Cache::<u8>::new(10);
        let fail = || async { Err(RegionError::NotFound { searched: Vec::new() }.into()) };
        let (left, right) =
            tokio::join!(cache.get_or_build(key("one"), fail), cache.get_or_build(key("one"), fail));
        assert!(matches!((left, right), (Err(Error::Region(_)), Err(Error::Region(_)))));
        assert_eq!(counts(&cache)[2], 1);
        assert_eq!(cache.get_or_build(key("one"), || async { Ok(7) }).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn a_build_ends_although_nobody_waits_for_it() {
        let cache = Cache::<u8>::new(10);
        let (go, gone) = oneshot::channel::<()>();
        {
            let waiting = cache.get_or_build(key("one"), || async {
                gone.await.unwrap();
                Ok(1)
            });
            assert!(futures::poll!(std::pin::pin!(waiting)).is_pending());
        }
        go.send(()).unwrap();
        assert_eq!(cache.get_or_build(key("one"), || async { Ok(2) }).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn what_is_being_built_while_the_cache_is_cleared_is_not_kept() {
        let cache = Cache::<u8>::new(10);
        let (go, gone) = oneshot::channel::<()>();
        let mut old = std::pin::pin!(cache.get_or_build(key("one"), || async {
            gone.await.unwrap();
            Ok(1)
        }));
        assert!(futures::poll!(&mut old).is_pending());
        assert_eq!(cache.remove(|_| true), 0);
        assert_eq!(cache.get_or_build(key("one"), || async { Ok(2) }).await.unwrap(), 2);
        go.send(()).unwrap();
        assert_eq!(old.await.unwrap(), 1);
        assert_eq!(cache.get(&key("one")), Some(2));
    }

    #[tokio::test]
    async fn a_build_that_panics_does_not_block_the_next() {
        let cache = Cache::<u8>::new(10);
        let panics = || async { panic!("deliberate") };
        assert!(matches!(cache.get_or_build(key("one"), panics).await, Err(Error::Interrupted)));
        assert_eq!(cache.get_or_build(key("one"), || async { Ok(1) }).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn what_was_used_least_recently_is_evicted_past_the_bound() {
        let cache = Cache::<u8>::new(2);
        cache.get_or_build(key("one"), || async { Ok(1) }).await.unwrap();
        cache.get_or_build(key("two"), || async { Ok(2) }).await.unwrap();
        assert_eq!(cache.len(), 2);
        assert_eq!(cache.get(&key("one")), Some(1));
        cache.get_or_build(key("three"), || async { Ok(3) }).await.unwrap();
        assert_eq!(cache.len(), 2);
        assert_eq!(counts(&cache)[3], 1);
        assert_eq!(cache.get(&key("two")), None);
        assert_eq!(cache.get(&key("one")), Some(1));
    }

    #[tokio::test]
    async fn only_what_was_chosen_is_removed() {
        let cache = Cache::<u8>::new(10);
        for (name, value) in [("one", 1), ("two", 2)] {
            cache.get_or_build(key(name), || async move { Ok(value) }).await.unwrap();
        }
        assert_eq!(cache.remove(|value| *value == 1), 1);
        assert_eq!((cache.get(&key("one")), cache.get(&key("two"))), (None, Some(2)));
    }
}
