//! `[seed]`: what is in the fake AWS before the call.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::ops::Range;
use std::path::{Path, PathBuf};

use innkeeper::Manifest;
use innkeeper_fake::{
    EventSourceMappingDocument, FakeAws, FunctionDocument, InlineSeed, InlineSeedError, QueueDocument,
};
use innkeeper_testing::{NewObject, fake_for};
use serde::Deserialize;
use toml::Spanned;

use super::content;
use super::file::Reader;
use crate::exit::Exit;
use crate::failure::Failure;

/// The section as TOML has it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Raw {
    folder: Option<Spanned<String>>,
    buckets: Vec<Spanned<String>>,
    object: Vec<Spanned<RawObject>>,
    queues: BTreeMap<Spanned<String>, QueueDocument>,
    functions: BTreeMap<Spanned<String>, FunctionDocument>,
    event_source_mappings: Vec<EventSourceMappingDocument>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawObject {
    bucket: String,
    key: String,
    content: Option<Spanned<content::Raw>>,
    content_type: Option<String>,
    storage_class: Option<String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

/// What is put into a fake.
#[derive(Clone, Debug, Default)]
pub(super) struct Seed {
    folder: Option<PathBuf>,
    buckets: Vec<Placed<String>>,
    objects: Vec<Placed<(String, String, NewObject)>>,
    documents: InlineSeed,
    /// Where the documents have their names.
    queues: BTreeMap<String, Range<usize>>,
    functions: BTreeMap<String, Range<usize>>,
}

/// Something of a seed, and where it is written.
type Placed<T> = (T, Range<usize>);

/// What cannot be put into a fake.
struct Unfit {
    error: Box<dyn StdError>,
    /// Where it is written, if it is in the test file.
    at: Option<Range<usize>>,
}

impl Raw {
    pub(super) fn read(&self, reader: &mut Reader<'_>) -> Option<Seed> {
        let folder = match &self.folder {
            None => None,
            Some(written) => {
                let folder = reader.folder().join(written.get_ref());
                if !folder.is_dir() {
                    let help = "a seed is a folder with `s3/BUCKET/KEY...`, `sqs/QUEUE.json`, `lambda/FUNCTION.json`";
                    let message = format!("there is no folder `{}`", folder.display());
                    reader.wrong(written.span(), message, Some(help));
                    return None;
                }
                Some(folder)
            }
        };
        let objects: Vec<_> = self.object.iter().map(|object| read_object(object, reader)).collect();
        Some(Seed {
            folder,
            buckets: self.buckets.iter().map(|name| (name.get_ref().clone(), name.span())).collect(),
            objects: objects.into_iter().collect::<Option<_>>()?,
            documents: InlineSeed::new(unplaced(&self.queues), unplaced(&self.functions))
                .event_source_mappings(self.event_source_mappings.clone()),
            queues: places(&self.queues),
            functions: places(&self.functions),
        })
    }
}

fn unplaced<T: Clone>(documents: &BTreeMap<Spanned<String>, T>) -> BTreeMap<String, T> {
    documents.iter().map(|(name, document)| (name.get_ref().clone(), document.clone())).collect()
}

fn places<T>(documents: &BTreeMap<Spanned<String>, T>) -> BTreeMap<String, Range<usize>> {
    documents.keys().map(|name| (name.get_ref().clone(), name.span())).collect()
}

fn read_object(
    written: &Spanned<RawObject>,
    reader: &mut Reader<'_>,
) -> Option<Placed<(String, String, NewObject)>> {
    let raw = written.get_ref();
    let body = match &raw.content {
        Some(content) => content::Raw::given(content, reader)?,
        None => Vec::new(),
    };
    let mut object = NewObject::new(body);
    if let Some(value) = &raw.content_type {
        object = object.content_type(value);
    }
    if let Some(value) = &raw.storage_class {
        object = object.storage_class(value);
    }
    for (name, value) in &raw.metadata {
        object = object.metadata(name, value);
    }
    for (name, value) in &raw.tags {
        object = object.tag(name, value);
    }
    Some(((raw.bucket.clone(), raw.key.clone(), object), written.span()))
}

impl Seed {
    /// Puts it into a fake. `file` is the test file that it stands in.
    pub(super) fn fill(&self, aws: &FakeAws, file: &Path) -> Result<(), Failure> {
        let filled = self.put(aws).and_then(|()| self.documents(aws, &self.documents, file));
        filled.map_err(|Unfit { error, .. }| Failure::because(Exit::Fake, &*error))
    }

    /// Folder, buckets and objects.
    fn put(&self, aws: &FakeAws) -> Result<(), Unfit> {
        if let Some(folder) = &self.folder {
            aws.seed(Path::new(folder)).map_err(|error| Unfit { error: error.into(), at: None })?;
        }
        let of_objects = self.objects.iter().map(|((bucket, ..), at)| (bucket, at));
        for (bucket, at) in self.buckets.iter().map(|(bucket, at)| (bucket, at)).chain(of_objects) {
            let made = aws.s3().create_bucket(bucket.as_str());
            made.map_err(|error| Unfit { error: error.into(), at: Some(at.clone()) })?;
        }
        for ((bucket, key, object), at) in &self.objects {
            let stored = aws.s3().put(bucket, key.as_str(), object.clone());
            stored.map_err(|error| Unfit { error: error.into(), at: Some(at.clone()) })?;
        }
        Ok(())
    }

    fn documents(&self, aws: &FakeAws, documents: &InlineSeed, file: &Path) -> Result<(), Unfit> {
        aws.seed_inline(documents, file).map_err(|error| {
            let at = match &error {
                InlineSeedError::Queue { name, .. } => self.queues.get(name),
                InlineSeedError::Function { name, .. } => self.functions.get(name),
                _ => None,
            };
            Unfit { at: at.cloned(), error: error.into() }
        })
    }

    /// Tells what could not be put into a fake, at its place, once what is `before` it is there. What is not written in the test file
    /// is told when the case is run.
    pub(super) fn check(
        &self,
        before: Option<&Self>,
        manifest: &Manifest,
        reader: &mut Reader<'_>,
    ) -> Option<()> {
        let aws = fake_for(manifest).build();
        if before.is_some_and(|before| before.try_in(&aws, reader.folder()).is_err()) {
            return Some(());
        }
        match self.try_in(&aws, reader.folder()) {
            Err(Unfit { error, at: Some(at) }) => {
                let because = error.source().map_or_else(String::new, |source| format!(": {source}"));
                reader.wrong(at, format!("{error}{because}"), None);
                None
            }
            Ok(()) | Err(Unfit { at: None, .. }) => Some(()),
        }
    }

    /// As [`fill`](Self::fill), without event source mappings, which begin to work.
    fn try_in(&self, aws: &FakeAws, file: &Path) -> Result<(), Unfit> {
        let documents = InlineSeed::new(self.documents.queues.clone(), self.documents.functions.clone());
        self.put(aws)?;
        self.documents(aws, &documents, file)
    }
}
