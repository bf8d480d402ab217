//! Quotas that are to be had more than once.

use std::time::Duration;

use innkeeper_attacks::Siege;
use innkeeper_fake::Fault;
use serde_json::{Value, json};

use super::{TRIES, on_key, with};

fn siege(quota: &str) -> Siege {
    let siege = Siege::new()
        .allow("s3:*", "arn:aws:s3:::uploads/*")
        .setting("limits.timeout = \"1h\"")
        .statement(&format!("[guest.attacker.quota]\n{quota}"));
    siege.aws().s3().put("uploads", "k", "0123456789").unwrap();
    siege
}

#[tokio::test(start_paused = true)]
async fn retries_that_multiply_a_quota() {
    for (quota, key) in [("calls-per-run = 2", "calls-per-run"), ("rate = \"2/d\"", "rate")] {
        for fault in [
            Fault::error("SlowDown"),
            Fault::error("InternalError"),
            Fault::cut_before(),
            Fault::lose_answer(),
        ] {
            let siege = siege(quota);
            siege.aws().faults().push(fault.clone().bucket("uploads").always());
            let besieged = siege.attacker(TRIES).await;
            let outcomes = besieged.tries(json!(vec![on_key("s3.head", "k"); 10])).await;
            let exceeded = format!("error: QuotaExceeded({key:?})");
            assert!(outcomes.iter().all(|outcome| *outcome == exceeded), "{fault:?}: {outcomes:?}");
            assert_eq!(siege.requests_about("uploads"), 2, "{fault:?}: an attempt counts as a call");
        }
    }
    // And what is sent again counts again.
    let siege = siege("bytes-per-run = \"25B\"");
    siege.aws().faults().push(Fault::error("SlowDown").bucket("uploads").always());
    let put = with(on_key("s3.put", "k"), json!({ "body": "0123456789" }));
    let outcome = siege.attacker(TRIES).await.tries_one(put).await;
    assert_eq!(outcome, "error: QuotaExceeded(\"bytes-per-run\")");
    assert_eq!(siege.requests_about("uploads"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_comes_again_after_its_connection_broke() {
    // A download that is resumed is a call of its own.
    let siege = siege("calls-per-run = 2");
    siege.aws().s3().put("uploads", "large", "x".repeat(300_000)).unwrap();
    siege.aws().faults().push(Fault::cut_at(1_000).bucket("uploads").always());
    let outcome = siege.attacker(TRIES).await.tries_one(on_key("s3.read", "large")).await;
    assert_eq!(outcome, "error: QuotaExceeded(\"calls-per-run\")");
    assert_eq!(siege.requests_about("uploads"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_quota_raced_from_many_calls_at_once() {
    for quota in ["rate = \"1/h\"", "rate = \"1/h\"\non-excess = \"reject\"\nconcurrency = 1"] {
        let siege = siege(quota);
        // All are under way at once: none is answered before the last has asked.
        siege.aws().faults().push(Fault::delay(Duration::from_secs(10)).bucket("uploads").always());
        let besieged = siege.attacker(TRIES).await;
        let calls = (0..50).map(|_| {
            let attacker = besieged.attacker().clone();
            tokio::spawn(async move {
                let input = json!({ "calls": [on_key("s3.read", "k")] }).to_string();
                let reply = attacker.run(input.as_bytes()).await.unwrap();
                let answer: Value = serde_json::from_slice(&reply.output).unwrap();
                answer["ok"][0] == "0123456789"
            })
        });
        let calls: Vec<_> = calls.collect();
        besieged.serve().await;
        let mut won = 0;
        for call in calls {
            won += u32::from(call.await.unwrap());
        }
        assert_eq!((won, siege.requests_about("uploads")), (1, 1), "{quota}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_one_guest_uses_up_for_another() {
    let rights =
        "[[guest.accomplice.allow]]\nactions = [\"s3:GetObject\"]\nresources = [\"arn:aws:s3:::uploads/*\"]";
    let siege = siege("rate = \"1/h\"").accomplice(rights);
    let besieged = siege.attacker(TRIES).await;
    let outcomes = besieged.tries(json!(vec![on_key("s3.read", "k"); 100])).await;
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "0123456789").count(), 1);
    assert_eq!(besieged.accomplice_tries(json!([on_key("s3.read", "k")])).await, ["0123456789"]);
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_begins_anew_with_every_run() {
    let siege = siege("rate = \"3/h\"");
    let besieged = siege.attacker(TRIES).await;
    let mut answered = 0;
    for _ in 0..10 {
        answered += u32::from(besieged.tries_one(on_key("s3.read", "k")).await == "0123456789");
    }
    assert_eq!(answered, 3, "what is per time is so for all runs together");
}

#[tokio::test(start_paused = true)]
async fn many_small_operations_that_are_one_to_a_quota() {
    // Each batch of a thousand is a call; the keys that are denied are none.
    let siege = siege("calls-per-run = 1");
    let besieged = siege.attacker(TRIES).await;
    let objects = |from: u32, count: u32| -> Vec<Value> {
        (from..from + count).map(|number| json!({ "key": format!("{number}") })).collect()
    };
    let many = json!({ "do": "s3.delete-many", "bucket": "uploads", "objects": objects(0, 1_500) });
    let outcome = besieged.tries_one(many).await;
    let deleted = outcome.as_array().unwrap().iter().filter(|outcome| *outcome == "deleted").count();
    assert_eq!((deleted, siege.requests_about("uploads")), (1_000, 1), "the second batch is a second call");
}
