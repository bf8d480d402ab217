//! The tags of an object.

use aws_sdk_s3::types::{Tag, Tagging};
use innkeeper_policy::S3Operation;
use innkeeper_policy::arn::ObjectKey;

use crate::bindings::s3_types::Error;
use crate::context::AwsCtx;
use crate::s3::bucket::Bucket;
use crate::s3::object::hide_absence;
use crate::s3::{convert, settle, stored};

pub(crate) async fn get(
    ctx: &AwsCtx,
    bucket: &Bucket,
    key: &ObjectKey,
    version: Option<String>,
) -> Result<Vec<(String, String)>, Error> {
    let version = convert::version_id(version)?;
    let operation = S3Operation::GetObjectTagging { bucket: bucket.arn(), key, version: version.as_deref() };
    let mut permit = ctx.gate().s3(operation).await?;
    let request = permit
        .client
        .get_object_tagging()
        .bucket(bucket.name())
        .set_expected_bucket_owner(bucket.owner())
        .key(key.as_str())
        .set_version_id(version)
        .send();
    let answer = permit.call.observe(request).await;
    match answer {
        Ok(output) => {
            permit.call.succeed();
            Ok(output.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect())
        }
        Err(error) => Err(hide_absence(ctx, bucket, settle(&mut permit.call, &error))),
    }
}

pub(crate) async fn set(
    ctx: &AwsCtx,
    bucket: &Bucket,
    key: &ObjectKey,
    version: Option<String>,
    tags: Vec<(String, String)>,
) -> Result<(), Error> {
    stored::check_tags(&tags)?;
    let version = convert::version_id(version)?;
    let operation =
        S3Operation::PutObjectTagging { bucket: bucket.arn(), key, version: version.as_deref(), tags: &tags };
    let mut permit = ctx.gate().s3(operation).await?;
    let incomplete = |_| Error::InvalidArgument("the request cannot be made of these tags".to_owned());
    let tags: Result<Vec<_>, _> =
        tags.into_iter().map(|(name, value)| Tag::builder().key(name).value(value).build()).collect();
    let tagging =
        Tagging::builder().set_tag_set(Some(tags.map_err(incomplete)?)).build().map_err(incomplete)?;
    let request = permit
        .client
        .put_object_tagging()
        .bucket(bucket.name())
        .set_expected_bucket_owner(bucket.owner())
        .key(key.as_str())
        .set_version_id(version)
        .tagging(tagging)
        .send();
    let answer = permit.call.observe(request).await;
    match answer {
        Ok(_) => {
            permit.call.succeed();
            Ok(())
        }
        Err(error) => Err(hide_absence(ctx, bucket, settle(&mut permit.call, &error))),
    }
}

pub(crate) async fn delete(
    ctx: &AwsCtx,
    bucket: &Bucket,
    key: &ObjectKey,
    version: Option<String>,
) -> Result<(), Error> {
    let version = convert::version_id(version)?;
    let operation =
        S3Operation::DeleteObjectTagging { bucket: bucket.arn(), key, version: version.as_deref() };
    let mut permit = ctx.gate().s3(operation).await?;
    let request = permit
        .client
        .delete_object_tagging()
        .bucket(bucket.name())
        .set_expected_bucket_owner(bucket.owner())
        .key(key.as_str())
        .set_version_id(version)
        .send();
    let answer = permit.call.observe(request).await;
    match answer {
        Ok(_) => {
            permit.call.succeed();
            Ok(())
        }
        Err(error) => Err(hide_absence(ctx, bucket, settle(&mut permit.call, &error))),
    }
}
