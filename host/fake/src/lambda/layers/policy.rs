//! The resource-based policies of the versions of layers.

use serde_json::{Value, json};

use super::layer::LayerVersion;
use super::name::{LayerId, layer_of, number_of};
use crate::lambda::access;
use crate::lambda::create::text;
use crate::lambda::error::{error, no_policy, validation};
use crate::lambda::policy::{Permission, remove_statement, written};
use crate::lambda::rest::{Context, Route};
use crate::layer::AwsError;

/// The one thing that can be allowed.
const ACTION: &str = "lambda:GetLayerVersion";

/// `AddLayerVersionPermission`
pub(super) fn add(cx: &Context<'_>, route: &Route, input: &Value) -> Result<Value, AwsError> {
    let (id, number) = (layer_of(cx, route)?, number_of(route)?);
    let permission = Permission::of(input)?;
    if permission.action != ACTION {
        let pattern = format!("Member must satisfy regular expression pattern: {ACTION}");
        return Err(validation(permission.action, "action", &pattern));
    }
    let arn = id.version_arn(cx, number);
    let mut layers = cx.shared.lambda.layers();
    let version = layers.version_mut(&id, number).ok_or_else(|| no_such_version(&arn))?;
    check_revision(route, &version.policy_revision)?;
    let organization = text(input, "OrganizationId");
    let condition = |id| ("StringEquals".to_owned(), json!({ "aws:PrincipalOrgID": id }));
    let statement =
        permission.add_to(&mut version.policy, &arn, organization.map(condition).into_iter().collect())?;
    version.policy_revision = cx.shared.ids.uuid("revision");
    Ok(json!({ "Statement": statement, "RevisionId": version.policy_revision }))
}

/// `GetLayerVersionPolicy`
pub(super) fn get(cx: &Context<'_>, route: &Route) -> Result<Value, AwsError> {
    let (id, number) = (layer_of(cx, route)?, number_of(route)?);
    let layers = cx.shared.lambda.layers();
    let version = layers.version(&id, number);
    let version = version.ok_or_else(|| no_such_version(&id.version_arn(cx, number)))?;
    if version.policy.is_empty() {
        return Err(no_policy());
    }
    Ok(json!({ "Policy": written(&version.policy), "RevisionId": version.policy_revision }))
}

/// `RemoveLayerVersionPermission`
pub(super) fn remove(cx: &Context<'_>, route: &Route) -> Result<(), AwsError> {
    let (id, number) = (layer_of(cx, route)?, number_of(route)?);
    let mut layers = cx.shared.lambda.layers();
    let version = layers.version_mut(&id, number);
    let version = version.ok_or_else(|| no_such_version(&id.version_arn(cx, number)))?;
    check_revision(route, &version.policy_revision)?;
    remove_statement(&mut version.policy, route.part())?;
    version.policy_revision = cx.shared.ids.uuid("revision");
    Ok(())
}

/// Refuses a version of another account's layer, unless its policy allows that it is had. One that is not there has none.
pub(super) fn check_access(
    cx: &Context<'_>,
    id: &LayerId,
    number: u64,
    version: Option<&LayerVersion>,
) -> Result<(), AwsError> {
    let policy = version.map(|version| version.policy.as_slice()).unwrap_or_default();
    access::check(cx, policy, ACTION, &id.version_arn(cx, number), id.account(cx))
}

/// Refuses a change of what somebody else has changed since.
fn check_revision(route: &Route, revision: &str) -> Result<(), AwsError> {
    match route.parameter("RevisionId") {
        Some(given) if given != revision => Err(error(
            "PreconditionFailedException",
            "The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy API to retrieve the \
             latest Revision Id",
        )),
        _ => Ok(()),
    }
}

fn no_such_version(arn: &str) -> AwsError {
    error("ResourceNotFoundException", format!("Layer version {arn} does not exist."))
}
