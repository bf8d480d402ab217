use http::StatusCode;
use s3s::dto::{
    DeleteBucketPolicyInput, DeleteBucketPolicyOutput, GetBucketPolicyInput, GetBucketPolicyOutput,
    GetBucketPolicyStatusInput, GetBucketPolicyStatusOutput, PolicyStatus, PutBucketPolicyInput,
    PutBucketPolicyOutput,
};
use s3s::{S3ErrorCode, S3Request, S3Response};
use serde_json::Value;

use super::{Answer, change, look, missing};
use crate::fake::Shared;
use crate::s3::error::{custom_with, error};
use crate::s3::wire::with_status;

/// The longest bucket policy, in bytes.
const MAX_POLICY: usize = 20 * 1024;

pub(crate) fn put_policy(
    shared: &Shared,
    request: S3Request<PutBucketPolicyInput>,
) -> Answer<PutBucketPolicyOutput> {
    let PutBucketPolicyInput { bucket, policy, .. } = request.input;
    let malformed = |message| custom_with("MalformedPolicy", StatusCode::BAD_REQUEST, message);
    let document: Option<Value> = serde_json::from_str(&policy).ok();
    let document = document.filter(|document| document.get("Statement").is_some());
    let document = document.filter(|_| policy.len() <= MAX_POLICY);
    let document = document.ok_or_else(|| malformed("This policy contains invalid Json"))?;
    if statements(&document).iter().any(|it| allows(it) && it.get("NotPrincipal").is_some()) {
        return Err(malformed("Allow with NotPrincipal is not allowed."));
    }
    change(shared, &bucket, |configuration| {
        let block = configuration.public_access_block.as_ref();
        if block.is_some_and(|block| block.block_public_policy == Some(true)) && is_public(&document) {
            return Err(error(S3ErrorCode::AccessDenied));
        }
        configuration.policy = Some(policy);
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
    let document = serde_json::from_str(&policy).unwrap_or_default();
    let policy_status = PolicyStatus { is_public: Some(is_public(&document)) };
    Ok(S3Response::new(GetBucketPolicyStatusOutput { policy_status: Some(policy_status) }))
}

/// Whether a statement allows something to anybody at all. A condition may restrict that, and is taken to.
fn is_public(document: &Value) -> bool {
    statements(document).iter().any(|statement| {
        let principal = statement.get("Principal");
        let principal = principal.map(|principal| principal.get("AWS").unwrap_or(principal));
        let anybody = match principal {
            Some(Value::Array(principals)) => principals.iter().any(|principal| principal == "*"),
            Some(principal) => principal == "*",
            None => false,
        };
        let conditions = statement.get("Condition").and_then(Value::as_object);
        anybody && allows(statement) && conditions.is_none_or(serde_json::Map::is_empty)
    })
}

/// The statements of a policy, which has one or a list of them.
fn statements(document: &Value) -> &[Value] {
    match document.get("Statement") {
        Some(Value::Array(statements)) => statements,
        Some(statement) => std::slice::from_ref(statement),
        None => &[],
    }
}

fn allows(statement: &Value) -> bool {
    statement.get("Effect").is_some_and(|effect| effect == "Allow")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_public_that_allows_anybody_without_a_condition() {
        let policy =
            |rest: &str| format!(r#"{{"Statement": [{{"Effect": "Allow", "Action": "s3:*", {rest}}}]}}"#);
        let is_public = |policy: &str| is_public(&serde_json::from_str(policy).unwrap());
        assert!(is_public(&policy(r#""Principal": "*""#)));
        assert!(is_public(&policy(r#""Principal": {"AWS": ["*"]}"#)));
        assert!(!is_public(&policy(r#""Principal": {"AWS": "arn:aws:iam::123456789012:role/r"}"#)));
        assert!(!is_public(&policy(
            r#""Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}"#
        )));
        assert!(!is_public(r#"{"Statement": {"Effect": "Deny", "Principal": "*"}}"#));
    }
}
