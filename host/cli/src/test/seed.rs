//! `[seed]`: what is in the fake AWS before the call.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use innkeeper_fake::{EventSourceMappingDocument, FakeAws, FunctionDocument, InlineSeed, QueueDocument};
use innkeeper_testing::NewObject;
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
    buckets: Vec<String>,
    object: Vec<Spanned<RawObject>>,
    queues: BTreeMap<String, QueueDocument>,
    functions: BTreeMap<String, FunctionDocument>,
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
    buckets: Vec<String>,
    objects: Vec<(String, String, NewObject)>,
    documents: InlineSeed,
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
        let objects: Vec<_> =
            self.object.iter().map(|object| read_object(object.get_ref(), reader)).collect();
        Some(Seed {
            folder,
            buckets: self.buckets.clone(),
            objects: objects.into_iter().collect::<Option<_>>()?,
            documents: InlineSeed::new(self.queues.clone(), self.functions.clone())
                .event_source_mappings(self.event_source_mappings.clone()),
        })
    }
}

fn read_object(raw: &RawObject, reader: &mut Reader<'_>) -> Option<(String, String, NewObject)> {
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
    Some((raw.bucket.clone(), raw.key.clone(), object))
}

impl Seed {
    /// Puts it into a fake. `file` is the test file that it stands in.
    pub(super) fn fill(&self, aws: &FakeAws, file: &Path) -> Result<(), Failure> {
        let failed = |error: &(dyn std::error::Error + 'static)| Failure::because(Exit::Fake, error);
        if let Some(folder) = &self.folder {
            aws.seed(Path::new(folder)).map_err(|error| failed(&error))?;
        }
        for bucket in self.buckets.iter().chain(self.objects.iter().map(|(bucket, _, _)| bucket)) {
            aws.s3().create_bucket(bucket.as_str()).map_err(|error| failed(&error))?;
        }
        for (bucket, key, object) in &self.objects {
            aws.s3().put(bucket, key.as_str(), object.clone()).map_err(|error| failed(&error))?;
        }
        aws.seed_inline(&self.documents, file).map_err(|error| failed(&error))
    }
}
