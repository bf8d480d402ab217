//! What a layer is.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::name::LayerId;
use crate::instant;
use crate::lambda::function::Code;

/// A layer of one region. One without versions is there for the numbers that it has given, which none gets again.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Layer {
    pub(crate) name: String,
    pub(crate) region: String,
    /// None is the account of the fake itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) account_id: Option<String>,
    /// The number that was given last.
    pub(super) last: u64,
    /// By number, from 1.
    #[serde(default)]
    pub(super) versions: BTreeMap<u64, LayerVersion>,
}

/// A version of a layer.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct LayerVersion {
    pub(super) code: Code,
    #[serde(with = "instant")]
    pub(super) created: SystemTime,
    #[serde(default)]
    pub(super) description: String,
    /// `LicenseInfo`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) license: Option<String>,
    /// `CompatibleRuntimes`. Of none is shown whatever was given: an empty list, or nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) runtimes: Option<Vec<String>>,
    /// `CompatibleArchitectures`, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) architectures: Option<Vec<String>>,
    /// The statements of the resource-based policy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) policy: Vec<Value>,
    /// `RevisionId` of the policy.
    #[serde(default)]
    pub(super) policy_revision: String,
}

impl Layer {
    pub(super) fn id(&self) -> LayerId {
        let Self { account_id, region, name, .. } = self;
        LayerId { account_id: account_id.clone(), region: region.clone(), name: name.clone() }
    }

    /// The numbers of the versions, newest first.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u64> {
        self.versions.keys().rev().copied()
    }

    /// A number cannot be given twice.
    pub(crate) fn check(&self) -> Result<(), String> {
        if !super::name::is_layer_name(&self.name) {
            return Err(format!("`{}` is no name of a layer", self.name));
        }
        match self.versions.keys().find(|number| **number == 0 || **number > self.last) {
            Some(number) => {
                Err(format!("version {number} of `{}` is none up to `last`, {}", self.name, self.last))
            }
            None => Ok(()),
        }
    }
}

/// The layers of a fake.
#[derive(Debug, Default)]
pub(crate) struct Layers(BTreeMap<LayerId, Layer>);

impl Layers {
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Those that have a version.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Layer> {
        self.0.values().filter(|layer| !layer.versions.is_empty())
    }

    /// All of them, for a document.
    pub(crate) fn documents(&self) -> Vec<Layer> {
        self.0.values().cloned().collect()
    }

    pub(crate) fn insert(&mut self, layer: Layer) {
        self.0.insert(layer.id(), layer);
    }

    /// A layer, which is made if it is not there.
    pub(super) fn entry(&mut self, id: &LayerId) -> &mut Layer {
        self.0.entry(id.clone()).or_insert_with(|| Layer {
            name: id.name.clone(),
            region: id.region.clone(),
            account_id: id.account_id.clone(),
            ..Layer::default()
        })
    }

    pub(super) fn get(&self, id: &LayerId) -> Option<&Layer> {
        self.0.get(id)
    }

    pub(super) fn get_mut(&mut self, id: &LayerId) -> Option<&mut Layer> {
        self.0.get_mut(id)
    }

    pub(super) fn version(&self, id: &LayerId, number: u64) -> Option<&LayerVersion> {
        self.get(id)?.versions.get(&number)
    }

    pub(super) fn version_mut(&mut self, id: &LayerId, number: u64) -> Option<&mut LayerVersion> {
        self.get_mut(id)?.versions.get_mut(&number)
    }
}
