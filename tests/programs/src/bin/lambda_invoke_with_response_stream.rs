#![no_main]
//! Runs a function and reads its answer as it comes. What was read before an error is in the answer too.

use std::io::Read;

use test_programs::lambda::{Error, Function, InvokeStreamOptions};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let function = Function::open(input.text("function"), input.option("qualifier").as_deref())?;
    let options = InvokeStreamOptions {
        client_context: input.option("client-context"),
        idempotent: input.is("idempotent"),
    };
    let payload = input.option("payload").unwrap_or_default().into_bytes();
    let answer = function.invoke_with_response_stream(&payload, &options)?;
    let (version, content_type) = (answer.executed_version.clone(), answer.content_type.clone());
    let mut stream = answer.into_reader();
    let mut body = Vec::new();
    let read = match input.number("stop-after") {
        Some(bytes) => stream.by_ref().take(bytes).read_to_end(&mut body),
        None => stream.read_to_end(&mut body),
    };
    Ok(json!({
        "executed-version": version,
        "content-type": content_type,
        "body": String::from_utf8_lossy(&body),
        "error": read.err().map(|error| format!("{:?}", Error::from(error))),
    }))
}
