//! This repository's own guests: that they build, and that they ask for nothing but AWS and their configuration.

#![expect(clippy::panic, clippy::unwrap_used, clippy::print_stdout, reason = "it is a test")]

use std::fs;
use std::path::{Path, PathBuf};

use innkeeper_build::{Artifact, Options, build};
use pretty_assertions::assert_eq;
use wit_component::DecodedWasm;

fn built(package: &str, out_dir: Option<PathBuf>) -> Vec<Artifact> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let options = Options { profile: "guest".to_owned(), out_dir, ..Options::default() };
    build(&repository.join(package), &options, &mut |event| println!("{event}")).unwrap()
}

/// The names of the interfaces that a component imports, sorted.
fn imports(component: &Path) -> Vec<String> {
    let DecodedWasm::Component(resolve, world) =
        wit_component::decode(&fs::read(component).unwrap()).unwrap()
    else {
        panic!("`{}` is a WIT package", component.display());
    };
    let keys = resolve.worlds.get(world).unwrap().imports.keys();
    let mut names: Vec<_> = keys.map(|key| resolve.name_world_key(key)).collect();
    names.sort();
    names
}

#[test]
fn the_thumbnailer_imports_s3_and_its_configuration_and_nothing_else() {
    let out_dir = tempfile::tempdir().unwrap();
    let guests = built("guests/rust/thumbnailer", Some(out_dir.path().to_owned()));
    assert_eq!(guests.len(), 1);
    assert_eq!(guests[0].name, "thumbnailer");
    assert_eq!(
        imports(&guests[0].path),
        [
            "innkeeper:aws/common-types@0.2.0",
            "innkeeper:aws/s3-types@0.2.0",
            "innkeeper:aws/s3@0.2.0",
            "wasi:config/store@0.2.0-rc.1",
            "wasi:io/error@0.2.12",
            "wasi:io/streams@0.2.12",
        ]
    );
}

#[test]
fn every_test_program_is_a_component_and_one_that_calls_nothing_imports_nothing() {
    let guests = built("tests/programs", None);
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/programs/src/bin");
    assert_eq!(guests.len(), fs::read_dir(programs).unwrap().count());
    let echo = guests.iter().find(|guest| guest.name == "echo").unwrap();
    assert_eq!(imports(&echo.path), Vec::<String>::new());
}
