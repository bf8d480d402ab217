use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::object::Object;

/// The objects of a bucket by key. Rust compares strings by their UTF-8 bytes, which is S3's listing order.
pub(crate) type Objects = BTreeMap<String, Arc<Object>>;

/// Everything that the fake S3 holds. One lock, held only for moments and never across an await.
#[derive(Debug, Default)]
pub(crate) struct Store {
    buckets: Mutex<BTreeMap<String, Bucket>>,
}

/// A bucket of the store. Cloning shares the objects until one side changes.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    pub(crate) created: SystemTime,
    /// None belongs to whichever region asks.
    pub(crate) region: Option<String>,
    pub(crate) objects: Arc<Objects>,
}

impl Bucket {
    pub(crate) fn new(created: SystemTime, region: Option<String>) -> Self {
        Self { created, region, objects: Arc::default() }
    }

    pub(crate) fn objects_mut(&mut self) -> &mut Objects {
        Arc::make_mut(&mut self.objects)
    }
}

impl Store {
    /// The state, for one consistent look or change.
    pub(crate) fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Bucket>> {
        // A panic elsewhere must not turn every later call into another one; no change here is ever half done.
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn object(&self, bucket: &str, key: &str) -> Option<Arc<Object>> {
        self.lock().get(bucket)?.objects.get(key).cloned()
    }
}
