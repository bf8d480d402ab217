//! The bodies of answers, beside the file: each once, named after its SHA-256.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};

/// Where bodies are kept: a folder, which is made when there is a first one. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Bodies(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// `None`: they are not kept.
    folder: Option<PathBuf>,
    next: AtomicU64,
    /// How many bytes may still be kept.
    room: AtomicU64,
}

/// How many bytes the bodies of one recording have at most: a guest can read a bucket of any size, and the disk is the user's.
const MAX_BYTES: u64 = 1 << 30;

/// A body that is being written.
#[derive(Debug)]
pub(super) struct NewBody {
    bodies: Bodies,
    sha256: Sha256,
    bytes: u64,
    /// How many of them have taken room.
    stored: u64,
    file: Option<(File, PathBuf)>,
    failed: Option<io::Error>,
}

/// The folder for the bodies of a recording: `FILE.bodies`.
pub fn bodies_folder(recording: &Path) -> PathBuf {
    let mut name = recording.as_os_str().to_owned();
    name.push(".bodies");
    name.into()
}

impl Bodies {
    /// In this folder.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self::new(Some(folder.into()), MAX_BYTES)
    }

    /// Nowhere.
    pub fn none() -> Self {
        Self::new(None, 0)
    }

    fn new(folder: Option<PathBuf>, room: u64) -> Self {
        Self(Arc::new(Inner { folder, next: AtomicU64::new(0), room: AtomicU64::new(room) }))
    }

    /// Whether they are kept.
    pub fn are_kept(&self) -> bool {
        self.0.folder.is_some()
    }

    pub(super) fn begin(&self) -> NewBody {
        NewBody { bodies: self.clone(), sha256: Sha256::new(), bytes: 0, stored: 0, file: None, failed: None }
    }

    /// Keeps a body that is there, and gives its digest.
    pub(super) fn keep(&self, bytes: &[u8]) -> io::Result<(u64, String)> {
        let mut body = self.begin();
        body.write(bytes);
        body.finish()
    }

    /// A body, if it is there and is what its name says. Whoever can write to the folder can write to the file as well, so this finds
    /// what was broken and not who broke it.
    pub(super) fn read(&self, sha256: &str) -> io::Result<Vec<u8>> {
        let folder = self.0.folder.as_ref().ok_or(io::ErrorKind::NotFound)?;
        // The name comes from a file, and must not lead out of the folder.
        if sha256.len() != 64 || !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let path = folder.join(sha256);
        if !std::fs::metadata(&path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the body is no file"));
        }
        let mut bytes = Vec::new();
        File::open(path)?.read_to_end(&mut bytes)?;
        if hex::encode(Sha256::digest(&bytes)) != sha256 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the body is not what its name says"));
        }
        Ok(bytes)
    }

    /// Takes room for bytes that are kept. Those of a body that is there already need it until that is known.
    fn take(&self, bytes: u64) -> io::Result<()> {
        let take = |room: u64| room.checked_sub(bytes);
        match self.0.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
            Ok(_) => Ok(()),
            Err(_) => Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("all bodies of a recording have at most {} MiB", MAX_BYTES >> 20),
            )),
        }
    }

    fn give_back(&self, bytes: u64) {
        self.0.room.fetch_add(bytes, Ordering::Relaxed);
    }

    fn create(&self) -> io::Result<Option<(File, PathBuf)>> {
        let Some(folder) = &self.0.folder else { return Ok(None) };
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        // What is in AWS is its owner's.
        #[cfg(unix)]
        {
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        builder.create(folder)?;
        let path = folder.join(format!(".part-{}", self.0.next.fetch_add(1, Ordering::Relaxed)));
        Ok(Some((options.open(&path)?, path)))
    }
}

impl NewBody {
    /// What fails is told at the end: a full disk is not the guest's business.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.bytes += bytes.len() as u64;
        if self.failed.is_none()
            && let Err(error) = self.store(bytes)
        {
            self.failed = Some(error);
        }
    }

    fn store(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.file.is_none() {
            self.file = self.bodies.create()?;
        }
        let Some((file, _)) = &mut self.file else { return Ok(()) };
        self.bodies.take(bytes.len() as u64)?;
        self.stored += bytes.len() as u64;
        file.write_all(bytes)
    }

    /// Gives it its name.
    pub(super) fn finish(mut self) -> io::Result<(u64, String)> {
        // A body of no bytes is one as well.
        self.write(&[]);
        let sha256 = hex::encode(self.sha256.finalize());
        let stored = match (self.failed, self.file) {
            (Some(error), Some((_, path))) => {
                let _ = std::fs::remove_file(path);
                self.bodies.give_back(self.stored);
                Err(error)
            }
            (Some(error), None) => Err(error),
            (None, Some((_, path))) => {
                let named = path.with_file_name(&sha256);
                if named.exists() {
                    // Read again, it takes no more room. In place of what is there all the same, which may be broken.
                    self.bodies.give_back(self.stored);
                }
                std::fs::rename(&path, named)
            }
            (None, None) => Ok(()),
        };
        stored.map(|()| (self.bytes, sha256))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_found_by_its_digest_and_by_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("run.bodies");
        let bodies = Bodies::in_folder(&place);
        let (bytes, sha256) = bodies.keep(b"hello").unwrap();
        assert_eq!(bytes, 5);
        assert_eq!(bodies.keep(b"hello").unwrap().1, sha256);
        assert_eq!(bodies.read(&sha256).unwrap(), b"hello");
        assert_eq!(bodies.read(&bodies.keep(b"").unwrap().1).unwrap(), b"");
        assert_eq!(std::fs::read_dir(&place).unwrap().count(), 2, "each once, and nothing half done");
        for name in ["../run.bodies", "", &"f".repeat(64)] {
            assert!(bodies.read(name).is_err(), "{name}");
        }
        std::fs::write(place.join(&sha256), "other").unwrap();
        assert_eq!(bodies.read(&sha256).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn all_bodies_have_no_more_bytes_than_there_is_room_for() {
        let folder = tempfile::tempdir().unwrap();
        let bodies = Bodies::new(Some(folder.path().to_owned()), 12);
        bodies.keep(b"123456").unwrap();
        // The same again is kept once.
        bodies.keep(b"123456").unwrap();
        let error = bodies.keep(b"abcdefg").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        assert!(error.to_string().contains("at most 1024 MiB"), "{error}");
        bodies.keep(b"abcdef").unwrap();
        bodies.keep(b"e").unwrap_err();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing half done");
    }

    #[test]
    fn bodies_that_are_not_kept_have_digests_all_the_same() {
        let bodies = Bodies::none();
        let (_, sha256) = bodies.keep(b"hello").unwrap();
        assert_eq!(sha256.len(), 64);
        assert!(bodies.read(&sha256).is_err());
    }
}
