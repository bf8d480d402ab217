//! The binary, as a user meets it: what it prints, and how it ends.

// Where clippy looks for what may unwrap.
#![cfg(test)]

mod bad_input;
mod build;
mod check;
mod examples;
mod fake;
mod functions;
mod guests;
mod inspect;
#[cfg(unix)]
mod interrupt;
mod learn;
mod policy;
mod replay;
mod run;
mod support;
mod test;
