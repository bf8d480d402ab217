//! What a guest asks the host to do, and the IAM requests that it needs.

/// Gives operations their names in AWS's API, and lists them. An operation that is not named does not compile.
macro_rules! names {
    ($operation:ident: $($($variant:ident)|+ => $name:literal,)*) => {
        impl $operation<'_> {
            /// The names of all operations, in the order of the table.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// The operation's name in AWS's API. A presigned URL is none of its operations, and has a name of the same form.
            pub fn name(&self) -> &'static str {
                match self {
                    $($(Self::$variant { .. })|+ => $name,)*
                }
            }
        }
    };
}

mod lambda;
mod s3;
mod sqs;
mod wit;

use std::fmt;

pub use lambda::LambdaOperation;
pub use s3::{CopiedTags, DeleteTarget, S3Operation, StoredAs};
pub use sqs::SqsOperation;
pub use wit::{WIT_FUNCTIONS, WitFunction};

use crate::{
    action::Service,
    request::{Request, Resource},
};

/// One call of AWS, with all that a policy decides on.
///
/// Everything that ever leads to AWS goes through an `Operation`; `Display` is for people, `GetObject
/// arn:aws:s3:::uploads/a.jpg`, on one line whatever the guest put into its arguments.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Operation<'a> {
    /// A call of Amazon S3.
    S3(S3Operation<'a>),
    /// A call of Amazon SQS.
    Sqs(SqsOperation<'a>),
    /// A call of AWS Lambda.
    Lambda(LambdaOperation<'a>),
}

impl<'a> Operation<'a> {
    /// The names of all operations, by service: what the host can ask of AWS for a guest.
    pub const NAMES: &'static [(Service, &'static [&'static str])] = &[
        (Service::S3, S3Operation::NAMES),
        (Service::Sqs, SqsOperation::NAMES),
        (Service::Lambda, LambdaOperation::NAMES),
    ];

    /// The operation's name in AWS's API, such as `GetObject`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::S3(operation) => operation.name(),
            Self::Sqs(operation) => operation.name(),
            Self::Lambda(operation) => operation.name(),
        }
    }

    /// The service that is called.
    pub fn service(&self) -> Service {
        match self {
            Self::S3(_) => Service::S3,
            Self::Sqs(_) => Service::Sqs,
            Self::Lambda(_) => Service::Lambda,
        }
    }

    /// What the operation is done on.
    pub fn resource(&self) -> Resource<'a> {
        match self {
            Self::S3(operation) => operation.resource(),
            Self::Sqs(operation) => operation.resource(),
            Self::Lambda(operation) => operation.resource(),
        }
    }

    /// What a policy is asked, one after another: the operation may be done if every request is allowed. There is always at
    /// least one.
    pub fn requests(&self) -> impl Iterator<Item = Request<'a>> + use<'a> {
        let operation = *self;
        (0..).map_while(move |index| match operation {
            Self::S3(operation) => operation.request(index),
            Self::Sqs(operation) => operation.request(index),
            Self::Lambda(operation) => operation.request(index),
        })
    }

    /// The bytes of the body that the operation sends, where its requests have them as `innkeeper:ContentLength`.
    pub fn content_length(&self) -> Option<u64> {
        match self {
            Self::S3(operation) => operation.content_length(),
            Self::Sqs(_) | Self::Lambda(_) => None,
        }
    }
}

impl<'a> From<S3Operation<'a>> for Operation<'a> {
    fn from(operation: S3Operation<'a>) -> Self {
        Self::S3(operation)
    }
}

impl<'a> From<SqsOperation<'a>> for Operation<'a> {
    fn from(operation: SqsOperation<'a>) -> Self {
        Self::Sqs(operation)
    }
}

impl<'a> From<LambdaOperation<'a>> for Operation<'a> {
    fn from(operation: LambdaOperation<'a>) -> Self {
        Self::Lambda(operation)
    }
}

impl fmt::Display for Operation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.name())?;
        self.resource().segments().into_iter().try_for_each(|segment| crate::text::visible(segment).fmt(f))
    }
}
