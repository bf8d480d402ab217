//! The operations that show and publish functions.

use std::time::SystemTime;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use time::macros::format_description;

use super::create::{check_revision, text};
use super::error::{error, no_such_function, validation};
use super::function::{Function, Version};
use super::name::LATEST;
use super::package;
use super::rest::{Context, Route, Target};
use crate::layer::AwsError;
use crate::region::partition;

/// The longest page of a list; what more is asked for is not given.
const MAX_PAGE: usize = 50;
/// The most that can be asked for.
const MAX_ITEMS: usize = 10_000;

/// `GetFunctionConfiguration`
pub(super) fn get_function_configuration(cx: &Context<'_>, target: &Target) -> Result<Value, AwsError> {
    let functions = cx.shared.lambda.functions();
    let arn = target.arn(cx);
    let function = functions.get(cx, target)?;
    let (number, version) =
        function.version(target.qualifier.as_deref()).ok_or_else(|| no_such_function(&arn))?;
    Ok(configuration(cx, target, function, &number, version, target.qualifier.as_deref()))
}

/// `GetFunction`. The code itself is not to be had.
pub(super) fn get_function(cx: &Context<'_>, target: &Target) -> Result<Value, AwsError> {
    let configuration = get_function_configuration(cx, target)?;
    let functions = cx.shared.lambda.functions();
    let function = functions.get(cx, target)?;
    let mut answer = Map::new();
    answer.insert("Configuration".to_owned(), configuration);
    let version = function.version(target.qualifier.as_deref()).map(|(_, version)| version);
    let code = version.and_then(|version| version.configuration.code.as_ref());
    let location = code.map_or_else(|| json!({ "RepositoryType": "S3" }), |code| code.location.clone());
    answer.insert("Code".to_owned(), location);
    if !function.tags.is_empty() {
        answer.insert("Tags".to_owned(), json!(function.tags));
    }
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
        let functions = cx.shared.lambda.functions();
        let own = functions.by_id.iter().filter(|(id, _)| id.account_id == cx.account_id);
        for (id, function) in own {
            let target = Target { function: id.clone(), qualifier: None };
            let qualifier = all.then_some(LATEST);
            entries.push(listed(configuration(cx, &target, function, LATEST, &function.latest, qualifier)));
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
    let function = functions.get(cx, target)?;
    let latest = configuration(cx, target, function, LATEST, &function.latest, Some(LATEST));
    let mut entries = vec![listed(latest)];
    entries.extend(published(cx, target, function));
    page(route, "Versions", entries)
}

fn published(cx: &Context<'_>, target: &Target, function: &Function) -> Vec<Value> {
    let entry = |(number, version): (&u64, &Version)| {
        let number = number.to_string();
        listed(configuration(cx, target, function, &number, version, Some(&number)))
    };
    function.versions.iter().map(entry).collect()
}

/// A version as lists have it, which do not say whether it can be invoked.
fn listed(mut entry: Value) -> Value {
    if let Some(entry) = entry.as_object_mut() {
        for name in ["State", "StateReason", "StateReasonCode", "LastUpdateStatus"] {
            entry.remove(name);
        }
    }
    entry
}

/// `PublishVersion`
pub(super) fn publish_version(cx: &Context<'_>, target: &Target, input: &Value) -> Result<Value, AwsError> {
    let mut functions = cx.shared.lambda.functions();
    let arn = target.arn(cx);
    let function = functions.get_mut(cx, target)?;
    check_revision(text(input, "RevisionId"), &function.latest.revision_id)?;
    let code = function.latest.configuration.code.as_ref().map(|code| code.sha256.as_str());
    if let (Some(given), Some(current)) = (text(input, "CodeSha256").filter(|it| !it.is_empty()), code)
        && given != current
    {
        let message = format!(
            "CodeSHA256 ({given}) is different from current CodeSHA256 in $LATEST ({current}). Please try again with the \
             CodeSHA256 in $LATEST."
        );
        return Err(error("InvalidParameterValueException", message));
    }
    let description = text(input, "Description").filter(|text| !text.is_empty()).map(str::to_owned);
    let number = function.publish(description, cx.shared.clock.now(), &cx.shared.ids);
    let (number, version) = function.version(Some(&number)).ok_or_else(|| no_such_function(&arn))?;
    Ok(configuration(cx, target, function, &number, version, Some(&number)))
}

/// A version as `FunctionConfiguration`. The ARN has the qualifier by which it was asked for.
pub(super) fn configuration(
    cx: &Context<'_>,
    target: &Target,
    function: &Function,
    number: &str,
    version: &Version,
    qualifier: Option<&str>,
) -> Value {
    let state = function.state(cx.shared.clock.now());
    // The digest of no code, but the same for the same function.
    let digest = Sha256::digest(target.name().as_bytes());
    let settings = &version.configuration;
    let mut entry = Map::new();
    let mut put = |name: &str, value: Value| entry.insert(name.to_owned(), value);
    put("FunctionName", target.name().into());
    put("FunctionArn", target.arn_of(cx, qualifier).into());
    put("Runtime", "provided.al2023".into());
    put("Role", format!("arn:aws:iam::{}:role/{}", target.account_id(cx), target.name()).into());
    put("Handler", "bootstrap".into());
    put("CodeSize", 0.into());
    put("CodeSha256", BASE64_STANDARD.encode(digest).into());
    put("Description", settings.description.clone().into());
    put("Timeout", settings.timeout.as_secs().into());
    put("MemorySize", settings.memory_size.into());
    put("LastModified", timestamp(version.modified).into());
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
    if let Some(code) = &settings.code {
        put("CodeSize", code.size.into());
        put("CodeSha256", code.sha256.clone().into());
    }
    for (name, value) in &settings.shown {
        put(name, value.clone());
    }
    let logging = logging(settings.shown.get("LoggingConfig"), target.name());
    put("LoggingConfig", logging);
    if package::is_image(settings) {
        // An image says itself what runs it.
        entry.remove("Runtime");
        entry.remove("Handler");
    } else {
        let runtime = entry.get("Runtime").and_then(Value::as_str).unwrap_or_default();
        let digest = hex::encode(Sha256::digest(runtime.as_bytes()));
        let arn = format!("arn:{}:lambda:{}::runtime:{digest}", partition(&cx.region), cx.region);
        entry.insert("RuntimeVersionConfig".to_owned(), json!({ "RuntimeVersionArn": arn }));
    }
    Value::Object(entry)
}

/// How a function logs: as is given, and what is not as every function does.
fn logging(given: Option<&Value>, name: &str) -> Value {
    let mut logging = given.and_then(Value::as_object).cloned().unwrap_or_default();
    let mut default = |member: &str, value: String| {
        logging.entry(member).or_insert_with(|| value.into());
    };
    default("LogFormat", "Text".to_owned());
    default("LogGroup", format!("/aws/lambda/{name}"));
    if logging.get("LogFormat").is_some_and(|format| format == "JSON") {
        for level in ["ApplicationLogLevel", "SystemLogLevel"] {
            logging.entry(level).or_insert_with(|| "INFO".into());
        }
    }
    logging.into()
}

/// A time as Lambda writes it.
pub(super) fn timestamp(time: SystemTime) -> String {
    let format =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]+0000");
    OffsetDateTime::from(time).format(&format).unwrap_or_default()
}

/// A page of a list, from `Marker` on, and where the next begins.
pub(super) fn page(route: &Route, name: &str, entries: Vec<Value>) -> Result<Value, AwsError> {
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
