//! The URL that SQS wants in every call, and whose queue a name is.

use innkeeper_tests::program;
use innkeeper_tests::value::{error, with};
use serde_json::json;

use super::{ACCOUNT, ORDERS, allowed, host, orders, requests};

#[tokio::test(start_paused = true)]
async fn the_url_is_looked_up_once_for_all_calls_of_a_guest() {
    let host = allowed(ORDERS, &["SendMessage"]);
    let guest = host.guest(program::SQS_SEND_MESSAGE).await;
    let input = with(orders(), &json!({ "body": "x", "times": 3 })).to_string();
    for _ in 0..2 {
        guest.run(input.as_bytes()).await.unwrap();
    }
    let requests = requests(&host);
    assert_eq!(requests.iter().filter(|operation| *operation == "GetQueueUrl").count(), 1, "{requests:?}");
    assert_eq!(
        requests.iter().filter(|operation| *operation == "GetCallerIdentity").count(),
        1,
        "{requests:?}"
    );
    assert_eq!(requests.iter().filter(|operation| *operation == "SendMessage").count(), 6);
}

#[tokio::test(start_paused = true)]
async fn looking_up_the_url_needs_its_right_and_being_given_it_does_not() {
    let host = host().allow("sqs:SendMessage", ORDERS);
    let input = with(orders(), &json!({ "body": "x" }));
    assert_eq!(host.call(program::SQS_SEND_MESSAGE, &input).await, error("AccessDenied"));
    let denial = host.audit().denials().pop().unwrap();
    assert_eq!((denial.action, &*denial.resource), ("sqs:GetQueueUrl", ORDERS));
    assert!(host.audit().calls().is_empty(), "no call is made without its URL");

    let url = "https://sqs.eu-west-1.amazonaws.com/000000000000/orders";
    host.aws().clear_calls();
    let by_url = json!({ "queue": url, "body": "x" });
    assert!(host.call(program::SQS_SEND_MESSAGE, &by_url).await["ok"].is_object());
    assert_eq!(requests(&host), ["SendMessage"]);
}

#[tokio::test(start_paused = true)]
async fn the_account_of_a_plain_name_is_the_manifests_or_the_identitys() {
    let host = host().setting("names.given = \"https://sqs.eu-west-1.amazonaws.com/210987654321/orders\"");
    for (name, account) in [("orders", ACCOUNT), ("given", "210987654321")] {
        host.call(program::SQS_SEND_MESSAGE, &json!({ "queue": name, "body": "x" })).await;
        let denial = host.audit().denials().pop().unwrap();
        assert_eq!(*denial.resource, *format!("arn:aws:sqs:eu-west-1:{account}:orders"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_queue_of_another_account_is_for_the_policy_to_allow() {
    let theirs = "arn:aws:sqs:eu-west-1:210987654321:orders";
    for name in [theirs, "https://sqs.eu-west-1.amazonaws.com/210987654321/orders"] {
        let host = allowed(ORDERS, &["*"]);
        let input = json!({ "queue": name, "body": "x" });
        assert_eq!(host.call(program::SQS_SEND_MESSAGE, &input).await, error("AccessDenied"), "{name}");
        assert_eq!(requests(&host), [] as [&str; 0], "{name}");
    }
}
