#![no_main]
//! Lists the queues, page by page.

use test_programs::sqs::{Error, ListQueuesOptions, list_queues};
use test_programs::{Input, Value, json, pages_and_errors};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let options = ListQueuesOptions { prefix: input.option("prefix"), page_size: input.small("page-size") };
    let listing = list_queues(&options)?;
    if input.is("again") {
        return pages_and_errors(|| listing.next_page(), |names| json!(names));
    }
    let pages: Result<Vec<_>, _> = listing.pages().collect();
    Ok(json!(pages?))
}
