//! SQS as its users meet it: through the AWS SDK, from the client's methods to the parsed answers.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests may fail as the tests do"
)]

mod accounts;
mod attributes;
mod aws;
mod batches;
mod dead_letters;
mod documents;
mod fifo;
mod model;
mod permissions;
mod polling;
mod protocol;
mod query;
mod queues;
mod standard;
mod tasks;
