//! The operations that show and publish functions.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use time::macros::format_description;

use super::error::{error, no_such_function, validation};
use super::function::{Alias, Function, Version};
use super::name::{LATEST, arn, is_alias};
use super::rest::{Context, Route, Target};
use crate::layer::AwsError;

/// The longest page of a list; what more is asked for is not given.
const MAX_PAGE: usize = 50;
/// The most that can be asked for.
const MAX_ITEMS: usize = 10_000;

/// `GetFunctionConfiguration`
pub(super) fn get_function_configuration(cx: &Context<'_>, target: &Target) -> Result<Value, AwsError> {
    let functions = cx.shared.lambda.functions();
    let arn = target.arn(cx);
    let function = functions.get(&target.name, &arn)?;
    let (number, version) =
        function.version(target.qualifier.as_deref()).ok_or_else(|| no_such_function(&arn))?;
    Ok(configuration(cx, target, function, &number, version, target.qualifier.as_deref()))
}

/// `GetFunction`. There is no code to be had.
pub(super) fn get_function(cx: &Context<'_>, target: &Target) -> Result<Value, AwsError> {
    let configuration = get_function_configuration(cx, target)?;
    let functions = cx.shared.lambda.functions();
    let function = functions.get(&target.name, &target.arn(cx))?;
    let mut answer = Map::new();
    answer.insert("Configuration".to_owned(), configuration);
    answer.insert("Code".to_owned(), json!({ "RepositoryType": "S3" }));
    if let Some(limit) = function.reserved_concurrency {
        answer.insert("Concurrency".to_owned(), json!({ "ReservedConcurrentExecutions": limit }));
    }
    Ok(answer.into())
}

/// `ListFunctions`
pub(super) fn list_functions(cx: &Context<'_>, route: &Route) -> Result<Value, AwsError> {
    let all = match route.parameter("FunctionVersion") {
        None => false,
        Some("ALL") => true,
        Some(other) => {
            return Err(validation(other, "functionVersion", "Member must satisfy enum value set: [ALL]"));
        }
    };
    let mut entries = Vec::new();
    if cx.shared.region.as_ref().is_none_or(|region| *region == cx.region) {
        for (name, function) in &cx.shared.lambda.functions().by_name {
            let target = Target { name: name.clone(), qualifier: None };
            let qualifier = all.then_some(LATEST);
            entries.push(configuration(cx, &target, function, LATEST, &function.latest, qualifier));
            if all {
                entries.extend(published(cx, &target, function));
            }
        }
    }
    page(route, "Functions", entries)
}

/// `ListVersionsByFunction`
pub(super) fn list_versions(cx: &Context<'_>, target: &Target, route: &Route) -> Result<Value, AwsError> {
    let functions = cx.shared.lambda.functions();
    let function = functions.get(&target.name, &target.arn(cx))?;
    let mut entries = vec![configuration(cx, target, function, LATEST, &function.latest, Some(LATEST))];
    entries.extend(published(cx, target, function));
    page(route, "Versions", entries)
}

fn published(cx: &Context<'_>, target: &Target, function: &Function) -> Vec<Value> {
    let entry = |(number, version): (&u64, &Version)| {
        let number = number.to_string();
        configuration(cx, target, function, &number, version, Some(&number))
    };
    function.versions.iter().map(entry).collect()
}

/// `PublishVersion`
pub(super) fn publish_version(cx: &Context<'_>, target: &Target, input: &Value) -> Result<Value, AwsError> {
    let mut functions = cx.shared.lambda.functions();
    let arn = target.arn(cx);
    let function = functions.get_mut(&target.name, &arn)?;
    let given = |name: &str| input.get(name).and_then(Value::as_str);
    if given("RevisionId").is_some_and(|revision| revision != function.latest.revision_id) {
        return Err(error(
            "PreconditionFailedException",
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to \
             retrieve the latest Revision Id",
        ));
    }
    let description = given("Description").filter(|text| !text.is_empty()).map(str::to_owned);
    let number = function.publish(description, cx.shared.clock.now(), &cx.shared.ids);
    let (number, version) = function.version(Some(&number)).ok_or_else(|| no_such_function(&arn))?;
    Ok(configuration(cx, target, function, &number, version, Some(&number)))
}

/// `ListAliases`
pub(super) fn list_aliases(cx: &Context<'_>, target: &Target, route: &Route) -> Result<Value, AwsError> {
    let functions = cx.shared.lambda.functions();
    let function = functions.get(&target.name, &target.arn(cx))?;
    let wanted = route.parameter("FunctionVersion");
    let aliases =
        function.aliases.iter().filter(|(_, it)| wanted.is_none_or(|version| it.version == version));
    page(route, "Aliases", aliases.map(|(name, it)| alias(cx, target, name, it)).collect())
}

/// `GetAlias`
pub(super) fn get_alias(cx: &Context<'_>, target: &Target, name: &str) -> Result<Value, AwsError> {
    let functions = cx.shared.lambda.functions();
    let found = functions.get(&target.name, &target.arn(cx))?.aliases.get(name);
    let found = found.ok_or_else(|| {
        let arn = alias_arn(cx, target, name);
        error("ResourceNotFoundException", format!("Cannot find alias arn: {arn}"))
    })?;
    Ok(alias(cx, target, name, found))
}

/// `CreateAlias`
pub(super) fn create_alias(cx: &Context<'_>, target: &Target, input: &Value) -> Result<Value, AwsError> {
    let text = |name: &str| input.get(name).and_then(Value::as_str);
    let required = |name: &str, field: &str| {
        text(name).ok_or_else(|| validation("null", field, "Member must not be null"))
    };
    let name = required("Name", "name")?;
    let version = required("FunctionVersion", "functionVersion")?;
    if !is_alias(name) {
        let pattern = "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)";
        return Err(validation(name, "name", pattern));
    }
    if input.get("RoutingConfig").is_some_and(|routing| !routing.is_null()) {
        return Err(error(
            "InvalidParameterValueException",
            "the fake has no weighted aliases (`RoutingConfig`)",
        ));
    }
    let mut functions = cx.shared.lambda.functions();
    let function = functions.get_mut(&target.name, &target.arn(cx))?;
    let arn_of = |qualifier: &str| arn(&cx.region, &cx.shared.account_id, &target.name, Some(qualifier));
    let of_version = version == LATEST || version.bytes().all(|byte| byte.is_ascii_digit());
    if !of_version || function.version(Some(version)).is_none() {
        return Err(no_such_function(&arn_of(version)));
    }
    if function.aliases.contains_key(name) {
        return Err(error("ResourceConflictException", format!("Alias already exists: {}", arn_of(name))));
    }
    let made = Alias {
        version: version.to_owned(),
        description: text("Description").unwrap_or_default().to_owned(),
        revision_id: cx.shared.ids.uuid("revision"),
    };
    let answer = alias(cx, target, name, &made);
    function.aliases.insert(name.to_owned(), made);
    Ok(answer)
}

fn alias(cx: &Context<'_>, target: &Target, name: &str, alias: &Alias) -> Value {
    json!({
        "AliasArn": alias_arn(cx, target, name),
        "Name": name,
        "FunctionVersion": alias.version,
        "Description": alias.description,
        "RevisionId": alias.revision_id,
    })
}

fn alias_arn(cx: &Context<'_>, target: &Target, name: &str) -> String {
    arn(&cx.region, &cx.shared.account_id, &target.name, Some(name))
}

/// A version as `FunctionConfiguration`. The ARN has the qualifier by which it was asked for.
fn configuration(
    cx: &Context<'_>,
    target: &Target,
    function: &Function,
    number: &str,
    version: &Version,
    qualifier: Option<&str>,
) -> Value {
    let state = function.state(cx.shared.clock.now());
    // The digest of no code, but the same for the same function.
    let digest = Sha256::digest(target.name.as_bytes());
    let settings = &version.configuration;
    let mut entry = Map::new();
    let mut put = |name: &str, value: Value| entry.insert(name.to_owned(), value);
    put("FunctionName", target.name.clone().into());
    put("FunctionArn", arn(&cx.region, &cx.shared.account_id, &target.name, qualifier).into());
    put("Runtime", "provided.al2023".into());
    put("Role", format!("arn:aws:iam::{}:role/{}", cx.shared.account_id, target.name).into());
    put("Handler", "bootstrap".into());
    put("CodeSize", 0.into());
    put("CodeSha256", BASE64_STANDARD.encode(digest).into());
    put("Description", settings.description.clone().into());
    put("Timeout", settings.timeout.as_secs().into());
    put("MemorySize", settings.memory_size.into());
    let format =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]+0000");
    put("LastModified", OffsetDateTime::from(version.modified).format(&format).unwrap_or_default().into());
    put("Version", number.into());
    put("RevisionId", version.revision_id.clone().into());
    put("PackageType", "Zip".into());
    put("Architectures", json!(["x86_64"]));
    put("EphemeralStorage", json!({ "Size": 512 }));
    put("TracingConfig", json!({ "Mode": "PassThrough" }));
    put("LastUpdateStatus", "Successful".into());
    put("State", state.as_str().into());
    if let Some((reason, code)) = state.reason() {
        put("StateReason", reason.into());
        put("StateReasonCode", code.into());
    }
    if !settings.environment.is_empty() {
        put("Environment", json!({ "Variables": settings.environment }));
    }
    Value::Object(entry)
}

/// A page of a list, from `Marker` on, and where the next begins.
fn page(route: &Route, name: &str, entries: Vec<Value>) -> Result<Value, AwsError> {
    let max = match route.parameter("MaxItems") {
        None => MAX_PAGE,
        Some(text) => {
            let number = text.parse().ok().filter(|number| (1..=MAX_ITEMS).contains(number));
            let number = number.ok_or_else(|| {
                validation(text, "maxItems", &format!("Member must have value between 1 and {MAX_ITEMS}"))
            });
            number?.min(MAX_PAGE)
        }
    };
    let start = match route.parameter("Marker").filter(|marker| !marker.is_empty()) {
        None => 0,
        Some(marker) => {
            let plain = BASE64_STANDARD.decode(marker).ok().and_then(|plain| String::from_utf8(plain).ok());
            let number = plain.and_then(|plain| plain.strip_prefix("after:")?.parse().ok());
            number
                .ok_or_else(|| error("InvalidParameterValueException", format!("Invalid marker: {marker}")))?
        }
    };
    let more = entries.len() > start + max;
    let entries: Vec<Value> = entries.into_iter().skip(start).take(max).collect();
    let mut answer = Map::new();
    answer.insert(name.to_owned(), entries.into());
    if more {
        let marker = BASE64_STANDARD.encode(format!("after:{}", start + max));
        answer.insert("NextMarker".to_owned(), marker.into());
    }
    Ok(answer.into())
}
