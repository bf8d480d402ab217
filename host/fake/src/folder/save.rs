use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};

use super::metadata::{self, BucketDocument, ObjectDocument};
use super::path::encode_all;
use super::seed::content_type_of;
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
    /// The files of queues.
    pub queues: Vec<PathBuf>,
    /// The files of functions, where the whole state is saved.
    pub functions: Vec<PathBuf>,
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
    /// What an earlier run, or a person, has written there about objects cannot be read.
    #[error("cannot read `{}`", path.display())]
    Document {
        /// Where.
        path: PathBuf,
        /// What is wrong with it, with line and column.
        source: serde_json::Error,
    },
    /// Two keys that this file system takes for one name, as one does that ignores case.
    #[error("cannot write `{}` for the key `{key}`: the file system takes it for the file of another key", path.display())]
    SameFile {
        /// Where.
        path: PathBuf,
        /// The key.
        key: String,
    },
    /// The folder has something in it that no save of the whole state has written, and one would take away.
    #[error("`{}` has files in it that no earlier save has written", path.display())]
    NotSavedBefore {
        /// The folder.
        path: PathBuf,
    },
}

impl Changes {
    /// Writes the bytes of added and changed objects to a folder, makes a folder for each new bucket, and writes each new
    /// or changed queue with all that is in it, in the layout of [`folder`](crate::folder). Files of the same objects from
    /// an earlier time are replaced, and others left alone.
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
        let files = self.files();
        let mut saved = save.objects(&files)?;
        for files in files.chunk_by(|a, b| a.bucket == b.bucket) {
            save.describe(files)?;
        }
        for queue in self.sqs.queues.iter().filter_map(|change| change.after.as_ref()) {
            let document = queue.document();
            let path = Path::new("sqs").join(format!("{}.json", document.stem(&queue.queue)));
            save.document(&path, &document)?;
            saved.queues.push(dir.join(path));
        }
        Ok(saved)
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

    /// Brings the document of a bucket up to date with its files.
    fn describe(&self, files: &[File<'_>]) -> Result<(), SaveError> {
        let Some(first) = files.first() else { return Ok(()) };
        let path = Path::new("s3").join(first.bucket).join(metadata::FILE);
        let mut document = match self.root.read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|source| SaveError::Document { path: self.dir.join(&path), source })?,
            Err(source) if is_absent(&source) => BucketDocument::default(),
            Err(source) => return Err(self.error(&path, source)),
        };
        for file in files {
            match ObjectDocument::of(file.object, content_type_of(&file.path)) {
                Some(described) => document.objects.insert(file.key.to_owned(), described),
                None => document.objects.remove(file.key),
            };
        }
        if !document.is_empty() {
            return self.document(&path, &document);
        }
        match self.root.remove_file(&path) {
            Err(source) if !is_absent(&source) => Err(self.error(&path, source)),
            _ => Ok(()),
        }
    }

    /// Writes a document in place of the file that is there.
    fn document(&self, path: &Path, document: &impl serde::Serialize) -> Result<(), SaveError> {
        let failed = |source| self.error(path, source);
        if let Some(folder) = path.parent() {
            self.create_folder(folder)?;
        }
        match self.root.remove_file(path) {
            Err(source) if !is_absent(&source) => return Err(failed(source)),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        let mut file = self.root.open_with(path, &options).map_err(failed)?;
        let mut text = serde_json::to_vec_pretty(document).map_err(|source| failed(source.into()))?;
        text.push(b'\n');
        file.write_all(&text).map_err(failed)
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
