//! What Lambda has beside functions, as a document: `lambda/.innkeeper.json`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::layers::Layer;
use super::mappings::EventSourceMappingDocument;
use super::store::LambdaState;
use crate::fake::Shared;

/// Layers and event source mappings.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct LambdaDocument {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    layers: Vec<Layer>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    event_source_mappings: Vec<EventSourceMappingDocument>,
}

impl LambdaDocument {
    pub(crate) fn of(lambda: &LambdaState) -> Self {
        Self { layers: lambda.layers().documents(), event_source_mappings: lambda.mapping_documents() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.layers.is_empty() && self.event_source_mappings.is_empty()
    }

    /// Adds what the document says to what is there.
    pub(super) fn apply(self, shared: &Arc<Shared>) -> Result<(), String> {
        self.layers.iter().try_for_each(Layer::check)?;
        {
            let mut layers = shared.lambda.layers();
            for mut layer in self.layers {
                layer.account_id = shared.other_account(layer.account_id);
                layers.insert(layer);
            }
        }
        LambdaState::seed_mappings(shared, self.event_source_mappings)
    }
}
