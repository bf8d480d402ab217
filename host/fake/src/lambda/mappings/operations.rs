//! The operations on event source mappings.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use super::mapping::{EventSourceMapping, Transition};
use super::poll::poll_all;
use super::settings::invalid;
use crate::lambda::configuration::page;
use crate::lambda::create::{text, texts};
use crate::lambda::error::{error, not_found, validation};
use crate::lambda::name::{FunctionId, Reference};
use crate::lambda::rest::{Context, Route};
use crate::layer::AwsError;
use crate::sqs::{NamedQueue, Unreachable};

/// `CreateEventSourceMapping`
pub(super) fn create(cx: &Context<'_>, input: &Value) -> Result<Value, AwsError> {
    let source = text(input, "EventSourceArn").ok_or_else(|| invalid("Unrecognized event source."))?;
    check_arn(source)?;
    let (function, qualifier) = reference(cx, text(input, "FunctionName").unwrap_or_default())?;
    let position = text(input, "StartingPosition");
    if let Some(unknown) = position.filter(|it| !["LATEST", "AT_TIMESTAMP", "TRIM_HORIZON"].contains(it)) {
        let constraint = "Member must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]";
        return Err(validation(unknown, "startingPosition", constraint));
    }
    let (timeout, role) = function_of(cx, &function, qualifier.as_deref())?;
    let queue = match source.split(':').nth(2) {
        Some("sqs") => NamedQueue::parse(source).ok_or_else(|| invalid("Unrecognized event source."))?,
        Some("kinesis" | "dynamodb") => {
            return Err(match position {
                None => invalid(
                    "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must \
                     not be null.",
                ),
                // The fake has no streams.
                Some(_) => invalid(format!("Stream not found: {source}")),
            });
        }
        _ => return Err(invalid("Unrecognized event source.")),
    };
    if position.is_some() || input.get("StartingPositionTimestamp").is_some_and(|it| !it.is_null()) {
        return Err(invalid("StartingPosition is not valid for SQS event sources."));
    }
    let enabled = input.get("Enabled").and_then(Value::as_bool).unwrap_or(true);
    let mut mapping = EventSourceMapping::new(cx.shared, &cx.region, function, queue, enabled);
    let visibility = visibility_of(cx, &mapping.source, &role)?;
    mapping.settings.change(input, mapping.source.is_fifo())?;
    check_timeout(visibility, timeout)?;
    mapping.qualifier = qualifier;
    mapping.tags = texts(input.get("Tags"));
    let answer = show(cx, &mapping);
    {
        let mut mappings = cx.shared.lambda.mappings_at(cx.shared.clock.now());
        check_unique(mappings.iter(), &mapping)?;
        mappings.push(mapping);
    }
    poll_all(cx.shared);
    Ok(answer)
}

/// `GetEventSourceMapping`
pub(super) fn get(cx: &Context<'_>, route: &Route) -> Result<Value, AwsError> {
    with(cx, route.part(), |mapping| Ok(show(cx, mapping)))
}

/// `ListEventSourceMappings`
pub(super) fn list(cx: &Context<'_>, route: &Route) -> Result<Value, AwsError> {
    let source = route.parameter("EventSourceArn");
    source.map_or(Ok(()), check_arn)?;
    let function = route.parameter("FunctionName").map(|name| reference(cx, name)).transpose()?;
    let mappings = cx.shared.lambda.mappings_at(cx.shared.clock.now());
    let wanted = mappings.iter().filter(|mapping| {
        let of_function = function.as_ref().is_none_or(|(function, qualifier)| {
            mapping.function == *function && (qualifier.is_none() || mapping.qualifier == *qualifier)
        });
        is_own(cx, mapping) && of_function && source.is_none_or(|source| mapping.source.arn() == source)
    });
    page(route, "EventSourceMappings", wanted.map(|mapping| show(cx, mapping)).collect())
}

/// `UpdateEventSourceMapping`
pub(super) fn update(cx: &Context<'_>, route: &Route, input: &Value) -> Result<Value, AwsError> {
    let now = cx.shared.clock.now();
    let before = with(cx, route.part(), |mapping| match mapping.transition(now) {
        Some(_) => Err(in_use("update")),
        None => Ok(mapping.clone()),
    })?;
    let mut changed = before.clone();
    if let Some(name) = text(input, "FunctionName") {
        (changed.function, changed.qualifier) = reference(cx, name)?;
    }
    // The queue may be gone, and so may the function that is not to be another.
    changed.settings.change(input, changed.source.is_fifo())?;
    if text(input, "FunctionName").is_some() {
        let (timeout, role) = function_of(cx, &changed.function, changed.qualifier.as_deref())?;
        check_timeout(visibility_of(cx, &changed.source, &role)?, timeout)?;
    }
    changed.enabled = input.get("Enabled").and_then(Value::as_bool).unwrap_or(before.enabled);
    let transition = match (before.enabled, changed.enabled) {
        (false, true) => Transition::Enabling,
        (true, false) => Transition::Disabling,
        _ => Transition::Updating,
    };
    {
        let mut mappings = cx.shared.lambda.mappings();
        check_unique(mappings.iter(), &changed)?;
        let mapping = mappings.get_mut(&changed.uuid).ok_or_else(not_found)?;
        mapping.function.clone_from(&changed.function);
        mapping.qualifier.clone_from(&changed.qualifier);
        mapping.settings = changed.settings;
        mapping.enabled = changed.enabled;
        mapping.begin(transition, now);
    }
    poll_all(cx.shared);
    cx.shared.lambda.stir();
    get(cx, route)
}

/// `DeleteEventSourceMapping`
pub(super) fn delete(cx: &Context<'_>, route: &Route) -> Result<Value, AwsError> {
    let now = cx.shared.clock.now();
    let answer = with(cx, route.part(), |mapping| {
        if mapping.transition(now).is_some() {
            return Err(in_use("delete"));
        }
        mapping.begin(Transition::Deleting, now);
        Ok(show(cx, mapping))
    })?;
    cx.shared.lambda.stir();
    Ok(answer)
}

/// `ListTags`
pub(super) fn list_tags(cx: &Context<'_>, route: &Route) -> Result<Value, AwsError> {
    with(cx, uuid_of(route), |mapping| Ok(json!({ "Tags": mapping.tags })))
}

/// `TagResource`
pub(super) fn tag(cx: &Context<'_>, route: &Route, input: &Value) -> Result<(), AwsError> {
    let tags = texts(input.get("Tags"));
    with(cx, uuid_of(route), |mapping| {
        mapping.tags.extend(tags);
        Ok(())
    })
}

/// `UntagResource`
pub(super) fn untag(cx: &Context<'_>, route: &Route) -> Result<(), AwsError> {
    with(cx, uuid_of(route), |mapping| {
        for key in route.parameters("tagKeys") {
            mapping.tags.remove(key);
        }
        Ok(())
    })
}

/// Whether a mapping is one of whoever asks, in the region that is asked.
fn is_own(cx: &Context<'_>, mapping: &EventSourceMapping) -> bool {
    mapping.region == cx.region && mapping.function.account_id == cx.account_id
}

/// The UUID at the end of an ARN.
fn uuid_of(route: &Route) -> &str {
    route.resource().rsplit(':').next().unwrap_or_default()
}

/// A mapping of whoever asks, for as long as it is looked at.
fn with<T>(
    cx: &Context<'_>,
    uuid: &str,
    look: impl FnOnce(&mut EventSourceMapping) -> Result<T, AwsError>,
) -> Result<T, AwsError> {
    let mut mappings = cx.shared.lambda.mappings_at(cx.shared.clock.now());
    let mapping = mappings.get_mut(uuid).filter(|mapping| is_own(cx, mapping));
    look(mapping.ok_or_else(not_found)?)
}

/// A mapping as `EventSourceMappingConfiguration`.
fn show(cx: &Context<'_>, mapping: &EventSourceMapping) -> Value {
    let settings = &mapping.settings;
    let function = mapping.function.arn(&mapping.region, &cx.shared.account_id, mapping.qualifier.as_deref());
    let modified = mapping.modified.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let types: &[&str] = if settings.report_batch_item_failures { &["ReportBatchItemFailures"] } else { &[] };
    let mut entry: Map<String, Value> = settings.shown.clone();
    let mut put = |name: &str, value: Value| entry.insert(name.to_owned(), value);
    put("UUID", mapping.uuid.clone().into());
    put("EventSourceMappingArn", mapping.arn(cx.shared).into());
    put("EventSourceArn", mapping.source.arn().into());
    put("FunctionArn", function.into());
    put("BatchSize", settings.batch_size.into());
    put("MaximumBatchingWindowInSeconds", settings.batching_window.into());
    put("FunctionResponseTypes", types.into());
    put("LastModified", modified.into());
    put("State", mapping.state(cx.shared.clock.now()).into());
    put("StateTransitionReason", "USER_INITIATED".into());
    if let Some(limit) = settings.maximum_concurrency {
        put("ScalingConfig", json!({ "MaximumConcurrency": limit }));
    }
    if !settings.filters.is_empty() {
        let filters: Vec<Value> =
            settings.filters.iter().map(|pattern| json!({ "Pattern": pattern })).collect();
        put("FilterCriteria", json!({ "Filters": filters }));
    }
    Value::Object(entry)
}

/// `FunctionName`, in whatever form: a name and a qualifier. Of another account or region there is none.
fn reference(cx: &Context<'_>, name: &str) -> Result<(FunctionId, Option<String>), AwsError> {
    let reference = Reference::parse(name)?;
    let elsewhere = reference.account_id.is_some_and(|account_id| account_id != cx.account())
        || reference.region.is_some_and(|region| region != cx.region);
    if elsewhere {
        return Err(invalid("Function does not exist"));
    }
    Ok((FunctionId { account_id: cx.account_id.clone(), name: reference.name }, reference.qualifier))
}

/// The timeout and the role of a function.
fn function_of(
    cx: &Context<'_>,
    function: &FunctionId,
    qualifier: Option<&str>,
) -> Result<(Duration, String), AwsError> {
    let functions = cx.shared.lambda.functions();
    let version = functions.by_id.get(function).and_then(|function| function.version(qualifier));
    let (_, version) = version.ok_or_else(|| invalid("Function does not exist"))?;
    let role = version.configuration.shown.get("Role").and_then(Value::as_str);
    Ok((version.configuration.timeout, role.unwrap_or_default().to_owned()))
}

fn visibility_of(cx: &Context<'_>, queue: &NamedQueue, role: &str) -> Result<Duration, AwsError> {
    // A queue of another region is none.
    let visibility = if queue.region() == cx.region {
        queue.visibility(cx.shared, cx.account(), role)
    } else {
        Err(Unreachable::NotThere)
    };
    visibility.map_err(|why| match why {
        Unreachable::NotThere => invalid(
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: \
             The specified queue does not exist.",
        ),
        Unreachable::Denied => invalid(
            "The provided execution role does not have permissions to call ReceiveMessage on SQS",
        ),
    })
}

/// A message must not become visible again while a function may still be busy with it.
fn check_timeout(visibility: Duration, timeout: Duration) -> Result<(), AwsError> {
    if visibility >= timeout {
        return Ok(());
    }
    Err(invalid(format!(
        "Queue visibility timeout: {} seconds is less than Function timeout: {} seconds",
        visibility.as_secs(),
        timeout.as_secs()
    )))
}

fn check_unique<'m>(
    mut mappings: impl Iterator<Item = &'m EventSourceMapping>,
    wanted: &EventSourceMapping,
) -> Result<(), AwsError> {
    let same = |mapping: &&EventSourceMapping| {
        mapping.uuid != wanted.uuid
            && mapping.source.arn() == wanted.source.arn()
            && (&mapping.function, &mapping.qualifier) == (&wanted.function, &wanted.qualifier)
    };
    match mappings.find(same) {
        None => Ok(()),
        Some(other) => Err(error(
            "ResourceConflictException",
            format!(
                "An event source mapping with SQS arn (\" {} \") and function (\" {} \") already exists. Please update or \
                 delete the existing mapping with UUID {}",
                other.source.arn(),
                other.function.name,
                other.uuid
            ),
        )),
    }
}

fn check_arn(arn: &str) -> Result<(), AwsError> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts[..] {
        ["arn", partition, service, _, _, _] if partition.starts_with("aws") && !service.is_empty() => Ok(()),
        _ => Err(validation(
            arn,
            "eventSourceArn",
            "Member must satisfy regular expression pattern: \
             arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\\-])+:([a-z]{2}(-gov)?-[a-z]+-\\d{1})?:(\\d{12})?:(.*)",
        )),
    }
}

fn in_use(operation: &str) -> AwsError {
    let message = format!("Cannot {operation} the event source mapping because it is in use.");
    error("ResourceInUseException", message)
}
