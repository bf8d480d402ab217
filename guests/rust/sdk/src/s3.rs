//! Amazon S3: the WIT interface `innkeeper:aws/s3`.

mod error;
mod listing;

pub use error::Error;
pub use listing::{Objects, Pages};

pub use crate::bindings::innkeeper::aws::s3::{Bucket, InputStream, Object, ObjectListing, stream_error};
pub use crate::bindings::innkeeper::aws::s3_types::{
    ByteRange, DeleteObjectOutput, GetObjectOptions, ListObjectsOptions, ObjectBytes, ObjectInfo, ObjectPage,
    ObjectSummary, PutObjectOptions, PutObjectOutput, Timestamp,
};
