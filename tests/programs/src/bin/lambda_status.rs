#![no_main]
//! Asks whether a function can be invoked, or waits until it can.

use test_programs::lambda::{Error, Function};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let function = Function::open(input.text("function"), input.option("qualifier").as_deref())?;
    let status = match input.small("wait") {
        Some(seconds) => function.wait_until_active(seconds)?,
        None => function.status()?,
    };
    Ok(json!(format!("{status:?}")))
}
