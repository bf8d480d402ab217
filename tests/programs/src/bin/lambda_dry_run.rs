#![no_main]
//! Asks whether a function could be run.

use test_programs::lambda::{Error, Function};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let function = Function::open(input.text("function"), input.option("qualifier").as_deref())?;
    function.dry_run().map(|()| json!(null))
}
