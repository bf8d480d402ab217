//! Event source mappings: functions that are called with what arrives in queues.
//!
//! [`operations`] is the API, [`mapping`] what a mapping is, [`settings`] and [`filter`] what can be set of it, and [`poll`] what it
//! does. Other sources than queues the fake does not have.

mod event;
mod filter;
mod mapping;
mod operations;
mod poll;
mod settings;

use std::sync::Arc;

use http::StatusCode;

pub use mapping::EventSourceMappingDocument;
pub(crate) use mapping::{EventSourceMapping, Mappings};
pub(crate) use poll::{is_busy, poll_all};

use super::error::unknown_operation;
use super::rest::{Context, Input, Route, document, input, nothing};
use super::store::LambdaState;
use crate::fake::Shared;
use crate::layer::{Answer, AwsError};

/// Whether it is the tags of a mapping that a request is about.
pub(super) fn has_tags(route: &Route) -> bool {
    route.resource().contains(":event-source-mapping:")
}

/// Answers an operation on event source mappings.
pub(super) fn answer(cx: &Context<'_>, route: &Route, body: Input) -> Result<Answer, AwsError> {
    let (ok, accepted) = (StatusCode::OK, StatusCode::ACCEPTED);
    match route.operation() {
        "CreateEventSourceMapping" => document(accepted, &operations::create(cx, &input(body)?)?),
        "GetEventSourceMapping" => document(ok, &operations::get(cx, route)?),
        "ListEventSourceMappings" => document(ok, &operations::list(cx, route)?),
        "UpdateEventSourceMapping" => document(accepted, &operations::update(cx, route, &input(body)?)?),
        "DeleteEventSourceMapping" => document(accepted, &operations::delete(cx, route)?),
        "ListTags" => document(ok, &operations::list_tags(cx, route)?),
        "TagResource" => nothing(operations::tag(cx, route, &input(body)?)),
        "UntagResource" => nothing(operations::untag(cx, route)),
        other => Err(unknown_operation(other)),
    }
}

impl LambdaState {
    /// The mappings as documents, those that are being deleted left out.
    pub(crate) fn mapping_documents(&self) -> Vec<EventSourceMappingDocument> {
        self.mappings()
            .iter()
            .filter(|mapping| !mapping.is_ending())
            .map(EventSourceMappingDocument::of)
            .collect()
    }

    /// Adds the mappings of a seed.
    pub(crate) fn seed_mappings(
        shared: &Arc<Shared>,
        documents: Vec<EventSourceMappingDocument>,
    ) -> Result<(), String> {
        let mappings: Vec<EventSourceMapping> =
            documents.into_iter().map(|document| document.mapping(shared)).collect::<Result<_, _>>()?;
        {
            let mut known = shared.lambda.mappings();
            for mapping in mappings {
                if known.iter().any(|other| other.uuid == mapping.uuid) {
                    return Err(format!("there are two event source mappings `{}`", mapping.uuid));
                }
                known.push(mapping);
            }
        }
        poll_all(shared);
        Ok(())
    }
}
