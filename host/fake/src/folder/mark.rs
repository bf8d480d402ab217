//! The mark of a folder that was saved to, by which a later save knows that what is there is a save's to replace.

use std::io;
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use serde::{Deserialize, Serialize};

use super::SaveError;
use super::metadata::FILE;

/// The document at the top of the folder. Hidden, so that a seed passes it over.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Mark {
    saved: Extent,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Extent {
    /// All that was in a fake, so that what else is in `s3`, `sqs` and `lambda` goes with the next save.
    Whole,
}

/// Marks a folder as one whose services are a save's to replace.
pub(super) fn set(root: &Dir) -> io::Result<()> {
    let mut text = serde_json::to_vec(&Mark { saved: Extent::Whole })?;
    text.push(b'\n');
    root.write(FILE, text)
}

/// Whether a save to `dir` takes nothing away but what an earlier one has written: the folder is not there, has nothing in it but
/// hidden names, or has the mark.
pub(crate) fn check(dir: &Path) -> Result<(), SaveError> {
    let failed = |source| SaveError::Io { path: dir.to_owned(), source };
    let root = match Dir::open_ambient_dir(dir, ambient_authority()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened.map_err(failed)?,
    };
    for entry in root.entries().map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        if !name.as_encoded_bytes().starts_with(b".") {
            return if is_set(&root) {
                Ok(())
            } else {
                Err(SaveError::NotSavedBefore { path: dir.to_owned() })
            };
        }
    }
    Ok(())
}

/// A mark that cannot be read, or says something else, is none.
fn is_set(root: &Dir) -> bool {
    // Opening anything but a file could wait for ever (a pipe).
    let is_file = root.symlink_metadata(FILE).is_ok_and(|metadata| metadata.is_file());
    is_file && root.read(FILE).is_ok_and(|text| serde_json::from_slice::<Mark>(&text).is_ok())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::{FakeAws, SaveError};

    fn fake() -> FakeAws {
        let fake = FakeAws::new();
        fake.s3().create_bucket("bucket").unwrap();
        fake
    }

    #[test]
    fn a_folder_that_is_new_or_empty_can_be_saved_to_and_then_again() {
        let folder = tempfile::tempdir().unwrap();
        for dir in [folder.path().join("new"), folder.path().to_owned()] {
            FakeAws::check_save(&dir).unwrap();
        }
        fs::write(folder.path().join(".gitkeep"), "").unwrap();
        FakeAws::check_save(folder.path()).unwrap();
        fake().save(folder.path()).unwrap();
        FakeAws::check_save(folder.path()).unwrap();
        // What was saved is a seed, mark and all.
        let again = FakeAws::new();
        again.seed(folder.path()).unwrap();
        assert_eq!(again.s3().buckets(), ["bucket"]);
    }

    #[test]
    fn errors_when_the_folder_has_what_no_save_has_written() {
        for path in ["s3/bucket/key", "sqs/orders.json", "README"] {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, "{}").unwrap();
            let error = FakeAws::check_save(folder.path()).unwrap_err();
            assert!(matches!(error, SaveError::NotSavedBefore { .. }), "{error}");
            FakeAws::check_save(&file).unwrap_err();
        }
    }

    #[test]
    fn a_document_that_says_something_else_is_no_mark() {
        for text in ["", "{}", r#"{"saved":"some"}"#, r#"{"saved":"whole","s3":{}}"#, r#"{"objects":{}}"#] {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir(folder.path().join("s3")).unwrap();
            fs::write(folder.path().join(".innkeeper.json"), text).unwrap();
            FakeAws::check_save(folder.path()).unwrap_err();
        }
    }

    #[test]
    fn what_a_run_has_saved_is_not_marked() {
        let folder = tempfile::tempdir().unwrap();
        let aws = FakeAws::new();
        let before = aws.snapshot();
        aws.s3().create_bucket("bucket").unwrap();
        aws.s3().put("bucket", "key", "body").unwrap();
        before.changes_to(&aws.snapshot()).save(folder.path()).unwrap();
        FakeAws::check_save(folder.path()).unwrap_err();
    }
}
