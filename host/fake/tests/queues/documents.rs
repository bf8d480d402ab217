//! Queues as files, and what has changed in them.

use std::fs;
use std::time::Duration;

use aws_sdk_sqs::types::{MessageSystemAttributeNameForSends, MessageSystemAttributeValue};
use innkeeper_fake::{ChangeKind, FakeAws, MessageAttribute, MessageState, NewMessage, SeedError};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::aws::{client_in, queue, system};

fn seeded(files: &[(&str, &str)]) -> (tempfile::TempDir, FakeAws, Result<innkeeper_fake::Seeded, SeedError>) {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("sqs")).unwrap();
    for (name, text) in files {
        fs::write(dir.path().join("sqs").join(name), text).unwrap();
    }
    let fake = FakeAws::new();
    let seeded = fake.seed(dir.path());
    (dir, fake, seeded)
}

#[tokio::test(start_paused = true)]
async fn reads_queues_with_their_messages() {
    let (_dir, fake, seeded) = seeded(&[
        ("dead.json", "{}"),
        (
            "orders.json",
            r#"{
                "attributes": { "VisibilityTimeout": 60, "RedrivePolicy": { "deadLetterTargetArn": "dead", "maxReceiveCount": 3 } },
                "tags": { "team": "sales" },
                "messages": [
                    "plain",
                    { "body": "full", "attributes": { "kind": { "DataType": "String", "StringValue": "order" } } },
                    { "body": "later", "delay-seconds": 5 }
                ]
            }"#,
        ),
        ("tasks.fifo.json", r#"{ "messages": [{ "body": "1", "group-id": "g", "deduplication-id": "d" }] }"#),
        ("far@us-east-1.json", "{}"),
    ]);
    let seeded = seeded.unwrap();
    assert_eq!((seeded.queues, seeded.messages), (4, 4));
    assert_eq!(fake.sqs().queues(), ["dead", "far", "orders", "tasks.fifo"]);
    let attributes = fake.sqs().attributes("orders").unwrap();
    assert_eq!(attributes["VisibilityTimeout"], "60");
    let policy: Value = serde_json::from_str(&attributes["RedrivePolicy"]).unwrap();
    assert_eq!(policy, json!({ "deadLetterTargetArn": fake.sqs().arn("dead"), "maxReceiveCount": 3 }));
    let states: Vec<_> =
        fake.sqs().messages("orders").into_iter().map(|message| (message.body, message.state)).collect();
    let visible = MessageState::Visible;
    assert_eq!(
        states,
        [("plain".into(), visible), ("full".into(), visible), ("later".into(), MessageState::Delayed)]
    );
    let client = client_in(&fake, "eu-west-1");
    client.get_queue_url().queue_name("far").send().await.unwrap_err();
    let url = client.get_queue_url().queue_name("tasks.fifo").send().await.unwrap().queue_url.unwrap();
    let received = client.receive_message().queue_url(url).message_system_attribute_names("All".into());
    let message = received.send().await.unwrap().messages.unwrap().remove(0);
    assert_eq!(system(&message, "MessageGroupId".into()), Some("g"));
}

#[test]
fn says_which_document_is_wrong_and_where() {
    let text = |error: &SeedError| {
        let mut text = error.to_string();
        let mut source = std::error::Error::source(error);
        while let Some(error) = source {
            text = format!("{text}: {error}");
            source = error.source();
        }
        text
    };
    for (name, document, reason) in [
        ("a b.json", "{}", "is not named `QUEUE.json, QUEUE@REGION.json or QUEUE@REGION@ACCOUNT.json`"),
        ("a.txt", "{}", "is not named"),
        ("a.json", "{\n  \"mesages\": []\n}", "line 2 column 11"),
        ("a.json", r#"{ "attributes": { "VisibilityTimeout": 43201 } }"#, "InvalidAttributeValue"),
        ("a.json", r#"{ "attributes": { "Nope": 1 } }"#, "Unknown Attribute Nope."),
        ("a.json", r#"{ "messages": [""] }"#, "MessageBody"),
        ("a.fifo.json", r#"{ "messages": ["x"] }"#, "MessageGroupId"),
        (
            "a.json",
            r#"{ "messages": [{ "body": "x", "delay-seconds": 901 }] }"#,
            "DelaySeconds must be >= 0 and <= 900",
        ),
        (
            "a.json",
            r#"{ "attributes": { "RedrivePolicy": { "deadLetterTargetArn": "missing", "maxReceiveCount": 1 } } }"#,
            "Dead letter target does not exist",
        ),
    ] {
        let error = seeded(&[(name, document)]).2.unwrap_err();
        let text = text(&error);
        assert!(text.contains(reason) && text.contains(&format!("sqs/{name}")), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_saved_reads_back() {
    let queue = queue().await;
    let fake = &queue.fake;
    let before = fake.snapshot();
    fake.sqs().create_queue_with("new.fifo", [("ContentBasedDeduplication", "true")]).unwrap();
    fake.sqs().send("new.fifo", NewMessage::new("grouped").group_id("g")).unwrap();
    queue.send("received").send().await.unwrap();
    queue.messages().await;
    let full = NewMessage::new("full").attribute("n", MessageAttribute::number("1")).delay_seconds(5);
    fake.sqs().send("orders", full).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let changes = before.changes_to(&fake.snapshot());
    let saved = changes.save(dir.path()).unwrap();
    // A client has made the one, in its region; the other is of every region.
    let path = |name: &str| dir.path().join("sqs").join(name);
    assert_eq!(saved.queues, [path("new.fifo.json"), path("orders@eu-west-1.json")]);
    let again = FakeAws::new();
    again.seed(dir.path()).unwrap();
    assert_eq!(again.sqs().attributes("new.fifo"), fake.sqs().attributes("new.fifo"));
    let shown = |fake: &FakeAws, name: &str| -> Vec<_> {
        let messages = fake.sqs().messages(name).into_iter();
        messages.map(|message| (message.body, message.attributes, message.group_id)).collect()
    };
    for name in ["orders", "new.fifo"] {
        assert_eq!(shown(&again, name), shown(fake, name));
    }
    let states: Vec<_> = again.sqs().messages("orders").iter().map(|message| message.state).collect();
    assert_eq!(states, [MessageState::Visible, MessageState::Delayed]);
    // And is saved as it was.
    let second = tempfile::tempdir().unwrap();
    FakeAws::new().snapshot().changes_to(&again.snapshot()).save(second.path()).unwrap();
    for name in ["new.fifo.json", "orders@eu-west-1.json"] {
        let text = |dir: &tempfile::TempDir| fs::read_to_string(dir.path().join("sqs").join(name)).unwrap();
        assert_eq!(text(&dir), text(&second));
    }
}

#[tokio::test(start_paused = true)]
async fn delays_and_traces_are_saved_as_they_are() {
    let fake = FakeAws::new();
    let sqs = fake.sqs();
    sqs.create_queue_with("slow", [("DelaySeconds", "60")]).unwrap();
    let fifo = [("DelaySeconds", "60"), ("ContentBasedDeduplication", "true")];
    sqs.create_queue_with("slow.fifo", fifo).unwrap();
    sqs.create_queue("plain").unwrap();
    let grouped = |body: &str| NewMessage::new(body).group_id("g");
    sqs.send("slow", "received").unwrap();
    sqs.send("slow.fifo", grouped("received")).unwrap();
    tokio::time::advance(Duration::from_mins(1)).await;
    let client = client_in(&fake, "eu-west-1");
    for name in ["slow", "slow.fifo"] {
        let url = client.get_queue_url().queue_name(name).send().await.unwrap().queue_url.unwrap();
        let received = client.receive_message().queue_url(url).send().await.unwrap();
        assert_eq!(received.messages().len(), 1, "{name}");
    }
    sqs.send("slow", "delayed").unwrap();
    sqs.send("slow.fifo", grouped("delayed")).unwrap();
    // A standard queue takes groups too, and a delay beside one.
    sqs.send("plain", grouped("late").delay_seconds(900)).unwrap();
    let url = client.get_queue_url().queue_name("plain").send().await.unwrap().queue_url.unwrap();
    let trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1";
    let header = MessageSystemAttributeValue::builder().data_type("String").string_value(trace);
    let send = client.send_message().queue_url(&url).message_body("traced");
    let name = MessageSystemAttributeNameForSends::AwsTraceHeader;
    send.message_system_attributes(name, header.build().unwrap()).send().await.unwrap();
    tokio::time::advance(Duration::from_secs(20)).await;

    let dir = tempfile::tempdir().unwrap();
    fake.save(dir.path()).unwrap();
    let again = FakeAws::new();
    again.seed(dir.path()).unwrap();
    let shown = |fake: &FakeAws, name: &str| -> Vec<_> {
        let messages = fake.sqs().messages(name).into_iter();
        messages
            .map(|message| {
                let delay = message.visible_at_millis - message.sent_at_millis;
                (message.body, message.state, delay.div_ceil(1000))
            })
            .collect()
    };
    let (visible, delayed) = (MessageState::Visible, MessageState::Delayed);
    for name in ["slow", "slow.fifo"] {
        let expected = [("received".to_owned(), visible, 0), ("delayed".to_owned(), delayed, 40)];
        assert_eq!(shown(&again, name), expected, "{name}");
    }
    let plain = [("late".to_owned(), delayed, 880), ("traced".to_owned(), visible, 0)];
    assert_eq!(shown(&again, "plain"), plain);
    let messages = again.sqs().messages("plain");
    assert_eq!(messages[0].group_id.as_deref(), Some("g"));
    assert_eq!(messages[1].trace_header.as_deref(), Some(trace));
    let client = client_in(&again, "eu-west-1");
    let url = client.get_queue_url().queue_name("plain").send().await.unwrap().queue_url.unwrap();
    let receive = client.receive_message().queue_url(url).message_system_attribute_names("All".into());
    let message = receive.send().await.unwrap().messages.unwrap().remove(0);
    assert_eq!(system(&message, "AWSTraceHeader".into()), Some(trace));
    // What is seeded is saved as it was.
    let second = tempfile::tempdir().unwrap();
    again.save(second.path()).unwrap();
    for name in ["slow.json", "slow.fifo.json", "plain.json"] {
        let text = |dir: &tempfile::TempDir| fs::read_to_string(dir.path().join("sqs").join(name)).unwrap();
        assert_eq!(text(&dir), text(&second));
    }
}

#[tokio::test(start_paused = true)]
async fn changes_show_what_became_of_messages() {
    let queue = queue().await;
    let sqs = queue.fake.sqs();
    sqs.create_queue("idle").unwrap();
    sqs.create_queue("gone").unwrap();
    for body in ["deleted", "received", "left"] {
        queue.send(body).send().await.unwrap();
    }
    let before = queue.fake.snapshot();
    assert!(before.changes_to(&queue.fake.snapshot()).is_empty());
    let messages = queue.receive().max_number_of_messages(2).send().await.unwrap().messages.unwrap();
    queue.delete(&messages[0]).await;
    queue.send("new").send().await.unwrap();
    sqs.delete_queue("gone");
    let changes = before.changes_to(&queue.fake.snapshot());
    assert_eq!(changes.sqs.queues_removed, ["gone"]);
    let [gone, orders] = &changes.sqs.queues[..] else { panic!("{changes:?}") };
    assert_eq!((gone.queue.as_str(), gone.kind), ("gone", ChangeKind::Removed));
    assert_eq!((orders.visible, orders.in_flight, orders.delayed), (2, 1, 0));
    let shown: Vec<_> =
        orders.messages.iter().map(|change| (change.body.as_str(), change.kind, change.state)).collect();
    assert_eq!(
        shown,
        [
            ("deleted", ChangeKind::Removed, None),
            ("received", ChangeKind::Changed, Some(MessageState::InFlight)),
            ("new", ChangeKind::Added, Some(MessageState::Visible)),
        ]
    );
    let json = serde_json::to_value(&changes).unwrap();
    assert_eq!(json["sqs"]["queues"][1]["messages"][1]["state"], "in-flight");
}
