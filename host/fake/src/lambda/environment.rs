//! The environment variables of a function.

use std::collections::BTreeMap;

use super::error::{error, validation_of};
use crate::layer::AwsError;

/// The most bytes of the variables, as a JSON object.
const MAX_SIZE: usize = 4 * 1024;
/// What Lambda itself sets. Of those that begin with `_` no client can make one anyhow.
const RESERVED: &[&str] = &[
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
];
const UNABLE: &str = "Lambda was unable to configure your environment variables because the environment variables you have provided";

/// Refuses variables that no function can have.
pub(super) fn check(variables: &BTreeMap<String, String>) -> Result<(), AwsError> {
    if !variables.keys().all(|name| is_name(name)) {
        return Err(validation_of(
            "environment.variables",
            "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]",
        ));
    }
    let reserved: Vec<&str> =
        variables.keys().map(String::as_str).filter(|name| RESERVED.contains(name)).collect();
    if !reserved.is_empty() {
        let message = format!(
            "{UNABLE} contains reserved keys that are currently not supported for modification. Reserved keys used in this \
             request: {}",
            reserved.join(", ")
        );
        return Err(error("InvalidParameterValueException", message));
    }
    let measured = serde_json::to_string(variables).unwrap_or_default();
    if measured.len() > MAX_SIZE {
        let message = format!("{UNABLE} exceeded the 4KB limit. String measured: {measured}");
        return Err(error("InvalidParameterValueException", message));
    }
    Ok(())
}

/// A letter, and at least one of letters, digits and `_` after it.
fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    name.len() > 1
        && bytes.next().is_some_and(|first| first.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(variables: &[(&str, &str)]) -> Option<String> {
        let variables =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        check(&variables).err().map(|error| error.code)
    }

    #[test]
    fn a_name_is_a_word_of_two_characters_or_more() {
        for name in ["1A", "A", "", "_HANDLER", "A-B", "A B", "Ä1"] {
            assert_eq!(refused(&[(name, "x")]).as_deref(), Some("ValidationException"), "{name}");
        }
        for name in ["A1", "ab", "A_", "AWS_X"] {
            assert_eq!(refused(&[(name, "x")]), None, "{name}");
        }
    }

    #[test]
    fn what_lambda_sets_nobody_else_does() {
        assert_eq!(refused(&[("AWS_REGION", "x")]).as_deref(), Some("InvalidParameterValueException"));
    }

    #[test]
    fn there_are_four_kilobytes_of_them() {
        // `{"AA":"..."}` is nine characters longer than its value.
        assert_eq!(refused(&[("AA", &"x".repeat(MAX_SIZE - 9))]), None);
        let beyond = refused(&[("AA", &"x".repeat(MAX_SIZE - 8))]);
        assert_eq!(beyond.as_deref(), Some("InvalidParameterValueException"));
    }
}
