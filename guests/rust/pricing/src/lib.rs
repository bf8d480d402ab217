//! A guest that is a function: it is invoked with orders, and answers with what each costs, by a price list in S3 that whoever invokes
//! it need not be able to read. Its input and its answer are JSON; see the README beside this crate.
//!
//! [`list`] is all that talks to S3. The rest is plain Rust and is tested natively.

mod list;
mod price;

use innkeeper_guest::Plugin;

use price::{Answer, Request};

struct Pricing;

impl Plugin for Pricing {
    fn run(input: Vec<u8>) -> Result<Vec<u8>, String> {
        let request = Request::parse(&input)?;
        let prices = list::read()?;
        serde_json::to_vec(&Answer::to(&request, &prices))
            .map_err(|error| format!("cannot write the answer: {error}"))
    }
}

innkeeper_guest::plugin!(Pricing);
