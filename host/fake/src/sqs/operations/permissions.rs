use serde::Deserialize;
use serde_json::{Value, json};

use super::{Context, Nothing};
use crate::account::is_account_id;
use crate::layer::AwsError;
use crate::region::partition;
use crate::sqs::error::{error, invalid_parameter, invalid_value, missing};

/// What others can be allowed to do with a queue.
const ACTIONS: &[&str] = &[
    "*",
    "SendMessage",
    "ReceiveMessage",
    "DeleteMessage",
    "ChangeMessageVisibility",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "PurgeQueue",
];
/// The most actions of one permission.
const MAX_ACTIONS: usize = 7;
/// The longest label.
const MAX_LABEL: usize = 80;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs) struct AddPermission {
    queue_url: Option<String>,
    label: Option<String>,
    #[serde(rename = "AWSAccountIds")]
    account_ids: Vec<String>,
    actions: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs) struct RemovePermission {
    queue_url: Option<String>,
    label: Option<String>,
}

/// `AddPermission`: a statement of the queue's policy, whose id is the label.
pub(in crate::sqs) fn add_permission(cx: &Context<'_>, input: AddPermission) -> Result<Nothing, AwsError> {
    let now = cx.now();
    let mut state = cx.state(now);
    let id = cx.id(&state, input.queue_url.as_deref())?;
    let arn = cx.arn(&id);
    let queue = state.queue(&id, now)?;
    let label = input.label.ok_or_else(|| missing("Label"))?;
    check_label(&label)?;
    let ids = &input.account_ids;
    if ids.is_empty() || !ids.iter().all(|id| is_account_id(id)) {
        return Err(invalid_value(&format!("[{}]", ids.join(", ")), "PrincipalId", "Unable to verify."));
    }
    check_actions(&input.actions)?;
    let mut policy = policy(queue.settings.policy(), &arn);
    let statements = statements(&mut policy)?;
    if statements.iter().any(|statement| has_label(statement, &label)) {
        return Err(invalid_value(&label, "Label", "Already exists."));
    }
    let partition = partition(&cx.region);
    let principals = input.account_ids.iter().map(|account| format!("arn:{partition}:iam::{account}:root"));
    statements.push(json!({
        "Sid": label,
        "Effect": "Allow",
        "Principal": { "AWS": one_or_many(principals) },
        "Action": one_or_many(input.actions.iter().map(|action| format!("SQS:{action}"))),
        "Resource": arn,
    }));
    queue.settings.set_policy(Some(policy.to_string()));
    queue.modified = now;
    Ok(Nothing {})
}

/// `RemovePermission`
pub(in crate::sqs) fn remove_permission(
    cx: &Context<'_>,
    input: RemovePermission,
) -> Result<Nothing, AwsError> {
    let now = cx.now();
    let mut state = cx.state(now);
    let id = cx.id(&state, input.queue_url.as_deref())?;
    let arn = cx.arn(&id);
    let queue = state.queue(&id, now)?;
    let label = input.label.ok_or_else(|| missing("Label"))?;
    let mut policy = policy(queue.settings.policy(), &arn);
    let statements = statements(&mut policy)?;
    let before = statements.len();
    statements.retain(|statement| !has_label(statement, &label));
    if statements.len() == before {
        return Err(invalid_value(&label, "Label", "can't find label."));
    }
    let empty = statements.is_empty();
    queue.settings.set_policy((!empty).then(|| policy.to_string()));
    queue.modified = now;
    Ok(Nothing {})
}

fn check_label(label: &str) -> Result<(), AwsError> {
    let characters = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if characters && (1..=MAX_LABEL).contains(&label.len()) {
        return Ok(());
    }
    Err(invalid_value(
        label,
        "Label",
        &format!(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to {MAX_LABEL} in length."
        ),
    ))
}

fn check_actions(actions: &[String]) -> Result<(), AwsError> {
    if actions.is_empty() {
        return Err(missing("Actions"));
    }
    if actions.len() > MAX_ACTIONS {
        return Err(error(
            "OverLimit",
            format!("{} Actions were found, maximum allowed is {MAX_ACTIONS}.", actions.len()),
        ));
    }
    match actions.iter().find(|action| !ACTIONS.contains(&action.as_str())) {
        Some(action) => Err(invalid_parameter(format!(
            "Value SQS:{action} for parameter ActionName is invalid. Reason: Only the queue owner is allowed to invoke this \
             action."
        ))),
        None => Ok(()),
    }
}

/// The policy that a queue has, or the one that the first permission begins.
fn policy(existing: Option<&str>, arn: &str) -> Value {
    let existing = existing.and_then(|policy| serde_json::from_str(policy).ok());
    existing.unwrap_or_else(
        || json!({ "Version": "2008-10-17", "Id": format!("{arn}/SQSDefaultPolicy"), "Statement": [] }),
    )
}

/// The statements of a policy, which may have a single one outside of a list.
fn statements(policy: &mut Value) -> Result<&mut Vec<Value>, AwsError> {
    let invalid = || error("InvalidAttributeValue", "Invalid value for the parameter Policy.");
    let statements =
        policy.as_object_mut().ok_or_else(invalid)?.entry("Statement").or_insert_with(|| json!([]));
    if statements.is_object() {
        *statements = Value::Array(vec![statements.take()]);
    }
    statements.as_array_mut().ok_or_else(invalid)
}

fn has_label(statement: &Value, label: &str) -> bool {
    statement.get("Sid").and_then(Value::as_str) == Some(label)
}

fn one_or_many(values: impl Iterator<Item = String>) -> Value {
    let mut values: Vec<Value> = values.map(Value::String).collect();
    match values.pop() {
        Some(one) if values.is_empty() => one,
        Some(last) => {
            values.push(last);
            Value::Array(values)
        }
        None => Value::Array(values),
    }
}
