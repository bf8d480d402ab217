//! Queues by other names, and what belongs to other queues.

use innkeeper_attacks::Siege;
use serde_json::{Value, json};

use super::{DENIED, TRIES, is_denied, is_granted, is_refused, with};

const JOBS: &str = "arn:aws:sqs:eu-west-1:000000000000:jobs";

fn siege() -> Siege {
    let siege = Siege::new().setting("limits.timeout = \"1h\"");
    siege.aws().sqs().create_queue("jobs").unwrap();
    siege.aws().sqs().create_queue("other").unwrap();
    siege.aws().sqs().send("other", "not yours").unwrap();
    siege
}

fn send(queue: &str) -> Value {
    json!({ "do": "sqs.send", "queue": queue, "body": "job" })
}

#[tokio::test(start_paused = true)]
async fn a_queue_by_a_url_of_another_account_host_or_region() {
    // All queues of the region are granted, whoever they belong to: what is refused here is no matter of the policy.
    let siege = siege().allow("sqs:*", "arn:aws:sqs:eu-west-1:*:*");
    let besieged = siege.attacker(TRIES).await;
    let url = "https://sqs.eu-west-1.amazonaws.com/000000000000/jobs";
    is_granted(&besieged, send(url)).await;
    let sent = siege.sent().pop().unwrap();
    assert_eq!(sent.host(), "sqs.eu-west-1.amazonaws.com");
    let body: Value = serde_json::from_str(&sent.text()).unwrap();
    assert_eq!(body["QueueUrl"], url, "what was decided on is what is sent");
    for url in [
        "https://sqs.us-east-1.amazonaws.com/000000000000/jobs",
        "https://eu-west-1.queue.amazonaws.com/000000000000/jobs/",
        "https://evil.example/000000000000/jobs",
        "https://sqs.eu-west-1.amazonaws.com.evil.example/000000000000/jobs",
        "https://sqs.eu-west-1.amazonaws.com@evil.example/000000000000/jobs",
        "https://evil.example#sqs.eu-west-1.amazonaws.com/000000000000/jobs",
        "https://evil.example\\sqs.eu-west-1.amazonaws.com/000000000000/jobs",
        "https://evil.example?sqs.eu-west-1.amazonaws.com/000000000000/jobs",
        "https://user@sqs.eu-west-1.amazonaws.com/000000000000/jobs",
        "https://user:password@sqs.eu-west-1.amazonaws.com/000000000000/jobs",
        "https://sqs.eu-west-1.amazonaws.com:8080/000000000000/jobs",
        "https://sqs.eu-west-1.amazonaws.com./000000000000/jobs",
        "https://SQS.eu-west-1.amazonaws.com/000000000000/jobs",
        "https://sqs.evil.example.amazonaws.com/000000000000/jobs",
        "http://sqs.eu-west-1.amazonaws.com/000000000000/jobs",
        "HTTPS://sqs.eu-west-1.amazonaws.com/000000000000/jobs",
        "file:///000000000000/jobs",
        "http://127.0.0.1/000000000000/jobs",
        "http://169.254.169.254/000000000000/jobs",
        "http://[::1]/000000000000/jobs",
        "https://sqs.eu-west-1.amazonaws.com/000000000000/jobs?Action=DeleteQueue",
        "https://sqs.eu-west-1.amazonaws.com/000000000000/jobs#other",
        "https://sqs.eu-west-1.amazonaws.com/000000000000/jobs/",
        "https://sqs.eu-west-1.amazonaws.com/000000000000/jobs/../other",
        "https://sqs.eu-west-1.amazonaws.com/000000000000/../000000000000/jobs",
        "https://sqs.eu-west-1.amazonaws.com//000000000000/jobs",
        "https://sqs.eu-west-1.amazonaws.com/000000000000/jobs%2f..%2fother",
        "https://sqs.eu-west-1.amazonaws.com/000000000000/jobs other",
        "https://sqs.eu-west-1.amazonaws.com/000000000000/",
        "https://sqs.eu-west-1.amazonaws.com/jobs",
        "https://sqs.eu-west-1.amazonaws.com/000000000000/jobs\r\nhost: evil.example",
        " https://sqs.eu-west-1.amazonaws.com/000000000000/jobs",
        "://",
    ] {
        is_refused(&siege, &besieged, send(url)).await;
    }
    assert_eq!(siege.aws().sqs().messages("jobs").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_queue_of_another_account() {
    let siege = siege().allow("sqs:*", JOBS);
    let besieged = siege.attacker(TRIES).await;
    for queue in ["jobs", JOBS, "https://sqs.eu-west-1.amazonaws.com/000000000000/jobs"] {
        is_granted(&besieged, send(queue)).await;
    }
    let account_is_known = siege.sent().len();
    assert!(account_is_known > 0);
    for queue in [
        "https://sqs.eu-west-1.amazonaws.com/111111111111/jobs",
        "arn:aws:sqs:eu-west-1:111111111111:jobs",
        "arn:aws:sqs:us-east-1:000000000000:jobs",
        "arn:aws-cn:sqs:eu-west-1:000000000000:jobs",
        "arn:aws:sqs:eu-west-1:000000000000:jobs:x",
        "arn:aws:sqs:eu-west-1:000000000000:*",
        "arn:aws:sqs:eu-west-1::jobs",
        "arn:aws:sns:eu-west-1:000000000000:jobs",
        "arn:aws:sqs:eu-west-1:000000000000:other",
        "other",
        "Jobs",
        "jobs ",
        "jobs/../other",
        "jobs\0",
        "j\u{43e}bs",
        "*",
        "",
    ] {
        is_refused(&siege, &besieged, send(queue)).await;
    }
    is_denied(&siege, &besieged, json!({ "do": "sqs.receive", "queue": "jobs.fifo" })).await;
    assert_eq!(siege.aws().sqs().messages("jobs").len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_right_to_send_that_is_used_to_receive() {
    let siege = siege().allow("sqs:SendMessage", JOBS).allow("sqs:GetQueueUrl", JOBS);
    let besieged = siege.attacker(TRIES).await;
    is_granted(&besieged, send("jobs")).await;
    for call in ["sqs.receive", "sqs.attributes", "sqs.purge", "sqs.delete", "sqs.tag", "sqs.create"] {
        is_denied(&siege, &besieged, json!({ "do": call, "queue": "jobs", "tags": [["a", "b"]] })).await;
    }
    // A queue of which the URL may not be asked for is not sent to either.
    let siege = self::siege().allow("sqs:SendMessage", JOBS);
    let besieged = siege.attacker(TRIES).await;
    besieged.tries_one(json!({ "do": "sqs.open", "queue": "jobs" })).await;
    is_denied(&siege, &besieged, send("jobs")).await;
}

#[tokio::test(start_paused = true)]
async fn the_receipt_handle_of_somebody_else() {
    let siege =
        siege().allow("sqs:*", JOBS).allow("sqs:ReceiveMessage", "arn:aws:sqs:eu-west-1:000000000000:other");
    let siege = siege.allow("sqs:GetQueueUrl", "arn:aws:sqs:eu-west-1:000000000000:other");
    let besieged = siege.attacker(TRIES).await;
    // A message of a queue that the guest may only read, deleted by way of the queue that it may delete from; and the other way round.
    siege.aws().sqs().send("jobs", "mine").unwrap();
    let delete = |from: &str, of: &str| json!({ "do": "sqs.delete-of", "queue": from, "of": of });
    let outcome = is_granted(&besieged, delete("jobs", "other")).await;
    assert_eq!(outcome, json!(["error: InvalidReceiptHandle"]));
    siege.forget_sent();
    let outcome = besieged.tries_one(delete("other", "jobs")).await;
    assert!(outcome == json!(["error: InvalidReceiptHandle"]) || outcome == DENIED, "{outcome}");
    assert!(siege.sent().iter().all(|sent| !sent.text().contains("ReceiptHandle")), "no receipt is sent");
    assert_eq!(siege.aws().sqs().messages("other").len(), 1);

    // A guest has handles, and never sees a receipt: there is nothing to hand on to somebody else.
    siege.aws().sqs().send("jobs", "shown").unwrap();
    siege.forget_sent();
    let shown = is_granted(&besieged, json!({ "do": "sqs.shown", "queue": "jobs", "max": 10 })).await;
    assert!(shown.as_str().unwrap().contains("shown"), "{shown}");
    siege.aws().sqs().send("jobs", "deleted").unwrap();
    let deleted = is_granted(&besieged, with(delete("jobs", "jobs"), json!({ "max": 10 }))).await;
    assert_eq!(deleted, json!(["deleted"]));
    let body: Value = serde_json::from_str(&siege.sent().pop().unwrap().text()).unwrap();
    let receipt = body["Entries"][0]["ReceiptHandle"].as_str().unwrap();
    assert!(receipt.len() > 20 && !shown.as_str().unwrap().contains(&receipt[..20]), "{shown}");
}
