//! Layers: archives that functions can share. They are kept as far as they are shown; no function has anything of them.
//!
//! [`versions`] makes and shows them, [`policy`] is what can be added to a version, and [`references`] are those of functions.

mod layer;
mod name;
mod policy;
mod references;
mod versions;

use http::StatusCode;

pub(crate) use layer::{Layer, Layers};
pub(super) use references::layers_of;

use super::error::unknown_operation;
use super::rest::{Context, Input, Route, document, input, nothing};
use crate::layer::{Answer, AwsError};

/// Answers an operation on layers.
pub(super) fn answer(cx: &Context<'_>, route: &Route, body: Input) -> Result<Answer, AwsError> {
    let (ok, made) = (StatusCode::OK, StatusCode::CREATED);
    match route.operation() {
        "PublishLayerVersion" => document(made, &versions::publish(cx, route, &input(body)?)?),
        "GetLayerVersion" => document(ok, &versions::get(cx, route)?),
        "GetLayerVersionByArn" => document(ok, &versions::get_by_arn(cx, route)?),
        "ListLayerVersions" => document(ok, &versions::list_versions(cx, route)?),
        "ListLayers" => document(ok, &versions::list_layers(cx, route)?),
        "DeleteLayerVersion" => nothing(versions::delete(cx, route)),
        "AddLayerVersionPermission" => document(made, &policy::add(cx, route, &input(body)?)?),
        "GetLayerVersionPolicy" => document(ok, &policy::get(cx, route)?),
        "RemoveLayerVersionPermission" => nothing(policy::remove(cx, route)),
        other => Err(unknown_operation(other)),
    }
}
