//! The AWS services that a factory has clients for.

use std::fmt;

/// An AWS service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Amazon Simple Storage Service.
    S3,
    /// Amazon Simple Queue Service.
    Sqs,
    /// AWS Lambda.
    Lambda,
    /// AWS Security Token Service.
    Sts,
}

impl Service {
    /// Every service.
    pub const ALL: [Self; 4] = [Self::S3, Self::Sqs, Self::Lambda, Self::Sts];

    /// The service's prefix, as in IAM actions and ARNs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Sqs => "sqs",
            Self::Lambda => "lambda",
            Self::Sts => "sts",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
