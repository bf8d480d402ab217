//! The `bucket` resource.

use innkeeper_policy::arn::{BucketArn, BucketName, ObjectKey};

use crate::bindings::s3_types::Error;
use crate::context::AwsCtx;

/// A bucket, or an access point to one, that a guest has opened: its ARN, which is what the policy is asked about, and no right of
/// any kind.
#[derive(Clone, Debug)]
pub struct Bucket {
    arn: BucketArn,
    /// What the SDK calls it: the name of a bucket, the whole ARN of an access point.
    name: String,
    /// The account that the manifest says it belongs to. AWS is told with every request, so that a bucket that was deleted, and
    /// created again by somebody else, is not taken for it.
    owner: Option<String>,
}

impl Bucket {
    /// What the guest's word for a bucket stands for: a name of its manifest, a bucket's name, or the ARN of a bucket or an access
    /// point.
    pub(crate) async fn open(ctx: &AwsCtx, name: &str) -> Result<Self, Error> {
        let name = ctx.resolve(name);
        let partition = ctx.gate().partition().await?;
        let arn = if name.starts_with("arn:") {
            name.parse::<BucketArn>().map_err(|error| Error::InvalidArgument(error.to_string()))?
        } else {
            let name =
                name.parse::<BucketName>().map_err(|error| Error::InvalidArgument(error.to_string()))?;
            BucketArn::new(partition, name)
        };
        if arn.partition() != partition {
            return Err(Error::InvalidArgument(format!(
                "the bucket is in the partition `{}`, the host works in `{partition}`",
                arn.partition()
            )));
        }
        if let Some(point) = arn.access_point() {
            // The SDK would call, and sign for, the region of the ARN.
            let region = ctx.gate().region().await?.as_str();
            if point.region != region {
                return Err(Error::InvalidArgument(format!(
                    "the access point is in the region `{}`, the host works in `{region}`",
                    point.region
                )));
            }
        }
        let owner = ctx.owner(&arn).map(str::to_owned);
        Ok(Self::new(arn, owner))
    }

    fn new(arn: BucketArn, owner: Option<String>) -> Self {
        let name = arn.name().map_or_else(|| arn.to_string(), ToString::to_string);
        Self { arn, name, owner }
    }

    /// For the policy.
    pub(crate) fn arn(&self) -> &BucketArn {
        &self.arn
    }

    /// For the SDK.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// For the SDK: `expected-bucket-owner`.
    pub(crate) fn owner(&self) -> Option<String> {
        self.owner.clone()
    }

    #[cfg(test)]
    pub(crate) fn for_tests(name: &str) -> Self {
        Self::new(format!("arn:aws:s3:::{name}").parse().unwrap(), None)
    }
}

/// The guest's key, if S3 can have an object of it. Not a byte of it is changed: what is decided on is what is sent.
pub(crate) fn object_key(key: String) -> Result<ObjectKey, Error> {
    if key.len() > ObjectKey::MAX_BYTES {
        return Err(Error::KeyTooLong);
    }
    ObjectKey::new(key).map_err(|error| Error::InvalidArgument(error.to_string()))
}
