//! What the conformance suites and the tests with other people's clients have in common.

#![expect(
    clippy::panic,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a harness of tests fails the test"
)]

pub mod moto;
pub mod python;
