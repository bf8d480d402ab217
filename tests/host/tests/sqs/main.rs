//! `innkeeper:aws/sqs`: each program of `tests/programs` named `sqs_*` has its test here, under its name. A denial stands beside every
//! success.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bounds;
mod errors;
mod fifo;
mod time;
mod url;

use std::time::Duration;

use innkeeper::audit::Outcome;
use innkeeper_fake::{MessageState, NewMessage};
use innkeeper_tests::value::{error, with};
use innkeeper_tests::{SECRET, TestHost, has_a_test, program};
use serde_json::{Value, json};

const ACCOUNT: &str = innkeeper_fake::DEFAULT_ACCOUNT_ID;
const ORDERS: &str = "arn:aws:sqs:eu-west-1:000000000000:orders";
const FIFO: &str = "arn:aws:sqs:eu-west-1:000000000000:steps.fifo";
const DEAD: &str = "arn:aws:sqs:eu-west-1:000000000000:dead";
const ALL: &str = "arn:aws:sqs:eu-west-1:000000000000:*";

// Does not compile where a program has no test of its name.
innkeeper_tests::foreach_sqs!(has_a_test);

/// A guest without grants, and three queues.
fn host() -> TestHost {
    let host = TestHost::new().setting("limits.timeout = \"10m\"");
    let sqs = host.aws().sqs();
    sqs.create_queue("orders").unwrap();
    sqs.create_queue("dead").unwrap();
    sqs.create_queue_with("steps.fifo", [("ContentBasedDeduplication", "true")]).unwrap();
    host
}

/// A guest that may ask for URLs, and do these things, with a queue.
fn allowed(queue: &str, actions: &[&str]) -> TestHost {
    let host = host().allow("sqs:GetQueueUrl", ALL);
    actions.iter().fold(host, |host, action| host.allow(&format!("sqs:{action}"), queue))
}

fn orders() -> Value {
    json!({ "queue": "orders" })
}

fn ok(value: &Value) -> Value {
    json!({ "ok": value })
}

/// The requests that AWS has had, by operation.
fn requests(host: &TestHost) -> Vec<String> {
    host.aws().calls().into_iter().map(|call| call.operation).collect()
}

fn bodies(host: &TestHost, queue: &str) -> Vec<String> {
    host.aws().sqs().messages(queue).into_iter().map(|message| message.body).collect()
}

/// Calls a program with what nobody allows it, and sees that nothing of it was sent.
async fn is_denied(program: &str, input: &Value) {
    let host = host().allow("sqs:GetQueueUrl", ALL);
    assert_eq!(host.call(program, input).await, error("AccessDenied"), "{program}");
    assert!(
        requests(&host).iter().all(|operation| operation == "GetCallerIdentity"),
        "{:?}",
        requests(&host)
    );
}

#[tokio::test(start_paused = true)]
async fn sqs_open() {
    let host = host().setting(&format!("names = {{ mine = \"{ORDERS}\", theirs = \"steps.fifo\" }}"));
    for (name, queue, fifo) in [
        ("orders", "orders", false),
        (ORDERS, "orders", false),
        ("mine", "orders", false),
        ("theirs", "steps.fifo", true),
        ("https://sqs.eu-west-1.amazonaws.com/000000000000/orders", "orders", false),
        ("https://eu-west-1.queue.amazonaws.com/000000000000/orders", "orders", false),
        // Another account's: whether it may be worked with is for the policy to say.
        ("arn:aws:sqs:eu-west-1:210987654321:orders", "orders", false),
    ] {
        let answer = host.call(program::SQS_OPEN, &json!({ "queue": name })).await;
        assert_eq!(answer, ok(&json!({ "name": queue, "fifo": fifo })), "{name}");
    }
    for name in [
        "",
        "a/b",
        "a:b",
        "orders?x",
        "orders.fifo.fifo",
        &"q".repeat(81),
        "arn:aws:sqs:eu-west-1:000000000000:",
        "arn:aws:sqs:eu-west-1::orders",
        "arn:aws:sqs:us-east-1:000000000000:orders",
        "arn:aws-cn:sqs:cn-north-1:000000000000:orders",
        "arn:aws:s3:::orders",
        "https://sqs.us-east-1.amazonaws.com/000000000000/orders",
        "https://sqs.eu-west-1.evil.example/000000000000/orders",
        "https://user@sqs.eu-west-1.amazonaws.com/000000000000/orders",
        "https://sqs.eu-west-1.amazonaws.com/000000000000/orders?Action=DeleteQueue",
        "http://169.254.169.254/000000000000/orders",
        "http://localhost:9324/000000000000/orders",
    ] {
        let answer = host.call(program::SQS_OPEN, &json!({ "queue": name })).await;
        assert!(
            answer["error"].as_str().unwrap_or_default().starts_with("InvalidArgument"),
            "{name}: {answer}"
        );
        assert!(!answer.to_string().contains("eu-west-1 "), "{answer}");
    }
    assert!(
        requests(&host).iter().all(|operation| operation == "GetCallerIdentity"),
        "{:?}",
        requests(&host)
    );
}

#[tokio::test(start_paused = true)]
async fn sqs_create() {
    let host = host().allow("sqs:CreateQueue", "arn:aws:sqs:eu-west-1:000000000000:new*");
    let input = json!({ "queue": "new", "visibility-timeout": 60 });
    assert_eq!(host.call(program::SQS_CREATE, &input).await["ok"], json!({ "name": "new", "fifo": false }));
    assert_eq!(
        host.call(program::SQS_CREATE, &input).await["ok"]["name"],
        "new",
        "again, with the same settings"
    );
    let other = with(input, &json!({ "visibility-timeout": 61 }));
    assert_eq!(host.call(program::SQS_CREATE, &other).await, error("QueueExists"));
    let fifo = json!({ "queue": "new.fifo", "content-based-deduplication": true });
    assert_eq!(host.call(program::SQS_CREATE, &fifo).await["ok"]["fifo"], true);
    assert_eq!(host.aws().sqs().queues(), ["dead", "new", "new.fifo", "orders", "steps.fifo"]);

    let plain = json!({ "queue": "newer", "content-based-deduplication": true });
    assert_eq!(host.call(program::SQS_CREATE, &plain).await, error("Fifo(FifoError::SettingRefused)"));
    let abroad = json!({ "queue": "arn:aws:sqs:eu-west-1:210987654321:new" });
    let answer = host.call(program::SQS_CREATE, &abroad).await;
    assert!(answer["error"].as_str().unwrap().starts_with("InvalidArgument"), "{answer}");

    is_denied(program::SQS_CREATE, &json!({ "queue": "new" })).await;
    let tagged = json!({ "queue": "newest", "tags": [["team", "books"]] });
    assert_eq!(
        host.call(program::SQS_CREATE, &tagged).await,
        error("AccessDenied"),
        "tags need a right of their own"
    );
    let dead = json!({ "queue": "newest", "dead-letter-queue": "dead" });
    assert_eq!(
        host.call(program::SQS_CREATE, &dead).await,
        error("AccessDenied"),
        "so does where dead letters go"
    );
    let host = host.allow("sqs:TagQueue", ALL).allow("sqs:SendMessage", DEAD);
    assert_eq!(host.call(program::SQS_CREATE, &with(tagged, &dead)).await["ok"]["name"], "newest");
}

#[tokio::test(start_paused = true)]
async fn sqs_send_message() {
    let host = allowed(ORDERS, &["SendMessage"]);
    let input = with(
        orders(),
        &json!({ "body": "two ties", "attributes": [["colour", "blue"]], "trace-header": "Root=1-5759e988-bd862e3fe1be46a994272793" }),
    );
    let answer = host.call(program::SQS_SEND_MESSAGE, &input).await;
    assert_eq!(answer["ok"]["ids"].as_array().unwrap().len(), 1, "{answer}");
    let message = host.aws().sqs().messages("orders").pop().unwrap();
    assert_eq!(message.body, "two ties");
    assert_eq!(answer["ok"]["ids"][0], message.message_id.as_str());

    let call = host.audit().calls().pop().unwrap();
    assert_eq!((call.service, call.operation, &*call.resource), ("sqs", "SendMessage", ORDERS));
    assert_eq!((call.outcome, call.bytes_sent), (Outcome::Success, 8 + 6 + 6 + 4));
    assert!(call.request_id.is_some());

    let late = with(orders(), &json!({ "body": "late", "delay": 60 }));
    assert!(host.call(program::SQS_SEND_MESSAGE, &late).await["ok"].is_object());
    assert_eq!(host.aws().sqs().messages("orders")[1].state, MessageState::Delayed);

    is_denied(program::SQS_SEND_MESSAGE, &with(orders(), &json!({ "body": "x" }))).await;
}

#[tokio::test(start_paused = true)]
async fn sqs_send_messages() {
    let host = allowed(ORDERS, &["SendMessage"]);
    let answer = host.call(program::SQS_SEND_MESSAGES, &with(orders(), &json!({ "count": 23 }))).await;
    assert_eq!(answer["ok"], json!(vec![json!({ "ok": true }); 23]));
    assert_eq!(requests(&host).iter().filter(|operation| *operation == "SendMessageBatch").count(), 3);
    assert_eq!(bodies(&host, "orders").len(), 23);

    // By bytes: three of 400 KiB are two batches.
    host.aws().clear_calls();
    let answer = host
        .call(program::SQS_SEND_MESSAGES, &with(orders(), &json!({ "count": 3, "length": 400 << 10 })))
        .await;
    assert_eq!(answer["ok"], json!(vec![json!({ "ok": true }); 3]));
    assert_eq!(requests(&host).iter().filter(|operation| *operation == "SendMessageBatch").count(), 2);

    // What cannot be sent does not keep the others back.
    let mixed = json!({ "entries": [{ "body": "good" }, { "body": "" }, { "body": "\u{1}" }, { "body": "late", "delay": 901 }, { "body": "better" }] });
    let answer = host.call(program::SQS_SEND_MESSAGES, &with(orders(), &mixed)).await["ok"].clone();
    assert_eq!((&answer[0], &answer[4]), (&json!({ "ok": true }), &json!({ "ok": true })));
    assert!(answer[1]["error"].as_str().unwrap().starts_with("InvalidArgument"));
    assert_eq!(answer[2], error("InvalidMessageContents"));
    assert!(answer[3]["error"].as_str().unwrap().starts_with("InvalidArgument"));
    assert_eq!(host.call(program::SQS_SEND_MESSAGES, &with(orders(), &json!({}))).await, ok(&json!([])));

    is_denied(program::SQS_SEND_MESSAGES, &with(orders(), &json!({ "count": 1 }))).await;
}

#[tokio::test(start_paused = true)]
async fn sqs_receive_messages() {
    let host = allowed(ORDERS, &["ReceiveMessage"]);
    let sqs = host.aws().sqs();
    let message =
        NewMessage::new("hello").attribute("colour", innkeeper_fake::MessageAttribute::string("blue"));
    sqs.send("orders", message).unwrap();
    sqs.send("orders", "again").unwrap();
    let answer = host.call(program::SQS_RECEIVE_MESSAGES, &with(orders(), &json!({ "max": 10 }))).await;
    let received = answer["ok"].as_array().unwrap();
    assert_eq!(received.len(), 2, "{answer}");
    let hello = received.iter().find(|message| message["body"] == "hello").unwrap();
    assert_eq!(hello["attributes"], json!([["colour", "blue"]]));
    assert_eq!((&hello["receive-count"], hello["sent"].is_number()), (&json!(1), true));
    let text = answer.to_string();
    for receipt in ["receipt", "Receipt", ACCOUNT, SECRET, "AIDA"] {
        assert!(!text.contains(receipt), "{receipt}: {text}");
    }
    assert!(sqs.messages("orders").iter().all(|message| message.state == MessageState::InFlight));
    assert_eq!(
        host.call(program::SQS_RECEIVE_MESSAGES, &orders()).await,
        ok(&json!([])),
        "they are invisible"
    );

    // The visibility timeout of the queue, 30 s, runs out; that of the receive is its own.
    tokio::time::advance(Duration::from_secs(31)).await;
    let again = host
        .call(program::SQS_RECEIVE_MESSAGES, &with(orders(), &json!({ "max": 2, "visibility": 5 })))
        .await;
    assert_eq!(again["ok"][0]["receive-count"], 2, "{again}");
    tokio::time::advance(Duration::from_secs(6)).await;
    assert_eq!(host.call(program::SQS_RECEIVE_MESSAGES, &orders()).await["ok"].as_array().unwrap().len(), 1);

    for wrong in
        [json!({ "max": 0 }), json!({ "max": 11 }), json!({ "wait": 21 }), json!({ "visibility": 43_201 })]
    {
        let answer = host.call(program::SQS_RECEIVE_MESSAGES, &with(orders(), &wrong)).await;
        assert!(
            answer["error"].as_str().unwrap_or_default().starts_with("InvalidArgument"),
            "{wrong}: {answer}"
        );
    }
    is_denied(program::SQS_RECEIVE_MESSAGES, &orders()).await;
}

#[tokio::test(start_paused = true)]
async fn sqs_drain() {
    let host = allowed(ORDERS, &["ReceiveMessage", "DeleteMessage"]);
    for number in 0..25 {
        host.aws().sqs().send("orders", number.to_string()).unwrap();
    }
    let answer = host.call(program::SQS_DRAIN, &with(orders(), &json!({ "max": 10 }))).await;
    assert_eq!(answer["ok"].as_array().unwrap().len(), 25, "{answer}");
    assert!(bodies(&host, "orders").is_empty());
    assert_eq!(host.call(program::SQS_DRAIN, &orders()).await, ok(&json!([])));

    let host = allowed(ORDERS, &["ReceiveMessage"]);
    host.aws().sqs().send("orders", "kept").unwrap();
    assert_eq!(host.call(program::SQS_DRAIN, &orders()).await, error("AccessDenied"));
    assert_eq!(bodies(&host, "orders"), ["kept"]);
}

#[tokio::test(start_paused = true)]
async fn sqs_round_trips() {
    let host = allowed(ORDERS, &["SendMessage", "ReceiveMessage", "DeleteMessage"]);
    for (batch, operation, calls) in [(1, "SendMessage", 12), (10, "SendMessageBatch", 2)] {
        host.aws().clear_calls();
        let input = with(orders(), &json!({ "count": 12, "batch": batch, "length": 64 }));
        assert_eq!(host.call(program::SQS_ROUND_TRIPS, &input).await, ok(&json!(12)));
        assert_eq!(requests(&host).iter().filter(|sent| *sent == operation).count(), calls);
        assert!(bodies(&host, "orders").is_empty());
        is_denied(program::SQS_ROUND_TRIPS, &input).await;
    }
}

#[tokio::test(start_paused = true)]
async fn sqs_message() {
    let host = allowed(ORDERS, &["ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility"]);
    let sqs = host.aws().sqs();
    sqs.send("orders", "hello").unwrap();
    let then =
        async |what: Value| host.call(program::SQS_MESSAGE, &with(orders(), &what)).await["ok"].clone();

    assert_eq!(then(json!({ "then": ["extend", "release"], "seconds": 600 })).await, json!(["ok", "ok"]));
    assert_eq!(sqs.messages("orders")[0].state, MessageState::Visible, "it was given back");
    assert_eq!(then(json!({ "then": ["extend"], "seconds": 600 })).await, json!(["ok"]));
    tokio::time::advance(Duration::from_secs(599)).await;
    assert_eq!(then(json!({ "then": ["delete"] })).await, json!(null), "it is still invisible");
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(
        then(json!({ "then": ["delete", "delete"] })).await,
        json!(["ok", "ok"]),
        "a delete is idempotent"
    );
    assert!(bodies(&host, "orders").is_empty());

    sqs.send("orders", "hello").unwrap();
    let too_long = then(json!({ "then": ["extend"], "seconds": 43_201 })).await;
    assert!(too_long[0].as_str().unwrap().starts_with("InvalidArgument"), "{too_long}");

    let host = allowed(ORDERS, &["ReceiveMessage"]);
    host.aws().sqs().send("orders", "hello").unwrap();
    let input = with(orders(), &json!({ "then": ["delete", "extend", "release"] }));
    assert_eq!(host.call(program::SQS_MESSAGE, &input).await, ok(&json!(vec!["AccessDenied"; 3])));
    assert_eq!(host.aws().sqs().messages("orders")[0].state, MessageState::InFlight);
}

#[tokio::test(start_paused = true)]
async fn sqs_delete_messages() {
    let host = allowed(ORDERS, &["ReceiveMessage", "DeleteMessage"]).allow("sqs:DeleteMessage", DEAD);
    let fill =
        || (0..13).for_each(|number| drop(host.aws().sqs().send("orders", number.to_string()).unwrap()));
    fill();
    let input = with(orders(), &json!({ "max": 10, "times": 2 }));
    let answer = host.call(program::SQS_DELETE_MESSAGES, &input).await;
    assert_eq!(answer, ok(&json!(vec![json!({ "ok": null }); 13])));
    assert!(bodies(&host, "orders").is_empty());
    assert_eq!(requests(&host).iter().filter(|operation| *operation == "DeleteMessageBatch").count(), 2);

    fill();
    host.aws().clear_calls();
    let of_another = host.call(program::SQS_DELETE_MESSAGES, &with(input, &json!({ "of": "dead" }))).await;
    assert_eq!(of_another, ok(&json!(vec![error("InvalidReceiptHandle"); 13])));
    assert!(!requests(&host).contains(&"DeleteMessageBatch".to_owned()), "they are not even sent");

    let host = allowed(ORDERS, &["ReceiveMessage"]);
    host.aws().sqs().send("orders", "kept").unwrap();
    assert_eq!(host.call(program::SQS_DELETE_MESSAGES, &orders()).await, error("AccessDenied"));
    assert_eq!(bodies(&host, "orders"), ["kept"]);
}

#[tokio::test(start_paused = true)]
async fn sqs_change_visibility() {
    let host = allowed(ORDERS, &["ReceiveMessage", "ChangeMessageVisibility"]);
    for number in 0..3 {
        host.aws().sqs().send("orders", number.to_string()).unwrap();
    }
    let input = with(orders(), &json!({ "max": 10, "seconds": 43_199 }));
    let answer = host.call(program::SQS_CHANGE_VISIBILITY, &input).await["ok"].clone();
    assert_eq!((&answer[0], &answer[1]), (&json!({ "ok": null }), &json!({ "ok": null })));
    assert!(
        answer[2]["error"].as_str().unwrap().starts_with("InvalidArgument"),
        "12 hours are the most: {answer}"
    );
    tokio::time::advance(Duration::from_mins(1)).await;
    let visible =
        host.aws().sqs().messages("orders").into_iter().filter(|m| m.state == MessageState::Visible);
    assert_eq!(visible.count(), 1);

    let host = allowed(ORDERS, &["ReceiveMessage"]);
    host.aws().sqs().send("orders", "x").unwrap();
    assert_eq!(host.call(program::SQS_CHANGE_VISIBILITY, &orders()).await, error("AccessDenied"));
}

#[tokio::test(start_paused = true)]
async fn sqs_get_attributes() {
    let host = allowed(ORDERS, &["GetQueueAttributes"]).allow("sqs:GetQueueAttributes", FIFO);
    let policy =
        format!("{{\"deadLetterTargetArn\":\"{}\",\"maxReceiveCount\":\"4\"}}", host.aws().sqs().arn("dead"));
    host.aws().sqs().set_attributes("orders", [("RedrivePolicy", policy)]).unwrap();
    host.aws().sqs().send("orders", "x").unwrap();
    let answer = host.call(program::SQS_GET_ATTRIBUTES, &orders()).await["ok"].clone();
    assert_eq!((&answer["messages"], &answer["visibility-timeout"]), (&json!(1), &json!(30)));
    assert_eq!(answer["message-retention-period"], 345_600);
    assert_eq!(answer["redrive"], json!(["dead", 4]));
    assert_eq!(answer["fifo"], Value::Null);
    assert!(answer["created"].is_number());
    assert!(!answer.to_string().contains(ACCOUNT), "{answer}");
    let fifo = host.call(program::SQS_GET_ATTRIBUTES, &json!({ "queue": "steps.fifo" })).await;
    assert_eq!(fifo["ok"]["fifo"], true);

    is_denied(program::SQS_GET_ATTRIBUTES, &orders()).await;
}

#[tokio::test(start_paused = true)]
async fn sqs_set_attributes() {
    let host = allowed(ORDERS, &["SetQueueAttributes"]);
    let set = async |host: &TestHost, more: Value| {
        host.call(program::SQS_SET_ATTRIBUTES, &with(orders(), &more)).await
    };
    let visibility =
        |host: &TestHost| host.aws().sqs().attributes("orders").unwrap()["VisibilityTimeout"].clone();
    assert_eq!(set(&host, json!({ "visibility-timeout": 7 })).await, ok(&json!(null)));
    assert_eq!(visibility(&host), "7");
    for (wrong, case) in [
        (json!({}), "InvalidArgument"),
        (json!({ "message-retention-period": 59 }), "InvalidArgument"),
        (json!({ "content-based-deduplication": true }), "Fifo(FifoError::SettingRefused)"),
        (json!({ "dead-letter-queue": "steps.fifo" }), "InvalidArgument"),
        (json!({ "dead-letter-queue": "dead", "max-receive-count": 0 }), "InvalidArgument"),
        // Whoever says where dead letters go, sends there.
        (json!({ "dead-letter-queue": "dead" }), "AccessDenied"),
    ] {
        let answer = set(&host, wrong.clone()).await;
        assert!(answer["error"].as_str().unwrap_or_default().starts_with(case), "{wrong}: {answer}");
    }
    let host = host.allow("sqs:SendMessage", DEAD);
    host.aws().sqs().create_queue("dead").unwrap();
    assert_eq!(set(&host, json!({ "dead-letter-queue": "dead" })).await, ok(&json!(null)));
    assert!(host.aws().sqs().attributes("orders").unwrap()["RedrivePolicy"].contains("dead"));
    assert_eq!(set(&host, json!({ "dead-letter-queue": "" })).await, ok(&json!(null)));
    assert!(!host.aws().sqs().attributes("orders").unwrap().contains_key("RedrivePolicy"));

    is_denied(program::SQS_SET_ATTRIBUTES, &with(orders(), &json!({ "visibility-timeout": 7 }))).await;
}

#[tokio::test(start_paused = true)]
async fn sqs_purge() {
    let host = allowed(ORDERS, &["PurgeQueue"]);
    host.aws().sqs().send("orders", "x").unwrap();
    assert_eq!(host.call(program::SQS_PURGE, &orders()).await, ok(&json!(null)));
    assert!(bodies(&host, "orders").is_empty());
    assert_eq!(host.call(program::SQS_PURGE, &orders()).await, error("PurgeInProgress"));
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(host.call(program::SQS_PURGE, &orders()).await, ok(&json!(null)));

    is_denied(program::SQS_PURGE, &orders()).await;
}

#[tokio::test(start_paused = true)]
async fn sqs_delete_queue() {
    let host = allowed(ALL, &["DeleteQueue", "CreateQueue"]);
    let brief = json!({ "queue": "brief" });
    assert_eq!(host.call(program::SQS_CREATE, &brief).await["ok"]["name"], "brief");
    assert_eq!(host.call(program::SQS_DELETE_QUEUE, &brief).await, ok(&json!(null)));
    assert!(!host.aws().sqs().queues().contains(&"brief".to_owned()));
    assert_eq!(host.call(program::SQS_DELETE_QUEUE, &brief).await, error("QueueNotFound"));
    assert_eq!(host.call(program::SQS_CREATE, &brief).await, error("QueueDeletedRecently"));
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(host.call(program::SQS_CREATE, &brief).await["ok"]["name"], "brief");

    is_denied(program::SQS_DELETE_QUEUE, &orders()).await;
}

#[tokio::test(start_paused = true)]
async fn sqs_list_queues() {
    let host = host().allow("sqs:ListQueues", ALL);
    for number in 0..5 {
        host.aws().sqs().create_queue(format!("part-{number}")).unwrap();
    }
    let parts = json!({ "prefix": "part-", "page-size": 2 });
    let answer = host.call(program::SQS_LIST_QUEUES, &parts).await;
    assert_eq!(answer["ok"], json!([["part-0", "part-1"], ["part-2", "part-3"], ["part-4"]]));
    assert_eq!(host.audit().decisions().len(), 3, "every page is decided on");
    let all = host.call(program::SQS_LIST_QUEUES, &json!({})).await["ok"].clone();
    assert_eq!(all.as_array().unwrap().iter().flat_map(|page| page.as_array().unwrap()).count(), 8);
    for wrong in [json!({ "page-size": 0 }), json!({ "page-size": 1_001 }), json!({ "prefix": "a/b" })] {
        let answer = host.call(program::SQS_LIST_QUEUES, &wrong).await;
        assert!(
            answer["error"].as_str().unwrap_or_default().starts_with("InvalidArgument"),
            "{wrong}: {answer}"
        );
    }
    // The right to list is for all queues or for none.
    let host = self::host().allow("sqs:ListQueues", "*").deny("sqs:ListQueues", "*");
    assert_eq!(host.call(program::SQS_LIST_QUEUES, &parts).await, error("AccessDenied"));
    is_denied(program::SQS_LIST_QUEUES, &parts).await;
}

#[tokio::test(start_paused = true)]
async fn sqs_list_dead_letter_sources() {
    let host = allowed(DEAD, &["ListDeadLetterSourceQueues"]);
    let sqs = host.aws().sqs();
    let policy = format!("{{\"deadLetterTargetArn\":\"{}\",\"maxReceiveCount\":4}}", sqs.arn("dead"));
    sqs.create_queue_with("other", [("RedrivePolicy", policy.as_str())]).unwrap();
    sqs.set_attributes("orders", [("RedrivePolicy", policy)]).unwrap();
    let dead = json!({ "queue": "dead", "page-size": 1 });
    let answer = host.call(program::SQS_LIST_DEAD_LETTER_SOURCES, &dead).await;
    assert_eq!(answer["ok"], json!(["orders", "other"]));

    is_denied(program::SQS_LIST_DEAD_LETTER_SOURCES, &dead).await;
}

const MOVE: [&str; 4] = ["StartMessageMoveTask", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes"];

/// A guest that may move the messages of `dead`, which has one.
fn mover(more: &[&str]) -> TestHost {
    let host = allowed(DEAD, &[&MOVE, more].concat());
    let sqs = host.aws().sqs();
    let policy = format!("{{\"deadLetterTargetArn\":\"{}\",\"maxReceiveCount\":4}}", sqs.arn("dead"));
    sqs.set_attributes("orders", [("RedrivePolicy", policy)]).unwrap();
    sqs.send("dead", "one").unwrap();
    host
}

#[tokio::test(start_paused = true)]
async fn sqs_move_task() {
    let host = mover(&["ListMessageMoveTasks", "CancelMessageMoveTask"]).allow("sqs:SendMessage", ORDERS);
    let to_orders = json!({ "queue": "dead", "destination": "orders" });
    assert_eq!(host.call(program::SQS_MOVE_TASK, &to_orders).await, ok(&json!([])));
    tokio::time::advance(Duration::from_mins(1)).await;
    let list = json!({ "queue": "dead", "then": ["list"] });
    let tasks = host.call(program::SQS_MOVE_TASK, &list).await["ok"][0].clone();
    assert_eq!(
        (&tasks[0][1], &tasks[0][2], &tasks[0][3]),
        (&json!("orders"), &json!(1), &json!(false)),
        "{tasks}"
    );
    assert!(tasks[0][0].as_str().unwrap().contains("Completed"), "{tasks}");
    assert!(!tasks.to_string().contains(ACCOUNT), "{tasks}");
    assert_eq!(bodies(&host, "orders"), ["one"]);

    for number in 0..100 {
        host.aws().sqs().send("dead", number.to_string()).unwrap();
    }
    let cancel = with(to_orders, &json!({ "rate": 1, "then": ["cancel", "cancel"] }));
    let answer = host.call(program::SQS_MOVE_TASK, &cancel).await["ok"].clone();
    assert!(answer[0]["moved"].is_number(), "{answer}");
    assert!(answer[1].as_str().unwrap().contains("MoveTaskNotFound"), "it has ended: {answer}");
    for wrong in [0, 501] {
        let answer = host
            .call(program::SQS_MOVE_TASK, &json!({ "queue": "dead", "destination": "orders", "rate": wrong }))
            .await;
        assert!(
            answer["error"].as_str().unwrap_or_default().starts_with("InvalidArgument"),
            "{wrong}: {answer}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_move_needs_each_of_its_rights() {
    let to_orders = json!({ "queue": "dead", "destination": "orders" });
    assert_eq!(
        mover(&[]).call(program::SQS_MOVE_TASK, &to_orders).await,
        error("AccessDenied"),
        "nothing for `orders`"
    );
    for missing in MOVE {
        let host = mover(&[]).allow("sqs:SendMessage", ORDERS).deny(&format!("sqs:{missing}"), DEAD);
        assert_eq!(host.call(program::SQS_MOVE_TASK, &to_orders).await, error("AccessDenied"), "{missing}");
        assert_eq!(bodies(&host, "dead"), ["one"]);
    }
    // Back to wherever they came from: nobody knows where that is, so it takes the right to send anywhere.
    let back = json!({ "queue": "dead" });
    let host = mover(&[]).allow("sqs:SendMessage", ORDERS);
    assert_eq!(host.call(program::SQS_MOVE_TASK, &back).await, error("AccessDenied"));
    let host = mover(&[]).allow("sqs:SendMessage", ALL);
    assert_eq!(host.call(program::SQS_MOVE_TASK, &back).await, ok(&json!([])));
    is_denied(program::SQS_MOVE_TASK, &json!({ "queue": "dead", "then": ["list"] })).await;
}

#[tokio::test(start_paused = true)]
async fn sqs_tags() {
    let host = allowed(ORDERS, &["TagQueue", "UntagQueue", "ListQueueTags"]);
    let input = with(orders(), &json!({ "add": [["team", "books"], ["cost", "7"]] }));
    assert_eq!(host.call(program::SQS_TAGS, &input).await["ok"], json!([["cost", "7"], ["team", "books"]]));
    let input = with(orders(), &json!({ "add": [["team", "toys"]], "remove": ["cost", "nothing"] }));
    assert_eq!(host.call(program::SQS_TAGS, &input).await["ok"], json!([["team", "toys"]]));
    let wrong = with(orders(), &json!({ "add": [["aws:x", "y"]] }));
    assert!(
        host.call(program::SQS_TAGS, &wrong).await["error"].as_str().unwrap().starts_with("InvalidArgument")
    );

    for input in [json!({}), json!({ "add": [["a", "b"]] }), json!({ "remove": ["a"] })] {
        is_denied(program::SQS_TAGS, &with(orders(), &input)).await;
    }
}
