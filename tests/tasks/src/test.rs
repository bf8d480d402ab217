//! `cargo test-all`: every test there is.

use crate::run::{Failed, cargo, run};

const INTRODUCTION: &str = "\
Innkeeper's tests: units, properties, documentation examples, guests on the built-in fake, and the example on moto_server.
First time on two cores: about 12 minutes to build, then 5 to run. The WebAssembly target and moto_server (from
PyPI, with the `python3` of this machine) are installed below target/ if they are lacking.
";

pub(crate) fn test() -> Result<(), Failed> {
    eprintln!("{INTRODUCTION}");
    run(&cargo(), &["test", "--no-fail-fast"])
}
