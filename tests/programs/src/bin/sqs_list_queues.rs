#![no_main]
//! Lists the queues, page by page.

use test_programs::sqs::{Error, ListQueuesOptions, list_queues};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let options = ListQueuesOptions { prefix: input.option("prefix"), page_size: input.small("page-size") };
    let pages: Result<Vec<_>, _> = list_queues(&options)?.pages().collect();
    Ok(json!(pages?))
}
