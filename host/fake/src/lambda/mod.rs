//! Lambda: functions that are closures, [`Handler`]s, or files with answers.
//!
//! [`rest`] is the protocol, [`invoke`] what is checked around a function and [`run`] one run of it. Of the rest of the API,
//! [`create`] makes and changes functions, [`configuration`] shows and publishes them, and [`aliases`], [`policy`] and
//! [`settings`] are what can be added to them. Beside functions there are [`layers`], and [`mappings`] of queues to functions. What
//! belongs to another account than the caller's is reached where a policy lets it be: [`access`].

mod access;
mod aliases;
mod canned;
mod configuration;
mod create;
mod destination;
mod direct;
mod document;
mod environment;
mod error;
mod function;
mod guest;
mod handler;
mod invoke;
mod kept;
mod layers;
mod mappings;
mod name;
mod package;
mod policy;
mod record;
mod rest;
mod run;
mod settings;
mod store;

pub use canned::FunctionDocument;
pub use direct::{Lambda, LambdaDirectError, LambdaFunction};
pub use function::FunctionState;
pub use guest::GuestFunction;
pub use handler::{FunctionError, FunctionErrorKind, FunctionEvent, FunctionLog, FunctionResponse, Handler};
pub use mappings::EventSourceMappingDocument;
pub use record::{INVOCATION_LIMIT, Invocation, InvocationOutcome, InvocationType};

pub(crate) use destination::FunctionDestination;
pub(crate) use document::LambdaDocument;
pub(crate) use error::{answer as error_answer, status_of};
pub(crate) use invoke::MAX_SYNC;
pub(crate) use layers::Layer;
pub(crate) use mappings::{EventSourceMapping, poll_all};
pub(crate) use name::FunctionId;
pub(crate) use rest::{Context, Route};
pub(crate) use store::LambdaState;
