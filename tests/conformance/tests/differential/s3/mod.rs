//! Operations of S3.

mod listings;
mod objects;
mod operation;
mod uploads;

pub(crate) use self::operation::{first, operation};
