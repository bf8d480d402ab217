//! Saving the whole state of a fake in place of what a folder holds.

use std::io;
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use super::whole::Whole;
use super::{SaveError, Saved, hidden, mark, metadata};
use crate::fake::FakeAws;
use crate::snapshot::Snapshot;

/// Where the new state is written before the old one goes. Hidden, so that a seed does not read what a crash has left.
const NEW: &str = ".saving";
/// What is saved.
const SERVICES: [&str; 3] = ["s3", "sqs", "lambda"];

/// Writes everything that is in a fake to `dir`, and then removes what was there of the same services. If writing fails, what was
/// there is as it was.
pub(crate) fn save_whole(fake: &FakeAws, dir: &Path) -> Result<Saved, SaveError> {
    let failed = |path: PathBuf| move |source| SaveError::Io { path, source };
    Dir::create_ambient_dir_all(dir, ambient_authority()).map_err(failed(dir.to_owned()))?;
    let root = Dir::open_ambient_dir(dir, ambient_authority()).map_err(failed(dir.to_owned()))?;
    remove(&root, NEW).map_err(failed(dir.join(NEW)))?;
    let new = dir.join(NEW);
    let whole = Whole::of(fake);
    let mut saved = Snapshot::default().changes_to(&whole.snapshot).save(&new)?;
    let unfinished = root.open_dir(NEW).map_err(failed(new.clone()))?;
    whole.write(&unfinished).map_err(|(path, source)| SaveError::Io { path: new.join(path), source })?;
    hidden::keep(&root, &SERVICES, Path::new(NEW))
        .map_err(|(path, source)| SaveError::Io { path: dir.join(path), source })?;
    // Before anything is replaced: a save that is ended in the middle may be finished by the next.
    mark::set(&root).map_err(failed(dir.join(metadata::FILE)))?;
    for service in SERVICES {
        remove(&root, service).map_err(failed(dir.join(service)))?;
        match root.rename(Path::new(NEW).join(service), &root, service) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(failed(dir.join(service))(source));
            }
            // Of a service without anything there is no folder.
            _ => {}
        }
    }
    remove(&root, NEW).map_err(failed(new.clone()))?;
    saved.functions = whole.functions().map(|path| dir.join(path)).collect();
    let paths = saved.objects.iter_mut().map(|object| &mut object.path).chain(&mut saved.queues);
    for path in paths {
        if let Ok(below) = path.strip_prefix(&new) {
            *path = dir.join(below);
        }
    }
    Ok(saved)
}

fn remove(root: &Dir, name: &str) -> io::Result<()> {
    match root.remove_dir_all(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use crate::FakeAws;

    #[test]
    fn what_is_gone_from_the_fake_is_gone_from_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let fake = FakeAws::new();
        fake.s3().create_bucket("bucket").unwrap();
        fake.s3().create_bucket("empty").unwrap();
        fake.s3().put("bucket", "a", "1").unwrap();
        fake.s3().put("bucket", "b/c", "2").unwrap();
        fake.sqs().create_queue("queue").unwrap();
        fake.sqs().send("queue", "body").unwrap();
        let saved = fake.save(folder.path()).unwrap();
        assert_eq!(saved.objects[0].path, folder.path().join("s3/bucket/a"));
        assert_eq!(saved.queues, [folder.path().join("sqs/queue.json")]);
        std::fs::write(folder.path().join("README"), "mine").unwrap();

        fake.s3().delete("bucket", "a");
        fake.sqs().delete_queue("queue");
        fake.save(folder.path()).unwrap();
        std::fs::remove_file(folder.path().join("README")).unwrap();
        let again = FakeAws::new();
        again.seed(folder.path()).unwrap();
        assert_eq!(again.s3().buckets(), ["bucket", "empty"]);
        assert_eq!(again.s3().keys("bucket"), ["b/c"]);
        assert!(again.sqs().queues().is_empty());
    }

    #[test]
    fn what_a_crash_has_left_is_no_part_of_the_seed() {
        let folder = tempfile::tempdir().unwrap();
        let fake = FakeAws::new();
        fake.s3().create_bucket("bucket").unwrap();
        std::fs::create_dir_all(folder.path().join(".saving/s3/left")).unwrap();
        fake.save(folder.path()).unwrap();
        let again = FakeAws::new();
        again.seed(folder.path()).unwrap();
        assert_eq!(again.s3().buckets(), ["bucket"]);
        assert!(!folder.path().join(".saving").exists());
    }
}
