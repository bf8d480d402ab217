use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};

use super::path::encode_all;
use crate::s3::Object;
use crate::snapshot::Changes;

/// What has been written to a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Saved {
    /// The objects, by bucket and key.
    pub objects: Vec<SavedObject>,
    /// Their bytes.
    pub bytes: u64,
}

/// An object that has been written to a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SavedObject {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// Its file, from the folder's parent on as the caller named it.
    pub path: PathBuf,
}

/// Why something could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SaveError {
    /// A file or folder cannot be written: no permission, no space, or a symbolic link that leads out of the folder.
    #[error("cannot write `{}`", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Two keys that this file system takes for one name, as one does that ignores case.
    #[error("cannot write `{}` for the key `{key}`: the file system takes it for the file of another key", path.display())]
    SameFile {
        /// Where.
        path: PathBuf,
        /// The key.
        key: String,
    },
}

impl Changes {
    /// Writes the bytes of added and changed objects to a folder, and makes a folder for each new bucket, in the layout
    /// of [`folder`](crate::folder). Files of the same objects from an earlier time are replaced, and others left alone.
    ///
    /// Keys come from a guest and may be hostile: nothing is written outside of `dir`, not even through a symbolic link
    /// that lies there.
    ///
    /// # Errors
    ///
    /// [`SaveError`], which names the path. What was written before stays.
    pub fn save(&self, dir: impl AsRef<Path>) -> Result<Saved, SaveError> {
        let dir = dir.as_ref();
        let failed = |source| SaveError::Io { path: dir.to_owned(), source };
        Dir::create_ambient_dir_all(dir, ambient_authority()).map_err(failed)?;
        let root = Dir::open_ambient_dir(dir, ambient_authority()).map_err(failed)?;
        let save = Save { root, dir };
        for bucket in &self.s3.buckets_created {
            save.create_folder(&Path::new("s3").join(bucket))?;
        }
        save.objects(&self.files())
    }

    fn files(&self) -> Vec<File<'_>> {
        let mut files = Vec::new();
        for changes in self.s3.objects.chunk_by(|a, b| a.bucket == b.bucket) {
            let written: Vec<_> =
                changes.iter().filter_map(|change| Some((change, change.object.as_ref()?))).collect();
            let paths = encode_all(written.iter().map(|(change, _)| change.key.as_str()));
            files.extend(written.into_iter().zip(paths).map(|((change, object), names)| File {
                bucket: &change.bucket,
                key: &change.key,
                path: [String::from("s3"), change.bucket.clone()].into_iter().chain(names).collect(),
                object,
            }));
        }
        files
    }
}

/// A file to be written.
struct File<'a> {
    bucket: &'a str,
    key: &'a str,
    path: PathBuf,
    object: &'a Arc<Object>,
}

struct Save<'a> {
    root: Dir,
    dir: &'a Path,
}

impl Save<'_> {
    fn objects(&self, files: &[File<'_>]) -> Result<Saved, SaveError> {
        // What is there from before goes first, so that a file that is there later is one of this run.
        for file in files {
            match self.root.remove_file(&file.path) {
                Err(source) if !is_absent(&source) => return Err(self.error(&file.path, source)),
                _ => {}
            }
        }
        let mut saved = Saved::default();
        for file in files {
            self.write(file)?;
            saved.bytes += file.object.size();
            saved.objects.push(SavedObject {
                bucket: file.bucket.to_owned(),
                key: file.key.to_owned(),
                path: self.dir.join(&file.path),
            });
        }
        Ok(saved)
    }

    fn write(&self, file: &File<'_>) -> Result<(), SaveError> {
        if let Some(folder) = file.path.parent() {
            self.create_folder(folder)?;
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        let mut opened = self.root.open_with(&file.path, &options).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => {
                SaveError::SameFile { path: self.dir.join(&file.path), key: file.key.to_owned() }
            }
            _ => self.error(&file.path, source),
        })?;
        opened.write_all(&file.object.body).map_err(|source| self.error(&file.path, source))
    }

    fn create_folder(&self, path: &Path) -> Result<(), SaveError> {
        self.root.create_dir_all(path).map_err(|source| self.error(path, source))
    }

    fn error(&self, path: &Path, source: io::Error) -> SaveError {
        SaveError::Io { path: self.dir.join(path), source }
    }
}

/// Nothing to remove; where a file lies in the place of a folder, making the folder will say so.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
