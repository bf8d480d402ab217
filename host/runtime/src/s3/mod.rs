//! Amazon S3: the host's side of `innkeeper:aws/s3`.
//!
//! [`host`] speaks WIT and moves handles; [`object`] and [`listing`] do the work, against the records of `s3-types` alone;
//! [`convert`] and [`error`] translate.

#![expect(unreachable_pub, reason = "the generated code re-exports the resources, which it can do of `pub` types alone")]

mod body;
mod bucket;
mod convert;
pub(crate) mod error;
mod host;
mod listing;
mod object;

use std::error::Error as StdError;

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;

use crate::bindings::s3_types::Error;
use crate::gate::CallRecord;

pub use self::bucket::Bucket;
pub use self::error::Failure;
pub use self::listing::ObjectListing;

/// Ends a call that failed: the cause goes to the audit trail, the case to the guest.
fn settle<E>(call: &mut CallRecord, error: &SdkError<E, HttpResponse>) -> Error
where
    E: StdError + ProvideErrorMetadata + 'static,
{
    let case = error::from_sdk(error);
    call.fail(error::case(&case), error);
    case
}
