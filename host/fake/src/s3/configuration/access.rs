use s3s::dto::{
    DeleteBucketOwnershipControlsInput, DeleteBucketOwnershipControlsOutput, DeletePublicAccessBlockInput,
    DeletePublicAccessBlockOutput, GetBucketOwnershipControlsInput, GetBucketOwnershipControlsOutput,
    GetPublicAccessBlockInput, GetPublicAccessBlockOutput, ObjectOwnership as OwnershipName,
    OwnershipControls, OwnershipControlsRule, PublicAccessBlockConfiguration,
    PutBucketOwnershipControlsInput, PutBucketOwnershipControlsOutput, PutPublicAccessBlockInput,
    PutPublicAccessBlockOutput,
};
use s3s::{S3ErrorCode, S3Request, S3Response, S3Result};

use super::{Answer, Configuration, change, look, missing};
use crate::fake::Shared;
use crate::s3::acl::Acl;
use crate::s3::bucket::bucket_mut;
use crate::s3::error::{error, error_with};

/// Who owns the objects of a new bucket, where its creation (`x-amz-object-ownership`) does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ObjectOwnership {
    /// The owner of the bucket, as AWS has it since April 2023: ACLs are refused, and all public access is blocked.
    #[default]
    BucketOwnerEnforced,
    /// Whoever writes them, as AWS had it before: ACLs are kept and obeyed, and no public access is blocked.
    ObjectWriter,
}

/// The ownership controls and the public access block of a new bucket.
pub(super) fn of_new_bucket(
    ownership: ObjectOwnership,
) -> (Option<OwnershipControls>, Option<PublicAccessBlockConfiguration>) {
    match ownership {
        ObjectOwnership::BucketOwnerEnforced => {
            let all = PublicAccessBlockConfiguration {
                block_public_acls: Some(true),
                block_public_policy: Some(true),
                ignore_public_acls: Some(true),
                restrict_public_buckets: Some(true),
            };
            (Some(controls(OwnershipName::from_static(OwnershipName::BUCKET_OWNER_ENFORCED))), Some(all))
        }
        ObjectOwnership::ObjectWriter => (None, None),
    }
}

impl Configuration {
    /// `ObjectOwnership` of the ownership controls. A bucket without any leaves objects to whoever writes them.
    pub(crate) fn object_ownership(&self) -> Option<&str> {
        Some(self.ownership.as_ref()?.rules.first()?.object_ownership.as_str())
    }

    pub(crate) fn set_object_ownership(&mut self, ownership: OwnershipName) {
        self.ownership = Some(controls(ownership));
    }
}

/// Whether a name is one of an ownership.
pub(crate) fn check_ownership(name: &OwnershipName) -> S3Result {
    match name.as_str() {
        OwnershipName::BUCKET_OWNER_ENFORCED
        | OwnershipName::BUCKET_OWNER_PREFERRED
        | OwnershipName::OBJECT_WRITER => Ok(()),
        other => {
            let message = format!("Invalid x-amz-object-ownership header: {other}");
            Err(error_with(S3ErrorCode::InvalidArgument, message))
        }
    }
}

fn controls(object_ownership: OwnershipName) -> OwnershipControls {
    OwnershipControls { rules: vec![OwnershipControlsRule { object_ownership }] }
}

pub(crate) fn put_public_access_block(
    shared: &Shared,
    request: S3Request<PutPublicAccessBlockInput>,
) -> Answer<PutPublicAccessBlockOutput> {
    let PutPublicAccessBlockInput { bucket, public_access_block_configuration: block, .. } = request.input;
    let said = [
        block.block_public_acls,
        block.block_public_policy,
        block.ignore_public_acls,
        block.restrict_public_buckets,
    ];
    if said.iter().all(Option::is_none) {
        return Err(error_with(S3ErrorCode::InvalidRequest, "Must specify at least one configuration."));
    }
    // What is not said is not blocked.
    let block = PublicAccessBlockConfiguration {
        block_public_acls: Some(block.block_public_acls.unwrap_or_default()),
        block_public_policy: Some(block.block_public_policy.unwrap_or_default()),
        ignore_public_acls: Some(block.ignore_public_acls.unwrap_or_default()),
        restrict_public_buckets: Some(block.restrict_public_buckets.unwrap_or_default()),
    };
    change(shared, &bucket, |configuration| configuration.public_access_block = Some(block))?;
    Ok(S3Response::new(PutPublicAccessBlockOutput {}))
}

pub(crate) fn get_public_access_block(
    shared: &Shared,
    request: &S3Request<GetPublicAccessBlockInput>,
) -> Answer<GetPublicAccessBlockOutput> {
    let block =
        look(shared, &request.input.bucket, |configuration| configuration.public_access_block.clone())?;
    let block = block.ok_or_else(|| {
        missing("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found")
    })?;
    Ok(S3Response::new(GetPublicAccessBlockOutput { public_access_block_configuration: Some(block) }))
}

pub(crate) fn delete_public_access_block(
    shared: &Shared,
    request: &S3Request<DeletePublicAccessBlockInput>,
) -> Answer<DeletePublicAccessBlockOutput> {
    change(shared, &request.input.bucket, |configuration| {
        configuration.public_access_block = None;
    })?;
    Ok(S3Response::new(DeletePublicAccessBlockOutput {}))
}

pub(crate) fn put_ownership_controls(
    shared: &Shared,
    request: S3Request<PutBucketOwnershipControlsInput>,
) -> Answer<PutBucketOwnershipControlsOutput> {
    let PutBucketOwnershipControlsInput { bucket, ownership_controls: controls, .. } = request.input;
    let [rule] = controls.rules.as_slice() else {
        return Err(error(S3ErrorCode::MalformedXML));
    };
    if check_ownership(&rule.object_ownership).is_err() {
        return Err(error(S3ErrorCode::MalformedXML));
    }
    let enforced = rule.object_ownership.as_str() == OwnershipName::BUCKET_OWNER_ENFORCED;
    let mut buckets = shared.store.lock();
    let bucket = bucket_mut(&mut buckets, &bucket)?;
    // That which is kept: the one in force lets nobody in where ACLs are disabled already.
    if enforced && bucket.acl.as_ref().is_some_and(Acl::lets_others_in) {
        return Err(error(S3ErrorCode::InvalidBucketAclWithObjectOwnership));
    }
    bucket.configuration.ownership = Some(controls);
    Ok(S3Response::new(PutBucketOwnershipControlsOutput {}))
}

pub(crate) fn get_ownership_controls(
    shared: &Shared,
    request: &S3Request<GetBucketOwnershipControlsInput>,
) -> Answer<GetBucketOwnershipControlsOutput> {
    let controls = look(shared, &request.input.bucket, |configuration| configuration.ownership.clone())?;
    let controls = controls.ok_or_else(|| {
        missing("OwnershipControlsNotFoundError", "The bucket ownership controls were not found")
    })?;
    Ok(S3Response::new(GetBucketOwnershipControlsOutput { ownership_controls: Some(controls) }))
}

pub(crate) fn delete_ownership_controls(
    shared: &Shared,
    request: &S3Request<DeleteBucketOwnershipControlsInput>,
) -> Answer<DeleteBucketOwnershipControlsOutput> {
    change(shared, &request.input.bucket, |configuration| configuration.ownership = None)?;
    Ok(S3Response::new(DeleteBucketOwnershipControlsOutput {}))
}
