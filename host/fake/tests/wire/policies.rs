//! Bucket policies: which are taken. None is evaluated.

use aws_sdk_s3::types::PublicAccessBlockConfiguration;

use crate::aws::{bucket, coded, error};

fn policy(statement: &str) -> String {
    format!(
        r#"{{"Version": "2012-10-17", "Statement": [{{"Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*", {statement}}}]}}"#
    )
}

const PUBLIC: &str = r#""Effect": "Allow", "Principal": "*""#;

#[tokio::test(start_paused = true)]
async fn a_public_policy_is_refused_where_they_are_blocked() {
    let (_fake, client) = bucket();
    let put = |statement: &str| client.put_bucket_policy().bucket("bucket").policy(policy(statement)).send();
    let block = |it: bool| {
        let block = PublicAccessBlockConfiguration::builder().block_public_policy(it).build();
        client.put_public_access_block().bucket("bucket").public_access_block_configuration(block).send()
    };
    // A new bucket blocks them.
    assert_eq!(error(put(PUBLIC).await), coded(403, "AccessDenied"));
    put(r#""Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}"#).await.unwrap();
    put(r#""Effect": "Deny", "Principal": "*""#).await.unwrap();
    block(false).await.unwrap();
    put(PUBLIC).await.unwrap();
    block(true).await.unwrap();
    assert_eq!(error(put(PUBLIC).await), coded(403, "AccessDenied"));
    // The one that is there stays.
    let status = client.get_bucket_policy_status().bucket("bucket").send().await.unwrap();
    assert_eq!(status.policy_status().unwrap().is_public(), Some(true));
}

#[tokio::test(start_paused = true)]
async fn a_policy_cannot_allow_all_but_some() {
    let (_fake, client) = bucket();
    let put = |effect: &str| {
        let principal = r#""NotPrincipal": {"AWS": "arn:aws:iam::123456789012:root"}"#;
        let statement = format!(r#""Effect": "{effect}", {principal}"#);
        client.put_bucket_policy().bucket("bucket").policy(policy(&statement)).send()
    };
    let refused = put("Allow").await;
    let message = refused.as_ref().err().and_then(|error| error.as_service_error()).unwrap().meta().message();
    assert_eq!(message, Some("Allow with NotPrincipal is not allowed."));
    assert_eq!(error(refused), coded(400, "MalformedPolicy"));
    put("Deny").await.unwrap();
    let nothing = client.put_bucket_policy().bucket("bucket").policy("{}").send().await;
    assert_eq!(error(nothing), coded(400, "MalformedPolicy"));
}
