//! The operations on aliases.

use serde_json::{Value, json};

use super::configuration::page;
use super::create::{check_revision, required, text};
use super::error::{error, no_such_function, validation};
use super::function::Alias;
use super::name::{LATEST, is_alias};
use super::rest::{Context, Route, Target};
use crate::layer::AwsError;

/// `ListAliases`
pub(super) fn list_aliases(cx: &Context<'_>, target: &Target, route: &Route) -> Result<Value, AwsError> {
    let functions = cx.shared.lambda.functions();
    let function = functions.get(cx, target)?;
    let wanted = route.parameter("FunctionVersion");
    let aliases =
        function.aliases.iter().filter(|(_, it)| wanted.is_none_or(|version| it.version == version));
    page(route, "Aliases", aliases.map(|(name, it)| alias(cx, target, name, it)).collect())
}

/// `GetAlias`
pub(super) fn get_alias(cx: &Context<'_>, target: &Target, name: &str) -> Result<Value, AwsError> {
    let functions = cx.shared.lambda.functions();
    let found = functions.get(cx, target)?.aliases.get(name);
    let found = found.ok_or_else(|| no_such_alias(cx, target, name))?;
    Ok(alias(cx, target, name, found))
}

/// `CreateAlias`
pub(super) fn create_alias(cx: &Context<'_>, target: &Target, input: &Value) -> Result<Value, AwsError> {
    let name = required(input, "Name", "name")?;
    let version = required(input, "FunctionVersion", "functionVersion")?;
    if !is_alias(name) {
        let pattern = "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)";
        return Err(validation(name, "name", pattern));
    }
    let mut functions = cx.shared.lambda.functions();
    let function = functions.get_mut(cx, target)?;
    let arn_of = |qualifier: &str| target.arn_of(cx, Some(qualifier));
    let of_version = version == LATEST || version.bytes().all(|byte| byte.is_ascii_digit());
    if !of_version || function.version(Some(version)).is_none() {
        return Err(no_such_function(&arn_of(version)));
    }
    if function.aliases.contains_key(name) {
        return Err(error("ResourceConflictException", format!("Alias already exists: {}", arn_of(name))));
    }
    let made = Alias {
        version: version.to_owned(),
        description: text(input, "Description").unwrap_or_default().to_owned(),
        revision_id: cx.shared.ids.uuid("revision"),
        routing: routing(input),
    };
    let answer = alias(cx, target, name, &made);
    function.aliases.insert(name.to_owned(), made);
    cx.shared.lambda.stir();
    Ok(answer)
}

/// `UpdateAlias`
pub(super) fn update_alias(
    cx: &Context<'_>,
    target: &Target,
    name: &str,
    input: &Value,
) -> Result<Value, AwsError> {
    let mut functions = cx.shared.lambda.functions();
    let function = functions.get_mut(cx, target)?;
    let version = input.get("FunctionVersion").and_then(Value::as_str);
    if let Some(version) = version.filter(|version| function.version(Some(version)).is_none()) {
        return Err(no_such_function(&target.arn_of(cx, Some(version))));
    }
    let found = function.aliases.get_mut(name).ok_or_else(|| no_such_alias(cx, target, name))?;
    check_revision(text(input, "RevisionId"), &found.revision_id)?;
    if let Some(version) = version {
        version.clone_into(&mut found.version);
    }
    if let Some(description) = input.get("Description").and_then(Value::as_str) {
        description.clone_into(&mut found.description);
    }
    if input.get("RoutingConfig").is_some() {
        found.routing = routing(input);
    }
    found.revision_id = cx.shared.ids.uuid("revision");
    Ok(alias(cx, target, name, found))
}

/// `DeleteAlias`. One that is not there is no error.
pub(super) fn delete_alias(cx: &Context<'_>, target: &Target, name: &str) -> Result<(), AwsError> {
    let mut functions = cx.shared.lambda.functions();
    functions.get_mut(cx, target)?.aliases.remove(name);
    Ok(())
}

/// `RoutingConfig`, if it gives another version any weight. It is shown; every invocation goes to the alias's own.
fn routing(input: &Value) -> Option<Value> {
    let routing = input.get("RoutingConfig")?;
    let weights = routing.get("AdditionalVersionWeights")?.as_object()?;
    (!weights.is_empty()).then(|| routing.clone())
}

fn no_such_alias(cx: &Context<'_>, target: &Target, name: &str) -> AwsError {
    let arn = alias_arn(cx, target, name);
    error("ResourceNotFoundException", format!("Cannot find alias arn: {arn}"))
}

fn alias(cx: &Context<'_>, target: &Target, name: &str, alias: &Alias) -> Value {
    let mut entry = json!({
        "AliasArn": alias_arn(cx, target, name),
        "Name": name,
        "FunctionVersion": alias.version,
        "Description": alias.description,
        "RevisionId": alias.revision_id,
    });
    if let (Some(routing), Some(entry)) = (&alias.routing, entry.as_object_mut()) {
        entry.insert("RoutingConfig".to_owned(), routing.clone());
    }
    entry
}

fn alias_arn(cx: &Context<'_>, target: &Target, name: &str) -> String {
    target.arn_of(cx, Some(name))
}
