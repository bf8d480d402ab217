//! `cargo demo`: the main job, on the built-in fake.

use crate::run::{Failed, cargo, root, run};

/// Where the thumbnails are put for a look.
const SAVED: &str = "target/demo";

/// What the guest is asked to do.
const INPUT: &str = r#"{"bucket":"uploads","prefix":"incoming/"}"#;

const INTRODUCTION: &str = "\
Innkeeper demo. Three steps:
  1. build the `innkeeper` binary          (first time: 4 to 6 minutes on two cores; then seconds)
  2. build the guest `thumbnailer` for WebAssembly  (first time: about a minute)
  3. run it on the built-in fake AWS, seeded from guests/rust/thumbnailer/aws
Nothing leaves this machine but downloads of crates and, if it is lacking, of the WebAssembly target.
";

pub(crate) fn demo(more: &[&str]) -> Result<(), Failed> {
    eprintln!("{INTRODUCTION}");
    eprintln!("[1/3] cargo build --package innkeeper-cli");
    run(&cargo(), &["build", "--package", "innkeeper-cli"])?;

    let binary = root().join("target/debug/innkeeper").display().to_string();
    eprintln!("[2/3] innkeeper build guests/rust/thumbnailer");
    run(
        &binary,
        &["build", "guests/rust/thumbnailer", "--profile", "guest", "--out", "guests/rust/thumbnailer"],
    )?;

    eprintln!(
        "[3/3] innkeeper run --manifest guests/rust/thumbnailer/innkeeper.toml --fake guests/rust/thumbnailer/aws \
         --save {SAVED} thumbnailer '{INPUT}'\n"
    );
    let mut arguments = vec!["run", "--manifest", "guests/rust/thumbnailer/innkeeper.toml"];
    arguments.extend(["--fake", "guests/rust/thumbnailer/aws", "--save", SAVED]);
    arguments.extend(more);
    arguments.extend(["thumbnailer", INPUT]);
    run(&binary, &arguments)?;
    eprintln!("\nThe thumbnails are in {SAVED}/s3/uploads/thumbs.");
    Ok(())
}
