//! The `function` resource.

use std::sync::Arc;

use innkeeper_policy::arn::FunctionNameError;
use innkeeper_policy::{AccountRegion, FunctionArn, FunctionReference};

use crate::bindings::lambda_types::Error;
use crate::context::AwsCtx;

/// A function that a guest has opened: its ARN with the qualifier, which is what the policy is asked about, and no right of any kind.
#[derive(Clone, Debug)]
pub struct Function(Arc<FunctionArn>);

impl Function {
    /// What the guest's word for a function stands for: a name of its manifest, or the function's name, partial ARN or ARN.
    pub(crate) async fn open(ctx: &AwsCtx, name: &str, qualifier: Option<&str>) -> Result<Self, Error> {
        let invalid = |error: FunctionNameError| Error::InvalidArgument(error.to_string());
        let reference: FunctionReference = ctx.resolve(name).parse().map_err(invalid)?;
        let reference = match qualifier {
            Some(qualifier) => reference.with_qualifier(qualifier).map_err(invalid)?,
            None => reference,
        };
        let region = ctx.gate().region().await?.as_str();
        let here = match (reference.place(), reference.account()) {
            (Some(place), _) => {
                if place.region() != region || place.partition() != ctx.gate().partition().await? {
                    // Does not say where the host is.
                    return Err(Error::InvalidArgument(
                        "the function is in another region than the one that is called".to_owned(),
                    ));
                }
                place.clone()
            }
            (None, Some(account)) => AccountRegion::new(region, account.clone())
                .map_err(|error| Error::InvalidArgument(error.to_string()))?,
            (None, None) => ctx.gate().place().await?.clone(),
        };
        Ok(Self(Arc::new(reference.resolve(&here))))
    }

    /// For the policy.
    pub(crate) fn arn(&self) -> &FunctionArn {
        &self.0
    }

    /// For the SDK: the ARN without qualifier, and the qualifier.
    pub(crate) fn parameters(&self) -> (String, Option<String>) {
        let qualifier = self.0.qualifier().map(|qualifier| qualifier.as_str().to_owned());
        (self.0.unqualified().to_string(), qualifier)
    }
}
