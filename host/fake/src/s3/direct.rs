use std::sync::Arc;

use s3s::path::{check_bucket_name, check_key};

use super::checksum::{Checksum, ChecksumAlgorithm};
use super::configuration::Configuration;
use super::new_object::NewObject;
use super::object::Object;
use super::settings::{Restored, SettingError};
use super::store::Bucket;
use super::versions::Versioning;
use crate::fake::Shared;
use crate::folder::{FoundBucket, FoundVersion};

/// The fake's S3 without a client: synchronous, without requests, faults or the call log. From [`FakeAws::s3`].
///
/// [`FakeAws::s3`]: crate::FakeAws::s3
#[derive(Clone, Debug)]
pub struct S3 {
    shared: Arc<Shared>,
}

/// Why a test cannot put something into the fake's S3.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum S3DirectError {
    /// Bucket names are 3 to 63 of lower-case letters, digits, `.` and `-`, and no IP address.
    #[error(
        "`{0}` is not a bucket name: 3 to 63 of a-z, 0-9, `.` and `-`, starting and ending with a letter or digit"
    )]
    InvalidBucketName(String),
    /// There is no such bucket.
    #[error("there is no bucket `{0}`")]
    NoSuchBucket(String),
    /// Keys are 1 to 1024 bytes of UTF-8.
    #[error("a key has 1 to 1024 bytes, and this one {0}")]
    InvalidKey(usize),
}

impl S3 {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Makes a bucket in the region of the fake. One that is there already stays as it is.
    ///
    /// # Errors
    ///
    /// [`S3DirectError::InvalidBucketName`].
    pub fn create_bucket(&self, bucket: impl Into<String>) -> Result<(), S3DirectError> {
        self.create(bucket.into(), self.shared.region.clone())
    }

    /// Makes a bucket in a region; requests at other regions' endpoints get `PermanentRedirect`. One that is there
    /// already stays as it is.
    ///
    /// # Errors
    ///
    /// [`S3DirectError::InvalidBucketName`].
    pub fn create_bucket_in(
        &self,
        bucket: impl Into<String>,
        region: impl Into<String>,
    ) -> Result<(), S3DirectError> {
        self.create(bucket.into(), Some(region.into()))
    }

    /// Turns versioning on for a bucket (`PutBucketVersioning`). What is there becomes the version `null`.
    ///
    /// # Errors
    ///
    /// [`S3DirectError::NoSuchBucket`].
    pub fn enable_versioning(&self, bucket: impl AsRef<str>) -> Result<(), S3DirectError> {
        self.with_bucket(bucket.as_ref(), |bucket| bucket.versioning = Versioning::Enabled)
    }

    /// Makes an access point: `name`, in the account of the fake, then stands for the bucket, by ARN
    /// (`arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME`) and by host. It may be made before its bucket.
    pub fn access_point(&self, name: impl AsRef<str>, bucket: impl Into<String>) {
        let host = format!("{}-{}", name.as_ref(), self.shared.account_id);
        self.shared.store.add_access_point(host, bucket.into());
    }

    /// The multipart uploads of a bucket that are neither completed nor aborted, as keys and upload ids.
    pub fn unfinished_uploads(&self, bucket: impl AsRef<str>) -> Vec<(String, String)> {
        let buckets = self.shared.store.lock();
        let bucket = buckets.get(bucket.as_ref());
        bucket.map(|bucket| bucket.uploads.unfinished.keys().cloned().collect()).unwrap_or_default()
    }

    /// The ids of the versions of a key, the newest first, delete markers included.
    pub fn versions(&self, bucket: impl AsRef<str>, key: impl AsRef<str>) -> Vec<String> {
        let buckets = self.shared.store.lock();
        let versions = buckets.get(bucket.as_ref()).map(|bucket| bucket.versions(key.as_ref()));
        versions.into_iter().flatten().map(|version| version.id().to_owned()).collect()
    }

    /// Puts an object into a bucket, in place of what was there, and gives it back as it is kept. In a bucket with
    /// versioning it is a new version.
    ///
    /// # Errors
    ///
    /// [`S3DirectError::NoSuchBucket`], [`S3DirectError::InvalidKey`].
    pub fn put(
        &self,
        bucket: impl AsRef<str>,
        key: impl Into<String>,
        object: impl Into<NewObject>,
    ) -> Result<Arc<Object>, S3DirectError> {
        let (key, object) = (key.into(), object.into());
        if key.is_empty() || !check_key(&key) {
            return Err(S3DirectError::InvalidKey(key.len()));
        }
        let object = self.object_of(object);
        let mut buckets = self.shared.store.lock();
        let found = buckets.get_mut(bucket.as_ref());
        let bucket = found.ok_or_else(|| S3DirectError::NoSuchBucket(bucket.as_ref().to_owned()))?;
        Ok(bucket.put(&key, object, &self.shared.ids))
    }

    fn object_of(&self, object: NewObject) -> Object {
        let checksum = Checksum::of(ChecksumAlgorithm::Crc64Nvme, &object.body);
        let NewObject { body, headers, tags, encryption } = object;
        let mut object = Object::new(body, headers, checksum, self.shared.clock.now()).encrypted(encryption);
        object.tags = tags;
        object
    }

    /// Gives a bucket of a seed, whose objects are put, what else it had.
    pub(crate) fn restore(&self, name: &str, found: FoundBucket) -> Result<(), SettingError> {
        let mut versions = Vec::new();
        for (key, older) in found.versions {
            if key.is_empty() || !check_key(&key) {
                return Err(SettingError::new("versions", format!("`{key}` is no key")));
            }
            let older = older.into_iter().map(|version| match version {
                FoundVersion::Other(version) => Ok(version),
                FoundVersion::Object(object, kept) => {
                    let mut object = self.object_of(*object);
                    kept.apply(&mut object)?;
                    Ok(Restored::Object(Box::new(object)))
                }
            });
            versions.push((key, older.collect::<Result<Vec<_>, SettingError>>()?));
        }
        let mut buckets = self.shared.store.lock();
        let Some(bucket) = buckets.get_mut(name) else { return Ok(()) };
        for (key, kept) in found.kept {
            if let Some(mut object) = bucket.object(&key).cloned() {
                kept.apply(&mut object)?;
                bucket.objects_mut().insert(key, Arc::new(object));
            }
        }
        for (key, older) in versions {
            bucket.restore_versions(&key, older)?;
        }
        if let Some(settings) = found.settings {
            settings.apply(bucket, &self.shared)?;
        }
        for id in bucket.version_ids() {
            self.shared.ids.go_on_after(id);
        }
        Ok(())
    }

    /// The object of that key.
    pub fn get(&self, bucket: impl AsRef<str>, key: impl AsRef<str>) -> Option<Arc<Object>> {
        self.shared.store.object(bucket.as_ref(), key.as_ref())
    }

    /// Removes an object, and says whether it was there. In a bucket with versioning this leaves a delete marker, as a
    /// client's delete does.
    pub fn delete(&self, bucket: impl AsRef<str>, key: impl AsRef<str>) -> bool {
        let mut buckets = self.shared.store.lock();
        buckets.get_mut(bucket.as_ref()).is_some_and(|bucket| {
            let was_there = bucket.object(key.as_ref()).is_some();
            bucket.delete(key.as_ref(), self.shared.clock.now(), &self.shared.ids);
            was_there
        })
    }

    /// Removes a bucket with all that is in it, and says whether it was there.
    pub fn delete_bucket(&self, bucket: impl AsRef<str>) -> bool {
        self.shared.store.lock().remove(bucket.as_ref()).is_some()
    }

    /// The keys of a bucket in S3's order, that of their UTF-8 bytes. None if there is no such bucket: also empty.
    pub fn keys(&self, bucket: impl AsRef<str>) -> Vec<String> {
        let buckets = self.shared.store.lock();
        buckets
            .get(bucket.as_ref())
            .map(|bucket| bucket.objects.keys().cloned().collect())
            .unwrap_or_default()
    }

    /// The names of the buckets, sorted.
    pub fn buckets(&self) -> Vec<String> {
        self.shared.store.lock().keys().cloned().collect()
    }

    #[expect(clippy::unused_self, reason = "reads as a question to S3")]
    pub(crate) fn check_bucket_name(&self, bucket: &str) -> Result<(), S3DirectError> {
        if check_bucket_name(bucket) {
            Ok(())
        } else {
            Err(S3DirectError::InvalidBucketName(bucket.to_owned()))
        }
    }

    fn with_bucket<T>(&self, name: &str, change: impl FnOnce(&mut Bucket) -> T) -> Result<T, S3DirectError> {
        let mut buckets = self.shared.store.lock();
        let bucket = buckets.get_mut(name);
        bucket.map(change).ok_or_else(|| S3DirectError::NoSuchBucket(name.to_owned()))
    }

    fn create(&self, bucket: String, region: Option<String>) -> Result<(), S3DirectError> {
        self.check_bucket_name(&bucket)?;
        let new = || {
            let owner = Arc::clone(self.shared.accounts.own());
            let configuration = Configuration::new(self.shared.object_ownership);
            Bucket::new(self.shared.clock.now(), region, owner, configuration)
        };
        self.shared.store.lock().entry(bucket).or_insert_with(new);
        Ok(())
    }
}
