use std::path::Path;

use serde::de::DeserializeOwned;

use super::SeedError;
use super::seed::Walk;
use crate::lambda::{FunctionDocument, Lambda, is_name};
use crate::sqs::{QueueDocument, Sqs, is_fifo_name, is_plain_name};

/// What the name of a document ends with.
const EXTENSION: &str = ".json";

/// Queues and functions by name, before any of them is made.
#[derive(Default)]
pub(super) struct Documents {
    queues: Vec<(String, QueueDocument)>,
    functions: Vec<(String, FunctionDocument)>,
}

impl Documents {
    pub(super) fn read_queues(&mut self, walk: &Walk<'_>, folder: &Path) -> Result<(), SeedError> {
        for entry in walk.entries(folder)? {
            let path = walk.path(&entry.path);
            let stem = entry.name.strip_suffix(EXTENSION);
            let (name, region) = match stem.map(|stem| stem.split_once('@').unwrap_or((stem, ""))) {
                Some((name, region)) if is_plain_name(name) || is_fifo_name(name) => (name, region),
                _ => return Err(SeedError::DocumentName { path, what: "QUEUE.json or QUEUE@REGION.json" }),
            };
            let mut document: QueueDocument = read(walk, &entry.path)?;
            document.region = (!region.is_empty()).then(|| region.to_owned());
            self.queues.push((name.to_owned(), document));
        }
        Ok(())
    }

    pub(super) fn read_functions(&mut self, walk: &Walk<'_>, folder: &Path) -> Result<(), SeedError> {
        for entry in walk.entries(folder)? {
            let path = walk.path(&entry.path);
            let name = entry.name.strip_suffix(EXTENSION).filter(|name| is_name(name));
            let name = name.ok_or(SeedError::DocumentName { path, what: "FUNCTION.json" })?;
            self.functions.push((name.to_owned(), read(walk, &entry.path)?));
        }
        Ok(())
    }

    /// Makes them, and says how many queues, messages and functions there are.
    pub(super) fn make(self, walk: &Walk<'_>, sqs: &Sqs, lambda: &Lambda) -> Result<[usize; 3], SeedError> {
        let named =
            |service: &str, name: &str| walk.path(&Path::new(service).join(format!("{name}{EXTENSION}")));
        let mut messages = 0;
        for (name, document) in &self.queues {
            let refused = |source| SeedError::Queue { path: named("sqs", &document.stem(name)), source };
            messages += sqs.seed_queue(name, document).map_err(refused)?;
        }
        // A redrive policy needs the queue that it names.
        for (name, document) in &self.queues {
            let refused = |source| SeedError::Queue { path: named("sqs", &document.stem(name)), source };
            sqs.seed_policies(name, document).map_err(refused)?;
        }
        let counts = [self.queues.len(), messages, self.functions.len()];
        for (name, document) in self.functions {
            let path = named("lambda", &name);
            lambda
                .seed_function(&name, document, &path)
                .map_err(|source| SeedError::Function { path, source })?;
        }
        Ok(counts)
    }
}

fn read<T: DeserializeOwned>(walk: &Walk<'_>, path: &Path) -> Result<T, SeedError> {
    let bytes = walk.read(path)?;
    serde_json::from_slice(&bytes).map_err(|source| SeedError::Document { path: walk.path(path), source })
}
