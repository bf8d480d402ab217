//! The policies of resources, buckets and queues: whom they let do what, in IAM's language.
//!
//! A [`Policy`] is asked about one action of one caller on one resource at a time, and says yes, no, or nothing. What that means, with
//! the caller's own account and with ACLs, is for the service to say.

mod common;
mod condition;
mod document;
mod principal;
mod public;
mod service;
mod variable;

use std::borrow::Cow;

pub(crate) use common::{Client, Common};
pub(crate) use document::{Malformed, Policy, Statement};
pub(crate) use service::ServiceCall;

/// What a policy is asked.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    /// Who asks; nobody known where there is no signature.
    pub(crate) caller: Option<Principal<'a>>,
    /// An action of IAM, `s3:GetObject`.
    pub(crate) action: &'a str,
    /// The ARN that it is to be done on.
    pub(crate) resource: &'a str,
    pub(crate) facts: &'a dyn Facts,
}

/// An account, and the user or role session of it; or a [service](ServiceCall) of AWS.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Principal<'a> {
    /// Twelve digits.
    pub(crate) account: &'a str,
    pub(crate) arn: &'a str,
    /// By what S3 names the account.
    pub(crate) canonical_id: &'a str,
}

/// The values of condition keys.
pub(crate) trait Facts {
    /// Those of a key, which is in lower case, as what stands behind a slash in it is; none where the request has none.
    fn values(&self, key: &str) -> Vec<Cow<'_, str>>;
}

/// A request of which nothing is known.
#[cfg(test)]
pub(crate) struct NoFacts;

#[cfg(test)]
impl Facts for NoFacts {
    fn values(&self, _: &str) -> Vec<Cow<'_, str>> {
        Vec::new()
    }
}

/// What a policy says of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A statement allows it, and none denies it.
    Allow,
    /// A statement denies it.
    Deny,
    /// No statement is about it.
    Silent,
}
