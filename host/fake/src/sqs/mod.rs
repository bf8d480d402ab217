//! SQS: standard and FIFO queues.
//!
//! [`queue`] and [`receive`] are one queue as a machine of states, [`store`] is all of them and what leads from one to
//! another, [`operations`] is the API on top, and [`json`] and [`query`] are its protocols. Other services name queues by ARN
//! ([`named`]): [`source`] is how functions get messages, [`destination`] how buckets send them. Nothing runs in the background: what
//! time brings about is brought about when somebody looks, as of the time at which it was due.

mod access;
mod attribute;
mod deduplication;
mod destination;
mod direct;
mod document;
mod error;
mod json;
mod message;
mod name;
mod named;
mod operations;
mod query;
mod queue;
mod receipt;
mod receive;
mod redrive;
mod request;
mod settings;
mod snapshot;
mod source;
mod store;
mod task;

pub use attribute::MessageAttribute;
pub use direct::{Sqs, SqsDirectError};
pub use document::QueueDocument;
pub use message::{MessageState, NewMessage, QueueMessage};
pub use snapshot::{MessageChange, QueueChange, QueueSnapshot, SqsChanges};

pub(crate) use error::status_of;
pub(crate) use name::{is_fifo_name, is_plain_name};
pub(crate) use named::{NamedQueue, Unreachable};
pub(crate) use request::{Caller, Protocol, Request};
pub(crate) use snapshot::{Queues, changes};
pub(crate) use source::SourceMessage;
pub(crate) use store::SqsState;
