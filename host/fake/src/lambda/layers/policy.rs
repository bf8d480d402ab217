//! The resource-based policies of the versions of layers. They are kept and shown; who may have a layer is not asked.

use serde_json::{Value, json};

use super::name::{layer_of, number_of, version_arn};
use crate::lambda::create::text;
use crate::lambda::error::{error, no_policy, validation};
use crate::lambda::policy::{Permission, remove_statement, written};
use crate::lambda::rest::{Context, Route};
use crate::layer::AwsError;

/// The one thing that can be allowed.
const ACTION: &str = "lambda:GetLayerVersion";

/// `AddLayerVersionPermission`
pub(super) fn add(cx: &Context<'_>, route: &Route, input: &Value) -> Result<Value, AwsError> {
    let (name, number) = (layer_of(cx, route)?, number_of(route)?);
    let permission = Permission::of(input)?;
    if permission.action != ACTION {
        let pattern = format!("Member must satisfy regular expression pattern: {ACTION}");
        return Err(validation(permission.action, "action", &pattern));
    }
    let arn = version_arn(cx, &name, number);
    let mut layers = cx.shared.lambda.layers();
    let version = layers.version_mut(&cx.region, &name, number).ok_or_else(|| no_such_version(&arn))?;
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
    let (name, number) = (layer_of(cx, route)?, number_of(route)?);
    let layers = cx.shared.lambda.layers();
    let version = layers.version(&cx.region, &name, number);
    let version = version.ok_or_else(|| no_such_version(&version_arn(cx, &name, number)))?;
    if version.policy.is_empty() {
        return Err(no_policy());
    }
    Ok(json!({ "Policy": written(&version.policy), "RevisionId": version.policy_revision }))
}

/// `RemoveLayerVersionPermission`
pub(super) fn remove(cx: &Context<'_>, route: &Route) -> Result<(), AwsError> {
    let (name, number) = (layer_of(cx, route)?, number_of(route)?);
    let mut layers = cx.shared.lambda.layers();
    let version = layers.version_mut(&cx.region, &name, number);
    let version = version.ok_or_else(|| no_such_version(&version_arn(cx, &name, number)))?;
    check_revision(route, &version.policy_revision)?;
    remove_statement(&mut version.policy, route.part())?;
    version.policy_revision = cx.shared.ids.uuid("revision");
    Ok(())
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
