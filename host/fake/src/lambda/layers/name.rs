//! The forms in which layers and their versions are named.

use http::StatusCode;

use crate::lambda::error::{error, validation};
use crate::lambda::name::{is_account_id, is_word, partition};
use crate::lambda::rest::{Context, Route};
use crate::layer::AwsError;

/// The longest `LayerName`, which may be an ARN.
const MAX_NAME: usize = 140;
const NAMES: &str = "Member must satisfy regular expression pattern: \
                     (arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\\d{12}:layer:[a-zA-Z0-9-_]+)|[a-zA-Z0-9-_]+";

/// `arn:aws:lambda:REGION:ACCOUNT:layer:NAME[:VERSION]`, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LayerArn {
    pub(super) region: String,
    pub(super) account_id: String,
    pub(super) name: String,
    pub(super) version: Option<u64>,
}

impl LayerArn {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let ["arn", partition, "lambda", region, account_id, "layer", name, rest @ ..] = &parts[..] else {
            return None;
        };
        let version = match rest {
            [] => None,
            [version] => Some(version.parse().ok()?),
            _ => return None,
        };
        let complete = partition.starts_with("aws") && !region.is_empty() && is_account_id(account_id);
        (complete && is_layer_name(name)).then(|| Self {
            region: (*region).to_owned(),
            account_id: (*account_id).to_owned(),
            name: (*name).to_owned(),
            version,
        })
    }
}

pub(super) fn is_layer_name(name: &str) -> bool {
    is_word(name) && name.len() <= MAX_NAME
}

/// The ARN of a layer of this account.
pub(super) fn arn(cx: &Context<'_>, name: &str) -> String {
    let (region, account_id) = (&cx.region, &cx.shared.account_id);
    format!("arn:{}:lambda:{region}:{account_id}:layer:{name}", partition(region))
}

/// The ARN of a version of one.
pub(super) fn version_arn(cx: &Context<'_>, name: &str, number: u64) -> String {
    format!("{}:{number}", arn(cx, name))
}

/// The layer that a request names, if it can be one of this account and region.
pub(super) fn layer_of(cx: &Context<'_>, route: &Route) -> Result<String, AwsError> {
    let given = route.layer();
    if is_layer_name(given) {
        return Ok(given.to_owned());
    }
    let arn = LayerArn::parse(given).filter(|arn| arn.version.is_none() && given.len() <= MAX_NAME);
    let arn = arn.ok_or_else(|| validation(given, "layerName", NAMES))?;
    own(cx, route, arn, given)
}

/// `VersionNumber` of a request.
pub(super) fn number_of(route: &Route) -> Result<u64, AwsError> {
    let number: Option<i64> = route.version().parse().ok();
    let too_small = || error("InvalidParameterValueException", "Layer Version Cannot be less than 1");
    u64::try_from(number.ok_or_else(too_small)?).ok().filter(|number| *number > 0).ok_or_else(too_small)
}

/// The name in an ARN, if it is of this account and region. Nothing is known of the layers of others, and nothing is said.
pub(super) fn own(cx: &Context<'_>, route: &Route, arn: LayerArn, given: &str) -> Result<String, AwsError> {
    if arn.account_id == cx.shared.account_id && arn.region == cx.region {
        return Ok(arn.name);
    }
    let operation = route.operation();
    let operation = if operation == "GetLayerVersionByArn" { "GetLayerVersion" } else { operation };
    Err(AwsError::new(
        StatusCode::FORBIDDEN,
        "AccessDeniedException",
        format!(
            "User: {} is not authorized to perform: lambda:{operation} on resource: {given} because no resource-based policy \
             allows the lambda:{operation} action",
            cx.caller_arn
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_arns_with_a_version_and_without() {
        let arn = LayerArn::parse("arn:aws:lambda:eu-west-1:000000000000:layer:deps:3").unwrap();
        assert_eq!((&*arn.region, &*arn.name, arn.version), ("eu-west-1", "deps", Some(3)));
        assert_eq!(
            LayerArn::parse("arn:aws:lambda:eu-west-1:000000000000:layer:deps").unwrap().version,
            None
        );
        for bad in [
            "deps",
            "arn:aws:lambda:eu-west-1:000000000000:layer:deps:x",
            "arn:aws:lambda:eu-west-1:000000000000:layer:deps:1:2",
            "arn:aws:lambda:eu-west-1:0:layer:deps:1",
            "arn:aws:lambda:eu-west-1:000000000000:function:deps:1",
            "arn:aws:lambda:eu-west-1:000000000000:layer:a b:1",
        ] {
            assert_eq!(LayerArn::parse(bad), None, "{bad}");
        }
    }
}
