//! The layers of functions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::name::{LayerArn, LayerId};
use super::policy::check_access;
use crate::lambda::error::{error, validation};
use crate::lambda::rest::Context;
use crate::layer::AwsError;

/// The most layers of one function.
const MAX_LAYERS: usize = 5;

/// `Layers` of a function's configuration, of the ARNs that a request has. A layer of an account that the fake does not have, as those
/// that AWS and others publish for everybody, is taken as it is named: what is in it is not known here.
pub(in crate::lambda) fn layers_of(cx: &Context<'_>, given: &[Value]) -> Result<Vec<Value>, AwsError> {
    let arns: Vec<&str> = given.iter().map(|arn| arn.as_str().unwrap_or_default()).collect();
    let parsed: Option<Vec<(LayerArn, u64)>> = arns
        .iter()
        .map(|arn| LayerArn::parse(arn).and_then(|arn| arn.version.map(|version| (arn, version))))
        .collect();
    let parsed = parsed.ok_or_else(|| {
        validation(
            &format!("[{}]", arns.join(", ")),
            "layers",
            "Member must satisfy constraint: [Member must have length less than or equal to 140, Member must have length \
             greater than or equal to 1, Member must satisfy regular expression pattern: \
             (arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)|\
             (arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+), Member must not be null]",
        )
    })?;
    let invalid = |message: String| error("InvalidParameterValueException", message);
    if arns.len() > MAX_LAYERS {
        return Err(invalid(format!("Cannot reference more than {MAX_LAYERS} layers.")));
    }
    let layers = cx.shared.lambda.layers();
    let mut seen: BTreeMap<(String, String), &str> = BTreeMap::new();
    let mut shown = Vec::new();
    for (text, (arn, number)) in arns.iter().zip(parsed) {
        if arn.region != cx.region {
            return Err(invalid(format!(
                "Layers are not in the same region as the function. Layers are expected to be in region {}.",
                cx.region
            )));
        }
        let id = LayerId::of_arn(cx, &arn);
        let version = layers.version(&id, number);
        if id.is_own(cx) {
            if version.is_none() {
                return Err(invalid(format!("Layer version {text} does not exist.")));
            }
        } else if cx.shared.accounts.with_id(id.account(cx)).is_some() {
            check_access(cx, &id, number, version)?;
        }
        if let Some(other) = seen.insert((arn.account_id, arn.name), text) {
            return Err(invalid(format!(
                "Two different versions of the same layer are not allowed to be referenced in the same function. {other} and \
                 {text} are versions of the same layer."
            )));
        }
        shown.push(json!({ "Arn": text, "CodeSize": version.map_or(0, |version| version.code.size) }));
    }
    Ok(shown)
}
