//! The operations that make, change and delete functions. Code is kept as far as it is shown, and never run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::canned::Code as FunctionCode;
use super::configuration::configuration;
use super::environment;
use super::error::{error, missing, no_such_function, validation};
use super::function::{Code, Configuration, Function};
use super::handler::{FunctionError, FunctionEvent, FunctionResponse, Handler};
use super::layers::layers_of;
use super::name::{FunctionId, LATEST, Reference};
use super::package;
use super::rest::{Context, Target};
use super::settings::check_tag_count;
use crate::layer::AwsError;
use crate::s3::S3;

/// What a client may set that has no effect here.
const SHOWN: &[&str] = &[
    "Architectures",
    "DeadLetterConfig",
    "EphemeralStorage",
    "FileSystemConfigs",
    "Handler",
    "KMSKeyArn",
    "LoggingConfig",
    "PackageType",
    "Role",
    "Runtime",
    "TracingConfig",
    "VpcConfig",
];
/// The longest a function may take, in seconds.
const MAX_TIMEOUT: u64 = 900;
/// The least and the most memory of a function, in MB.
const MEMORY: std::ops::RangeInclusive<u64> = 128..=10_240;
/// What code can be for.
pub(super) const ARCHITECTURES: [&str; 2] = ["x86_64", "arm64"];
/// How the archives of functions begin: with a file, or at once with their end.
const ARCHIVES: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];

/// A function whose code a client has uploaded.
pub(super) struct Uploaded;

#[async_trait]
impl Handler for Uploaded {
    async fn handle(&self, _: FunctionEvent) -> Result<FunctionResponse, FunctionError> {
        Err(FunctionError::new(
            "Fake.CodeNotRun",
            "the fake runs no code that is uploaded: make the function in Rust, or with answers in a seed folder",
        ))
    }
}

/// `CreateFunction`
pub(super) fn create_function(cx: &Context<'_>, input: &Value) -> Result<Value, AwsError> {
    let name = text(input, "FunctionName").unwrap_or_default();
    let name = Reference::parse(name)?.name;
    let id = FunctionId { account_id: cx.account_id.clone(), name };
    let target = Target { function: id.clone(), qualifier: None };
    check_role(cx, input)?;
    let mut settings = Configuration::default();
    let code = input.get("Code").ok_or_else(|| missing("code"))?;
    if code.get("ImageUri").is_some() {
        settings.shown.insert("PackageType".to_owned(), "Image".into());
    }
    change(cx, &mut settings, input)?;
    package::check_code(&settings, code)?;
    settings
        .shown
        .entry("SnapStart")
        .or_insert_with(|| json!({ "ApplyOn": "None", "OptimizationStatus": "Off" }));
    settings.code = Some(code_of(cx, code)?);
    let now = cx.shared.clock.now();
    let mut functions = cx.shared.lambda.functions();
    if functions.by_id.contains_key(&id) {
        return Err(error("ResourceConflictException", format!("Function already exist: {}", id.name)));
    }
    let mut function = Function::new(Arc::new(Uploaded), now, &cx.shared.ids);
    function.code = Some(FunctionCode::Uploaded);
    function.latest.configuration = settings;
    function.tags = texts(input.get("Tags"));
    check_tag_count(&function.tags)?;
    function.code_signing_config = text(input, "CodeSigningConfigArn").map(str::to_owned);
    let number = if publish(input) { function.publish(None, now, &cx.shared.ids) } else { LATEST.to_owned() };
    let mut answer = configuration(cx, &target, &function, &number, &function.latest, None);
    if let Some(answer) = answer.as_object_mut() {
        // What has just been made has not been updated.
        answer.remove("LastUpdateStatus");
    }
    functions.by_id.insert(id, function);
    cx.shared.lambda.stir();
    Ok(answer)
}

/// `UpdateFunctionCode`
pub(super) fn update_function_code(
    cx: &Context<'_>,
    target: &Target,
    input: &Value,
) -> Result<Value, AwsError> {
    let code = code_of(cx, input)?;
    let is_image = text(input, "ImageUri").is_some();
    update(cx, target, input, |settings| {
        let was_image = package::is_image(settings);
        if is_image != was_image {
            let message = if was_image {
                "Please provide ImageUri when updating a function with packageType Image."
            } else {
                "Please don't provide ImageUri when updating a function with packageType Zip."
            };
            return Err(error("InvalidParameterValueException", message));
        }
        settings.code = Some(code);
        if let Some(architectures) = input.get("Architectures") {
            settings.shown.insert("Architectures".to_owned(), architectures.clone());
        }
        Ok(())
    })
}

/// `UpdateFunctionConfiguration`
pub(super) fn update_function_configuration(
    cx: &Context<'_>,
    target: &Target,
    input: &Value,
) -> Result<Value, AwsError> {
    if input.get("Role").is_some() {
        check_role(cx, input)?;
    }
    update(cx, target, input, |settings| change(cx, settings, input))
}

/// `DeleteFunction`: the function, or one version.
pub(super) fn delete_function(cx: &Context<'_>, target: &Target) -> Result<(), AwsError> {
    let mut functions = cx.shared.lambda.functions();
    let arn = target.arn(cx);
    let function = functions.get_mut(cx, target)?;
    let Some(qualifier) = &target.qualifier else {
        functions.by_id.remove(&target.function);
        cx.shared.lambda.stir();
        return Ok(());
    };
    if qualifier == LATEST {
        let message = "$LATEST version cannot be deleted without deleting the function.";
        return Err(error("InvalidParameterValueException", message));
    }
    if let Some((alias, _)) = function.aliases.iter().find(|(_, alias)| alias.version == *qualifier) {
        let message = format!("Alias {alias} points to the version: delete it first.");
        return Err(error("ResourceConflictException", message));
    }
    let number = qualifier.parse().ok().filter(|number| function.versions.contains_key(number));
    let number: u64 = number.ok_or_else(|| no_such_function(&arn))?;
    function.versions.remove(&number);
    Ok(())
}

/// Changes `$LATEST`, and publishes it if that is asked for.
fn update(
    cx: &Context<'_>,
    target: &Target,
    input: &Value,
    change: impl FnOnce(&mut Configuration) -> Result<(), AwsError>,
) -> Result<Value, AwsError> {
    let now = cx.shared.clock.now();
    let mut functions = cx.shared.lambda.functions();
    let arn = target.arn(cx);
    let function = functions.get_mut(cx, target)?;
    check_revision(text(input, "RevisionId"), &function.latest.revision_id)?;
    let mut settings = function.latest.configuration.clone();
    change(&mut settings)?;
    function.latest.configuration = settings;
    function.latest.revision_id = cx.shared.ids.uuid("revision");
    function.latest.modified = now;
    if !publish(input) {
        return Ok(configuration(cx, target, function, LATEST, &function.latest, None));
    }
    let number = function.publish(None, now, &cx.shared.ids);
    let (number, version) = function.version(Some(&number)).ok_or_else(|| no_such_function(&arn))?;
    Ok(configuration(cx, target, function, &number, version, Some(&number)))
}

/// Refuses a change of what somebody else has changed since.
pub(super) fn check_revision(given: Option<&str>, revision_id: &str) -> Result<(), AwsError> {
    match given {
        Some(given) if given != revision_id => Err(error(
            "PreconditionFailedException",
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to \
             retrieve the latest Revision Id",
        )),
        _ => Ok(()),
    }
}

/// Takes over what `input` says of a configuration.
fn change(cx: &Context<'_>, settings: &mut Configuration, input: &Value) -> Result<(), AwsError> {
    if let Some(description) = text(input, "Description") {
        description.clone_into(&mut settings.description);
    }
    if let Some(seconds) = number(input, "Timeout", "timeout", 1..=MAX_TIMEOUT)? {
        settings.timeout = Duration::from_secs(seconds);
    }
    if let Some(megabytes) = number(input, "MemorySize", "memorySize", MEMORY)? {
        settings.memory_size = u32::try_from(megabytes).unwrap_or(u32::MAX);
    }
    if let Some(environment) = input.get("Environment") {
        let variables = texts(environment.get("Variables"));
        environment::check(&variables)?;
        settings.environment = variables;
    }
    package::check(input)?;
    if let Some(architectures) = input.get("Architectures") {
        check_architectures(architectures)?;
    }
    if let Some(size) = input.pointer("/EphemeralStorage/Size").and_then(Value::as_u64)
        && size > *MEMORY.end()
    {
        let constraint = format!("Member must have value less than or equal to {}", MEMORY.end());
        return Err(validation(&size.to_string(), "ephemeralStorage.size", &constraint));
    }
    for name in SHOWN {
        if let Some(value) = input.get(*name).filter(|value| !value.is_null()) {
            settings.shown.insert((*name).to_owned(), value.clone());
        }
    }
    if let Some(package) = text(input, "PackageType") {
        // Clients write it in either way.
        let package = if package.eq_ignore_ascii_case("image") { "Image" } else { "Zip" };
        settings.shown.insert("PackageType".to_owned(), package.into());
    }
    if package::is_image(settings) {
        package::check_image(input)?;
    }
    if let Some(layers) = input.get("Layers").and_then(Value::as_array) {
        match &layers_of(cx, layers)?[..] {
            [] => settings.shown.remove("Layers"),
            layers => settings.shown.insert("Layers".to_owned(), layers.into()),
        };
    }
    if let Some(image) = input.get("ImageConfig") {
        settings.shown.insert("ImageConfigResponse".to_owned(), json!({ "ImageConfig": image }));
    }
    if let Some(apply_on) = input.pointer("/SnapStart/ApplyOn") {
        let snap_start = json!({ "ApplyOn": apply_on, "OptimizationStatus": "Off" });
        settings.shown.insert("SnapStart".to_owned(), snap_start);
    }
    Ok(())
}

fn check_architectures(architectures: &Value) -> Result<(), AwsError> {
    let names: Vec<&str> = architectures.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let constraint = if !names.iter().all(|name| ARCHITECTURES.contains(name)) {
        "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]"
    } else if names.len() > 1 {
        "Member must have length less than or equal to 1"
    } else {
        return Ok(());
    };
    Err(validation(&format!("[{}]", names.join(", ")), "architectures", constraint))
}

/// A role of this account, whichever: the fake lets every role do everything.
fn check_role(cx: &Context<'_>, input: &Value) -> Result<(), AwsError> {
    let role = text(input, "Role").unwrap_or_default();
    let parts: Vec<&str> = role.splitn(6, ':').collect();
    let account = match parts[..] {
        ["arn", partition, "iam", "", account, name]
            if partition.starts_with("aws")
                && name.strip_prefix("role/").is_some_and(|name| !name.is_empty()) =>
        {
            account
        }
        _ => {
            let pattern = r"Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::(\d{12}):role/?[a-zA-Z_0-9+=,.@\-_/]+";
            return Err(validation(role, "role", pattern));
        }
    };
    if account != cx.account() {
        return Err(error("InvalidParameterValueException", "Cross-account pass role is not allowed."));
    }
    Ok(())
}

/// The code of `Code`, or of the input of `UpdateFunctionCode`: an archive, an object with one in it, or an image.
fn code_of(cx: &Context<'_>, input: &Value) -> Result<Code, AwsError> {
    if let Some(image) = text(input, "ImageUri") {
        let sha256 = hex::encode(Sha256::digest(image.as_bytes()));
        let (repository, _) = image.rsplit_once(['@', ':']).unwrap_or((image, ""));
        let resolved = format!("{}@sha256:{sha256}", repository.trim_end_matches("@sha256"));
        let location = json!({ "RepositoryType": "ECR", "ImageUri": image, "ResolvedImageUri": resolved });
        return Ok(Code { size: 0, sha256, location });
    }
    let (key, archive) = archive_of(cx, input)?;
    let region = &cx.region;
    let location = format!("https://awslambda-{region}-tasks.s3.{region}.amazonaws.com/{key}");
    Ok(Code::of(&archive, json!({ "RepositoryType": "S3", "Location": location })))
}

/// The archive that a request has or names, and its key in a bucket.
pub(super) fn archive_of<'i>(cx: &Context<'_>, input: &'i Value) -> Result<(&'i str, Bytes), AwsError> {
    let (key, archive) = match (text(input, "ZipFile"), text(input, "S3Bucket"), text(input, "S3Key")) {
        (Some(archive), _, _) => {
            let archive = BASE64_STANDARD.decode(archive).map_err(|_| no_archive())?;
            ("snapshots/code.zip", archive.into())
        }
        (None, Some(bucket), Some(key)) => (key, object(cx, bucket, key)?),
        _ => {
            return Err(error(
                "InvalidParameterValueException",
                "Please provide a source for function code.",
            ));
        }
    };
    if !ARCHIVES.iter().any(|start| archive.starts_with(start)) {
        return Err(no_archive());
    }
    Ok((key, archive))
}

fn object(cx: &Context<'_>, bucket: &str, key: &str) -> Result<Bytes, AwsError> {
    let s3 = S3::new(Arc::clone(cx.shared));
    let failed = |code: &str, message: &str| {
        let message =
            format!("Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}");
        error("InvalidParameterValueException", message)
    };
    match s3.get(bucket, key) {
        Some(object) => Ok(object.body.clone()),
        None if s3.buckets().iter().any(|name| name == bucket) => {
            Err(failed("NoSuchKey", "The specified key does not exist."))
        }
        None => Err(failed("NoSuchBucket", "The specified bucket does not exist")),
    }
}

fn no_archive() -> AwsError {
    let message = "Could not unzip uploaded file. Please check your file, then try to upload again.";
    error("InvalidParameterValueException", message)
}

fn publish(input: &Value) -> bool {
    input.get("Publish").and_then(Value::as_bool).unwrap_or_default()
}

pub(super) fn text<'a>(input: &'a Value, name: &str) -> Option<&'a str> {
    input.get(name).and_then(Value::as_str)
}

/// A text that a request has to have; `field` is what errors call it.
pub(super) fn required<'a>(input: &'a Value, name: &str, field: &str) -> Result<&'a str, AwsError> {
    text(input, name).ok_or_else(|| missing(field))
}

/// The texts of a map; what is none is left out.
pub(super) fn texts(map: Option<&Value>) -> BTreeMap<String, String> {
    let empty = Map::new();
    let map = map.and_then(Value::as_object).unwrap_or(&empty);
    map.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}

pub(super) fn number(
    input: &Value,
    name: &str,
    field: &str,
    range: std::ops::RangeInclusive<u64>,
) -> Result<Option<u64>, AwsError> {
    let Some(value) = input.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
    let number = value.as_u64();
    if let Some(number) = number.filter(|number| range.contains(number)) {
        return Ok(Some(number));
    }
    let (bound, limit) = match number {
        Some(number) if number > *range.end() => ("less than or equal to", range.end()),
        _ => ("greater than or equal to", range.start()),
    };
    Err(validation(&value.to_string(), field, &format!("Member must have value {bound} {limit}")))
}
