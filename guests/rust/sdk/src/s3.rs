//! Amazon S3: the WIT interface `innkeeper:aws/s3`.

mod error;
mod listing;
mod upload;

pub use error::Error;
pub use listing::{Listing, Objects, Pages};

pub use crate::bindings::innkeeper::aws::s3::{
    Bucket, BucketListing, InputStream, Object, ObjectListing, OutputStream, Upload, UploadListing,
    VersionListing, list_buckets, stream_error,
};
pub use crate::bindings::innkeeper::aws::s3_types::{
    BucketPage, BucketStatus, BucketSummary, ByteRange, Checksum, ChecksumAlgorithm, ChecksumChoice,
    ChecksumType, CopiedMetadata, CopiedTags, CopyObjectOptions, DeleteObjectOptions, DeleteObjectOutput,
    Encryption, EncryptionKind, Existence, GetObjectOptions, HeadObjectOptions, ListBucketsOptions,
    ListObjectVersionsOptions, ListObjectsOptions, ListUploadsOptions, ObjectAttributes,
    ObjectAttributesOptions, ObjectBytes, ObjectHeaders, ObjectIdentifier, ObjectInfo, ObjectPage,
    ObjectPart, ObjectParts, ObjectSummary, ObjectVersion, PresignGetOptions, PresignPutOptions,
    PresignedRequest, PutObjectOptions, PutObjectOutput, ResponseHeaders, RestoreObjectOptions,
    RestoreOutcome, RestoreStatus, RestoreTier, Timestamp, UnfinishedUpload, UploadPage, VersionPage,
};
