#![no_main]
//! Asks what is known of a function.

use test_programs::lambda::{Error, Function};
use test_programs::{Input, Value, configuration};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let function = Function::open(input.text("function"), input.option("qualifier").as_deref())?;
    function.get_configuration().map(|function| configuration(&function))
}
