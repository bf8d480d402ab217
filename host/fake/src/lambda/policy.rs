//! The resource-based policies of functions: what they say is for [`access`](super::access) to tell.

use serde_json::{Map, Value, json};

use super::create::{required, text};
use super::error::{error, no_policy, no_such_function, not_found};
use super::function::Function;
use super::name::is_alias;
use super::rest::{Context, Route, Target};
use crate::account::is_account_id;
use crate::layer::AwsError;

/// `AddPermission`
pub(super) fn add_permission(cx: &Context<'_>, target: &Target, input: &Value) -> Result<Value, AwsError> {
    let permission = Permission::of(input)?;
    let mut functions = cx.shared.lambda.functions();
    let arn = target.arn(cx);
    let function = functions.get_mut(cx, target)?;
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
    let policy = function.policies.entry(target.qualifier.clone().unwrap_or_default()).or_default();
    Ok(json!({ "Statement": permission.add_to(policy, &arn, conditions)? }))
}

/// `GetPolicy`
pub(super) fn get_policy(cx: &Context<'_>, target: &Target) -> Result<Value, AwsError> {
    let functions = cx.shared.lambda.functions();
    let function = functions.get(cx, target)?;
    let statements = function.policy(target.qualifier.as_deref());
    let statements = statements.filter(|statements| !statements.is_empty()).ok_or_else(not_found)?;
    Ok(json!({ "Policy": written(statements), "RevisionId": function.latest.revision_id }))
}

/// `RemovePermission`
pub(super) fn remove_permission(cx: &Context<'_>, target: &Target, route: &Route) -> Result<(), AwsError> {
    let mut functions = cx.shared.lambda.functions();
    let arn = target.arn(cx);
    let function = functions.by_id.get_mut(&target.function);
    let function =
        function.ok_or_else(|| error("ResourceNotFoundException", format!("No policy found for: {arn}")))?;
    check_qualifier(function, target, &arn)?;
    check_revision(route.parameter("RevisionId"), function, target)?;
    let statements = function.policies.get_mut(target.qualifier.as_deref().unwrap_or_default());
    let statements = statements.filter(|statements| !statements.is_empty()).ok_or_else(no_policy)?;
    remove_statement(statements, route.part())
}

/// What is to be allowed, as requests say it that add to the policy of a function or of a layer's version.
pub(super) struct Permission<'i> {
    id: &'i str,
    pub(super) action: &'i str,
    principal: &'i str,
}

impl<'i> Permission<'i> {
    pub(super) fn of(input: &'i Value) -> Result<Self, AwsError> {
        Ok(Self {
            id: required(input, "StatementId", "statementId")?,
            action: required(input, "Action", "action")?,
            principal: required(input, "Principal", "principal")?,
        })
    }

    /// Adds it to the policy of what has this ARN. Returns the statement as it is shown.
    pub(super) fn add_to(
        &self,
        policy: &mut Vec<Value>,
        arn: &str,
        conditions: Map<String, Value>,
    ) -> Result<String, AwsError> {
        if policy.iter().any(|statement| text(statement, "Sid") == Some(self.id)) {
            return Err(exists_already(self.id));
        }
        let mut statement = json!({
            "Sid": self.id,
            "Effect": "Allow",
            "Principal": principal_of(self.principal),
            "Action": self.action,
            "Resource": arn,
        });
        if let (false, Some(statement)) = (conditions.is_empty(), statement.as_object_mut()) {
            statement.insert("Condition".to_owned(), conditions.into());
        }
        let shown = statement.to_string();
        policy.push(statement);
        Ok(shown)
    }
}

/// The statements of a policy as it is shown.
pub(super) fn written(statements: &[Value]) -> String {
    json!({ "Version": "2012-10-17", "Id": "default", "Statement": statements }).to_string()
}

/// Removes a statement from a policy.
pub(super) fn remove_statement(policy: &mut Vec<Value>, id: &str) -> Result<(), AwsError> {
    let before = policy.len();
    policy.retain(|statement| text(statement, "Sid") != Some(id));
    if policy.len() < before {
        return Ok(());
    }
    Err(error("ResourceNotFoundException", format!("Statement {id} is not found in resource policy.")))
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
    super::create::check_revision(given, current.map_or("", String::as_str))
}

/// A principal as a policy has it: a service, an account, or whatever else was given.
fn principal_of(principal: &str) -> Value {
    if principal.ends_with(".amazonaws.com") {
        json!({ "Service": principal })
    } else if is_account_id(principal) {
        json!({ "AWS": format!("arn:aws:iam::{principal}:root") })
    } else if principal == "*" {
        json!("*")
    } else {
        json!({ "AWS": principal })
    }
}

fn exists_already(id: &str) -> AwsError {
    let message = format!(
        "The statement id ({id}) provided already exists. Please provide a new statement id, or remove the existing \
         statement."
    );
    error("ResourceConflictException", message)
}
