//! The example's own test file, as its README says to run it: built and tested by the binary.

use std::path::Path;
use std::process::Command;

use crate::support::{Project, Run};

#[test]
fn the_example_passes_its_own_tests() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests/rust/thumbnailer");
    let project = Project::new("");
    let out = project.path().join("thumbnailer");
    std::fs::create_dir(&out).unwrap();
    let innkeeper = |arguments: &[&std::ffi::OsStr]| -> Run {
        // Cargo needs the environment of the machine; the tests themselves do not.
        let mut command = Command::new(env!("CARGO_BIN_EXE_innkeeper"));
        command.args(arguments).env("INNKEEPER_CACHE_DIR", project.path().join("compiled"));
        command.output().unwrap().into()
    };
    innkeeper(&[
        "build".as_ref(),
        example.as_os_str(),
        "--profile".as_ref(),
        "guest".as_ref(),
        "--out".as_ref(),
        out.as_os_str(),
    ])
    .exits(0);
    copy(&example.join("aws"), &out.join("aws"));
    for file in ["innkeeper.toml", "tests.toml"] {
        std::fs::copy(example.join(file), out.join(file)).unwrap();
    }
    let run = innkeeper(&["test".as_ref(), out.join("tests.toml").as_os_str()]).exits(0);
    let report = String::from_utf8_lossy(&run.stdout);
    assert!(report.contains("ok     makes a thumbnail of each picture"), "{run}");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}
