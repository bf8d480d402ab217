//! What the fuzz targets of `tests/fuzz` do with their input.
//!
//! A function panics where something that is always to hold does not, which is how libFuzzer learns of it; the test of this crate
//! calls the same functions with every file of the corpora.
//!
//! ```
//! innkeeper_fuzz_targets::arn("arn:aws:s3:::uploads/incoming/a.jpg");
//! innkeeper_fuzz_targets::queue_url("https://sqs.eu-west-1.amazonaws.com/123456789012/jobs");
//! ```
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "panicking is how a finding is reported"
)]

mod arn;
#[cfg(feature = "runtime")]
mod component;
#[cfg(feature = "fake")]
mod key;
#[cfg(feature = "runtime")]
mod manifest;
mod policy_json;
mod queue_url;

pub use self::arn::arn;
#[cfg(feature = "runtime")]
pub use self::component::component;
#[cfg(feature = "fake")]
pub use self::key::key;
#[cfg(feature = "runtime")]
pub use self::manifest::manifest;
pub use self::policy_json::policy_json;
pub use self::queue_url::queue_url;
