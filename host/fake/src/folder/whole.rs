//! What a bucket has besides the files of its objects, when the whole state is saved.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::fs::Dir;

use super::metadata::{self, BucketDocument, ObjectDocument, VersionDocument};
use super::path::encode_all;
use super::seed::content_type_of;
use crate::fake::{FakeAws, Shared};
use crate::lambda::{FunctionDocument, FunctionId, LambdaDocument};
use crate::s3::{Bucket, BucketSettings, History, ObjectSettings, Objects, Version};
use crate::snapshot::Snapshot;

/// The folder of versions that are not current, beside the document of their bucket. Hidden as that is.
pub(super) const VERSIONS: &str = ".versions";

/// The state of a fake at one moment, with all that is to be saved.
pub(super) struct Whole {
    pub(super) snapshot: Snapshot,
    buckets: BTreeMap<String, WholeBucket>,
    functions: Vec<(FunctionId, FunctionDocument)>,
    lambda: LambdaDocument,
}

struct WholeBucket {
    settings: BucketSettings,
    objects: Arc<Objects>,
    history: History,
}

impl Whole {
    pub(super) fn of(fake: &FakeAws) -> Self {
        let (queues, invocations) = (fake.sqs().snapshot(), fake.lambda().invocations());
        let shared = fake.shared();
        let functions = shared.lambda.documents();
        let lambda = LambdaDocument::of(&shared.lambda);
        let buckets = shared.store.lock();
        Self {
            snapshot: Snapshot::of_buckets(&buckets, queues, invocations),
            buckets: buckets
                .iter()
                .map(|(name, bucket)| (name.clone(), WholeBucket::of(bucket, shared)))
                .collect(),
            functions,
            lambda,
        }
    }

    /// The files of functions.
    pub(super) fn functions(&self) -> impl Iterator<Item = PathBuf> {
        self.functions.iter().map(|(id, _)| function_file(id))
    }

    /// Writes the document of each bucket, in place of what is there, and the bytes of old versions. The files of objects are there.
    pub(super) fn write(&self, root: &Dir) -> Result<(), (PathBuf, io::Error)> {
        for (name, bucket) in &self.buckets {
            let folder = Path::new("s3").join(name);
            let document = bucket.document(|file, version| {
                let path = folder.join(VERSIONS).join(file);
                let write = || {
                    root.create_dir_all(folder.join(VERSIONS))?;
                    root.write(&path, version)
                };
                write().map_err(|error| (path.clone(), error))
            })?;
            let path = folder.join(metadata::FILE);
            write_document(root, &path, &document).map_err(|error| (path.clone(), error))?;
        }
        for (id, document) in &self.functions {
            let path = function_file(id);
            let write = || {
                root.create_dir_all("lambda")?;
                write_document(root, &path, document)
            };
            write().map_err(|error| (path.clone(), error))?;
        }
        if !self.lambda.is_empty() {
            let path = Path::new("lambda").join(metadata::FILE);
            let write = || {
                root.create_dir_all("lambda")?;
                write_document(root, &path, &self.lambda)
            };
            write().map_err(|error| (path.clone(), error))?;
        }
        Ok(())
    }
}

fn function_file(id: &FunctionId) -> PathBuf {
    Path::new("lambda").join(format!("{}.json", id.stem()))
}

fn write_document(root: &Dir, path: &Path, document: &impl serde::Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(document)?;
    text.push(b'\n');
    root.write(path, text)
}

impl WholeBucket {
    fn of(bucket: &Bucket, shared: &Shared) -> Self {
        Self {
            settings: BucketSettings::of(bucket, shared),
            objects: Arc::clone(&bucket.objects),
            history: bucket.history.clone(),
        }
    }

    /// The document; `write` is called with the bytes of each old version, and the name of the file that they belong into.
    fn document<E>(&self, mut write: impl FnMut(&str, &[u8]) -> Result<(), E>) -> Result<BucketDocument, E> {
        let paths = encode_all(self.objects.keys().map(String::as_str));
        let objects = self.objects.iter().zip(paths).map(|((key, object), names)| {
            let guessed = names.last().and_then(|name| content_type_of(Path::new(name)));
            let mut document = ObjectDocument::of(object, guessed).unwrap_or_default();
            document.kept = Some(ObjectSettings::of(object));
            (key.clone(), document)
        });
        let objects = objects.collect();
        let mut versions = BTreeMap::new();
        let mut files = 0_u64;
        for (key, older) in &self.history {
            let mut documents = Vec::new();
            for version in older {
                documents.push(match version {
                    Version::DeleteMarker(marker) => VersionDocument::DeleteMarker {
                        version_id: marker.version_id.clone(),
                        last_modified: marker.last_modified,
                    },
                    Version::Object(object) => {
                        files += 1;
                        let file = files.to_string();
                        write(&file, &object.body)?;
                        let mut document = ObjectDocument::of(object, None).unwrap_or_default();
                        document.kept = Some(ObjectSettings::of(object));
                        VersionDocument::Object { file, object: Box::new(document) }
                    }
                });
            }
            versions.insert(key.clone(), documents);
        }
        Ok(BucketDocument { bucket: Some(self.settings.clone()), objects, versions })
    }
}
