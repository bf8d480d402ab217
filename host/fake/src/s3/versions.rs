use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::object::{Object, whole_seconds};
use super::store::Bucket;
use crate::ids::Ids;

/// How the version id of a version without one is written.
pub(crate) const NULL: &str = "null";
/// The length of a version id: a sequence number in 16 hexadecimal digits, and as many random letters.
const ID_LENGTH: usize = 32;

/// Whether a bucket keeps what is overwritten and deleted.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) enum Versioning {
    /// It never did.
    #[default]
    Unversioned,
    Enabled,
    /// It did, and what it kept is still there. New versions are `null`, of which there is one.
    Suspended,
}

/// What is not current, by key, oldest first. A key that has no current object has a delete marker at the end, and no
/// key has an empty list.
pub(crate) type History = BTreeMap<String, Vec<Version>>;

/// A version of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    Object(Arc<Object>),
    DeleteMarker(DeleteMarker),
}

/// What a delete leaves in a bucket with versioning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeleteMarker {
    /// None is `null`.
    pub(crate) version_id: Option<String>,
    pub(crate) last_modified: SystemTime,
}

impl Version {
    pub(crate) fn id(&self) -> &str {
        let id = match self {
            Self::Object(object) => &object.version_id,
            Self::DeleteMarker(marker) => &marker.version_id,
        };
        id.as_deref().unwrap_or(NULL)
    }

    pub(crate) fn is_delete_marker(&self) -> bool {
        matches!(self, Self::DeleteMarker(_))
    }
}

impl Bucket {
    /// Writes a key, and gives the object as it is kept, with its version id.
    pub(crate) fn put(&mut self, key: &str, mut object: Object, ids: &Ids) -> Arc<Object> {
        object.version_id = self.make_room(key, ids);
        let object = Arc::new(object);
        self.objects_mut().insert(key.to_owned(), Arc::clone(&object));
        object
    }

    /// Deletes the current version of a key. Gives the delete marker, if that is what the delete makes.
    pub(crate) fn delete(&mut self, key: &str, now: SystemTime, ids: &Ids) -> Option<DeleteMarker> {
        if self.versioning == Versioning::Unversioned {
            if self.objects.contains_key(key) {
                self.objects_mut().remove(key);
            }
            return None;
        }
        let version_id = self.make_room(key, ids);
        let marker = DeleteMarker { version_id, last_modified: whole_seconds(now) };
        self.history.entry(key.to_owned()).or_default().push(Version::DeleteMarker(marker.clone()));
        Some(marker)
    }

    /// Deletes one version for good, and gives it. The one before it becomes current.
    pub(crate) fn delete_version(&mut self, key: &str, id: &str) -> Option<Version> {
        let removed = self.take_version(key, id);
        if removed.is_some() && !self.objects.contains_key(key) {
            self.promote(key);
        }
        removed
    }

    /// The versions of a key, the newest first.
    pub(crate) fn versions<'a>(&'a self, key: &str) -> impl Iterator<Item = Version> + use<'a> {
        let current = self.objects.get(key).cloned().map(Version::Object);
        let older = self.history.get(key).map(Vec::as_slice).unwrap_or_default();
        current.into_iter().chain(older.iter().rev().cloned())
    }

    /// Puts a changed object in the place of the version that it was made from. It may have gone meanwhile.
    pub(crate) fn replace(&mut self, key: &str, changed: Object) {
        let is_it = |object: &Object| object.version_id == changed.version_id;
        if self.object(key).is_some_and(is_it) {
            self.objects_mut().insert(key.to_owned(), Arc::new(changed));
            return;
        }
        let older = self.history.get_mut(key).into_iter().flatten();
        let place =
            older.into_iter().find(|version| matches!(version, Version::Object(object) if is_it(object)));
        if let Some(place) = place {
            *place = Version::Object(Arc::new(changed));
        }
    }

    /// The version id to show to a client: none in a bucket that never had versioning.
    pub(crate) fn shown_id(&self, id: Option<&String>) -> Option<String> {
        (self.versioning != Versioning::Unversioned).then(|| id.map_or(NULL, String::as_str).to_owned())
    }

    /// Moves what is current out of the way of a new version, whose id this gives.
    fn make_room(&mut self, key: &str, ids: &Ids) -> Option<String> {
        match self.versioning {
            Versioning::Unversioned => None,
            Versioning::Enabled => {
                self.retire(key);
                Some(ids.sequenced("version", ID_LENGTH))
            }
            Versioning::Suspended => {
                self.take_version(key, NULL);
                self.retire(key);
                None
            }
        }
    }

    fn retire(&mut self, key: &str) {
        if self.objects.contains_key(key)
            && let Some(object) = self.objects_mut().remove(key)
        {
            self.history.entry(key.to_owned()).or_default().push(Version::Object(object));
        }
    }

    fn take_version(&mut self, key: &str, id: &str) -> Option<Version> {
        if self.object(key).is_some_and(|object| object.version_id.as_deref().unwrap_or(NULL) == id) {
            return self.objects_mut().remove(key).map(Version::Object);
        }
        let older = self.history.get_mut(key)?;
        let at = older.iter().position(|version| version.id() == id)?;
        let version = older.remove(at);
        if older.is_empty() {
            self.history.remove(key);
        }
        Some(version)
    }

    /// Makes the newest of a key's older versions current, if it is an object.
    pub(super) fn promote(&mut self, key: &str) {
        let Some(older) = self.history.get_mut(key) else { return };
        if !matches!(older.last(), Some(Version::Object(_))) {
            return;
        }
        let newest = older.pop();
        if older.is_empty() {
            self.history.remove(key);
        }
        if let Some(Version::Object(object)) = newest {
            self.objects_mut().insert(key.to_owned(), object);
        }
    }
}

/// Whether a text could be a version id: `null`, or 32 letters and digits.
pub(crate) fn is_version_id(text: &str) -> bool {
    text == NULL || (text.len() == ID_LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::account::Accounts;
    use crate::identity::Identities;
    use crate::s3::configuration::Configuration;
    use crate::s3::{Checksum, ChecksumAlgorithm, ObjectHeaders, ObjectOwnership};

    fn object(body: u8) -> Object {
        let body = Bytes::from(vec![body]);
        let checksum = Checksum::of(ChecksumAlgorithm::Crc32, &body);
        Object::new(body, ObjectHeaders::default(), checksum, SystemTime::UNIX_EPOCH)
    }

    fn bucket(versioning: Versioning) -> (Bucket, Ids) {
        let accounts = Accounts::new("000000000000", &Identities::default());
        let configuration = Configuration::new(ObjectOwnership::default());
        let owner = Arc::clone(accounts.own());
        let mut bucket = Bucket::new(SystemTime::UNIX_EPOCH, None, owner, configuration);
        bucket.versioning = versioning;
        (bucket, Ids::new(0))
    }

    fn ids(bucket: &Bucket) -> Vec<String> {
        bucket.versions("key").map(|version| version.id().to_owned()).collect()
    }

    #[test]
    fn a_delete_without_versioning_leaves_nothing() {
        let (mut bucket, ids) = bucket(Versioning::Unversioned);
        bucket.put("key", object(1), &ids);
        bucket.put("key", object(2), &ids);
        assert_eq!(bucket.versions("key").count(), 1);
        assert_eq!(bucket.delete("key", SystemTime::UNIX_EPOCH, &ids), None);
        assert!(bucket.is_empty());
    }

    #[test]
    fn a_marker_hides_the_versions_below_until_it_is_deleted() {
        let (mut bucket, ids) = bucket(Versioning::Enabled);
        let first = bucket.put("key", object(1), &ids);
        let marker = bucket.delete("key", SystemTime::UNIX_EPOCH, &ids).unwrap();
        assert!(bucket.object("key").is_none() && !bucket.is_empty());
        bucket.delete_version("key", marker.version_id.as_deref().unwrap()).unwrap();
        assert_eq!(bucket.object("key"), Some(&*first));
        bucket.delete_version("key", first.version_id.as_deref().unwrap()).unwrap();
        assert!(bucket.is_empty());
    }

    #[test]
    fn suspended_versioning_has_one_null_version() {
        let (mut bucket, generated) = bucket(Versioning::Unversioned);
        bucket.put("key", object(1), &generated);
        bucket.versioning = Versioning::Enabled;
        bucket.put("key", object(2), &generated);
        assert_eq!(ids(&bucket)[1], NULL);
        bucket.versioning = Versioning::Suspended;
        bucket.put("key", object(3), &generated);
        let versions = ids(&bucket);
        assert_eq!((versions.len(), versions[0].as_str()), (2, NULL));
        bucket.delete("key", SystemTime::UNIX_EPOCH, &generated);
        let versions: Vec<_> = bucket.versions("key").collect();
        assert_eq!((versions.len(), versions[0].is_delete_marker(), versions[0].id()), (2, true, NULL));
    }

    /// A key's versions as a plain list, the newest first.
    type Model = Vec<(String, Option<u8>)>;

    proptest! {
        #[test]
        fn versions_agree_with_a_plain_list(steps in prop::collection::vec((0u8..6, any::<u8>()), 0..40)) {
            let (mut bucket, generated) = bucket(Versioning::Unversioned);
            let mut model = Model::new();
            for (step, value) in steps {
                let id = |bucket: &Bucket| bucket.versions("key").next().unwrap().id().to_owned();
                let make_room = |model: &mut Model, versioning| match versioning {
                    Versioning::Unversioned => model.clear(),
                    Versioning::Enabled => {}
                    Versioning::Suspended => model.retain(|(id, _)| id != NULL),
                };
                match step {
                    0 | 1 => {
                        make_room(&mut model, bucket.versioning);
                        bucket.put("key", object(value), &generated);
                        model.insert(0, (id(&bucket), Some(value)));
                    }
                    2 => {
                        make_room(&mut model, bucket.versioning);
                        if bucket.delete("key", SystemTime::UNIX_EPOCH, &generated).is_some() {
                            model.insert(0, (id(&bucket), None));
                        }
                    }
                    3 if !model.is_empty() => {
                        let (id, _) = model.remove(usize::from(value) % model.len());
                        prop_assert!(bucket.delete_version("key", &id).is_some());
                        prop_assert!(bucket.delete_version("key", &id).is_none());
                    }
                    4 => bucket.versioning = Versioning::Enabled,
                    5 if bucket.versioning != Versioning::Unversioned => bucket.versioning = Versioning::Suspended,
                    _ => {}
                }
                let versions: Model = bucket.versions("key").map(|version| {
                    let body = match &version {
                        Version::Object(object) => Some(object.body[0]),
                        Version::DeleteMarker(_) => None,
                    };
                    (version.id().to_owned(), body)
                }).collect();
                prop_assert_eq!(&versions, &model);
                let current = model.first().and_then(|(_, body)| *body);
                prop_assert_eq!(bucket.object("key").map(|object| object.body[0]), current);
                prop_assert_eq!(bucket.is_empty(), model.is_empty());
            }
        }
    }
}
