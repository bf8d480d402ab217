//! The operations on a bucket itself.

use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use innkeeper_policy::S3Operation;

use crate::bindings::s3_types::{BucketStatus, Error};
use crate::context::AwsCtx;
use crate::s3::bucket::Bucket;
use crate::s3::settle;

/// The region that S3 does not name: what is not said to be elsewhere is there.
const FIRST_REGION: &str = "us-east-1";

pub(crate) async fn create(ctx: &AwsCtx, bucket: &Bucket) -> Result<(), Error> {
    refuse_access_point(bucket)?;
    let mut permit = ctx.gate().s3(S3Operation::CreateBucket { bucket: bucket.arn() }).await?;
    let region = ctx.gate().region().await?.as_str();
    let place = (region != FIRST_REGION).then(|| {
        CreateBucketConfiguration::builder()
            .location_constraint(BucketLocationConstraint::from(region))
            .build()
    });
    let request =
        permit.client.create_bucket().bucket(bucket.name()).set_create_bucket_configuration(place).send();
    let answer = permit.call.observe(request).await;
    match answer {
        Ok(_) => {
            permit.call.succeed();
            Ok(())
        }
        Err(error) => Err(settle(&mut permit.call, &error)),
    }
}

pub(crate) async fn delete(ctx: &AwsCtx, bucket: &Bucket) -> Result<(), Error> {
    refuse_access_point(bucket)?;
    let mut permit = ctx.gate().s3(S3Operation::DeleteBucket { bucket: bucket.arn() }).await?;
    let request =
        permit.client.delete_bucket().bucket(bucket.name()).set_expected_bucket_owner(bucket.owner()).send();
    let answer = permit.call.observe(request).await;
    match answer {
        Ok(_) => {
            permit.call.succeed();
            Ok(())
        }
        Err(error) => Err(settle(&mut permit.call, &error)),
    }
}

pub(crate) async fn status(ctx: &AwsCtx, bucket: &Bucket) -> Result<BucketStatus, Error> {
    let mut permit = ctx.gate().s3(S3Operation::HeadBucket { bucket: bucket.arn() }).await?;
    let request =
        permit.client.head_bucket().bucket(bucket.name()).set_expected_bucket_owner(bucket.owner()).send();
    let answer = permit.call.observe(request).await;
    let status = match answer {
        Ok(_) => BucketStatus::Exists,
        Err(error) => match error.raw_response().map(|response| response.status().as_u16()) {
            Some(403) => BucketStatus::NotAccessible,
            Some(404) => BucketStatus::NotFound,
            _ => return Err(settle(&mut permit.call, &error)),
        },
    };
    permit.call.succeed();
    Ok(status)
}

pub(crate) async fn location(ctx: &AwsCtx, bucket: &Bucket) -> Result<String, Error> {
    refuse_access_point(bucket)?;
    let mut permit = ctx.gate().s3(S3Operation::GetBucketLocation { bucket: bucket.arn() }).await?;
    let request = permit
        .client
        .get_bucket_location()
        .bucket(bucket.name())
        .set_expected_bucket_owner(bucket.owner())
        .send();
    let answer = permit.call.observe(request).await;
    match answer {
        Ok(output) => {
            permit.call.succeed();
            Ok(match output.location_constraint.as_ref().map(BucketLocationConstraint::as_str) {
                None | Some("") => FIRST_REGION.to_owned(),
                // What the oldest buckets of Ireland answer.
                Some("EU") => "eu-west-1".to_owned(),
                Some(region) => region.to_owned(),
            })
        }
        Err(error) => Err(settle(&mut permit.call, &error)),
    }
}

fn refuse_access_point(bucket: &Bucket) -> Result<(), Error> {
    match bucket.arn().access_point() {
        None => Ok(()),
        Some(_) => Err(Error::InvalidArgument("this is done on a bucket, not on an access point".to_owned())),
    }
}
