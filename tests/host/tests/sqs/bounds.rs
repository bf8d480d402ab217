//! What is bounded, and by what.

use innkeeper_fake::MessageState;
use innkeeper_tests::program;
use innkeeper_tests::value::{error, with};
use serde_json::json;

use super::{ACCOUNT, ORDERS, allowed, bodies, orders, requests};

#[tokio::test(start_paused = true)]
async fn nothing_is_received_that_the_guest_has_no_handles_for() {
    let host = allowed(ORDERS, &["ReceiveMessage"]).setting("limits.handles = 10");
    for number in 0..20 {
        host.aws().sqs().send("orders", number.to_string()).unwrap();
    }
    let input = with(orders(), &json!({ "max": 5, "times": 3 }));
    assert_eq!(host.call(program::SQS_RECEIVE_MESSAGES, &input).await, error("LimitExceeded(\"handles\")"));
    let in_flight =
        host.aws().sqs().messages("orders").into_iter().filter(|m| m.state == MessageState::InFlight);
    assert_eq!(in_flight.count(), 5, "the last receives took nothing");
}

#[tokio::test(start_paused = true)]
async fn a_receive_is_held_to_the_hosts_own_bound() {
    let host =
        allowed(ORDERS, &["ReceiveMessage", "DeleteMessage"]).setting("limits.host-call-bytes = \"1KiB\"");
    for _ in 0..3 {
        host.aws().sqs().send("orders", "x".repeat(500)).unwrap();
    }
    let answer = host.call(program::SQS_DELETE_MESSAGES, &with(orders(), &json!({ "max": 10 }))).await;
    assert_eq!(answer["ok"].as_array().unwrap().len(), 2, "as many as fit");
    assert_eq!(bodies(&host, "orders").len(), 1, "the other is not lost");
    host.aws().sqs().purge("orders");
    host.aws().sqs().send("orders", "x".repeat(1_025)).unwrap();
    let answer = host.call(program::SQS_DELETE_MESSAGES, &orders()).await;
    assert_eq!(answer, error("LimitExceeded(\"host-call-bytes\")"));
}

#[tokio::test(start_paused = true)]
async fn a_message_of_1_mib_goes_and_a_longer_one_does_not() {
    let host = allowed(ORDERS, &["SendMessage"]);
    let longest = with(orders(), &json!({ "length": 1 << 20 }));
    assert!(host.call(program::SQS_SEND_MESSAGE, &longest).await["ok"].is_object());
    host.aws().clear_calls();
    let longer = with(orders(), &json!({ "length": (1 << 20) + 1 }));
    assert_eq!(host.call(program::SQS_SEND_MESSAGE, &longer).await, error("MessageTooLong(1048577)"));
    assert!(!requests(&host).contains(&"SendMessage".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_quota_ends_what_the_policy_allows() {
    let host = allowed(ORDERS, &["SendMessage"]).setting("quota.calls-per-run = 3");
    let send = |times: u32| with(orders(), &json!({ "body": "x", "times": times }));
    // The first call asks for the queue's URL.
    assert!(host.call(program::SQS_SEND_MESSAGE, &send(2)).await["ok"].is_object());
    let answer = host.call(program::SQS_SEND_MESSAGE, &send(4)).await;
    assert!(answer["error"].as_str().unwrap_or_default().starts_with("QuotaExceeded("), "{answer}");
    assert!(!answer.to_string().contains(ACCOUNT), "{answer}");
    let sent = requests(&host).iter().filter(|operation| *operation == "SendMessage").count();
    assert_eq!(sent, 2 + 2, "what is too much is not sent");
}
