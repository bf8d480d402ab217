//! Amazon S3: the host's side of `innkeeper:aws/s3`.
//!
//! [`host`] speaks WIT and moves handles. A file for each family of operations does the work, against the records of `s3-types` alone:
//! [`object`], [`delete_many`], [`copy`], [`tags`], [`attributes`], [`upload`], [`listing`], [`administration`], [`presign`], [`wait`].
//! Bodies come through [`body`], which makes connections anew ([`download`]) and several at once ([`prefetch`]); [`multipart`] is what
//! uploads and long copies have in common, and [`transfer`] bounds them all. [`stored`], [`convert`] and [`error`] translate.

#![expect(
    unreachable_pub,
    reason = "the generated code re-exports the resources, which it can do of `pub` types alone"
)]

mod administration;
mod attributes;
mod body;
mod bucket;
mod convert;
mod copy;
mod delete_many;
mod download;
pub(crate) mod error;
mod host;
mod listing;
mod multipart;
mod object;
mod prefetch;
mod presign;
mod stored;
mod tags;
mod token;
mod transfer;
mod upload;
mod wait;

use std::error::Error as StdError;

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;

use crate::bindings::s3_types::Error;
use crate::gate::CallRecord;

pub use self::bucket::Bucket;
pub use self::error::Failure;
pub use self::listing::{BucketListing, ObjectListing, UploadListing, VersionListing};
pub(crate) use self::token::TokenKey;
pub(crate) use self::transfer::Transfers;
pub use self::upload::Upload;

/// Ends a call that failed: the cause goes to the audit trail, the case to the guest.
fn settle<E>(call: &mut CallRecord, error: &SdkError<E, HttpResponse>) -> Error
where
    E: StdError + ProvideErrorMetadata + 'static,
{
    let case = error::from_sdk(error);
    call.fail(error::case(&case), error);
    case
}
