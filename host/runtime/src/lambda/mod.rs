//! AWS Lambda: the host's side of `innkeeper:aws/lambda`.
//!
//! [`host`] speaks WIT and moves handles; [`invoke`], [`configuration`] and [`listing`] do the work, against the records of
//! `lambda-types` alone; [`body`] carries a streamed answer; [`convert`] and [`error`] translate.

#![expect(
    unreachable_pub,
    reason = "the generated code re-exports the resources, which it can do of `pub` types alone"
)]

mod body;
mod configuration;
mod convert;
pub(crate) mod error;
mod function;
mod host;
mod invoke;
mod listing;

use std::error::Error as StdError;

use aws_sdk_lambda::error::ProvideErrorMetadata;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;

use crate::bindings::lambda_types::Error;
use crate::gate::CallRecord;

pub use self::error::Failure;
pub use self::function::Function;
pub use self::listing::{AliasListing, FunctionListing};

/// Ends a call that failed: the cause goes to the audit trail, the case to the guest.
fn settle<E>(call: &mut CallRecord, error: &SdkError<E, HttpResponse>) -> Error
where
    E: StdError + ProvideErrorMetadata + 'static,
{
    let case = error::from_sdk(error);
    call.fail(error::case(&case), error);
    case
}
