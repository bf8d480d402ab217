//! What happens as time passes.

use std::time::Duration;

use innkeeper::audit::Outcome;
use innkeeper_fake::NewMessage;
use innkeeper_tests::value::with;
use innkeeper_tests::{TestHost, program};
use serde_json::{Value, json};

use super::{ALL, ORDERS, allowed, bodies, ok, orders};

#[tokio::test(start_paused = true)]
async fn a_message_is_kept_for_the_retention_period() {
    let host = allowed(ALL, &["CreateQueue", "SendMessage", "ReceiveMessage", "GetQueueAttributes"]);
    let brief = json!({ "queue": "brief", "message-retention-period": 60 });
    assert_eq!(host.call(program::SQS_CREATE, &brief).await["ok"]["name"], "brief");
    host.call(program::SQS_SEND_MESSAGE, &json!({ "queue": "brief", "body": "x" })).await;
    tokio::time::advance(Duration::from_secs(59)).await;
    let receive = json!({ "queue": "brief", "visibility": 0 });
    assert_eq!(host.call(program::SQS_RECEIVE_MESSAGES, &receive).await["ok"][0]["body"], "x");
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(host.call(program::SQS_RECEIVE_MESSAGES, &receive).await, ok(&json!([])));
    let attributes = host.call(program::SQS_GET_ATTRIBUTES, &json!({ "queue": "brief" })).await;
    assert_eq!(attributes["ok"]["messages"], 0);
}

#[tokio::test(start_paused = true)]
async fn a_message_is_the_guests_for_its_visibility_timeout() {
    let host = allowed(ALL, &["ReceiveMessage", "ChangeMessageVisibility", "DeleteMessage"]);
    host.aws().sqs().send("orders", "hello").unwrap();
    host.aws().sqs().send("steps.fifo", NewMessage::new("step").group_id("g")).unwrap();
    let then = async |queue: &str, then: Value| {
        let input =
            json!({ "queue": queue, "visibility": 5, "seconds": 10, "wait-at": "dead", "then": then });
        host.call(program::SQS_MESSAGE, &input).await["ok"].clone()
    };
    assert_eq!(
        then("orders", json!(["extend", "release", "extend"])).await,
        json!(["ok", "ok", "MessageNotInFlight"])
    );
    // A standard queue takes an old receipt, a FIFO queue does not.
    assert_eq!(then("orders", json!(["wait", "delete"])).await, json!(["ok", "ok"]));
    assert!(bodies(&host, "orders").is_empty());
    assert_eq!(then("steps.fifo", json!(["wait", "delete"])).await, json!(["ok", "InvalidReceiptHandle"]));
    assert_eq!(bodies(&host, "steps.fifo"), ["step"]);
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_waits_for_a_message_and_no_longer() {
    let host = allowed(ORDERS, &["ReceiveMessage"]);
    let poll = with(orders(), &json!({ "wait": 20 }));
    let started = tokio::time::Instant::now();
    assert_eq!(host.call(program::SQS_RECEIVE_MESSAGES, &poll).await, ok(&json!([])));
    assert_eq!(started.elapsed().as_secs(), 20);

    let aws = host.aws().clone();
    let sender = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        aws.sqs().send("orders", "at last").unwrap();
    });
    let started = tokio::time::Instant::now();
    let answer = host.call(program::SQS_RECEIVE_MESSAGES, &poll).await;
    assert_eq!(answer["ok"][0]["body"], "at last");
    assert!((5..7).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
    sender.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_hundred_long_polls_wait_on_one_thread() {
    let host = allowed(ORDERS, &["ReceiveMessage"]);
    let guest = host.guest(program::SQS_RECEIVE_MESSAGES).await;
    let poll = with(orders(), &json!({ "wait": 20 })).to_string();
    let started = tokio::time::Instant::now();
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let (guest, poll) = (guest.clone(), poll.clone());
            tokio::spawn(async move { guest.run(poll.as_bytes()).await.unwrap().output })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), br#"{"ok":[]}"#);
    }
    assert_eq!(started.elapsed().as_secs(), 20, "all at the same time");
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_ends_before_the_guests_time_does() {
    let host = TestHost::new().allow("sqs:*", ALL).setting("limits.timeout = \"8s\"");
    host.aws().sqs().create_queue("orders").unwrap();
    let poll = with(orders(), &json!({ "wait": 20 }));
    assert_eq!(host.call(program::SQS_RECEIVE_MESSAGES, &poll).await, ok(&json!([])), "it can still answer");
    // So it can where it is the queue that has them wait.
    host.aws().sqs().set_attributes("orders", [("ReceiveMessageWaitTimeSeconds", "20")]).unwrap();
    let started = tokio::time::Instant::now();
    assert_eq!(host.call(program::SQS_RECEIVE_MESSAGES, &orders()).await, ok(&json!([])));
    assert_eq!(started.elapsed().as_secs(), 7);
    assert_eq!(host.audit().calls().pop().unwrap().outcome, Outcome::Cancelled);
    host.aws().sqs().send("orders", "here").unwrap();
    let answer = host.call(program::SQS_RECEIVE_MESSAGES, &orders()).await;
    assert_eq!(answer["ok"][0]["body"], "here", "the poll that was given up has taken nothing");
}
