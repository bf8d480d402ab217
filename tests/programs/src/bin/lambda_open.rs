#![no_main]
//! Opens a function by the name that it is given.

use test_programs::lambda::{Error, Function};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    Function::open(input.text("function"), input.option("qualifier").as_deref()).map(|_| json!({}))
}
