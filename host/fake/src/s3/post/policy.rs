use std::time::SystemTime;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::StatusCode;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::form::Form;
use crate::layer::AwsError;
use crate::s3::error::message;

/// The policy of a form: until when it may be sent, and with what in it.
#[derive(Debug)]
pub(super) struct Policy {
    expiration: SystemTime,
    conditions: Vec<Condition>,
}

#[derive(Debug, PartialEq, Eq)]
enum Condition {
    Equals { field: String, value: String },
    StartsWith { field: String, prefix: String },
    Length { least: u64, most: u64 },
}

const NOT_SIMPLE: &str =
    "Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.";

/// Fields that need no condition.
const EXEMPT: [&str; 7] =
    ["awsaccesskeyid", "signature", "x-amz-signature", "policy", "file", "submit", "x-amz-security-token"];

impl Policy {
    pub(super) fn parse(field: &str) -> Result<Self, AwsError> {
        let invalid = |reason: &str| {
            let message = format!("Invalid Policy: {reason}");
            AwsError::new(StatusCode::BAD_REQUEST, "InvalidPolicyDocument", message)
        };
        let document = BASE64_STANDARD.decode(field).map_err(|_| invalid("Invalid JSON."))?;
        let document: Value = serde_json::from_slice(&document).map_err(|_| invalid("Invalid JSON."))?;
        let expiration = document.get("expiration").and_then(Value::as_str);
        let expiration = expiration.ok_or_else(|| invalid("Policy missing expiration."))?;
        let time = OffsetDateTime::parse(expiration, &Rfc3339).ok().filter(|_| expiration.ends_with('Z'));
        let expiration =
            time.ok_or_else(|| invalid(&format!("Invalid 'expiration' value: '{expiration}'")))?;
        let conditions = document.get("conditions").and_then(Value::as_array);
        let conditions = conditions.ok_or_else(|| invalid("Policy missing conditions."))?;
        let conditions = conditions
            .iter()
            .map(|condition| {
                if condition.as_object().is_some_and(|properties| properties.len() != 1) {
                    return Err(invalid(NOT_SIMPLE));
                }
                Condition::parse(condition).ok_or_else(|| invalid("Invalid condition."))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { expiration: expiration.into(), conditions })
    }

    /// Holds a form to the policy. `bucket` is what the form is sent to, which counts as one of its fields, and `key` that of the
    /// object, which may have the name of the file in it.
    pub(super) fn check(
        &self,
        form: &Form,
        bucket: &str,
        key: &str,
        now: SystemTime,
    ) -> Result<(), AwsError> {
        let denied = |reason: String| {
            let message = format!("Invalid according to Policy: {reason}");
            Err(AwsError::new(StatusCode::FORBIDDEN, "AccessDenied", message))
        };
        if now >= self.expiration {
            return denied("Policy expired.".to_owned());
        }
        let value_of = |field: &str| match field {
            "bucket" => Some(bucket),
            "key" => Some(key),
            other => form.field(other),
        };
        for condition in &self.conditions {
            let holds = match condition {
                Condition::Equals { field, value } => value_of(field) == Some(value),
                Condition::StartsWith { field, prefix } => {
                    // A list of content types is held to it one by one.
                    let list = field == "content-type";
                    value_of(field).is_some_and(|value| {
                        value.split(|c| list && c == ',').all(|value| value.trim_start().starts_with(prefix))
                    })
                }
                Condition::Length { least, most } => {
                    check_length(form.file.len() as u64, *least, *most)?;
                    true
                }
            };
            if !holds {
                return denied(format!("Policy Condition failed: {condition}"));
            }
        }
        let names = form.fields().map(|(name, _)| name).chain(std::iter::once("bucket"));
        let covered = |name: &str| self.conditions.iter().any(|condition| condition.field() == Some(name));
        let mut extra = names
            .filter(|name| !EXEMPT.contains(name) && !name.starts_with("x-ignore-"))
            .filter(|name| !covered(name));
        match extra.next() {
            Some(name) => denied(format!("Extra input fields: {name}")),
            None => Ok(()),
        }
    }
}

fn check_length(length: u64, least: u64, most: u64) -> Result<(), AwsError> {
    let (code, element, bound) = if length > most {
        ("EntityTooLarge", "MaxSizeAllowed", most)
    } else if length < least {
        ("EntityTooSmall", "MinSizeAllowed", least)
    } else {
        return Ok(());
    };
    Err(AwsError::new(StatusCode::BAD_REQUEST, code, message(code))
        .with("ProposedSize", length.to_string())
        .with(element, bound.to_string()))
}

impl Condition {
    fn parse(condition: &Value) -> Option<Self> {
        if let Some(object) = condition.as_object() {
            let (field, value) = object.iter().next()?;
            return Some(Self::Equals { field: field.to_lowercase(), value: value.as_str()?.to_owned() });
        }
        let [operator, first, second] = condition.as_array()?.as_slice() else { return None };
        let operator = operator.as_str()?.to_lowercase();
        if operator == "content-length-range" {
            return Some(Self::Length { least: number(first)?, most: number(second)? });
        }
        let field = first.as_str()?.strip_prefix('$')?.to_lowercase();
        let text = second.as_str()?.to_owned();
        match operator.as_str() {
            "eq" => Some(Self::Equals { field, value: text }),
            "starts-with" => Some(Self::StartsWith { field, prefix: text }),
            _ => None,
        }
    }

    fn field(&self) -> Option<&str> {
        match self {
            Self::Equals { field, .. } | Self::StartsWith { field, .. } => Some(field),
            Self::Length { .. } => None,
        }
    }
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Equals { field, value } => write!(f, "[\"eq\", \"${field}\", \"{value}\"]"),
            Self::StartsWith { field, prefix } => write!(f, "[\"starts-with\", \"${field}\", \"{prefix}\"]"),
            Self::Length { least, most } => write!(f, "[\"content-length-range\", {least}, {most}]"),
        }
    }
}

/// A number, or the text of one.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(document: &str) -> Result<Policy, String> {
        Policy::parse(&BASE64_STANDARD.encode(document)).map_err(|error| error.code)
    }

    #[test]
    fn reads_conditions_in_both_forms() {
        let policy = r#"{"expiration": "2026-01-01T00:00:00.000Z", "conditions": [
            {"AcL": "private"}, ["StArTs-WiTh", "$KeY", "foo"], ["content-length-range", 0, "10"]]}"#;
        let conditions = parse(policy).unwrap().conditions;
        let [acl, key, length] = conditions.as_slice() else { panic!("{conditions:?}") };
        assert_eq!(*acl, Condition::Equals { field: "acl".to_owned(), value: "private".to_owned() });
        assert_eq!(*key, Condition::StartsWith { field: "key".to_owned(), prefix: "foo".to_owned() });
        assert_eq!(*length, Condition::Length { least: 0, most: 10 });
    }

    #[test]
    fn refuses_what_is_no_policy() {
        let with = |conditions: &str| {
            format!(r#"{{"expiration": "2026-01-01T00:00:00Z", "conditions": {conditions}}}"#)
        };
        for document in [
            "nonsense",
            r#"{"conditions": []}"#,
            r#"{"expiration": "2026-01-01T00:00:00Z"}"#,
            r#"{"EXPIRATION": "2026-01-01T00:00:00Z", "conditions": []}"#,
            r#"{"expiration": "2026-01-01 00:00:00.123+00:00", "conditions": []}"#,
            &with("[{}]"),
            &with(r#"[{"a": "b", "c": "d"}]"#),
            &with(r#"[["content-length-range", 0]]"#),
            &with(r#"[["content-length-range", -1, 0]]"#),
            &with(r#"[["eq", "key", "x"]]"#),
        ] {
            assert_eq!(parse(document).err().as_deref(), Some("InvalidPolicyDocument"), "{document}");
        }
    }

    #[test]
    fn says_what_is_wrong_with_a_policy() {
        let message = |field: &str| Policy::parse(field).unwrap_err().message;
        let of = |document: &str| message(&BASE64_STANDARD.encode(document));
        assert_eq!(message("%%%"), "Invalid Policy: Invalid JSON.");
        assert_eq!(of("nonsense"), "Invalid Policy: Invalid JSON.");
        assert_eq!(
            of(r#"{"expiration": "soon", "conditions": []}"#),
            "Invalid Policy: Invalid 'expiration' value: 'soon'"
        );
        for condition in ["{}", r#"{"a": "b", "c": "d"}"#] {
            let document =
                format!(r#"{{"expiration": "2026-01-01T00:00:00Z", "conditions": [{condition}]}}"#);
            assert_eq!(
                of(&document),
                "Invalid Policy: Invalid Simple-Condition: Simple-Conditions must have exactly one property specified."
            );
        }
    }
}
