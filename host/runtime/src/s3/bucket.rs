//! The `bucket` resource.

use innkeeper_policy::arn::{BucketArn, BucketName, ObjectKey};

use crate::bindings::s3_types::Error;
use crate::context::AwsCtx;

/// A bucket that a guest has opened: its ARN, which is what the policy is asked about, and no right of any kind.
#[derive(Clone, Debug)]
pub struct Bucket {
    arn: BucketArn,
}

impl Bucket {
    /// What the guest's word for a bucket stands for: a name of its manifest, a bucket's name, or a bucket's ARN.
    pub(crate) async fn open(ctx: &AwsCtx, name: &str) -> Result<Self, Error> {
        let name = ctx.resolve(name);
        let partition = ctx.gate().partition().await?;
        let arn = if name.starts_with("arn:") {
            name.parse::<BucketArn>().map_err(|error| Error::InvalidArgument(error.to_string()))?
        } else {
            let name = name.parse::<BucketName>().map_err(|error| Error::InvalidArgument(error.to_string()))?;
            BucketArn::new(partition, name)
        };
        if arn.partition() != partition {
            return Err(Error::InvalidArgument(format!(
                "the bucket is in the partition `{}`, the host works in `{partition}`",
                arn.partition()
            )));
        }
        Ok(Self { arn })
    }

    /// For the policy.
    pub(crate) fn arn(&self) -> &BucketArn {
        &self.arn
    }

    /// For the SDK.
    pub(crate) fn name(&self) -> &str {
        self.arn.name().as_str()
    }

    #[cfg(test)]
    pub(crate) fn for_tests(name: &str) -> Self {
        Self { arn: format!("arn:aws:s3:::{name}").parse().unwrap() }
    }
}

/// The guest's key, if S3 can have an object of it. Not a byte of it is changed: what is decided on is what is sent.
pub(crate) fn object_key(key: String) -> Result<ObjectKey, Error> {
    if key.len() > ObjectKey::MAX_BYTES {
        return Err(Error::KeyTooLong);
    }
    ObjectKey::new(key).map_err(|error| Error::InvalidArgument(error.to_string()))
}
