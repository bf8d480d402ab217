use http::StatusCode;
use s3s::dto::{
    DeleteBucketPolicyInput, DeleteBucketPolicyOutput, GetBucketPolicyInput, GetBucketPolicyOutput,
    GetBucketPolicyStatusInput, GetBucketPolicyStatusOutput, PolicyStatus, PutBucketPolicyInput,
    PutBucketPolicyOutput,
};
use s3s::{S3Request, S3Response};
use serde_json::Value;

use super::{Answer, change, look, missing};
use crate::fake::Shared;
use crate::s3::error::custom_with;
use crate::s3::wire::with_status;

/// The longest bucket policy, in bytes.
const MAX_POLICY: usize = 20 * 1024;

pub(crate) fn put_policy(
    shared: &Shared,
    request: S3Request<PutBucketPolicyInput>,
) -> Answer<PutBucketPolicyOutput> {
    let PutBucketPolicyInput { bucket, policy, .. } = request.input;
    let document: Option<Value> = serde_json::from_str(&policy).ok();
    if document.is_none_or(|document| document.get("Statement").is_none()) || policy.len() > MAX_POLICY {
        let message = "This policy contains invalid Json";
        return Err(custom_with("MalformedPolicy", StatusCode::BAD_REQUEST, message));
    }
    change(shared, &bucket, |configuration| configuration.policy = Some(policy))?;
    Ok(with_status(PutBucketPolicyOutput {}, StatusCode::NO_CONTENT))
}

pub(crate) fn get_policy(
    shared: &Shared,
    request: &S3Request<GetBucketPolicyInput>,
) -> Answer<GetBucketPolicyOutput> {
    let policy = look(shared, &request.input.bucket, |configuration| configuration.policy.clone())?;
    let policy = policy.ok_or_else(|| missing("NoSuchBucketPolicy", "The bucket policy does not exist"))?;
    Ok(S3Response::new(GetBucketPolicyOutput { policy: Some(policy) }))
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
    let policy_status = PolicyStatus { is_public: Some(is_public(&policy)) };
    Ok(S3Response::new(GetBucketPolicyStatusOutput { policy_status: Some(policy_status) }))
}

/// Whether a statement allows something to anybody at all. A condition may restrict that, and is taken to.
fn is_public(policy: &str) -> bool {
    let document: Value = serde_json::from_str(policy).unwrap_or_default();
    let statements = match document.get("Statement") {
        Some(Value::Array(statements)) => statements.as_slice(),
        Some(statement) => std::slice::from_ref(statement),
        None => &[],
    };
    statements.iter().any(|statement| {
        let principal = statement.get("Principal");
        let principal = principal.map(|principal| principal.get("AWS").unwrap_or(principal));
        let anybody = match principal {
            Some(Value::Array(principals)) => principals.iter().any(|principal| principal == "*"),
            Some(principal) => principal == "*",
            None => false,
        };
        let conditions = statement.get("Condition").and_then(Value::as_object);
        anybody
            && statement.get("Effect").is_some_and(|effect| effect == "Allow")
            && conditions.is_none_or(serde_json::Map::is_empty)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_public_that_allows_anybody_without_a_condition() {
        let policy =
            |rest: &str| format!(r#"{{"Statement": [{{"Effect": "Allow", "Action": "s3:*", {rest}}}]}}"#);
        assert!(is_public(&policy(r#""Principal": "*""#)));
        assert!(is_public(&policy(r#""Principal": {"AWS": ["*"]}"#)));
        assert!(!is_public(&policy(r#""Principal": {"AWS": "arn:aws:iam::123456789012:role/r"}"#)));
        assert!(!is_public(&policy(
            r#""Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}"#
        )));
        assert!(!is_public(r#"{"Statement": {"Effect": "Deny", "Principal": "*"}}"#));
    }
}
