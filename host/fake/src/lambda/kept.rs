//! Functions as documents, with all that clients have made of them: `kept` in `lambda/FUNCTION.json`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::canned::{Code, FunctionDocument};
use super::function::{Alias, Configuration, Function, Version};
use super::handler::Handler;
use super::name::{FunctionId, is_alias};
use super::store::LambdaState;
use crate::instant;

/// A function, but for its code.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Kept {
    latest: KeptVersion,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    versions: BTreeMap<u64, KeptVersion>,
    /// The number that was given last, whether or not that version is there.
    #[serde(default)]
    last: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    published: Option<(String, Configuration)>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    aliases: BTreeMap<String, Alias>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reserved_concurrency: Option<u32>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code_signing_config: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    policies: BTreeMap<String, Vec<Value>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    event_invoke_configs: BTreeMap<String, Map<String, Value>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    urls: BTreeMap<String, Map<String, Value>>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct KeptVersion {
    configuration: Configuration,
    #[serde(with = "instant")]
    modified: SystemTime,
    revision_id: String,
}

impl KeptVersion {
    fn of(version: &Version) -> Self {
        Self {
            configuration: version.configuration.clone(),
            modified: version.modified,
            revision_id: version.revision_id.clone(),
        }
    }

    fn version(self, handler: Arc<dyn Handler>) -> Version {
        Version {
            handler,
            configuration: self.configuration,
            modified: self.modified,
            revision_id: self.revision_id,
        }
    }
}

impl Kept {
    pub(super) fn of(function: &Function) -> Self {
        Self {
            latest: KeptVersion::of(&function.latest),
            versions: function.versions.iter().map(|(number, it)| (*number, KeptVersion::of(it))).collect(),
            last: function.last,
            published: function.published.clone(),
            aliases: function.aliases.clone(),
            reserved_concurrency: function.reserved_concurrency,
            tags: function.tags.clone(),
            code_signing_config: function.code_signing_config.clone(),
            policies: function.policies.clone(),
            event_invoke_configs: function.event_invoke_configs.clone(),
            urls: function.urls.clone(),
        }
    }

    /// What an alias points at has to be there, and a number cannot be given twice.
    pub(super) fn check(&self) -> Result<(), String> {
        if let Some(number) = self.versions.keys().find(|number| **number == 0 || **number > self.last) {
            return Err(format!("version {number} is none up to `last`, {}", self.last));
        }
        let there = |version: &str| {
            version == super::name::LATEST
                || version.parse().is_ok_and(|number: u64| self.versions.contains_key(&number))
        };
        match self.aliases.iter().find(|(name, alias)| !is_alias(name) || !there(&alias.version)) {
            Some((name, alias)) => {
                Err(format!("the alias `{name}` of version `{}` cannot be", alias.version))
            }
            None => Ok(()),
        }
    }

    /// Gives a new function what it had.
    pub(super) fn apply(self, function: &mut Function) {
        let handler = Arc::clone(&function.latest.handler);
        function.versions = self
            .versions
            .into_iter()
            .map(|(number, version)| (number, version.version(Arc::clone(&handler))))
            .collect();
        function.latest = self.latest.version(handler);
        function.last = self.last;
        function.published = self.published;
        function.aliases = self.aliases;
        function.reserved_concurrency = self.reserved_concurrency;
        function.tags = self.tags;
        function.code_signing_config = self.code_signing_config;
        function.policies = self.policies;
        function.event_invoke_configs = self.event_invoke_configs;
        function.urls = self.urls;
    }
}

impl LambdaState {
    /// The functions as documents; those that are Rust are none.
    pub(crate) fn documents(&self) -> Vec<(FunctionId, FunctionDocument)> {
        let functions = self.functions();
        let documents = functions.by_id.iter().filter_map(|(id, function)| {
            let mut document = FunctionDocument::default();
            match function.code.clone()? {
                Code::Answers(answers) => document.answers = Some(answers),
                Code::Guest(guest) => document.guest = Some(guest),
                Code::Uploaded => document.uploaded = true,
            }
            document.kept = Some(Box::new(Kept::of(function)));
            Some((id.clone(), document))
        });
        documents.collect()
    }
}
