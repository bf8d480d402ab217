//! Tests of guests: the real host on a fake AWS, in sentences.
//!
//! A test says what is in AWS, what goes wrong there, which guest of which manifest is called with what, and what has to come of it.
//! The guest is the component that runs in production, under its own policy and limits; the host, the SDK, its retries and its signatures
//! are the real ones; and AWS is [`innkeeper_fake`], so nothing is sent anywhere and nothing of the machine's environment is read.
//!
//! ```no_run
//! use innkeeper_testing::{Fault, TestHost};
//! use serde_json::json;
//!
//! #[tokio::test(start_paused = true)]
//! async fn counts_what_is_there_although_s3_is_slow() {
//!     let host = TestHost::from_manifest("innkeeper.toml")
//!         .with_object("uploads", "a.txt", "one")
//!         .with_object("uploads", "b.txt", "two")
//!         .with_fault(Fault::error("SlowDown").on("ListObjectsV2").times(2));
//!
//!     let called = host.call("count", "uploads").await;
//!
//!     called.returned_json(&json!({ "count": 2 }));
//!     called.object("uploads", "report.txt").is("2 objects").has_content_type("text/plain");
//!     called.made("PutObject").on("arn:aws:s3:::uploads/report.txt").once();
//!     called.made("ListObjectsV2").on("arn:aws:s3:::uploads").after_attempts(3).once();
//!     called.was_denied("s3:GetObject").on("arn:aws:s3:::uploads/private/*").never();
//! }
//! # fn main() {}
//! ```
//!
//! An assertion that does not hold ends the test with what differs, as a diff, and with what was asked of AWS until then:
//!
//! ```text
//! the object s3://uploads/report.txt is another:
//!   - 2 objects
//!   + 1 object
//!
//! Asked of AWS (2):
//!   1. s3 ListObjectsV2 on arn:aws:s3:::uploads: ok after 3 attempts
//!   2. s3:PutObject on arn:aws:s3:::uploads/report.txt: denied (not granted)
//! ```
//!
//! # Time
//!
//! With `start_paused = true` there is one clock, and it is virtual: the SDK's backoff, the fake's dates, visibility timeouts and a
//! guest's sleep take no time, and a guest that waits a week is back in a millisecond. The guest's CPU time is real, so one that computes for
//! ever still ends at its limit.
//!
//! The guest's own clocks are that one too: it sees the time go by for which it slept, or for which a test lets it
//! ([`TestHost::advance`]).
//!
//! # Recordings
//!
//! A call can be recorded, on AWS or on a fake, and made again with the recorded answers: see [`recording`].
//!
//! # Without panics
//!
//! [`FakeHost`] is the same without the sentences: errors are results. What it gives back, [`Called`], can be asked
//! ([`Called::calls`], [`Called::denials`]) and checked ([`check`]) without a panic. `innkeeper test` and `innkeeper run --fake` are made
//! of it.

mod called;
pub mod check;
mod difference;
mod engine;
mod fake_host;
mod guest_function;
mod message;
mod pattern;
pub mod recording;
mod sentence;
mod stand_in;
mod test_host;
mod trail;

pub use innkeeper_fake::{
    FakeAws, Fault, FunctionError, FunctionEvent, FunctionResponse, MessageAttribute, MessageState,
    NewMessage, NewObject, Service,
};

pub use self::called::{Called, ErrorKind};
pub use self::difference::{Content, DiffLine, Difference, LineKind};
pub use self::engine::{CACHE_VARIABLE, cache_directory, engine};
pub use self::fake_host::{FakeHost, NotReady, host_on, host_on_with};
pub use self::guest_function::{GuestFunction, ResolveError, resolve_functions};
pub use self::message::ExpectedMessage;
pub use self::pattern::{CallPattern, DenialPattern, Times, UnknownName};
pub use self::sentence::{Calls, Denials, FunctionSentence, ObjectSentence, QueueSentence};
pub use self::stand_in::{fake_for, stand_in_account};
pub use self::test_host::TestHost;
pub use self::trail::{Event, Trail};
