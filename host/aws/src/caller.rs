//! Who calls are made by.

use crate::credentials::answer::{Answer, Message};
use crate::error::Error;
use crate::region::Region;
use std::sync::Arc;

/// Who a scope's calls are made by: the answer of STS's GetCallerIdentity, and where it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerIdentity {
    /// The account, twelve digits.
    pub account: String,
    /// The ARN of the user or of the role's session.
    pub arn: String,
    /// The region that the scope is in.
    pub region: Region,
}

impl CallerIdentity {
    pub(crate) async fn ask(sts: &aws_sdk_sts::Client, region: Region) -> Result<Self, Error> {
        const STS: &str = "STS (GetCallerIdentity)";
        let answer =
            sts.get_caller_identity().send().await.map_err(|error| match Error::in_chain(&error) {
                Some(error) => error.clone(),
                // Its answers are scrubbed, as those of every client of the factory.
                None => Answer::of(error, &[]).into_error(STS),
            })?;
        match (answer.account, answer.arn) {
            (Some(account), Some(arn)) => Ok(Self { account, arn, region }),
            _ => Err(Error::Connection {
                what: STS,
                source: Arc::new(Message("the answer names nobody".to_owned())),
            }),
        }
    }
}
