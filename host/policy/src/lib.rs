//! What a guest asks of AWS, what it is granted, and the decision, in IAM's vocabulary.
//!
//! An [`Operation`] is what a guest wants done. It becomes one or several [`Request`]s, each an action on a resource, and the
//! guest's [`Policy`] makes a [`Decision`] about each. The policy comes from the [`Statement`]s of a manifest; what is wrong
//! with them is a [`Diagnostic`] at its line and column. An IAM policy document in JSON does as well, and a policy can be
//! written as one. Nothing here does input or output, or knows of WebAssembly or AWS's
//! SDK.
//!
//! ```
//! use innkeeper_policy::{Decision, Effect, ObjectKey, Operation, Policy, S3Operation, Source, Statement};
//! use serde::Deserialize;
//! use toml::Spanned;
//!
//! #[derive(Deserialize)]
//! struct Guest {
//!     allow: Vec<Spanned<Statement>>,
//! }
//!
//! let source = Source::new(
//!     "guest.toml",
//!     r#"
//! [[allow]]
//! actions = ["s3:GetObject"]
//! resources = ["arn:aws:s3:::uploads/incoming/*"]
//! "#,
//! );
//! let guest: Guest = toml::from_str(source.text())?;
//! let mut builder = Policy::builder("thumbnailer");
//! for statement in &guest.allow {
//!     builder.statement(Effect::Allow, statement, &source);
//! }
//! let policy = builder.build()?;
//!
//! let bucket = "arn:aws:s3:::uploads".parse()?;
//! let key = ObjectKey::new("incoming/a.jpg")?;
//! let operation = Operation::from(S3Operation::GetObject { bucket: &bucket, key: &key, version: None });
//! for request in operation.requests() {
//!     assert!(policy.allows(&request));
//! }
//!
//! let key = ObjectKey::new("private/a.jpg")?;
//! let operation = Operation::from(S3Operation::GetObject { bucket: &bucket, key: &key, version: None });
//! for request in operation.requests() {
//!     let Decision::Deny(denial) = policy.decide(&request) else { unreachable!() };
//!     assert_eq!(
//!         denial.suggestion(&request).to_string(),
//!         r#"add `"arn:aws:s3:::uploads/private/a.jpg"` to `resources` at guest.toml:4:13"#
//!     );
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod action;
pub mod arn;
mod condition;
pub mod operation;
mod pattern;
mod policy;
mod request;
pub mod source;
mod statement;
mod text;

pub use action::{Action, ResourceType, Service};
pub use arn::{
    AccountId, AccountRegion, Arn, BucketArn, BucketName, FunctionArn, FunctionReference, ObjectKey,
    Partition, QueueArn, QueueName, QueueUrl,
};
pub use condition::{ConditionKey, ContextValueError, ContextValues};
pub use operation::{
    CopiedTags, DeleteTarget, LambdaOperation, Operation, S3Operation, SqsOperation, StoredAs,
};
pub use policy::{
    Candidate, Decision, Denial, DenialCause, Finding, FindingKind, Grant, IamDocument,
    MAX_SESSION_POLICY_CHARACTERS, Missing, Policy, PolicyBuilder, RoleDocument, Rule, RulePattern,
    SessionPolicyTooLong, Suggestion, UnmetCondition,
};
pub use request::{Context, ContextText, Request, Resource};
pub use source::{Colour, Diagnostic, Diagnostics, Location, Source};
pub use statement::{Effect, Statement};
pub use text::is_acted_on;
