//! The examples' own test files, as their READMEs say to run them: built and tested by the binary.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Project, Run};

/// Builds these examples into one folder, puts the rest of the first there, and runs its test file.
fn passes_its_own_tests(examples: &[&str]) -> String {
    let rust = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests/rust");
    let project = Project::new("");
    let out = project.path().join("example");
    std::fs::create_dir(&out).unwrap();
    let innkeeper = |arguments: &[&OsStr]| -> Run {
        // Cargo needs the environment of the machine; the tests themselves do not.
        let mut command = Command::new(env!("CARGO_BIN_EXE_innkeeper"));
        command.args(arguments).env("INNKEEPER_CACHE_DIR", project.path().join("compiled"));
        command.output().unwrap().into()
    };
    let folders: Vec<PathBuf> = examples.iter().map(|example| rust.join(example)).collect();
    for folder in &folders {
        innkeeper(&[
            "build".as_ref(),
            folder.as_os_str(),
            "--profile".as_ref(),
            "guest".as_ref(),
            "--out".as_ref(),
            out.as_os_str(),
        ])
        .exits(0);
    }
    copy(&folders[0].join("aws"), &out.join("aws"));
    for file in ["innkeeper.toml", "tests.toml"] {
        std::fs::copy(folders[0].join(file), out.join(file)).unwrap();
    }
    let run = innkeeper(&["test".as_ref(), out.join("tests.toml").as_os_str()]).exits(0);
    String::from_utf8_lossy(&run.stdout).into_owned()
}

#[test]
fn the_thumbnailer() {
    let report = passes_its_own_tests(&["thumbnailer"]);
    assert!(report.contains("ok     makes a thumbnail of each picture"), "{report}");
}

#[test]
fn the_order_desk() {
    let report = passes_its_own_tests(&["order-desk", "pricing"]);
    assert!(report.contains("ok     handles every order, and tries one without a price again"), "{report}");
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
