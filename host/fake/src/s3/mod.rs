//! S3: the store, the operations on it over the wire, and a door for tests past the wire.

mod access;
mod acl;
mod attributes;
mod body;
mod bucket;
mod checksum;
mod conditions;
mod configuration;
mod copy;
mod cors;
mod customer_key;
mod delete;
mod description;
mod details;
mod direct;
mod encoding;
mod error;
mod list;
mod list_objects;
mod list_versions;
mod lock;
mod multipart;
mod new_object;
mod object;
mod operations;
mod post;
mod put;
mod read;
mod restore;
mod settings;
mod store;
mod tags;
mod versioning;
mod versions;
mod wire;

pub use checksum::{Checksum, ChecksumAlgorithm, ChecksumKind};
pub use configuration::ObjectOwnership;
pub use direct::{S3, S3DirectError};
pub use new_object::NewObject;
pub use object::{Encryption, Object, ObjectHeaders, ObjectPart, Restore};

pub(crate) use error::message;
pub(crate) use settings::{BucketSettings, ObjectSettings, Restored, SettingError};
pub(crate) use store::{Bucket, Objects, Store};
pub(crate) use versions::{History, Version};
pub(crate) use wire::S3Service;
