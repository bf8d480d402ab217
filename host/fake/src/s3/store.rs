use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::acl::Acl;
use super::configuration::Configuration;
use super::multipart::Uploads;
use super::notifications::Notification;
use super::object::Object;
use super::versions::{History, Versioning};
use crate::account::Account;

/// The objects of a bucket by key. Rust compares strings by their UTF-8 bytes, which is S3's listing order.
pub(crate) type Objects = BTreeMap<String, Arc<Object>>;

/// Everything that the fake S3 holds. One lock, held only for moments and never across an await.
#[derive(Debug, Default)]
pub(crate) struct Store {
    buckets: Mutex<BTreeMap<String, Bucket>>,
    /// Buckets by the access points to them: `NAME-ACCOUNT`, as in an access point's host.
    access_points: Mutex<BTreeMap<String, String>>,
    /// What buckets have to tell once the operation is done that holds them.
    notifications: Mutex<Vec<Notification>>,
}

/// A bucket of the store.
///
/// What is current lies in `objects`, and what was before in `history`; [`versions`](super::versions) keeps the two
/// together.
#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) created: SystemTime,
    /// None belongs to whichever region asks.
    pub(crate) region: Option<String>,
    /// Whether it was made with the location constraint `EU`.
    pub(crate) is_eu: bool,
    pub(crate) owner: Arc<Account>,
    /// None is that of a new bucket: its owner's alone.
    pub(crate) acl: Option<Acl>,
    /// The current version of each key that has one. Shared with snapshots, and copied by the next change.
    pub(crate) objects: Arc<Objects>,
    pub(crate) versioning: Versioning,
    pub(crate) history: History,
    pub(crate) uploads: Uploads,
    pub(crate) configuration: Configuration,
}

impl Bucket {
    pub(crate) fn new(
        created: SystemTime,
        region: Option<String>,
        owner: Arc<Account>,
        configuration: Configuration,
    ) -> Self {
        Self {
            created,
            region,
            is_eu: false,
            owner,
            acl: None,
            objects: Arc::default(),
            versioning: Versioning::default(),
            history: History::default(),
            uploads: Uploads::default(),
            configuration,
        }
    }

    pub(super) fn objects_mut(&mut self) -> &mut Objects {
        Arc::make_mut(&mut self.objects)
    }

    /// The current object of a key.
    pub(crate) fn object(&self, key: &str) -> Option<&Object> {
        self.objects.get(key).map(Arc::as_ref)
    }

    /// Whether there is nothing in it, versions and delete markers included.
    pub(crate) fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.history.is_empty()
    }
}

impl Store {
    /// The state, for one consistent look or change.
    pub(crate) fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Bucket>> {
        // A panic elsewhere must not turn every later call into another one; no change here is ever half done.
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bucket that a name means: one that is an access point's, or the name itself.
    pub(crate) fn bucket_of(&self, name: &str) -> String {
        let access_points = self.access_points.lock().unwrap_or_else(PoisonError::into_inner);
        access_points.get(name).map_or(name, String::as_str).to_owned()
    }

    pub(crate) fn add_access_point(&self, name: String, bucket: String) {
        self.access_points.lock().unwrap_or_else(PoisonError::into_inner).insert(name, bucket);
    }

    /// Has something told when the operation is done.
    pub(crate) fn add_notification(&self, notification: Notification) {
        self.notifications.lock().unwrap_or_else(PoisonError::into_inner).push(notification);
    }

    pub(crate) fn take_notifications(&self) -> Vec<Notification> {
        std::mem::take(&mut *self.notifications.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Removes everything.
    pub(crate) fn clear(&self) {
        self.lock().clear();
        self.access_points.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(crate) fn object(&self, bucket: &str, key: &str) -> Option<Arc<Object>> {
        self.lock().get(bucket)?.objects.get(key).cloned()
    }
}
