//! Amazon Resource Names, and the names of buckets, queues and functions that go into them.

mod account;
mod bucket;
mod function;
mod key;
mod partition;
mod queue;
mod queue_url;

use std::{fmt, str::FromStr};

pub use account::{AccountId, AccountIdError, AccountRegion, RegionNameError};
pub use bucket::{AccessPoint, BucketArn, BucketArnError, BucketName, BucketNameError};
pub use function::{FunctionArn, FunctionName, FunctionNameError, FunctionReference, Qualifier};
pub use key::{ObjectKey, ObjectKeyError};
pub use partition::{Partition, PartitionError};
pub use queue::{QueueArn, QueueArnError, QueueName, QueueNameError};
pub use queue_url::{QueueUrl, QueueUrlError};

/// The name of one AWS resource, `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`, without wildcards.
///
/// The service may be any: which ones a policy knows is [`Service`](crate::Service)'s concern. What the resource part looks
/// like is for its service to say; it is kept byte for byte.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Arn {
    text: Box<str>,
    partition: Partition,
    /// The bytes at which service, region, account and resource begin.
    starts: [usize; 4],
}

/// Why a text is no ARN.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArnError {
    /// It does not begin with `arn:`.
    #[error("an ARN begins with `arn:`")]
    Prefix,
    /// It has fewer than six fields.
    #[error("the ARN has no {0}: its form is `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`")]
    MissingField(ArnField),
    /// A field that cannot be empty is empty.
    #[error("the ARN's {0} is empty")]
    EmptyField(ArnField),
    /// The partition is not one of AWS's.
    #[error(transparent)]
    Partition(#[from] PartitionError),
    /// The service is not lower-case letters, digits and hyphens.
    #[error("the ARN's service {} is not lower-case letters, digits and hyphens", crate::text::quoted(.0))]
    Service(String),
    /// The region is not lower-case letters, digits and hyphens.
    #[error("the ARN's region {} is not lower-case letters, digits and hyphens", crate::text::quoted(.0))]
    Region(String),
    /// The account is not twelve digits.
    #[error("the ARN's account {} is not twelve digits", crate::text::quoted(.0))]
    Account(String),
}

/// A field of an ARN, in the order in which they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArnField {
    /// `aws`, `aws-cn` and so on.
    Partition,
    /// The service's namespace, such as `s3`.
    Service,
    /// The region; empty where the service's names are not bound to one.
    Region,
    /// The account id; empty where the service's names do not carry it.
    Account,
    /// Everything behind the fifth colon.
    Resource,
}

impl fmt::Display for ArnField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Partition => "partition",
            Self::Service => "service",
            Self::Region => "region",
            Self::Account => "account",
            Self::Resource => "resource",
        })
    }
}

impl Arn {
    /// The partition: which of AWS's separate clouds.
    pub fn partition(&self) -> Partition {
        self.partition
    }

    /// The service's namespace, such as `s3`.
    pub fn service(&self) -> &str {
        let [service, region, ..] = self.starts;
        self.field(service, region - 1)
    }

    /// The region; empty where the service's names are not bound to one.
    pub fn region(&self) -> &str {
        let [_, region, account, _] = self.starts;
        self.field(region, account - 1)
    }

    /// The account id; empty where the service's names do not carry it.
    pub fn account(&self) -> &str {
        let [.., account, resource] = self.starts;
        self.field(account, resource - 1)
    }

    /// Everything behind the fifth colon, with whatever colons and slashes it has.
    pub fn resource(&self) -> &str {
        let [.., resource] = self.starts;
        self.field(resource, self.text.len())
    }

    /// The whole ARN.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn field(&self, start: usize, end: usize) -> &str {
        self.text.get(start..end).unwrap_or_default()
    }
}

impl FromStr for Arn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        let fields = Fields::split(text)?;
        let partition = fields.partition.parse()?;
        if fields.service.is_empty() {
            return Err(ArnError::EmptyField(ArnField::Service));
        }
        if !is_label(fields.service) {
            return Err(ArnError::Service(fields.service.to_owned()));
        }
        if !fields.region.is_empty() && !is_label(fields.region) {
            return Err(ArnError::Region(fields.region.to_owned()));
        }
        if !is_account_field(fields.account) {
            return Err(ArnError::Account(fields.account.to_owned()));
        }
        if fields.resource.is_empty() {
            return Err(ArnError::EmptyField(ArnField::Resource));
        }
        let service = "arn:".len() + fields.partition.len() + 1;
        let region = service + fields.service.len() + 1;
        let account = region + fields.region.len() + 1;
        let resource = account + fields.account.len() + 1;
        Ok(Self { text: text.into(), partition, starts: [service, region, account, resource] })
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Arn({:?})", &self.text)
    }
}

/// The five fields behind `arn:`, unchecked: of an ARN, or of a pattern for ARNs.
pub(crate) struct Fields<'a> {
    pub(crate) partition: &'a str,
    pub(crate) service: &'a str,
    pub(crate) region: &'a str,
    pub(crate) account: &'a str,
    pub(crate) resource: &'a str,
}

impl<'a> Fields<'a> {
    pub(crate) fn split(text: &'a str) -> Result<Self, ArnError> {
        let mut fields = text.strip_prefix("arn:").ok_or(ArnError::Prefix)?.splitn(5, ':');
        let mut next = |field| fields.next().ok_or(ArnError::MissingField(field));
        Ok(Self {
            partition: next(ArnField::Partition)?,
            service: next(ArnField::Service)?,
            region: next(ArnField::Region)?,
            account: next(ArnField::Account)?,
            resource: next(ArnField::Resource)?,
        })
    }
}

/// Whether a text can be the name of a service or region: nothing in it can change a host name that it becomes part of.
pub(crate) fn is_label(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Whether a text can stand in an ARN's account field: empty, twelve digits, or `aws` for what AWS itself owns.
pub(crate) fn is_account_field(text: &str) -> bool {
    text.is_empty() || text == "aws" || (text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn error(text: &str) -> ArnError {
        text.parse::<Arn>().unwrap_err()
    }

    #[test]
    fn takes_an_arn_apart() {
        let arn: Arn = "arn:aws:lambda:eu-west-1:123456789012:function:resize:live".parse().unwrap();
        assert_eq!(arn.partition(), Partition::Aws);
        assert_eq!(arn.service(), "lambda");
        assert_eq!(arn.region(), "eu-west-1");
        assert_eq!(arn.account(), "123456789012");
        assert_eq!(arn.resource(), "function:resize:live");
        let arn: Arn = "arn:aws-cn:s3:::uploads/a:b/ü".parse().unwrap();
        assert_eq!((arn.region(), arn.account(), arn.resource()), ("", "", "uploads/a:b/ü"));
    }

    #[test]
    fn names_what_is_wrong() {
        assert_eq!(error("uploads"), ArnError::Prefix);
        assert_eq!(error("ARN:aws:s3:::uploads"), ArnError::Prefix);
        assert_eq!(error("arn:aws"), ArnError::MissingField(ArnField::Service));
        assert_eq!(error("arn:aws:s3"), ArnError::MissingField(ArnField::Region));
        assert_eq!(error("arn:aws:s3:uploads"), ArnError::MissingField(ArnField::Account));
        assert_eq!(error("arn:aws:s3::uploads"), ArnError::MissingField(ArnField::Resource));
        assert_eq!(error("arn:aws:s3:::"), ArnError::EmptyField(ArnField::Resource));
        assert_eq!(error("arn:aws::::uploads"), ArnError::EmptyField(ArnField::Service));
        assert_eq!(error("arn:aws:S3:::uploads"), ArnError::Service("S3".into()));
        assert_eq!(
            error("arn:aws:sqs:x@evil.example/:123456789012:q"),
            ArnError::Region("x@evil.example/".into())
        );
        assert_eq!(error("arn:aws:sqs:eu-west-1:1234:q"), ArnError::Account("1234".into()));
        assert!(matches!(error("arn:azure:s3:::uploads"), ArnError::Partition(_)));
        assert_eq!(
            error("arn:aws:s3::uploads").to_string(),
            "the ARN has no resource: its form is `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`"
        );
    }

    proptest! {
        #[test]
        fn an_arn_is_the_text_of_its_fields(
            partition in prop::sample::select(Partition::ALL.to_vec()),
            service in "[a-z0-9-]{1,12}",
            region in "[a-z0-9-]{0,12}",
            account in "([0-9]{12})?",
            resource in ".{1,40}",
        ) {
            let text = format!("arn:{partition}:{service}:{region}:{account}:{resource}");
            let arn: Arn = text.parse().unwrap();
            prop_assert_eq!(arn.to_string(), text);
            prop_assert_eq!(arn.partition(), partition);
            prop_assert_eq!(arn.service(), service);
            prop_assert_eq!(arn.region(), region);
            prop_assert_eq!(arn.account(), account);
            prop_assert_eq!(arn.resource(), resource);
        }

        #[test]
        fn any_text_is_an_arn_or_an_error(text in "(arn:)?[:a-z*]{0,4}.{0,20}") {
            if let Ok(arn) = text.parse::<Arn>() {
                prop_assert_eq!(arn.as_str(), text);
            }
        }
    }
}
