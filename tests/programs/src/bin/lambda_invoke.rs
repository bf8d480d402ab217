#![no_main]
//! Runs a function.

use test_programs::lambda::{Error, Function, InvokeOptions};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let function = Function::open(input.text("function"), input.option("qualifier").as_deref())?;
    let options = InvokeOptions {
        client_context: input.option("client-context"),
        log_tail: input.is("log-tail"),
        idempotent: input.is("idempotent"),
    };
    let payload = match input.number("length") {
        Some(length) => vec![b' '; usize::try_from(length).unwrap_or(usize::MAX)],
        None => input.option("payload").unwrap_or_default().into_bytes(),
    };
    for _ in 1..input.number("times").unwrap_or(1) {
        function.invoke(&payload, &options)?;
    }
    let answer = function.invoke(&payload, &options)?;
    Ok(json!({
        "payload": String::from_utf8_lossy(&answer.payload),
        "function-error": answer.function_error.map(|error| format!("{error:?}")),
        "executed-version": answer.executed_version,
        "log-tail": answer.log_tail,
    }))
}
