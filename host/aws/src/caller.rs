//! Who calls are made by.

use crate::credentials::answer::{Answer, Message, secrets_of};
use crate::error::Error;
use crate::region::Region;
use crate::session::Session;
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
    pub(crate) async fn ask(sts: &aws_sdk_sts::Client, session: &Session) -> Result<Self, Error> {
        const STS: &str = "STS (GetCallerIdentity)";
        let region = session.region.clone();
        let answer = match sts.get_caller_identity().send().await {
            Ok(answer) => answer,
            Err(error) => {
                if let Some(error) = Error::in_chain(&error) {
                    return Err(error.clone());
                }
                let credentials = session.credentials.as_ref().and_then(|cell| cell.current());
                let secrets = credentials.as_ref().map(secrets_of).unwrap_or_default();
                return Err(Answer::of(error, &secrets).into_error(STS));
            }
        };
        match (answer.account, answer.arn) {
            (Some(account), Some(arn)) => Ok(Self { account, arn, region }),
            _ => Err(Error::Connection {
                what: STS,
                source: Arc::new(Message("the answer names nobody".to_owned())),
            }),
        }
    }
}
