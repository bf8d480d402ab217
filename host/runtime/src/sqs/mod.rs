//! Amazon SQS: the host's side of `innkeeper:aws/sqs`.
//!
//! [`host`] speaks WIT and moves handles; [`send`], [`receive`], [`message`], [`attributes`], [`manage`], [`listing`] and
//! [`move_task`] do the work, against the records of `sqs-types` alone; [`convert`], [`digest`] and [`error`] translate.

#![expect(
    unreachable_pub,
    reason = "the generated code re-exports the resources, which it can do of `pub` types alone"
)]

mod attributes;
mod convert;
mod digest;
pub(crate) mod error;
mod host;
mod listing;
mod manage;
mod message;
mod move_task;
mod queue;
mod receive;
mod send;

use std::error::Error as StdError;

use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;

use crate::bindings::sqs_types::Error;
use crate::gate::CallRecord;

pub use self::error::Failure;
pub use self::listing::QueueListing;
pub use self::message::Message;
pub use self::move_task::MoveTask;
pub use self::queue::Queue;
pub(crate) use self::queue::QueueUrls;

/// Ends a call: the audit trail gets the cause of a failure, the guest gets its case.
fn settle<T, E>(call: &mut CallRecord, answer: Result<T, SdkError<E, HttpResponse>>) -> Result<T, Error>
where
    E: StdError + ProvideErrorMetadata + 'static,
{
    match answer {
        Ok(output) => {
            call.succeed();
            Ok(output)
        }
        Err(error) => {
            let case = error::from_sdk(&error);
            call.fail(error::case(&case), &error);
            Err(case)
        }
    }
}
