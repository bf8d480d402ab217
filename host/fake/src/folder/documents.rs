use std::path::Path;

use serde::de::DeserializeOwned;

use super::SeedError;
use super::metadata;
use super::seed::Walk;
use crate::account::is_account_id;
use crate::lambda::{FunctionDocument, FunctionId, Lambda, LambdaDocument};
use crate::sqs::{QueueDocument, Sqs, is_fifo_name, is_plain_name};

/// What the name of a document ends with.
const EXTENSION: &str = ".json";

/// Queues and functions by name, before any of them is made.
#[derive(Default)]
pub(super) struct Documents {
    queues: Vec<(String, QueueDocument)>,
    functions: Vec<(FunctionId, FunctionDocument)>,
    lambda: LambdaDocument,
}

impl Documents {
    pub(super) fn read_queues(&mut self, walk: &Walk<'_>, folder: &Path) -> Result<(), SeedError> {
        for entry in walk.entries(folder)? {
            let path = walk.path(&entry.path);
            let named = entry.name.strip_suffix(EXTENSION).and_then(queue_of);
            let Some((name, region, account_id)) = named else {
                let what = "QUEUE.json, QUEUE@REGION.json or QUEUE@REGION@ACCOUNT.json";
                return Err(SeedError::DocumentName { path, what });
            };
            let mut document: QueueDocument = read(walk, &entry.path)?;
            document.region = region.map(str::to_owned);
            document.account_id = account_id.map(str::to_owned);
            self.queues.push((name.to_owned(), document));
        }
        Ok(())
    }

    pub(super) fn read_functions(&mut self, walk: &Walk<'_>, folder: &Path) -> Result<(), SeedError> {
        for entry in walk.entries(folder)? {
            let path = walk.path(&entry.path);
            let id = entry.name.strip_suffix(EXTENSION).and_then(FunctionId::of_stem);
            let what = "FUNCTION.json or FUNCTION@ACCOUNT.json";
            let id = id.ok_or(SeedError::DocumentName { path, what })?;
            self.functions.push((id, read(walk, &entry.path)?));
        }
        let path = folder.join(metadata::FILE);
        if walk.is_there(&path) {
            self.lambda = read(walk, &path)?;
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
        for (id, document) in self.functions {
            let path = named("lambda", &id.stem());
            lambda
                .seed_function(id, document, &path)
                .map_err(|source| SeedError::Function { path, source })?;
        }
        lambda.seed_document(self.lambda).map_err(|source| SeedError::Setting {
            path: walk.path(&Path::new("lambda").join(metadata::FILE)),
            source: source.into(),
        })?;
        Ok(counts)
    }
}

/// `NAME[@REGION][@ACCOUNT]`: an account is known by its twelve digits, which no region is.
fn queue_of(stem: &str) -> Option<(&str, Option<&str>, Option<&str>)> {
    let mut parts = stem.split('@');
    let name = parts.next().filter(|name| is_plain_name(name) || is_fifo_name(name))?;
    let found = match (parts.next(), parts.next(), parts.next()) {
        (None, ..) => (name, None, None),
        (Some(account), None, _) if is_account_id(account) => (name, None, Some(account)),
        (Some(region), None, _) => (name, Some(region), None),
        (Some(region), Some(account), None) if is_account_id(account) => (name, Some(region), Some(account)),
        _ => return None,
    };
    (!found.1.is_some_and(|region| region.is_empty() || is_account_id(region))).then_some(found)
}

fn read<T: DeserializeOwned>(walk: &Walk<'_>, path: &Path) -> Result<T, SeedError> {
    let bytes = walk.read(path)?;
    serde_json::from_slice(&bytes).map_err(|source| SeedError::Document { path: walk.path(path), source })
}

#[cfg(test)]
mod tests {
    use super::queue_of;

    #[test]
    fn a_file_is_named_by_queue_region_and_account() {
        let account = "111111111111";
        assert_eq!(queue_of("q"), Some(("q", None, None)));
        assert_eq!(queue_of("q.fifo@us-east-1"), Some(("q.fifo", Some("us-east-1"), None)));
        assert_eq!(queue_of("q@111111111111"), Some(("q", None, Some(account))));
        assert_eq!(queue_of("q@us-east-1@111111111111"), Some(("q", Some("us-east-1"), Some(account))));
        for bad in
            ["", "a b", "q@", "q@@111111111111", "q@111111111111@us-east-1", "q@us-east-1@1", "q@a@b@c"]
        {
            assert_eq!(queue_of(bad), None, "{bad}");
        }
    }
}
