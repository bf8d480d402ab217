//! Amazon SQS: the WIT interface `innkeeper:aws/sqs`.
//!
//! ```no_run
//! use innkeeper_guest::sqs::{Error, Queue, ReceiveOptions};
//!
//! fn drain() -> Result<usize, Error> {
//!     let queue = Queue::open("orders")?;
//!     let options = ReceiveOptions { max_messages: Some(10), wait_time_seconds: Some(1), ..Default::default() };
//!     let mut handled = 0;
//!     for batch in queue.batches(options) {
//!         for message in batch? {
//!             println!("{}", message.content.body);
//!             message.delete()?;
//!             handled += 1;
//!         }
//!     }
//!     Ok(handled)
//! }
//! # fn main() {}
//! ```

mod error;
mod listing;
mod message;

pub use error::Error;
pub use listing::{Names, Pages};
pub use message::Batches;

pub use crate::bindings::innkeeper::aws::common_types::Timestamp;
pub use crate::bindings::innkeeper::aws::sqs::{
    ListedMoveTask, Message, MoveTask, Queue, QueueListing, ReceivedMessage, list_queues,
};
pub use crate::bindings::innkeeper::aws::sqs_types::{
    AttributeValue, BatchError, DeduplicationScope, FifoAttributes, FifoError, KmsError, ListQueuesOptions,
    MessageAttribute, MessageContent, MoveTaskInfo, MoveTaskStatus, QueueAttributes, QueueSettings,
    ReceiveOptions, RedriveChange, RedrivePolicy, SendEntry, SendOptions, SendOutput, ThroughputLimit,
};
