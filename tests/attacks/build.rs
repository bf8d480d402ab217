//! Compiles the hostile guests.
#![expect(
    clippy::print_stderr,
    clippy::unnecessary_debug_formatting,
    reason = "cargo shows it, and `Debug` is how Rust quotes"
)]

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use innkeeper_build::Options;

fn main() -> Result<(), Box<dyn Error>> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("programs");
    let options = Options { profile: "guest".into(), ..Options::default() };
    let guests = innkeeper_build::build(&package, &options, &mut |event| eprintln!("{event}"))?;
    let mut code = String::new();
    for guest in &guests {
        writeln!(code, "/// `programs/src/bin/{}.rs`", guest.name)?;
        writeln!(
            code,
            "pub const {}: Component = Component::Program({:?});",
            guest.name.to_uppercase(),
            guest.path
        )?;
        for input in &guest.inputs {
            println!("cargo::rerun-if-changed={}", input.display());
        }
    }
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("programs.rs"), code)?;
    Ok(())
}
