//! S3: the store, the operations on it over the wire, and a door for tests past the wire.

mod bucket;
mod checksum;
mod conditions;
mod copy;
mod delete;
mod direct;
mod error;
mod list;
mod list_objects;
mod object;
mod operations;
mod put;
mod read;
mod store;
mod wire;

pub use checksum::{Checksum, ChecksumAlgorithm};
pub use direct::{S3, S3DirectError};
pub use object::{NewObject, Object, ObjectHeaders};

pub(crate) use store::{Objects, Store};
pub(crate) use wire::S3Service;
