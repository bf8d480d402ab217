//! Compiles the guests that the tests run, and writes down which there are.
#![expect(
    clippy::print_stderr,
    clippy::unnecessary_debug_formatting,
    reason = "cargo shows it, and `Debug` is how Rust quotes"
)]

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use innkeeper_build::{Artifact, Options};

/// Which suite of `tests` a program belongs to, by what its name begins with; the first that fits.
const SUITES: [(&str, &str); 11] = [
    ("s3_bucket_", "s3_buckets"),
    ("s3_list_", "s3_listings"),
    ("s3_presign_", "s3_presign"),
    ("s3_tag_", "s3_tags"),
    ("s3_upload_", "s3_transfers"),
    ("s3_", "s3"),
    ("sqs_", "sqs"),
    ("lambda_", "lambda"),
    ("wasi_", "wasi"),
    ("http_", "http"),
    ("testing_", "testing"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let programs = compile(&root.join("tests/programs"), None)?;
    // Where the manifest of the example wants them: those of one manifest are in one folder.
    let mut examples = Vec::new();
    for (example, folder) in
        [("order-desk", "order-desk"), ("pricing", "order-desk"), ("thumbnailer", "thumbnailer")]
    {
        examples.extend(compile(&root.join("guests/rust").join(example), Some(out.join(folder)))?);
    }

    let folder = programs.first().and_then(|program| program.path.parent()).ok_or("there are no programs")?;
    let mut code = String::new();
    writeln!(code, "/// The folder of the compiled programs.\npub const PROGRAMS: &str = {folder:?};")?;
    writeln!(code, "/// The programs of `tests/programs`, by name.\npub mod program {{")?;
    for program in &programs {
        let name = &program.name;
        writeln!(
            code,
            "    /// `tests/programs/src/bin/{name}.rs`\n    pub const {}: &str = {name:?};",
            name.to_uppercase()
        )?;
    }
    writeln!(code, "}}")?;
    for Artifact { name, path, .. } in &examples {
        writeln!(code, "/// The compiled example.\npub const {}: &str = {path:?};", name.to_uppercase())?;
    }
    // A program without a test of its name in the suite does not compile; see `src/lib.rs`. What is no service's is the guest's own.
    let mut suites: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for program in &programs {
        let suite = SUITES.into_iter().find(|(prefix, _)| program.name.starts_with(prefix));
        suites.entry(suite.map_or("guest", |(_, suite)| suite)).or_default().push(&program.name);
    }
    for (suite, names) in suites {
        writeln!(code, "/// Calls a macro with the name of each program of the suite.\n#[macro_export]")?;
        writeln!(code, "macro_rules! foreach_{suite} {{ ($mac:ident) => {{")?;
        for name in names {
            writeln!(code, "    $mac!({name});")?;
        }
        writeln!(code, "}} }}")?;
    }
    fs::write(out.join("programs.rs"), code)?;
    Ok(())
}

fn compile(package: &Path, out_dir: Option<PathBuf>) -> Result<Vec<Artifact>, Box<dyn Error>> {
    let options = Options { profile: "guest".into(), out_dir, ..Options::default() };
    let guests = innkeeper_build::build(package, &options, &mut |event| eprintln!("{event}"))?;
    for input in guests.iter().flat_map(|guest| &guest.inputs) {
        println!("cargo::rerun-if-changed={}", input.display());
    }
    Ok(guests)
}
