//! Lambda as its users meet it: through the AWS SDK, from the client's methods to the parsed answers.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "helpers of tests may fail as the tests do")]

mod accounts;
mod aws;
mod configuration;
mod documents;
mod events;
mod invoke;
mod layers;
mod limits;
mod manage;
mod protocol;
mod saved;
mod sources;
mod streams;
