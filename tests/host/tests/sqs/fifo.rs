//! What FIFO queues demand and keep.

use std::time::Duration;

use innkeeper_fake::{Fault, NewMessage};
use innkeeper_tests::program;
use innkeeper_tests::value::{error, with};
use serde_json::{Value, json};

use super::{ALL, FIFO, allowed, bodies, ok};

#[tokio::test(start_paused = true)]
async fn a_fifo_queue_keeps_the_order_of_a_group_and_drops_what_is_double() {
    let host = allowed(FIFO, &["SendMessage", "ReceiveMessage", "DeleteMessage"]);
    let entry = |body: String, group: &str| json!({ "body": body, "group": group });
    let entries: Vec<Value> = (0..12)
        .map(|n| entry(format!("{n}"), if n % 2 == 0 { "even" } else { "odd" }))
        .chain([entry("0".into(), "even")])
        .collect();
    let input = json!({ "queue": "steps.fifo", "entries": entries });
    let answer = host.call(program::SQS_SEND_MESSAGES, &input).await;
    assert_eq!(answer["ok"], json!(vec![json!({ "ok": true }); 13]));
    let drained =
        host.call(program::SQS_DRAIN, &json!({ "queue": "steps.fifo", "max": 10 })).await["ok"].clone();
    let drained: Vec<u32> =
        drained.as_array().unwrap().iter().map(|n| n.as_str().unwrap().parse().unwrap()).collect();
    assert_eq!(drained.len(), 12, "the double one was not taken again");
    for parity in 0..2 {
        let of_group: Vec<u32> = drained.iter().copied().filter(|n| n % 2 == parity).collect();
        assert!(of_group.is_sorted(), "{drained:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_each_kind_of_queue_demands_and_refuses_is_typed() {
    let host = allowed(ALL, &["SendMessage"]);
    host.aws().sqs().create_queue("strict.fifo").unwrap();
    let send = async |queue: &str, more: Value| {
        let input = with(json!({ "queue": queue, "body": "x" }), &more);
        let one = host.call(program::SQS_SEND_MESSAGE, &input).await["error"].clone();
        let many =
            host.call(program::SQS_SEND_MESSAGES, &json!({ "queue": queue, "entries": [input] })).await;
        assert_eq!(many["ok"][0]["error"], one, "{queue}");
        one
    };
    let fifo = |case: &str| json!(format!("Fifo(FifoError::{case})"));
    assert_eq!(send("strict.fifo", json!({})).await, fifo("GroupIdRequired"));
    assert_eq!(send("strict.fifo", json!({ "group": "g" })).await, fifo("DeduplicationIdRequired"));
    assert_eq!(
        send("strict.fifo", json!({ "group": "g", "deduplication": "d", "delay": 1 })).await,
        fifo("DelayRefused")
    );
    assert_eq!(send("orders", json!({ "deduplication": "d" })).await, fifo("DeduplicationIdRefused"));
    assert_eq!(send("strict.fifo", json!({ "group": "g", "deduplication": "d" })).await, Value::Null);
    assert_eq!(send("orders", json!({ "group": "g" })).await, Value::Null, "fair queues have groups");
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_a_group_is_not_sent_behind_what_failed() {
    let host = allowed(FIFO, &["SendMessage"]);
    let entries: Vec<Value> = (0..12).map(|n| json!({ "body": n.to_string(), "group": "g" })).collect();
    host.aws().faults().push(Fault::error("RequestThrottled").on("SendMessageBatch").always());
    let input = json!({ "queue": "steps.fifo", "entries": entries });
    let answer = host.call(program::SQS_SEND_MESSAGES, &input).await;
    assert_eq!(answer["ok"], json!(vec![error("Throttled"); 12]));
    let batches = host.audit().calls().into_iter().filter(|call| call.operation == "SendMessageBatch");
    assert_eq!(batches.count(), 1, "the second batch was not tried");
}

#[tokio::test(start_paused = true)]
async fn a_group_is_locked_as_long_as_one_of_its_messages_is_in_flight() {
    let host = allowed(FIFO, &["ReceiveMessage", "DeleteMessage"]);
    for (body, group) in [("one", "a"), ("two", "a"), ("other", "b")] {
        host.aws().sqs().send("steps.fifo", NewMessage::new(body).group_id(group)).unwrap();
    }
    let receive = async |visibility: u32| {
        let input = json!({ "queue": "steps.fifo", "visibility": visibility });
        let answer = host.call(program::SQS_RECEIVE_MESSAGES, &input).await["ok"].clone();
        answer[0].as_object().map(|message| (message["body"].clone(), message["receive-count"].clone()))
    };
    assert_eq!(receive(30).await, Some((json!("one"), json!(1))));
    assert_eq!(receive(3_600).await, Some((json!("other"), json!(1))), "another group is free");
    assert_eq!(receive(30).await, None, "`two` waits behind `one`");
    tokio::time::advance(Duration::from_secs(29)).await;
    assert_eq!(receive(30).await, None);
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(
        receive(30).await,
        Some((json!("one"), json!(2))),
        "it comes again, and before what is behind it"
    );

    tokio::time::advance(Duration::from_secs(31)).await;
    let delete = json!({ "queue": "steps.fifo", "then": ["delete"] });
    assert_eq!(host.call(program::SQS_MESSAGE, &delete).await, ok(&json!(["ok"])));
    assert_eq!(receive(30).await, Some((json!("two"), json!(1))), "`one` is gone, and its group is free");
    assert_eq!(receive(30).await, None);
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_twice_within_five_minutes_is_there_once() {
    let host = allowed(FIFO, &["SendMessage", "ReceiveMessage", "DeleteMessage"]);
    let input = json!({ "queue": "steps.fifo", "body": "x", "group": "g", "deduplication": "d" });
    let send = async || host.call(program::SQS_SEND_MESSAGE, &input).await["ok"]["ids"][0].clone();
    let first = send().await;
    assert!(first.is_string());
    assert_eq!(host.call(program::SQS_DRAIN, &json!({ "queue": "steps.fifo" })).await, ok(&json!(["x"])));
    tokio::time::advance(Duration::from_secs(299)).await;
    assert_eq!(send().await, first, "SQS says that it has it");
    assert!(bodies(&host, "steps.fifo").is_empty(), "though it has been deleted");
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_ne!(send().await, first);
    assert_eq!(bodies(&host, "steps.fifo"), ["x"]);
}
