use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata};

use super::documents::Documents;
use super::metadata::{self, BucketDocument, VersionDocument};
use super::path::{PathError, decode};
use super::whole::VERSIONS;
use crate::fake::FakeAws;
use crate::lambda::LambdaDirectError;
use crate::s3::{BucketSettings, NewObject, ObjectSettings, Restored, S3, S3DirectError, SettingError};
use crate::sqs::SqsDirectError;

/// What a seed has put into a fake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Seeded {
    /// Buckets, those that were there already included.
    pub buckets: usize,
    /// Objects.
    pub objects: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Queues, those that were there already included.
    pub queues: usize,
    /// Messages in them.
    pub messages: usize,
    /// Functions.
    pub functions: usize,
}

/// Why a folder is no seed. Every message names the path.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SeedError {
    /// A file or folder cannot be read, or is a symbolic link that leads out of the seed's folder.
    #[error("cannot read `{}`", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A name at the top that is no service.
    #[error("`{}` is not part of a seed: known at the top of its folder are `s3`, `sqs` and `lambda`", path.display())]
    UnknownService {
        /// Where.
        path: PathBuf,
    },
    /// A file where a folder has to be: `s3`, `sqs` or `lambda` itself, or directly in `s3`.
    #[error("`{}` is not a folder: objects lie in `s3/BUCKET/`, queues in `sqs/`, functions in `lambda/`", path.display())]
    NotAFolder {
        /// Where.
        path: PathBuf,
    },
    /// Neither a file nor a folder: a device, a socket, or a symbolic link to a folder.
    #[error("`{}` is neither a file nor a folder, nor a link to a file", path.display())]
    NotAFile {
        /// Where.
        path: PathBuf,
    },
    /// A name that is not UTF-8, which every key is.
    #[error("the name of `{}` is not UTF-8", path.display())]
    NotUtf8 {
        /// Where.
        path: PathBuf,
    },
    /// A folder whose name no bucket can have, or a key that no object can have.
    #[error("cannot seed `{}`", path.display())]
    Name {
        /// Where.
        path: PathBuf,
        /// What S3 says.
        source: S3DirectError,
    },
    /// A name with an escape that decodes to nothing.
    #[error("`{}` is not the path of a key", path.display())]
    Path {
        /// Where.
        path: PathBuf,
        /// What is wrong with it.
        source: PathError,
    },
    /// A name in `sqs` or `lambda` that is not that of a document.
    #[error("`{}` is not named `{what}`", path.display())]
    DocumentName {
        /// Where.
        path: PathBuf,
        /// What it would have to be.
        what: &'static str,
    },
    /// A document of a queue or a function that is not as its layout says.
    #[error("`{}` is not a document of a queue, a function or a bucket's objects", path.display())]
    Document {
        /// Where.
        path: PathBuf,
        /// What is wrong with it, with line and column.
        source: serde_json::Error,
    },
    /// What a document says of a bucket, or of an object in it, and what it cannot be.
    #[error("cannot seed what `{}` says", path.display())]
    Setting {
        /// Where.
        path: PathBuf,
        /// What it says, and why it cannot be.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A queue that SQS refuses, or a message in it.
    #[error("cannot seed `{}`", path.display())]
    Queue {
        /// Where.
        path: PathBuf,
        /// What SQS says.
        source: SqsDirectError,
    },
    /// A function that Lambda refuses.
    #[error("cannot seed `{}`", path.display())]
    Function {
        /// Where.
        path: PathBuf,
        /// Why.
        source: LambdaDirectError,
    },
    /// Two paths of one key, since one of them escapes what need not be.
    #[error("`{}` has the key `{key}`, and so does another file", path.display())]
    DuplicateKey {
        /// Where.
        path: PathBuf,
        /// The key.
        key: String,
    },
}

/// Buckets by name, before any of them is made.
type Found = BTreeMap<String, FoundBucket>;

/// What the folder of a bucket has.
#[derive(Default)]
pub(crate) struct FoundBucket {
    pub(crate) settings: Option<BucketSettings>,
    pub(crate) objects: BTreeMap<String, NewObject>,
    /// What is to be said of objects once they are put.
    pub(crate) kept: BTreeMap<String, ObjectSettings>,
    pub(crate) versions: BTreeMap<String, Vec<FoundVersion>>,
}

/// A version that is not current.
pub(crate) enum FoundVersion {
    Object(Box<NewObject>, Box<ObjectSettings>),
    Other(Restored),
}

/// Reads the folder whole, and only then fills the fake.
pub(crate) fn seed(fake: &FakeAws, dir: &Path) -> Result<Seeded, SeedError> {
    let root = Dir::open_ambient_dir(dir, ambient_authority()).map_err(|source| io_error(dir, source))?;
    let seed = Walk { root, dir };
    let mut found = Found::new();
    let mut documents = Documents::default();
    for entry in seed.entries(Path::new("."))? {
        match entry.name.as_str() {
            "s3" => {}
            "sqs" => {
                documents.read_queues(&seed, &seed.folder(&entry)?)?;
                continue;
            }
            "lambda" => {
                documents.read_functions(&seed, &seed.folder(&entry)?)?;
                continue;
            }
            _ => return Err(SeedError::UnknownService { path: dir.join(&entry.name) }),
        }
        for bucket in seed.entries(&seed.folder(&entry)?)? {
            let folder = seed.folder(&bucket)?;
            let found = found.entry(bucket.name).or_default();
            seed.objects(&folder, &mut found.objects)?;
            seed.describe(&folder, found)?;
        }
    }
    let seeded = put(&fake.s3(), dir, found)?;
    let [queues, messages, functions] = documents.make(&seed, &fake.sqs(), &fake.lambda())?;
    Ok(Seeded { queues, messages, functions, ..seeded })
}

fn put(s3: &S3, dir: &Path, found: Found) -> Result<Seeded, SeedError> {
    let named = |path: PathBuf| move |source| SeedError::Name { path, source };
    for name in found.keys() {
        s3.check_bucket_name(name).map_err(named(dir.join("s3").join(name)))?;
    }
    let mut seeded = Seeded::default();
    for (bucket, mut found) in found {
        s3.create_bucket(bucket.as_str()).map_err(named(dir.join("s3").join(&bucket)))?;
        seeded.buckets += 1;
        for (key, object) in std::mem::take(&mut found.objects) {
            seeded.objects += 1;
            seeded.bytes += object.body.len() as u64;
            s3.put(&bucket, key.as_str(), object).map_err(named(dir.join("s3").join(&bucket).join(&key)))?;
        }
        let path = dir.join("s3").join(&bucket).join(metadata::FILE);
        s3.restore(&bucket, found)
            .map_err(|source: SettingError| SeedError::Setting { path, source: source.into() })?;
    }
    Ok(seeded)
}

/// A walk below one folder, which no link can lead out of.
pub(super) struct Walk<'a> {
    root: Dir,
    dir: &'a Path,
}

/// A name in a folder.
pub(super) struct Entry {
    pub(super) name: String,
    /// From the root of the walk.
    pub(super) path: PathBuf,
    metadata: Metadata,
}

impl Walk<'_> {
    /// What is in a folder, sorted, without hidden names.
    pub(super) fn entries(&self, folder: &Path) -> Result<Vec<Entry>, SeedError> {
        let mut entries = Vec::new();
        for entry in self.root.read_dir(folder).map_err(|source| self.error(folder, source))? {
            let entry = entry.map_err(|source| self.error(folder, source))?;
            let name = entry.file_name();
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let path = if folder == Path::new(".") { PathBuf::from(&name) } else { folder.join(&name) };
            let Ok(name) = name.into_string() else {
                return Err(SeedError::NotUtf8 { path: self.dir.join(path) });
            };
            let metadata = entry.metadata().map_err(|source| self.error(&path, source))?;
            entries.push(Entry { name, path, metadata });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn folder(&self, entry: &Entry) -> Result<PathBuf, SeedError> {
        if entry.metadata.is_dir() {
            Ok(entry.path.clone())
        } else {
            Err(SeedError::NotAFolder { path: self.dir.join(&entry.path) })
        }
    }

    fn objects(&self, folder: &Path, objects: &mut BTreeMap<String, NewObject>) -> Result<(), SeedError> {
        // A list of what is left and no recursion: a key can have 513 segments, too many for the stack of a thread.
        let mut left = vec![(folder.to_owned(), Vec::new())];
        while let Some((folder, parents)) = left.pop() {
            for entry in self.entries(&folder)? {
                let mut names: Vec<String> = parents.clone();
                names.push(entry.name);
                if entry.metadata.is_dir() {
                    left.push((entry.path, names));
                    continue;
                }
                let path = self.dir.join(&entry.path);
                let key = decode(&names).map_err(|source| SeedError::Path { path: path.clone(), source })?;
                let object = self.object(&entry.path)?;
                if objects.insert(key.clone(), object).is_some() {
                    return Err(SeedError::DuplicateKey { path, key });
                }
            }
        }
        Ok(())
    }

    /// Says about objects what stands in the document of their bucket.
    fn describe(&self, folder: &Path, found: &mut FoundBucket) -> Result<(), SeedError> {
        let path = folder.join(metadata::FILE);
        if !self.is_there(&path) {
            return Ok(());
        }
        let bytes = self.read(&path)?;
        let document: BucketDocument = serde_json::from_slice(&bytes)
            .map_err(|source| SeedError::Document { path: self.dir.join(&path), source })?;
        for (key, mut described) in document.objects {
            if let Some(object) = found.objects.get_mut(&key) {
                found.kept.extend(described.kept.take().map(|kept| (key, kept)));
                *object = described.describe(std::mem::take(object));
            }
        }
        for (key, versions) in document.versions {
            let versions = versions.into_iter().map(|version| self.version(folder, version));
            found.versions.insert(key, versions.collect::<Result<_, _>>()?);
        }
        found.settings = document.bucket;
        Ok(())
    }

    fn version(&self, folder: &Path, version: VersionDocument) -> Result<FoundVersion, SeedError> {
        match version {
            VersionDocument::DeleteMarker { version_id, last_modified } => {
                Ok(FoundVersion::Other(Restored::DeleteMarker { version_id, last_modified }))
            }
            VersionDocument::Object { file, mut object } => {
                if file.is_empty() || !file.bytes().all(|byte| byte.is_ascii_digit()) {
                    let path = self.dir.join(folder).join(metadata::FILE);
                    let source =
                        format!("the file of a version is named by a number, and not `{file}`").into();
                    return Err(SeedError::Setting { path, source });
                }
                let body = NewObject::new(self.read(&folder.join(VERSIONS).join(file))?);
                let kept = Box::new(object.kept.take().unwrap_or_default());
                Ok(FoundVersion::Object(Box::new(object.describe(body)), kept))
            }
        }
    }

    /// Whether there is something of that name; what it is shows when it is read.
    pub(super) fn is_there(&self, path: &Path) -> bool {
        !matches!(self.root.symlink_metadata(path), Err(error) if error.kind() == io::ErrorKind::NotFound)
    }

    /// The bytes of a file. Follows a link, within the root.
    pub(super) fn read(&self, path: &Path) -> Result<Vec<u8>, SeedError> {
        // Opening anything but a file could wait for ever (a pipe).
        let metadata = self.root.metadata(path).map_err(|source| self.error(path, source))?;
        if !metadata.is_file() {
            return Err(SeedError::NotAFile { path: self.dir.join(path) });
        }
        self.root.read(path).map_err(|source| self.error(path, source))
    }

    /// A path as the caller named the folder.
    pub(super) fn path(&self, path: &Path) -> PathBuf {
        self.dir.join(path)
    }

    fn object(&self, path: &Path) -> Result<NewObject, SeedError> {
        let object = NewObject::new(self.read(path)?);
        Ok(match content_type_of(path) {
            Some(content_type) => object.content_type(content_type),
            None => object,
        })
    }

    fn error(&self, path: &Path, source: io::Error) -> SeedError {
        io_error(&if path == Path::new(".") { self.dir.to_owned() } else { self.dir.join(path) }, source)
    }
}

/// The content type that the extension of a file's name stands for.
pub(super) fn content_type_of(path: &Path) -> Option<&'static str> {
    mime_guess::from_path(path).first_raw()
}

fn io_error(path: &Path, source: io::Error) -> SeedError {
    SeedError::Io { path: path.to_owned(), source }
}
