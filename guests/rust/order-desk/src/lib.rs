//! A guest that handles orders: it drains a queue of them, has each batch priced by a function, writes what can be delivered to S3, sends
//! what cannot to another queue with the reason, and puts off what has no price yet. Its input and its answer are JSON; see the README
//! beside this crate.
//!
//! [`desk`] decides what becomes of a message, and [`queues`], [`pricing`] and [`book`] are all that talks to SQS, Lambda and S3. The
//! rest is plain Rust and is tested natively.

mod book;
mod desk;
mod job;
mod order;
mod price;
mod pricing;
mod queues;
mod report;

use innkeeper_guest::{Plugin, config};

use job::{Job, Settings};

struct OrderDesk;

impl Plugin for OrderDesk {
    fn run(input: Vec<u8>) -> Result<Vec<u8>, String> {
        let job = Job::parse(&input)?;
        let settings = settings().map_err(|error| error.to_string())?.checked()?;
        let report = desk::run(&job, &settings)?;
        serde_json::to_vec_pretty(&report).map_err(|error| format!("cannot write the report: {error}"))
    }
}

innkeeper_guest::plugin!(OrderDesk);

/// What the manifest configures, and defaults for what it does not.
fn settings() -> Result<Settings, config::Error> {
    let default = Settings::default();
    Ok(Settings {
        pricing_seconds: config::parse("pricing-seconds")?.unwrap_or(default.pricing_seconds),
        retry_seconds: config::parse("retry-seconds")?.unwrap_or(default.retry_seconds),
    })
}
