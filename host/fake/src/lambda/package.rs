//! What a function's code is packed in, and what has to be said of it: a runtime and a handler of an archive, neither of an image.

use serde_json::Value;

use super::create::text;
use super::error::{error, validation};
use super::function::Configuration;
use crate::layer::AwsError;

/// The runtimes of Lambda's API model, those that are no longer offered included: older clients still name them.
const RUNTIMES: &[&str] = &[
    "nodejs",
    "nodejs4.3",
    "nodejs6.10",
    "nodejs8.10",
    "nodejs10.x",
    "nodejs12.x",
    "nodejs14.x",
    "nodejs16.x",
    "nodejs18.x",
    "nodejs20.x",
    "nodejs22.x",
    "nodejs24.x",
    "nodejs26.x",
    "nodejs4.3-edge",
    "java8",
    "java8.al2",
    "java8.al2023",
    "java11",
    "java11.al2023",
    "java17",
    "java17.al2023",
    "java21",
    "java25",
    "python2.7",
    "python3.6",
    "python3.7",
    "python3.8",
    "python3.9",
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
    "python3.15",
    "dotnetcore1.0",
    "dotnetcore2.0",
    "dotnetcore2.1",
    "dotnetcore3.1",
    "dotnet6",
    "dotnet8",
    "dotnet10",
    "go1.x",
    "ruby2.5",
    "ruby2.7",
    "ruby3.2",
    "ruby3.3",
    "ruby3.4",
    "ruby4.0",
    "provided",
    "provided.al2",
    "provided.al2023",
    "custom",
];
/// The longest name of a handler.
const MAX_HANDLER: usize = 128;

/// Whether a function is an image. What says nothing is an archive.
pub(super) fn is_image(settings: &Configuration) -> bool {
    settings.shown.get("PackageType").and_then(Value::as_str) == Some("Image")
}

/// Refuses a runtime or a handler that is none.
pub(super) fn check(input: &Value) -> Result<(), AwsError> {
    if let Some(handler) = text(input, "Handler") {
        if handler.is_empty() || handler.contains(char::is_whitespace) {
            let constraint = r"Member must satisfy regular expression pattern: [^\s]+";
            return Err(validation(handler, "handler", constraint));
        }
        if handler.chars().count() > MAX_HANDLER {
            let constraint = format!("Member must have length less than or equal to {MAX_HANDLER}");
            return Err(validation(handler, "handler", &constraint));
        }
    }
    match text(input, "Runtime") {
        // A version of a runtime, which only AWS knows.
        Some(runtime) if runtime.starts_with("arn:") || RUNTIMES.contains(&runtime) => Ok(()),
        Some(runtime) => Err(error(
            "InvalidParameterValueException",
            format!(
                "Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [{}] or be a \
                 valid ARN",
                RUNTIMES.join(", ")
            ),
        )),
        None => Ok(()),
    }
}

/// Refuses of an image what it has in itself.
pub(super) fn check_image(input: &Value) -> Result<(), AwsError> {
    let layers = input.get("Layers").and_then(Value::as_array).is_some_and(|layers| !layers.is_empty());
    if layers || text(input, "Handler").is_some() || text(input, "Runtime").is_some() {
        return Err(error(
            "InvalidParameterValueException",
            "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.",
        ));
    }
    Ok(())
}

/// Refuses code that is not packed as the function says, and an archive of which nobody knows how it is run.
pub(super) fn check_code(settings: &Configuration, code: &Value) -> Result<(), AwsError> {
    let has_image = text(code, "ImageUri").is_some();
    let message = match (is_image(settings), has_image) {
        (true, true) => return Ok(()),
        (true, false) => "Please provide ImageUri when creating a function with packageType Image.",
        (false, true) => "Please don't provide ImageUri when creating a function with packageType Zip.",
        (false, false)
            if settings.shown.contains_key("Handler") && settings.shown.contains_key("Runtime") =>
        {
            return Ok(());
        }
        (false, false) => {
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        }
    };
    Err(error("InvalidParameterValueException", message))
}
