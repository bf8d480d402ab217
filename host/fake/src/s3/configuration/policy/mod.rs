//! The policies of buckets: put, shown, and read once to be evaluated. [`check`] is what S3 refuses of them.

mod check;
mod known;

use std::sync::Arc;

use http::StatusCode;
use s3s::dto::{
    DeleteBucketPolicyInput, DeleteBucketPolicyOutput, GetBucketPolicyInput, GetBucketPolicyOutput,
    GetBucketPolicyStatusInput, GetBucketPolicyStatusOutput, PolicyStatus, PutBucketPolicyInput,
    PutBucketPolicyOutput,
};
use s3s::{S3ErrorCode, S3Request, S3Response};

use super::{Answer, change, look, missing};
use crate::fake::Shared;
use crate::resource_policy::{Malformed, Policy};
use crate::s3::error::{custom_with, error};
use crate::s3::wire::with_status;

/// The longest bucket policy, in bytes.
const MAX_POLICY: usize = 20 * 1024;

pub(crate) fn put_policy(
    shared: &Shared,
    request: S3Request<PutBucketPolicyInput>,
) -> Answer<PutBucketPolicyOutput> {
    let PutBucketPolicyInput { bucket, policy, .. } = request.input;
    let malformed = |message: String| custom_with("MalformedPolicy", StatusCode::BAD_REQUEST, message);
    if policy.len() > MAX_POLICY {
        return Err(malformed("This policy contains invalid Json".to_owned()));
    }
    let read = BucketPolicy::read(policy, Some(&bucket)).map_err(|reason| malformed(reason.to_string()))?;
    change(shared, &bucket, |configuration| {
        let block = configuration.public_access_block.as_ref();
        if block.is_some_and(|block| block.block_public_policy == Some(true)) && read.policy.is_public() {
            return Err(error(S3ErrorCode::AccessDenied));
        }
        configuration.policy = Some(read);
        Ok(())
    })??;
    Ok(with_status(PutBucketPolicyOutput {}, StatusCode::NO_CONTENT))
}

pub(crate) fn get_policy(
    shared: &Shared,
    request: &S3Request<GetBucketPolicyInput>,
) -> Answer<GetBucketPolicyOutput> {
    let policy = look(shared, &request.input.bucket, |configuration| configuration.policy.clone())?;
    let policy = policy.ok_or_else(|| missing("NoSuchBucketPolicy", "The bucket policy does not exist"))?;
    Ok(S3Response::new(GetBucketPolicyOutput { policy: Some(policy.text) }))
}

pub(crate) fn delete_policy(
    shared: &Shared,
    request: &S3Request<DeleteBucketPolicyInput>,
) -> Answer<DeleteBucketPolicyOutput> {
    change(shared, &request.input.bucket, |configuration| configuration.policy = None)?;
    Ok(S3Response::new(DeleteBucketPolicyOutput {}))
}

/// `GetBucketPolicyStatus`: whether the policy lets everybody in.
pub(crate) fn get_policy_status(
    shared: &Shared,
    request: &S3Request<GetBucketPolicyStatusInput>,
) -> Answer<GetBucketPolicyStatusOutput> {
    let policy = look(shared, &request.input.bucket, |configuration| configuration.policy.clone())?;
    let policy = policy.ok_or_else(|| missing("NoSuchBucketPolicy", "The bucket policy does not exist"))?;
    let policy_status = PolicyStatus { is_public: Some(policy.policy.is_public()) };
    Ok(S3Response::new(GetBucketPolicyStatusOutput { policy_status: Some(policy_status) }))
}

/// A policy of a bucket, as it was put and as it is evaluated.
#[derive(Clone, Debug)]
pub(crate) struct BucketPolicy {
    pub(in crate::s3::configuration) text: String,
    pub(in crate::s3::configuration) policy: Arc<Policy>,
}

impl PartialEq for BucketPolicy {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl BucketPolicy {
    /// Reads a policy, of a bucket whose name is known or not.
    pub(in crate::s3::configuration) fn read(text: String, bucket: Option<&str>) -> Result<Self, Malformed> {
        let policy = Policy::parse(&text)?;
        check::check(&policy, bucket)?;
        Ok(Self { text, policy: Arc::new(policy) })
    }
}
