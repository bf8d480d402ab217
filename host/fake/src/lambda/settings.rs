//! What is set of a function beside its configuration: tags, concurrency, what becomes of events, URLs. But for the
//! concurrency it is kept and shown, and has no effect.

use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

use serde_json::{Map, Value, json};

use super::configuration::{page, timestamp};
use super::create::{number, texts};
use super::error::{error, missing, no_such_function, not_found, validation};
use super::function::Function;
use super::name::{LATEST, Reference};
use super::rest::{Context, Route, Target};
use crate::layer::AwsError;

/// What has to be left of the account's concurrency for functions that have not reserved any.
const UNRESERVED: u64 = 100;
/// The most retries of an event.
const MAX_RETRIES: u64 = 2;
/// How old an event may become, in seconds.
const AGES: std::ops::RangeInclusive<u64> = 60..=21_600;

/// How much code an account may have, and how much of it a function, unpacked and in an archive that is sent; in bytes. The fake does
/// not count.
const CODE_SIZE: u64 = 80_530_636_800;
const UNZIPPED: u64 = 262_144_000;
const ZIPPED: u64 = 52_428_800;

/// The most tags of one function.
const MAX_TAGS: usize = 50;

/// What has tags is named by its ARN, and versions and aliases have none.
pub(super) fn check_resource(route: &Route) -> Result<(), AwsError> {
    let reference = Reference::parse(route.resource()).ok();
    let reference = reference.filter(|reference| reference.region.is_some());
    let reference = reference.ok_or_else(|| {
        validation(
            route.resource(),
            "resource",
            "Member must satisfy regular expression pattern: \
             arn:(aws[a-zA-Z-]*)?:lambda:[a-z]{2}((-gov)|(-iso(b?)))?-[a-z]+-\\d{1}:\\d{12}:(function:[a-zA-Z0-9-_]+\
             (:(\\$LATEST|[a-zA-Z0-9-_]+))?|layer:[a-zA-Z0-9-_]+)",
        )
    })?;
    if reference.qualifier.is_some() {
        return Err(error(
            "InvalidParameterValueException",
            "Tags on function aliases and versions are not supported. Please specify a function ARN.",
        ));
    }
    Ok(())
}

pub(super) fn check_tag_count(tags: &BTreeMap<String, String>) -> Result<(), AwsError> {
    if tags.len() <= MAX_TAGS {
        return Ok(());
    }
    Err(error("InvalidParameterValueException", "Number of tags exceeds resource tag limit."))
}

/// `ListTags`
pub(super) fn list_tags(cx: &Context<'_>, target: &Target) -> Result<Value, AwsError> {
    let functions = cx.shared.lambda.functions();
    Ok(json!({ "Tags": functions.get(cx, target)?.tags }))
}

/// `TagResource`
pub(super) fn tag_resource(cx: &Context<'_>, target: &Target, input: &Value) -> Result<(), AwsError> {
    let tags = texts(input.get("Tags"));
    let mut functions = cx.shared.lambda.functions();
    let function = functions.get_mut(cx, target)?;
    if tags.is_empty() {
        let message = "An error occurred and the request cannot be processed.";
        return Err(error("InvalidParameterValueException", message));
    }
    let mut all = function.tags.clone();
    all.extend(tags);
    check_tag_count(&all)?;
    function.tags = all;
    Ok(())
}

/// `UntagResource`
pub(super) fn untag_resource(cx: &Context<'_>, target: &Target, route: &Route) -> Result<(), AwsError> {
    let mut functions = cx.shared.lambda.functions();
    let function = functions.get_mut(cx, target)?;
    if route.parameter("tagKeys").is_none() {
        return Err(missing("tagKeys"));
    }
    for key in route.parameters("tagKeys") {
        function.tags.remove(key);
    }
    Ok(())
}

/// `PutFunctionConcurrency`
pub(super) fn put_concurrency(cx: &Context<'_>, target: &Target, input: &Value) -> Result<Value, AwsError> {
    let limit = number(
        input,
        "ReservedConcurrentExecutions",
        "reservedConcurrentExecutions",
        0..=u64::from(u32::MAX),
    )?;
    let limit = limit.ok_or_else(|| missing("reservedConcurrentExecutions"))?;
    let mut functions = cx.shared.lambda.functions();
    let account = u64::from(functions.account_concurrency);
    let others = functions
        .by_id
        .iter()
        .filter(|(id, _)| id.account_id == target.function.account_id && **id != target.function);
    let reserved: u64 = others.filter_map(|(_, function)| function.reserved_concurrency).map(u64::from).sum();
    let function = functions.get_mut(cx, target)?;
    if reserved + limit + UNRESERVED > account {
        let message = format!(
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its \
             minimum value of [{UNRESERVED}]."
        );
        return Err(error("InvalidParameterValueException", message));
    }
    function.reserved_concurrency = u32::try_from(limit).ok();
    Ok(json!({ "ReservedConcurrentExecutions": limit }))
}

/// `GetFunctionConcurrency`
pub(super) fn get_concurrency(cx: &Context<'_>, target: &Target) -> Result<Value, AwsError> {
    let functions = cx.shared.lambda.functions();
    let limit = functions.get(cx, target)?.reserved_concurrency;
    Ok(limit.map_or_else(|| json!({}), |limit| json!({ "ReservedConcurrentExecutions": limit })))
}

/// `DeleteFunctionConcurrency`
pub(super) fn delete_concurrency(cx: &Context<'_>, target: &Target) -> Result<(), AwsError> {
    let mut functions = cx.shared.lambda.functions();
    functions.get_mut(cx, target)?.reserved_concurrency = None;
    Ok(())
}

/// `GetFunctionCodeSigningConfig`
pub(super) fn get_code_signing_config(cx: &Context<'_>, target: &Target) -> Result<Value, AwsError> {
    let functions = cx.shared.lambda.functions();
    let function = functions.get(cx, target)?;
    let mut answer = json!({ "FunctionName": target.name() });
    if let (Some(config), Some(answer)) = (&function.code_signing_config, answer.as_object_mut()) {
        answer.insert("CodeSigningConfigArn".to_owned(), config.clone().into());
    }
    Ok(answer)
}

/// `PutFunctionEventInvokeConfig`, which begins anew, and `UpdateFunctionEventInvokeConfig`, which does not.
pub(super) fn set_event_invoke_config(
    cx: &Context<'_>,
    target: &Target,
    input: &Value,
    anew: bool,
) -> Result<Value, AwsError> {
    let retries = number(input, "MaximumRetryAttempts", "maximumRetryAttempts", 0..=MAX_RETRIES)?;
    let age = number(input, "MaximumEventAgeInSeconds", "maximumEventAgeInSeconds", AGES)?;
    for (member, field) in [("OnSuccess", "onSuccess"), ("OnFailure", "onFailure")] {
        let destination = input.pointer(&format!("/DestinationConfig/{member}/Destination"));
        check_destination(destination, field)?;
    }
    let seconds = cx.shared.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let mut functions = cx.shared.lambda.functions();
    let arn = event_arn(cx, target);
    let function = functions.by_id.get_mut(&target.function).ok_or_else(|| no_such_function(&arn))?;
    let function = versioned(function, target, &arn)?;
    let config =
        function.event_invoke_configs.entry(target.qualifier.clone().unwrap_or_default()).or_default();
    if anew {
        config.clear();
    }
    config.insert("FunctionArn".to_owned(), arn.into());
    config.insert("LastModified".to_owned(), seconds.into());
    if let Some(retries) = retries {
        config.insert("MaximumRetryAttempts".to_owned(), retries.into());
    }
    if let Some(age) = age {
        config.insert("MaximumEventAgeInSeconds".to_owned(), age.into());
    }
    match input.get("DestinationConfig") {
        Some(destinations) => {
            config.insert("DestinationConfig".to_owned(), destinations.clone());
        }
        None => {
            config.entry("DestinationConfig").or_insert_with(|| json!({ "OnSuccess": {}, "OnFailure": {} }));
        }
    }
    Ok(Value::Object(config.clone()))
}

/// `GetFunctionEventInvokeConfig`
pub(super) fn get_event_invoke_config(cx: &Context<'_>, target: &Target) -> Result<Value, AwsError> {
    let functions = cx.shared.lambda.functions();
    let function = functions.get(cx, target)?;
    let config = function.event_invoke_configs.get(target.qualifier.as_deref().unwrap_or_default());
    config.cloned().map(Value::Object).ok_or_else(|| no_event_invoke_config(cx, target))
}

/// `ListFunctionEventInvokeConfigs`
pub(super) fn list_event_invoke_configs(cx: &Context<'_>, target: &Target) -> Result<Value, AwsError> {
    let functions = cx.shared.lambda.functions();
    let function = functions.get(cx, target)?;
    let configs: Vec<&Map<String, Value>> = function.event_invoke_configs.values().collect();
    Ok(json!({ "FunctionEventInvokeConfigs": configs }))
}

/// `DeleteFunctionEventInvokeConfig`
pub(super) fn delete_event_invoke_config(cx: &Context<'_>, target: &Target) -> Result<(), AwsError> {
    let mut functions = cx.shared.lambda.functions();
    let function = functions.get_mut(cx, target)?;
    let removed = function.event_invoke_configs.remove(target.qualifier.as_deref().unwrap_or_default());
    removed.map(drop).ok_or_else(|| no_event_invoke_config(cx, target))
}

/// `CreateFunctionUrlConfig`. Nothing answers at the URL.
pub(super) fn create_url_config(cx: &Context<'_>, target: &Target, input: &Value) -> Result<Value, AwsError> {
    let now = timestamp(cx.shared.clock.now());
    let mut functions = cx.shared.lambda.functions();
    let arn = target.arn(cx);
    let function = versioned(functions.get_mut(cx, target)?, target, &arn)?;
    let qualifier = target.qualifier.clone().unwrap_or_default();
    if function.urls.contains_key(&qualifier) {
        let message = format!(
            "Failed to create function url config for [functionArn = {arn}]. Error message:  FunctionUrlConfig exists for this Lambda function"
        );
        return Err(error("ResourceConflictException", message));
    }
    let id = cx.shared.ids.upper("url", 32).to_ascii_lowercase();
    let mut config = Map::new();
    config.insert("FunctionUrl".to_owned(), format!("https://{id}.lambda-url.{}.on.aws/", cx.region).into());
    config.insert("FunctionArn".to_owned(), arn.into());
    config.insert("CreationTime".to_owned(), now.into());
    change_url_config(&mut config, input, cx);
    function.urls.insert(qualifier, config.clone());
    Ok(Value::Object(config))
}

/// `UpdateFunctionUrlConfig`
pub(super) fn update_url_config(cx: &Context<'_>, target: &Target, input: &Value) -> Result<Value, AwsError> {
    let mut functions = cx.shared.lambda.functions();
    let function = functions.get_mut(cx, target)?;
    let config = function.urls.get_mut(target.qualifier.as_deref().unwrap_or_default());
    let config = config.ok_or_else(not_found)?;
    change_url_config(config, input, cx);
    Ok(Value::Object(config.clone()))
}

/// `GetFunctionUrlConfig`
pub(super) fn get_url_config(cx: &Context<'_>, target: &Target) -> Result<Value, AwsError> {
    let functions = cx.shared.lambda.functions();
    let function = functions.get(cx, target)?;
    let config = function.urls.get(target.qualifier.as_deref().unwrap_or_default());
    config.cloned().map(Value::Object).ok_or_else(not_found)
}

/// `ListFunctionUrlConfigs`
pub(super) fn list_url_configs(cx: &Context<'_>, target: &Target, route: &Route) -> Result<Value, AwsError> {
    let functions = cx.shared.lambda.functions();
    let function = functions.get(cx, target)?;
    page(route, "FunctionUrlConfigs", function.urls.values().cloned().map(Value::Object).collect())
}

/// `GetAccountSettings`
pub(super) fn account_settings(cx: &Context<'_>) -> Value {
    let functions = cx.shared.lambda.functions();
    let own = || functions.by_id.iter().filter(|(id, _)| id.account_id == cx.account_id);
    let versions = own().flat_map(|(_, function)| function.versions.values().chain([&function.latest]));
    let used: usize =
        versions.filter_map(|version| version.configuration.code.as_ref()).map(|code| code.size).sum();
    let limit = functions.account_concurrency;
    let reserved: u32 = own().filter_map(|(_, function)| function.reserved_concurrency).sum();
    json!({
        "AccountLimit": {
            "TotalCodeSize": CODE_SIZE,
            "CodeSizeUnzipped": UNZIPPED,
            "CodeSizeZipped": ZIPPED,
            "ConcurrentExecutions": limit,
            "UnreservedConcurrentExecutions": limit.saturating_sub(reserved),
        },
        "AccountUsage": { "TotalCodeSize": used, "FunctionCount": own().count() },
    })
}

/// `DeleteFunctionUrlConfig`
pub(super) fn delete_url_config(cx: &Context<'_>, target: &Target) -> Result<(), AwsError> {
    let mut functions = cx.shared.lambda.functions();
    let function = functions.get_mut(cx, target)?;
    let removed = function.urls.remove(target.qualifier.as_deref().unwrap_or_default());
    removed.map(drop).ok_or_else(not_found)
}

fn change_url_config(config: &mut Map<String, Value>, input: &Value, cx: &Context<'_>) {
    for name in ["AuthType", "Cors", "InvokeMode"] {
        if let Some(value) = input.get(name) {
            config.insert(name.to_owned(), value.clone());
        }
    }
    config.entry("InvokeMode").or_insert_with(|| "BUFFERED".into());
    config.insert("LastModifiedTime".to_owned(), timestamp(cx.shared.clock.now()).into());
}

fn check_destination(destination: Option<&Value>, field: &str) -> Result<(), AwsError> {
    let Some(destination) = destination.and_then(Value::as_str) else { return Ok(()) };
    let parts: Vec<&str> = destination.splitn(6, ':').collect();
    if destination.is_empty()
        || matches!(parts[..], ["arn", partition, _, _, _, _] if partition.starts_with("aws"))
    {
        return Ok(());
    }
    Err(validation(
        destination,
        &format!("destinationConfig.{field}.destination"),
        r"Member must satisfy regular expression pattern: ^$|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:([a-z]{2}(-gov)?-[a-z]+-\d{1})?:(\d{12})?:(.*)",
    ))
}

/// The function, if it has what the qualifier names.
fn versioned<'f>(
    function: &'f mut Function,
    target: &Target,
    arn: &str,
) -> Result<&'f mut Function, AwsError> {
    if function.version(target.qualifier.as_deref()).is_none() {
        return Err(no_such_function(arn));
    }
    Ok(function)
}

/// The ARN of what events are sent to, which always has a qualifier.
fn event_arn(cx: &Context<'_>, target: &Target) -> String {
    let qualifier = target.qualifier.as_deref().unwrap_or(LATEST);
    target.arn_of(cx, Some(qualifier))
}

fn no_event_invoke_config(cx: &Context<'_>, target: &Target) -> AwsError {
    let arn = event_arn(cx, target);
    error("ResourceNotFoundException", format!("The function {arn} doesn't have an EventInvokeConfig"))
}
