//! Permissions: statements of a queue's policy, one for each label.

use aws_sdk_sqs::types::QueueAttributeName as Name;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::aws::{Queue, queue, refused};

async fn add(
    queue: &Queue,
    label: &str,
    accounts: &[&str],
    actions: &[&str],
) -> Result<(), (u16, String, String)> {
    let mut add = queue.client.add_permission().queue_url(&queue.url).label(label);
    add = add.set_aws_account_ids(Some(accounts.iter().map(|&it| it.to_owned()).collect()));
    add = add.set_actions(Some(actions.iter().map(|&it| it.to_owned()).collect()));
    match add.send().await {
        Ok(_) => Ok(()),
        refused => Err(crate::aws::error(refused)),
    }
}

async fn policy(queue: &Queue) -> Option<Value> {
    queue.attribute(Name::Policy).await.map(|policy| serde_json::from_str(&policy).unwrap())
}

#[tokio::test(start_paused = true)]
async fn are_statements_of_the_policy() {
    let queue = queue().await;
    let arn = queue.arn().await;
    add(&queue, "a", &["111111111111"], &["ReceiveMessage"]).await.unwrap();
    add(&queue, "b", &["111111111111", "222222222222"], &["SendMessage", "GetQueueUrl"]).await.unwrap();
    let first = json!({
        "Sid": "a",
        "Effect": "Allow",
        "Principal": { "AWS": "arn:aws:iam::111111111111:root" },
        "Action": "SQS:ReceiveMessage",
        "Resource": arn,
    });
    let second = json!({
        "Sid": "b",
        "Effect": "Allow",
        "Principal": { "AWS": ["arn:aws:iam::111111111111:root", "arn:aws:iam::222222222222:root"] },
        "Action": ["SQS:SendMessage", "SQS:GetQueueUrl"],
        "Resource": arn,
    });
    let id = format!("{arn}/SQSDefaultPolicy");
    let whole = json!({ "Version": "2008-10-17", "Id": id, "Statement": [first, second] });
    assert_eq!(policy(&queue).await, Some(whole));
    let remove = |label: &str| queue.client.remove_permission().queue_url(&queue.url).label(label).send();
    remove("a").await.unwrap();
    assert_eq!(policy(&queue).await.unwrap()["Statement"], json!([second]));
    remove("b").await.unwrap();
    assert_eq!(policy(&queue).await, None);
    let reason = "Value b for parameter Label is invalid. Reason: can't find label.";
    refused(remove("b").await, 400, "InvalidParameterValue", reason);
}

#[tokio::test(start_paused = true)]
async fn errors_when_a_permission_is_none() {
    let queue = queue().await;
    add(&queue, "a", &["111111111111"], &["ReceiveMessage"]).await.unwrap();
    let eight = ["SendMessage"; 8];
    for (label, accounts, actions, status, code, said) in [
        ("a", &["222222222222"][..], &["SendMessage"][..], 400, "InvalidParameterValue", "Already exists."),
        ("b", &[], &["SendMessage"], 400, "InvalidParameterValue", "Value [] for parameter PrincipalId"),
        ("b", &["x"], &["SendMessage"], 400, "InvalidParameterValue", "Unable to verify."),
        ("b", &["222222222222"], &[], 400, "MissingParameter", "the parameter Actions"),
        ("b", &["222222222222"], &["DeleteQueue"], 400, "InvalidParameterValue", "Only the queue owner"),
        ("b", &["222222222222"], &eight, 403, "OverLimit", "8 Actions were found, maximum allowed is 7."),
        ("b c", &["222222222222"], &["SendMessage"], 400, "InvalidParameterValue", "alphanumeric"),
    ] {
        let refused = add(&queue, label, accounts, actions).await.unwrap_err();
        assert_eq!((refused.0, refused.1.as_str()), (status, code));
        assert!(refused.2.contains(said), "{}", refused.2);
    }
    assert_eq!(policy(&queue).await.unwrap()["Statement"].as_array().unwrap().len(), 1);
}
