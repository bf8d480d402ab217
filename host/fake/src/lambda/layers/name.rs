//! The forms in which layers and their versions are named.

use crate::account::is_account_id;
use crate::lambda::access::denied;
use crate::lambda::error::{error, validation};
use crate::lambda::name::is_word;
use crate::lambda::rest::{Context, Route};
use crate::layer::AwsError;
use crate::region::partition;

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

/// Which layer of a fake.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LayerId {
    /// None is the account of the fake itself.
    pub(super) account_id: Option<String>,
    pub(super) region: String,
    pub(super) name: String,
}

impl LayerId {
    /// A layer of whoever asks.
    fn own(cx: &Context<'_>, name: &str) -> Self {
        Self { account_id: cx.account_id.clone(), region: cx.region.clone(), name: name.to_owned() }
    }

    pub(super) fn of_arn(cx: &Context<'_>, arn: &LayerArn) -> Self {
        let account_id = cx.shared.other_account(Some(arn.account_id.as_str()));
        Self { account_id: account_id.map(str::to_owned), region: arn.region.clone(), name: arn.name.clone() }
    }

    pub(super) fn account<'a>(&'a self, cx: &'a Context<'_>) -> &'a str {
        self.account_id.as_deref().unwrap_or(&cx.shared.account_id)
    }

    pub(super) fn arn(&self, cx: &Context<'_>) -> String {
        let Self { region, name, .. } = self;
        format!("arn:{}:lambda:{region}:{}:layer:{name}", partition(region), self.account(cx))
    }

    /// The ARN of a version.
    pub(super) fn version_arn(&self, cx: &Context<'_>, number: u64) -> String {
        format!("{}:{number}", self.arn(cx))
    }

    /// Whether it is one of whoever asks, in the region that is asked.
    pub(super) fn is_own(&self, cx: &Context<'_>) -> bool {
        (&self.account_id, &self.region) == (&cx.account_id, &cx.region)
    }
}

/// The layer that a request names, whosever it is.
pub(super) fn any_layer_of(cx: &Context<'_>, route: &Route) -> Result<LayerId, AwsError> {
    let given = route.layer();
    if is_layer_name(given) {
        return Ok(LayerId::own(cx, given));
    }
    let arn = LayerArn::parse(given).filter(|arn| arn.version.is_none() && given.len() <= MAX_NAME);
    let arn = arn.ok_or_else(|| validation(given, "layerName", NAMES))?;
    Ok(LayerId::of_arn(cx, &arn))
}

/// The same, if it is one of whoever asks, in the region that is asked.
pub(super) fn layer_of(cx: &Context<'_>, route: &Route) -> Result<LayerId, AwsError> {
    let id = any_layer_of(cx, route)?;
    if id.is_own(cx) {
        return Ok(id);
    }
    Err(denied(cx, &format!("lambda:{}", route.operation()), &id.arn(cx)))
}

/// `VersionNumber` of a request.
pub(super) fn number_of(route: &Route) -> Result<u64, AwsError> {
    let number: Option<i64> = route.version().parse().ok();
    let too_small = || error("InvalidParameterValueException", "Layer Version Cannot be less than 1");
    u64::try_from(number.ok_or_else(too_small)?).ok().filter(|number| *number > 0).ok_or_else(too_small)
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
