//! Hidden names in a folder that is saved to. A seed passes them over, so they are in no fake; they are somebody's all the same, and what
//! takes the place of the folder has them again.

use std::ffi::OsStr;
use std::io;
use std::path::{Component, Path, PathBuf};

use cap_std::fs::Dir;

use super::metadata::FILE;
use super::whole::VERSIONS;

/// Where that goes of which the bucket is gone, or whose folder is an object now. Hidden itself, and no part of what is saved.
pub(super) const ORPHANS: &str = ".orphans";

/// Puts what is hidden in the folders of services below `new` as well, which will take their place. It is in both then, as a link where
/// the file system has them, so that whatever comes in between loses nothing.
pub(super) fn keep(root: &Dir, services: &[&str], new: &Path) -> Result<(), (PathBuf, io::Error)> {
    let mut left: Vec<PathBuf> = services.iter().map(PathBuf::from).collect();
    while let Some(folder) = left.pop() {
        for (path, is_folder) in entries(root, &folder)? {
            let is_hidden = path.file_name().is_some_and(is_hidden);
            match (is_hidden, is_folder) {
                (false, true) => left.push(path),
                (true, _) if !is_of_a_save(&path) => link(root, &path, &place(root, &path, new))?,
                _ => {}
            }
        }
    }
    Ok(())
}

/// The paths in a folder, and which of them are folders. A link to one is none.
fn entries(root: &Dir, folder: &Path) -> Result<Vec<(PathBuf, bool)>, (PathBuf, io::Error)> {
    let failed = |error| (folder.to_owned(), error);
    match root.symlink_metadata(folder) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Ok(Vec::new()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    }
    let mut all = Vec::new();
    for entry in root.read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        all.push((folder.join(entry.file_name()), entry.file_type().map_err(failed)?.is_dir()));
    }
    Ok(all)
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

/// Whether an earlier save has written it, and this one says anew what it says.
fn is_of_a_save(path: &Path) -> bool {
    let names: Vec<_> = path.components().map(Component::as_os_str).collect();
    match names.as_slice() {
        [service, _, name] => *service == "s3" && (*name == FILE || *name == VERSIONS),
        [service, name] => *service == "lambda" && *name == FILE,
        _ => false,
    }
}

/// Where something goes: to its old place, or where that is no more, to the orphans.
fn place(root: &Dir, path: &Path, new: &Path) -> PathBuf {
    let is_of_a_bucket = path.starts_with("s3") && path.components().count() > 2;
    let bucket: PathBuf = path.components().take(2).collect();
    // A folder would make a bucket of it in the next seed.
    let is_there = !is_of_a_bucket || root.is_dir(new.join(bucket));
    let place = new.join(path);
    match place.parent() {
        Some(folder) if is_there && root.create_dir_all(folder).is_ok() => place,
        _ => Path::new(ORPHANS).join(path),
    }
}

/// Makes a file, or a folder with all that is in it, be in another place too. What is there is replaced.
fn link(root: &Dir, from: &Path, to: &Path) -> Result<(), (PathBuf, io::Error)> {
    let mut left = vec![(from.to_owned(), to.to_owned())];
    while let Some((from, to)) = left.pop() {
        let failed = |error| (to.clone(), error);
        if root.symlink_metadata(&from).map_err(failed)?.is_dir() {
            root.create_dir_all(&to).map_err(failed)?;
            for (path, _) in entries(root, &from)? {
                let to = to.join(path.file_name().unwrap_or_default());
                left.push((path, to));
            }
            continue;
        }
        if let Some(folder) = to.parent() {
            root.create_dir_all(folder).map_err(failed)?;
        }
        match root.remove_file(&to) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        if root.hard_link(&from, root, &to).is_err() {
            root.copy(&from, root, &to).map_err(failed)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::ORPHANS;
    use crate::FakeAws;

    fn write(folder: &Path, files: &[&str]) {
        for file in files {
            let path = folder.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
    }

    fn seeded(folder: &Path) -> FakeAws {
        let fake = FakeAws::new();
        fake.seed(folder).unwrap();
        fake
    }

    #[track_caller]
    fn has(folder: &Path, file: &str) {
        assert_eq!(fs::read_to_string(folder.join(file)).unwrap_or_default(), file);
    }

    const HIDDEN: [&str; 7] = [
        "s3/.DS_Store",
        "s3/bucket/.gitkeep",
        "s3/bucket/.git/objects/ab/cd",
        "s3/bucket/folder/.notes",
        "s3/bucket/folder/.innkeeper.json",
        "sqs/.drafts/one",
        "lambda/.env",
    ];

    #[test]
    fn what_a_seed_passes_over_is_there_after_each_save() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &HIDDEN);
        write(folder.path(), &["s3/bucket/key"]);
        for _ in 0..2 {
            let fake = seeded(folder.path());
            assert_eq!(
                (fake.s3().buckets(), fake.s3().keys("bucket")),
                (vec!["bucket".into()], vec!["key".into()])
            );
            fake.save(folder.path()).unwrap();
            HIDDEN.iter().for_each(|file| has(folder.path(), file));
        }
        assert!(!folder.path().join(ORPHANS).exists() && !folder.path().join(".saving").exists());
    }

    #[test]
    fn what_has_no_place_any_more_is_an_orphan() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &["s3/gone/.notes", "s3/bucket/folder/.notes", "s3/bucket/folder/key"]);
        let fake = seeded(folder.path());
        fake.s3().delete_bucket("gone");
        fake.s3().delete("bucket", "folder/key");
        fake.s3().put("bucket", "folder", "an object").unwrap();
        fake.save(folder.path()).unwrap();
        for file in ["s3/gone/.notes", "s3/bucket/folder/.notes"] {
            assert_eq!(fs::read_to_string(folder.path().join(ORPHANS).join(file)).unwrap(), file);
        }
        let again = seeded(folder.path());
        assert_eq!(
            (again.s3().buckets(), again.s3().keys("bucket")),
            (vec!["bucket".into()], vec!["folder".into()])
        );
        again.save(folder.path()).unwrap();
        assert!(folder.path().join(ORPHANS).join("s3/gone/.notes").exists(), "the next save leaves it alone");
    }

    #[test]
    fn what_a_save_has_written_goes_with_what_it_is_about() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &["s3/bucket/key"]);
        fs::write(
            folder.path().join("s3/bucket/.innkeeper.json"),
            r#"{"objects": {"key": {"tags": {"a": "b"}}}}"#,
        )
        .unwrap();
        let fake = seeded(folder.path());
        fake.save(folder.path()).unwrap();
        let document = fs::read_to_string(folder.path().join("s3/bucket/.innkeeper.json")).unwrap();
        assert!(document.contains("\"a\""), "{document}");
        fake.s3().delete_bucket("bucket");
        fake.save(folder.path()).unwrap();
        assert!(!folder.path().join("s3").exists() && !folder.path().join(ORPHANS).exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_kept_as_one_and_leads_nowhere() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write(outside.path(), &["secret"]);
        write(folder.path(), &["s3/bucket/key"]);
        let link = folder.path().join("s3/bucket/.link");
        std::os::unix::fs::symlink(outside.path(), &link).unwrap();
        seeded(folder.path()).save(folder.path()).unwrap();
        assert_eq!(fs::read_link(&link).unwrap(), outside.path());
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    }
}
