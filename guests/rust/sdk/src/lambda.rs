//! AWS Lambda: the WIT interface `innkeeper:aws/lambda`.
//!
//! ```no_run
//! use innkeeper_guest::lambda::{Error, Function, InvokeOptions};
//!
//! fn price(order: &[u8]) -> Result<Vec<u8>, Error> {
//!     let function = Function::open("price", Some("live"))?;
//!     let answer = function.invoke(order, &InvokeOptions { idempotent: true, ..Default::default() })?;
//!     match answer.function_error {
//!         None => Ok(answer.payload),
//!         Some(_) => Err(Error::Other(String::from_utf8_lossy(&answer.payload).into_owned())),
//!     }
//! }
//! # fn main() {}
//! ```

mod error;
mod listing;
mod stream;

pub use error::Error;
pub use listing::{AliasPages, Aliases, Functions, Pages};
pub use stream::ResponseStream;

pub use crate::bindings::innkeeper::aws::common_types::Timestamp;
pub use crate::bindings::innkeeper::aws::lambda::{
    AliasListing, Function, FunctionListing, StreamedInvocation, list_functions, stream_error,
};
pub use crate::bindings::innkeeper::aws::lambda_types::{
    FunctionAlias, FunctionConfiguration, FunctionError, FunctionFailure, FunctionStatus, Invocation,
    InvokeAsyncOptions, InvokeOptions, InvokeStreamOptions, NeededResource, ThrottleReason,
};
