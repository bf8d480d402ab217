//! The resource-based policies of the versions of layers. They are kept and shown; who may have a layer is not asked.

use serde_json::{Value, json};

use super::name::{layer_of, number_of, version_arn};
use crate::lambda::create::text;
use crate::lambda::error::{error, missing, validation};
use crate::lambda::policy::{exists_already, principal_of, statement_not_found};
use crate::lambda::rest::{Context, Route};
use crate::layer::AwsError;

/// The one thing that can be allowed.
const ACTION: &str = "lambda:GetLayerVersion";

/// `AddLayerVersionPermission`
pub(super) fn add(cx: &Context<'_>, route: &Route, input: &Value) -> Result<Value, AwsError> {
    let (name, number) = (layer_of(cx, route)?, number_of(route)?);
    let required = |name: &str, field: &str| text(input, name).ok_or_else(|| missing(field));
    let id = required("StatementId", "statementId")?;
    let action = required("Action", "action")?;
    let principal = required("Principal", "principal")?;
    if action != ACTION {
        let pattern = format!("Member must satisfy regular expression pattern: {ACTION}");
        return Err(validation(action, "action", &pattern));
    }
    let arn = version_arn(cx, &name, number);
    let mut layers = cx.shared.lambda.layers();
    let version = layers.version_mut(&cx.region, &name, number).ok_or_else(|| no_such_version(&arn))?;
    check_revision(route, &version.policy_revision)?;
    if version.policy.iter().any(|statement| text(statement, "Sid") == Some(id)) {
        return Err(exists_already(id));
    }
    let mut statement = json!({
        "Sid": id,
        "Effect": "Allow",
        "Principal": principal_of(principal),
        "Action": action,
        "Resource": arn,
    });
    if let (Some(organization), Some(statement)) = (text(input, "OrganizationId"), statement.as_object_mut())
    {
        let condition = json!({ "StringEquals": { "aws:PrincipalOrgID": organization } });
        statement.insert("Condition".to_owned(), condition);
    }
    version.policy.push(statement.clone());
    version.policy_revision = cx.shared.ids.uuid("revision");
    Ok(json!({ "Statement": statement.to_string(), "RevisionId": version.policy_revision }))
}

/// `GetLayerVersionPolicy`
pub(super) fn get(cx: &Context<'_>, route: &Route) -> Result<Value, AwsError> {
    let (name, number) = (layer_of(cx, route)?, number_of(route)?);
    let layers = cx.shared.lambda.layers();
    let version = layers.version(&cx.region, &name, number);
    let version = version.ok_or_else(|| no_such_version(&version_arn(cx, &name, number)))?;
    if version.policy.is_empty() {
        return Err(error("ResourceNotFoundException", "No policy is associated with the given resource."));
    }
    let policy = json!({ "Version": "2012-10-17", "Id": "default", "Statement": version.policy });
    Ok(json!({ "Policy": policy.to_string(), "RevisionId": version.policy_revision }))
}

/// `RemoveLayerVersionPermission`
pub(super) fn remove(cx: &Context<'_>, route: &Route) -> Result<(), AwsError> {
    let (name, number) = (layer_of(cx, route)?, number_of(route)?);
    let mut layers = cx.shared.lambda.layers();
    let version = layers.version_mut(&cx.region, &name, number);
    let version = version.ok_or_else(|| no_such_version(&version_arn(cx, &name, number)))?;
    check_revision(route, &version.policy_revision)?;
    let id = route.part();
    let before = version.policy.len();
    version.policy.retain(|statement| text(statement, "Sid") != Some(id));
    if version.policy.len() == before {
        return Err(statement_not_found(id));
    }
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
