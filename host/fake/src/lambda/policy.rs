//! The resource-based policies of functions. They are kept and shown; who may invoke a function is not asked.

use serde_json::{Map, Value, json};

use super::create::text;
use super::error::{error, missing, no_such_function};
use super::function::Function;
use super::name::is_alias;
use super::rest::{Context, Route, Target};
use crate::layer::AwsError;

/// `AddPermission`
pub(super) fn add_permission(cx: &Context<'_>, target: &Target, input: &Value) -> Result<Value, AwsError> {
    let required = |name: &str, field: &str| text(input, name).ok_or_else(|| missing(field));
    let id = required("StatementId", "statementId")?;
    let action = required("Action", "action")?;
    let principal = required("Principal", "principal")?;
    let mut functions = cx.shared.lambda.functions();
    let arn = target.arn(cx);
    let function = functions.get_mut(&target.name, &arn)?;
    check_qualifier(function, target, &arn)?;
    check_revision(text(input, "RevisionId"), function, target)?;
    let mut conditions: Map<String, Value> = Map::new();
    let mut put = |operator: &str, key: &str, parameter: &str| {
        if let Some(value) = input.get(parameter) {
            let operator = conditions.entry(operator).or_insert_with(|| json!({}));
            if let Some(operator) = operator.as_object_mut() {
                operator.insert(key.to_owned(), value.clone());
            }
        }
    };
    put("ArnLike", "AWS:SourceArn", "SourceArn");
    put("StringEquals", "AWS:SourceAccount", "SourceAccount");
    put("StringEquals", "aws:PrincipalOrgID", "PrincipalOrgID");
    put("StringEquals", "lambda:EventSourceToken", "EventSourceToken");
    put("StringEquals", "lambda:FunctionUrlAuthType", "FunctionUrlAuthType");
    let mut statement = json!({
        "Sid": id,
        "Effect": "Allow",
        "Principal": principal_of(principal),
        "Action": action,
        "Resource": arn,
    });
    if let (false, Some(statement)) = (conditions.is_empty(), statement.as_object_mut()) {
        statement.insert("Condition".to_owned(), conditions.into());
    }
    let policy = function.policies.entry(target.qualifier.clone().unwrap_or_default()).or_default();
    if policy.iter().any(|statement| text(statement, "Sid") == Some(id)) {
        return Err(exists_already(id));
    }
    policy.push(statement.clone());
    Ok(json!({ "Statement": statement.to_string() }))
}

/// `GetPolicy`
pub(super) fn get_policy(cx: &Context<'_>, target: &Target) -> Result<Value, AwsError> {
    let functions = cx.shared.lambda.functions();
    let function = functions.get(&target.name, &target.arn(cx))?;
    let statements = function.policies.get(target.qualifier.as_deref().unwrap_or_default());
    let statements = statements
        .filter(|statements| !statements.is_empty())
        .ok_or_else(|| error("ResourceNotFoundException", "The resource you requested does not exist."))?;
    let policy = json!({ "Version": "2012-10-17", "Id": "default", "Statement": statements });
    Ok(json!({ "Policy": policy.to_string(), "RevisionId": function.latest.revision_id }))
}

/// `RemovePermission`
pub(super) fn remove_permission(cx: &Context<'_>, target: &Target, route: &Route) -> Result<(), AwsError> {
    let id = route.part();
    let mut functions = cx.shared.lambda.functions();
    let arn = target.arn(cx);
    let function = functions.by_name.get_mut(&target.name);
    let function =
        function.ok_or_else(|| error("ResourceNotFoundException", format!("No policy found for: {arn}")))?;
    check_qualifier(function, target, &arn)?;
    check_revision(route.parameter("RevisionId"), function, target)?;
    let statements = function.policies.get_mut(target.qualifier.as_deref().unwrap_or_default());
    let statements = statements.filter(|statements| !statements.is_empty()).ok_or_else(|| {
        error("ResourceNotFoundException", "No policy is associated with the given resource.")
    })?;
    let before = statements.len();
    statements.retain(|statement| text(statement, "Sid") != Some(id));
    if statements.len() == before {
        return Err(statement_not_found(id));
    }
    Ok(())
}

/// Refuses a version or alias that is not there.
fn check_qualifier(function: &Function, target: &Target, arn: &str) -> Result<(), AwsError> {
    match &target.qualifier {
        Some(qualifier) if function.version(Some(qualifier)).is_none() => {
            if is_alias(qualifier) {
                return Err(error("ResourceNotFoundException", format!("Cannot find alias arn: {arn}")));
            }
            Err(no_such_function(arn))
        }
        _ => Ok(()),
    }
}

/// Refuses a change of what somebody else has changed since: the function, the version or the alias.
fn check_revision(given: Option<&str>, function: &Function, target: &Target) -> Result<(), AwsError> {
    let qualifier = target.qualifier.as_deref();
    let alias = qualifier.and_then(|name| function.aliases.get(name));
    let version = function.version(qualifier).map(|(_, version)| &version.revision_id);
    let current = alias.map(|alias| &alias.revision_id).or(version);
    super::create::check_revision(&json!({ "RevisionId": given }), current.map_or("", String::as_str))
}

/// A principal as a policy has it: a service, an account, or whatever else was given.
pub(super) fn principal_of(principal: &str) -> Value {
    if principal.ends_with(".amazonaws.com") {
        json!({ "Service": principal })
    } else if principal.len() == 12 && principal.bytes().all(|byte| byte.is_ascii_digit()) {
        json!({ "AWS": format!("arn:aws:iam::{principal}:root") })
    } else if principal == "*" {
        json!("*")
    } else {
        json!({ "AWS": principal })
    }
}

pub(super) fn exists_already(id: &str) -> AwsError {
    let message = format!(
        "The statement id ({id}) provided already exists. Please provide a new statement id, or remove the existing \
         statement."
    );
    error("ResourceConflictException", message)
}

pub(super) fn statement_not_found(id: &str) -> AwsError {
    error("ResourceNotFoundException", format!("Statement {id} is not found in resource policy."))
}
