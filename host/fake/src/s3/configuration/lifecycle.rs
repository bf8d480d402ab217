use s3s::dto::{
    DeleteBucketLifecycleInput, DeleteBucketLifecycleOutput, GetBucketLifecycleConfigurationInput,
    GetBucketLifecycleConfigurationOutput, PutBucketLifecycleConfigurationInput,
    PutBucketLifecycleConfigurationOutput,
};
use s3s::{S3ErrorCode, S3Request, S3Response};

use super::{Answer, change, look, missing};
use crate::fake::Shared;
use crate::s3::error::error;

pub(crate) fn put_lifecycle(
    shared: &Shared,
    request: S3Request<PutBucketLifecycleConfigurationInput>,
) -> Answer<PutBucketLifecycleConfigurationOutput> {
    let input = request.input;
    let mut lifecycle = input.lifecycle_configuration;
    let rules = lifecycle.as_mut().map(|lifecycle| &mut lifecycle.rules).filter(|rules| !rules.is_empty());
    let rules = rules.ok_or_else(|| error(S3ErrorCode::MalformedXML))?;
    for rule in rules {
        // S3 names a rule that has no name.
        rule.id.get_or_insert_with(|| shared.ids.uuid("lifecycle-rule"));
    }
    change(shared, &input.bucket, |configuration| configuration.lifecycle = lifecycle)?;
    Ok(S3Response::new(PutBucketLifecycleConfigurationOutput {
        transition_default_minimum_object_size: input.transition_default_minimum_object_size,
    }))
}

pub(crate) fn get_lifecycle(
    shared: &Shared,
    request: &S3Request<GetBucketLifecycleConfigurationInput>,
) -> Answer<GetBucketLifecycleConfigurationOutput> {
    let lifecycle = look(shared, &request.input.bucket, |configuration| configuration.lifecycle.clone())?;
    let lifecycle = lifecycle.ok_or_else(|| {
        missing("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")
    })?;
    Ok(S3Response::new(GetBucketLifecycleConfigurationOutput {
        rules: Some(lifecycle.rules),
        ..GetBucketLifecycleConfigurationOutput::default()
    }))
}

pub(crate) fn delete_lifecycle(
    shared: &Shared,
    request: &S3Request<DeleteBucketLifecycleInput>,
) -> Answer<DeleteBucketLifecycleOutput> {
    change(shared, &request.input.bucket, |configuration| configuration.lifecycle = None)?;
    Ok(S3Response::new(DeleteBucketLifecycleOutput {}))
}
