#![no_main]
//! Has a function run, some time soon.

use test_programs::lambda::{Error, Function, InvokeAsyncOptions};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let function = Function::open(input.text("function"), input.option("qualifier").as_deref())?;
    let payload = match input.number("length") {
        Some(length) => vec![b' '; usize::try_from(length).unwrap_or(usize::MAX)],
        None => input.option("payload").unwrap_or_default().into_bytes(),
    };
    let options = InvokeAsyncOptions { idempotent: input.is("idempotent") };
    function.invoke_async(&payload, options).map(|()| json!(null))
}
