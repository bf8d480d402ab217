//! Snapshots: files that say what is expected, and that `--accept` writes.

use std::io;
use std::path::Path;

use cap_std::fs::Dir;
use innkeeper_testing::{Content, Difference};
use serde_json::Value;

use super::Snapshots;

/// What came of a comparison.
#[derive(Debug)]
pub(super) enum Checked {
    Same,
    Differs(Difference),
    /// It was written anew.
    Accepted,
}

/// Compares bytes with a snapshot below `directory`, or makes them it.
pub(super) fn check(directory: &Dir, path: &Path, actual: &[u8], mode: Snapshots) -> io::Result<Checked> {
    let difference = match directory.read(path) {
        Ok(expected) => match compare(path, expected, actual) {
            Ok(()) => return Ok(Checked::Same),
            Err(difference) => difference,
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Difference::remark("there is no such file yet")
        }
        Err(error) => return Err(error),
    };
    match mode {
        Snapshots::Compare => Ok(Checked::Differs(difference)),
        Snapshots::Accept => {
            if let Some(folder) = path.parent().filter(|folder| *folder != Path::new("")) {
                directory.create_dir_all(folder)?;
            }
            directory.write(path, written(path, actual))?;
            Ok(Checked::Accepted)
        }
    }
}

fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

fn compare(path: &Path, expected: Vec<u8>, actual: &[u8]) -> Result<(), Difference> {
    let content = match serde_json::from_slice::<Value>(&expected) {
        Ok(value) if is_json(path) => Content::Json(value),
        _ => Content::Bytes(expected),
    };
    content.compare(actual)
}

/// What is written: JSON over several lines, so that a version control system shows what has changed.
fn written(path: &Path, actual: &[u8]) -> Vec<u8> {
    match serde_json::from_slice::<Value>(actual) {
        Ok(value) if is_json(path) => format!("{value:#}\n").into_bytes(),
        _ => actual.to_vec(),
    }
}
