//! What is kept of buckets and objects besides bytes and descriptions, as documents: [`folder`](crate::folder) writes and reads them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::acl::Acl;
use super::bucket::EU;
use super::checksum::{Checksum, ChecksumAlgorithm};
use super::configuration::Configuration;
use super::lock::Lock;
use super::object::{Object, ObjectPart, Restore, whole_seconds};
use super::store::Bucket;
use super::versions::{DeleteMarker, Version, Versioning, is_version_id};
use crate::account::Account;
use crate::fake::Shared;
use crate::instant;

/// A bucket, but for what is in it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct BucketSettings {
    /// Left out, it is that of the fake.
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    /// Where it is not the region: `EU` of eu-west-1.
    #[serde(skip_serializing_if = "Option::is_none")]
    location_constraint: Option<String>,
    /// The id of the account; left out, it is that of the fake.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    #[serde(with = "instant::option", skip_serializing_if = "Option::is_none")]
    created: Option<SystemTime>,
    versioning: Versioning,
    #[serde(skip_serializing_if = "Option::is_none")]
    acl: Option<Acl>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    configuration: BTreeMap<String, Value>,
}

/// What S3 says of an object, and no writer.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ObjectSettings {
    #[serde(with = "instant::option", skip_serializing_if = "Option::is_none")]
    last_modified: Option<SystemTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<String>,
    /// Where it is not the MD5 of the bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    /// Where it is not the CRC-64/NVME of the bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    checksum: Option<Checksum>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<ObjectPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    restore: Option<Restore>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acl: Option<Acl>,
    #[serde(skip_serializing_if = "is_unlocked")]
    lock: Lock,
}

/// A version that a document gives back to a bucket.
pub(crate) enum Restored {
    Object(Box<Object>),
    DeleteMarker { version_id: Option<String>, last_modified: SystemTime },
}

/// Why a document is none of a bucket's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{setting}`: {reason}")]
pub(crate) struct SettingError {
    setting: String,
    reason: String,
}

impl SettingError {
    pub(crate) fn new(setting: &str, reason: impl Into<String>) -> Self {
        Self { setting: setting.to_owned(), reason: reason.into() }
    }
}

fn is_unlocked(lock: &Lock) -> bool {
    *lock == Lock::default()
}

impl BucketSettings {
    pub(crate) fn of(bucket: &Bucket, shared: &Shared) -> Self {
        let own = |account: &Account| account == &**shared.accounts.own();
        Self {
            region: bucket.region.clone().filter(|region| shared.region.as_ref() != Some(region)),
            location_constraint: bucket.is_eu.then(|| EU.to_owned()),
            owner: (!own(&bucket.owner)).then(|| bucket.owner.id.clone()),
            created: Some(bucket.created),
            versioning: bucket.versioning,
            acl: bucket.acl.clone(),
            configuration: bucket.configuration.documents(&Configuration::new(shared.object_ownership)),
        }
    }

    /// Gives a new bucket what it had.
    pub(crate) fn apply(&self, bucket: &mut Bucket, shared: &Shared) -> Result<(), SettingError> {
        if let Some(id) = &self.owner {
            let account = shared.accounts.with_id(id);
            let unknown =
                || SettingError::new("owner", format!("no identity of this fake is of the account `{id}`"));
            bucket.owner = Arc::clone(account.ok_or_else(unknown)?);
        }
        for (name, document) in &self.configuration {
            let setting = || format!("configuration.{name}");
            bucket
                .configuration
                .set_document(name, document)
                .map_err(|reason| SettingError::new(&setting(), reason))?;
        }
        if let Some(other) = self.location_constraint.as_ref().filter(|constraint| *constraint != EU) {
            let reason = format!("`{other}` is none but a region's name, which `region` says");
            return Err(SettingError::new("location-constraint", reason));
        }
        bucket.region = self.region.clone().or_else(|| bucket.region.take());
        bucket.is_eu = self.location_constraint.is_some();
        bucket.created = self.created.unwrap_or(bucket.created);
        bucket.versioning = self.versioning;
        bucket.acl.clone_from(&self.acl);
        Ok(())
    }
}

impl ObjectSettings {
    pub(crate) fn of(object: &Object) -> Self {
        let plain = Checksum::of(ChecksumAlgorithm::Crc64Nvme, &object.body);
        let md5 = hex::encode(Md5::digest(&object.body));
        Self {
            last_modified: Some(object.last_modified),
            version_id: object.version_id.clone(),
            etag: (object.etag != md5).then(|| object.etag.clone()),
            checksum: (object.checksum != plain).then(|| object.checksum.clone()),
            parts: object.parts.clone(),
            restore: object.restore,
            acl: object.acl.as_deref().cloned(),
            lock: object.lock,
        }
    }

    /// Says it of an object that has been made of its bytes and its description.
    pub(crate) fn apply(&self, object: &mut Object) -> Result<(), SettingError> {
        check_version_id(self.version_id.as_deref())?;
        object.last_modified = self.last_modified.map_or(object.last_modified, whole_seconds);
        object.version_id.clone_from(&self.version_id);
        if let Some(etag) = &self.etag {
            if etag.is_empty() || !etag.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
                return Err(SettingError::new(
                    "etag",
                    format!("`{etag}` is no entity tag: hexadecimal digits and `-`"),
                ));
            }
            object.etag.clone_from(etag);
        }
        let checksums = self.parts.iter().filter_map(|part| part.checksum.as_ref()).chain(&self.checksum);
        for Checksum { value, .. } in checksums {
            let digest = value.split_once('-').map_or(value.as_str(), |(digest, _)| digest);
            if BASE64_STANDARD.decode(digest).is_err() {
                return Err(SettingError::new("checksum", format!("`{value}` is not base64")));
            }
        }
        if let Some(checksum) = &self.checksum {
            object.checksum = checksum.clone();
        }
        // A part is read by its place in the bytes.
        let size = self.parts.iter().try_fold(0_u64, |size, part| size.checked_add(part.size));
        let ascending = self.parts.is_sorted_by(|a, b| a.number < b.number);
        let whole = ascending && size == Some(object.size());
        if !self.parts.is_empty() && !whole {
            return Err(SettingError::new(
                "parts",
                "they are not in their order, or not together as long as the object",
            ));
        }
        object.parts.clone_from(&self.parts);
        object.restore = self.restore;
        object.acl = self.acl.clone().map(Arc::new);
        object.lock = self.lock;
        Ok(())
    }
}

fn check_version_id(id: Option<&str>) -> Result<(), SettingError> {
    match id {
        Some(id) if !is_version_id(id) || id == super::versions::NULL => {
            Err(SettingError::new("version-id", format!("`{id}` is no version id: 32 letters and digits")))
        }
        _ => Ok(()),
    }
}

impl Bucket {
    /// Gives back the versions of a key that are not current, oldest first. The newest becomes current if there is no current one, as
    /// when what came after it is deleted.
    pub(crate) fn restore_versions(
        &mut self,
        key: &str,
        versions: Vec<Restored>,
    ) -> Result<(), SettingError> {
        let mut history = Vec::new();
        for version in versions {
            history.push(match version {
                Restored::Object(object) => Version::Object(Arc::from(object)),
                Restored::DeleteMarker { version_id, last_modified } => {
                    check_version_id(version_id.as_deref())?;
                    Version::DeleteMarker(DeleteMarker {
                        version_id,
                        last_modified: whole_seconds(last_modified),
                    })
                }
            });
        }
        if !history.is_empty() {
            self.history.insert(key.to_owned(), history);
            if self.object(key).is_none() {
                self.promote(key);
            }
        }
        Ok(())
    }

    /// Every version id in it that is not `null`.
    pub(crate) fn version_ids(&self) -> impl Iterator<Item = &str> {
        let current = self.objects.values().filter_map(|object| object.version_id.as_deref());
        let older =
            self.history.values().flatten().map(Version::id).filter(|id| *id != super::versions::NULL);
        current.chain(older)
    }
}
