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
}

/// A body that is being written.
#[derive(Debug)]
pub(super) struct NewBody {
    bodies: Bodies,
    sha256: Sha256,
    bytes: u64,
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
        Self(Arc::new(Inner { folder: Some(folder.into()), next: AtomicU64::new(0) }))
    }

    /// Nowhere.
    pub fn none() -> Self {
        Self(Arc::new(Inner { folder: None, next: AtomicU64::new(0) }))
    }

    /// Whether they are kept.
    pub fn are_kept(&self) -> bool {
        self.0.folder.is_some()
    }

    pub(super) fn begin(&self) -> NewBody {
        NewBody { bodies: self.clone(), sha256: Sha256::new(), bytes: 0, file: None, failed: None }
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
        match &mut self.file {
            Some((file, _)) => file.write_all(bytes),
            None => Ok(()),
        }
    }

    /// Gives it its name.
    pub(super) fn finish(mut self) -> io::Result<(u64, String)> {
        // A body of no bytes is one as well.
        self.write(&[]);
        let sha256 = hex::encode(self.sha256.finalize());
        let stored = match (self.failed, self.file) {
            (Some(error), Some((_, path))) => {
                let _ = std::fs::remove_file(path);
                Err(error)
            }
            (Some(error), None) => Err(error),
            (None, Some((_, path))) => std::fs::rename(&path, path.with_file_name(&sha256)),
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
    fn bodies_that_are_not_kept_have_digests_all_the_same() {
        let bodies = Bodies::none();
        let (_, sha256) = bodies.keep(b"hello").unwrap();
        assert_eq!(sha256.len(), 64);
        assert!(bodies.read(&sha256).is_err());
    }
}
