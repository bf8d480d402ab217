//! Event source mappings: functions that are called with what arrives in queues.

use std::sync::{Arc, Mutex};

use aws_sdk_lambda::Client;
use aws_sdk_lambda::operation::create_event_source_mapping::builders::CreateEventSourceMappingFluentBuilder;
use aws_sdk_lambda::types::{
    EventSourcePosition, Filter, FilterCriteria, FunctionResponseType, ScalingConfig,
};
use innkeeper_fake::{FakeAws, FunctionError, InvocationType, MessageAttribute, NewMessage};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::aws::{client, pass, refused};

const QUEUE: &str = "arn:aws:sqs:eu-west-1:000000000000:orders";

/// The events that a function has been called with, each with the second since the start.
#[derive(Clone)]
struct Seen(Arc<Mutex<Vec<(u64, Value)>>>);

impl Seen {
    /// The bodies of the messages of each call.
    fn bodies(&self) -> Vec<Vec<String>> {
        let bodies = |event: &Value| -> Vec<String> {
            let records = event["Records"].as_array().unwrap().iter();
            records.map(|record| record["body"].as_str().unwrap().to_owned()).collect()
        };
        self.0.lock().unwrap().iter().map(|(_, event)| bodies(event)).collect()
    }

    fn seconds(&self) -> Vec<u64> {
        self.0.lock().unwrap().iter().map(|(second, _)| *second).collect()
    }
}

/// A fake with the queue `orders` and the function `work`, which answers as it is told.
fn fake_with(
    answer: impl Fn(&Value) -> Result<Value, FunctionError> + Send + Sync + 'static,
) -> (FakeAws, Seen) {
    let fake = FakeAws::new();
    fake.sqs().create_queue("orders").unwrap();
    let seen = function(&fake, "work", answer);
    (fake, seen)
}

fn function(
    fake: &FakeAws,
    name: &str,
    answer: impl Fn(&Value) -> Result<Value, FunctionError> + Send + Sync + 'static,
) -> Seen {
    let seen = Seen(Arc::default());
    let (calls, started) = (seen.clone(), tokio::time::Instant::now());
    let handler = move |event: innkeeper_fake::FunctionEvent| {
        let event: Value = event.json().unwrap();
        calls.0.lock().unwrap().push((started.elapsed().as_secs(), event.clone()));
        let answer = answer(&event);
        async move { answer }
    };
    fake.lambda().function(name, handler).unwrap();
    seen
}

#[expect(clippy::unnecessary_wraps, reason = "other functions fail")]
fn done(_: &Value) -> Result<Value, FunctionError> {
    Ok(Value::Null)
}

fn map(client: &Client) -> CreateEventSourceMappingFluentBuilder {
    client.create_event_source_mapping().event_source_arn(QUEUE).function_name("work")
}

async fn state(client: &Client, uuid: &str) -> String {
    client.get_event_source_mapping().uuid(uuid).send().await.unwrap().state().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_function_is_called_with_what_arrives() {
    let (fake, seen) = fake_with(done);
    let client = client(&fake);
    let made = map(&client).send().await.unwrap();
    assert_eq!((made.batch_size(), made.maximum_batching_window_in_seconds()), (Some(10), Some(0)));
    assert_eq!((made.state(), made.state_transition_reason()), (Some("Creating"), Some("USER_INITIATED")));
    let function = "arn:aws:lambda:eu-west-1:000000000000:function:work";
    assert_eq!((made.event_source_arn(), made.function_arn()), (Some(QUEUE), Some(function)));
    assert_eq!(made.last_modified().unwrap().secs(), 1_767_225_600);
    let attribute = MessageAttribute::string("large");
    let id = fake.sqs().send("orders", NewMessage::new("one").attribute("size", attribute)).unwrap();
    fake.lambda().idle().await;
    let record = seen.0.lock().unwrap()[0].1["Records"][0].clone();
    let handle = record["receiptHandle"].as_str().unwrap();
    let expected = json!({
        "messageId": id,
        "receiptHandle": handle,
        "body": "one",
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1767225600000",
            "SenderId": record["attributes"]["SenderId"],
            // The mapping has to be created first.
            "ApproximateFirstReceiveTimestamp": "1767225601000",
        },
        "messageAttributes": {
            "size": { "stringValue": "large", "stringListValues": [], "binaryListValues": [], "dataType": "String" },
        },
        "md5OfMessageAttributes": record["md5OfMessageAttributes"],
        "md5OfBody": "f97c5d29941bfb1b2fdab0874906ab82",
        "eventSource": "aws:sqs",
        "eventSourceARN": QUEUE,
        "awsRegion": "eu-west-1",
    });
    assert_eq!(record, expected);
    assert!(fake.sqs().messages("orders").is_empty(), "what is done is deleted");
    let invocation = fake.lambda().invocations().remove(0);
    assert_eq!((invocation.invocation_type, invocation.done), (InvocationType::RequestResponse, true));
    // No further message waits for anything but itself.
    fake.sqs().send("orders", "two").unwrap();
    fake.lambda().idle().await;
    assert_eq!(seen.bodies(), [["one"], ["two"]]);
    assert_eq!(seen.seconds(), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_function_that_feeds_its_own_queue_is_not_waited_for_without_end() {
    let fake = FakeAws::new();
    fake.sqs().create_queue("orders").unwrap();
    let queue = fake.sqs();
    function(&fake, "work", move |_| {
        queue.send("orders", "again").unwrap();
        Ok(Value::Null)
    });
    map(&client(&fake)).send().await.unwrap();
    fake.sqs().send("orders", "once").unwrap();
    fake.lambda().idle().await;
    assert!(fake.lambda().invocations().last().unwrap().number >= 10_000);
}

#[tokio::test(start_paused = true)]
async fn what_fails_comes_again_and_ends_as_a_dead_letter() {
    let (fake, seen) = fake_with(|_| Err(FunctionError::new("Broken", "always")));
    fake.sqs().create_queue("dead").unwrap();
    let policy = json!({
        "deadLetterTargetArn": "arn:aws:sqs:eu-west-1:000000000000:dead",
        "maxReceiveCount": 2,
    });
    fake.sqs().set_attributes("orders", [("RedrivePolicy", policy.to_string())]).unwrap();
    map(&client(&fake)).send().await.unwrap();
    fake.sqs().send("orders", "bad").unwrap();
    fake.lambda().idle().await;
    assert_eq!(seen.seconds(), [1]);
    assert_eq!(fake.sqs().messages("orders").len(), 1, "it is in flight");
    pass(100).await;
    assert_eq!(seen.seconds(), [1, 31], "when the visibility timeout is over");
    assert!(fake.sqs().messages("orders").is_empty());
    assert_eq!(fake.sqs().messages("dead")[0].body, "bad");
}

#[tokio::test(start_paused = true)]
async fn a_function_can_say_what_has_failed() {
    let report = |event: &Value| {
        let failed = event["Records"].as_array().unwrap().iter().filter(|record| record["body"] == "bad");
        let failed: Vec<Value> =
            failed.map(|record| json!({ "itemIdentifier": record["messageId"] })).collect();
        Ok(json!({ "batchItemFailures": failed }))
    };
    let (fake, seen) = fake_with(report);
    let client = client(&fake);
    let reports = FunctionResponseType::ReportBatchItemFailures;
    let made = map(&client).function_response_types(reports.clone()).send().await.unwrap();
    assert_eq!(made.function_response_types(), std::slice::from_ref(&reports));
    for body in ["good", "bad", "better"] {
        fake.sqs().send("orders", body).unwrap();
    }
    fake.lambda().idle().await;
    let left: Vec<String> = fake.sqs().messages("orders").into_iter().map(|message| message.body).collect();
    assert_eq!(left, ["bad"]);
    pass(31).await;
    assert_eq!(seen.bodies(), [vec!["good", "bad", "better"], vec!["bad"]]);

    // An answer that makes no sense fails them all; one that is not asked for is none.
    for (types, answer, left) in [
        (Some(vec![reports.clone()]), json!({ "batchItemFailures": [{ "itemIdentifier": "nobody" }] }), 2),
        (Some(vec![reports.clone()]), json!({ "batchItemFailures": [{ "foo": "notvalid" }] }), 2),
        (Some(vec![reports.clone()]), json!("done"), 2),
        (Some(vec![reports.clone()]), json!({}), 0),
        (Some(vec![reports]), json!({ "batchItemFailures": null }), 0),
        (None, json!({ "batchItemFailures": [{ "itemIdentifier": "nobody" }] }), 0),
    ] {
        let given = answer.clone();
        let (fake, _) = fake_with(move |_| Ok(given.clone()));
        let client = crate::aws::client(&fake);
        map(&client).set_function_response_types(types).send().await.unwrap();
        fake.sqs().send("orders", "one").unwrap();
        fake.sqs().send("orders", "two").unwrap();
        fake.lambda().idle().await;
        assert_eq!(fake.sqs().messages("orders").len(), left, "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn batches_have_a_size_and_a_window() {
    let (fake, seen) = fake_with(done);
    let client = client(&fake);
    let made = map(&client).batch_size(2).send().await.unwrap();
    for body in ["1", "2", "3"] {
        fake.sqs().send("orders", body).unwrap();
    }
    fake.lambda().idle().await;
    assert_eq!(seen.bodies(), [vec!["1", "2"], vec!["3"]]);
    let update = client.update_event_source_mapping().uuid(made.uuid().unwrap());
    update.batch_size(20).maximum_batching_window_in_seconds(5).send().await.unwrap();
    pass(1).await;
    seen.0.lock().unwrap().clear();
    let start = fake.now();
    for second in [0, 2, 4, 6] {
        fake.sqs().send("orders", second.to_string()).unwrap();
        pass(2).await;
    }
    fake.lambda().idle().await;
    assert_eq!(seen.bodies(), [vec!["0", "2", "4"], vec!["6"]]);
    assert_eq!(fake.now().duration_since(start).unwrap().as_secs(), 11);
    for number in 0..20 {
        fake.sqs().send("orders", number.to_string()).unwrap();
    }
    fake.lambda().idle().await;
    assert_eq!(fake.now().duration_since(start).unwrap().as_secs(), 11, "a full batch waits for nothing");
    assert_eq!(seen.bodies()[2].len(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_no_longer_than_an_invocation_can_be() {
    let (fake, seen) = fake_with(done);
    map(&client(&fake)).send().await.unwrap();
    let long = "x".repeat(1_000_000);
    for _ in 0..8 {
        fake.sqs().send("orders", long.as_str()).unwrap();
    }
    fake.lambda().idle().await;
    assert_eq!(seen.bodies().iter().map(Vec::len).collect::<Vec<_>>(), [6, 2]);
    assert!(fake.sqs().messages("orders").is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_filtered_out_is_gone() {
    let (fake, seen) = fake_with(done);
    let client = client(&fake);
    let criteria =
        |pattern: &str| FilterCriteria::builder().filters(Filter::builder().pattern(pattern).build()).build();
    let bad = map(&client).filter_criteria(criteria("asdf")).send().await;
    refused(bad, 400, "InvalidParameterValueException", "Invalid filter pattern definition.");
    let wanted = criteria(r#"{"body":{"total":[{"numeric":[">",100]}]}}"#);
    map(&client).filter_criteria(wanted.clone()).send().await.unwrap();
    for body in [r#"{"total":101}"#, r#"{"total":99}"#, "no JSON"] {
        fake.sqs().send("orders", body).unwrap();
    }
    fake.lambda().idle().await;
    assert_eq!(seen.bodies(), [[r#"{"total":101}"#]]);
    assert!(fake.sqs().messages("orders").is_empty());
    let listed = client.list_event_source_mappings().send().await.unwrap();
    assert_eq!(listed.event_source_mappings()[0].filter_criteria(), Some(&wanted));
}

#[tokio::test(start_paused = true)]
async fn message_groups_stay_in_order() {
    let fake = FakeAws::new();
    fake.sqs().create_queue("orders.fifo").unwrap();
    let seen = function(&fake, "work", |event| {
        let first = event["Records"][0]["attributes"]["ApproximateReceiveCount"] == "1";
        if first && event["Records"][0]["body"] == "a1" {
            Err(FunctionError::new("Once", "only"))
        } else {
            Ok(Value::Null)
        }
    });
    let client = client(&fake);
    let fifo = || map(&client).event_source_arn(format!("{QUEUE}.fifo"));
    let window = fifo().maximum_batching_window_in_seconds(1).send().await;
    refused(
        window,
        400,
        "InvalidParameterValueException",
        "Batching window is not supported for FIFO queues",
    );
    fifo().batch_size(1).send().await.unwrap();
    for (group, body) in [("a", "a1"), ("a", "a2"), ("b", "b1")] {
        let message = NewMessage::new(body).group_id(group).deduplication_id(body);
        fake.sqs().send("orders.fifo", message).unwrap();
    }
    pass(100).await;
    assert_eq!(seen.bodies(), [["a1"], ["b1"], ["a1"], ["a2"]]);
    assert_eq!(seen.seconds(), [1, 1, 31, 31]);
}

#[tokio::test(start_paused = true)]
async fn so_many_batches_run_beside_each_other() {
    for (scaling, expected) in [(None, [5, 5, 2]), (Some(2), [2, 2, 2])] {
        let fake = FakeAws::new();
        fake.sqs().create_queue("orders").unwrap();
        let starts = Arc::new(Mutex::new(Vec::new()));
        let (seen, began) = (Arc::clone(&starts), tokio::time::Instant::now());
        let handler = move |_| {
            seen.lock().unwrap().push(began.elapsed().as_secs());
            async {
                pass(2).await;
                Ok(Value::Null)
            }
        };
        fake.lambda().function("work", handler).unwrap();
        let client = client(&fake);
        let scaling = scaling.map(|limit| ScalingConfig::builder().maximum_concurrency(limit).build());
        map(&client).batch_size(1).set_scaling_config(scaling).send().await.unwrap();
        for number in 0..12 {
            fake.sqs().send("orders", number.to_string()).unwrap();
        }
        fake.lambda().idle().await;
        let starts = starts.lock().unwrap().clone();
        assert_eq!(starts.len(), 12);
        let at = |second| starts.iter().filter(|start| **start == second).count();
        assert_eq!([at(1), at(3), at(5)], expected);
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_called_is_called_later() {
    let (fake, seen) = fake_with(done);
    let client = client(&fake);
    map(&client).send().await.unwrap();
    pass(1).await;
    // Throttled, a message is in flight until it is visible again.
    let limit = |limit| {
        client.put_function_concurrency().function_name("work").reserved_concurrent_executions(limit).send()
    };
    limit(0).await.unwrap();
    fake.sqs().send("orders", "one").unwrap();
    fake.lambda().idle().await;
    assert_eq!(seen.seconds(), [0; 0]);
    limit(1).await.unwrap();
    pass(31).await;
    assert_eq!(seen.bodies(), [["one"]]);
    // Without a function or a queue there is nobody to ask.
    fake.lambda().remove("work");
    fake.sqs().send("orders", "two").unwrap();
    fake.lambda().idle().await;
    pass(100).await;
    assert_eq!(fake.sqs().messages("orders")[0].receive_count, 0);
    let seen = function(&fake, "work", done);
    fake.lambda().idle().await;
    assert_eq!(seen.bodies(), [["two"]]);
    // Nor does what was gathered wait for a function that is gone in the meantime.
    let window = client.list_event_source_mappings().send().await.unwrap();
    let uuid = window.event_source_mappings()[0].uuid().unwrap();
    let window = client.update_event_source_mapping().uuid(uuid).maximum_batching_window_in_seconds(60);
    window.send().await.unwrap();
    fake.sqs().send("orders", "lost").unwrap();
    pass(1).await;
    fake.lambda().remove("work");
    fake.lambda().idle().await;
    let seen = function(&fake, "work", done);
    assert_eq!((fake.sqs().messages("orders")[0].receive_count, seen.bodies().len()), (1, 0));
    let window = client.update_event_source_mapping().uuid(uuid).maximum_batching_window_in_seconds(0);
    window.send().await.unwrap();
    fake.sqs().delete_queue("orders");
    pass(1).await;
    fake.sqs().create_queue("orders").unwrap();
    fake.sqs().send("orders", "three").unwrap();
    fake.lambda().idle().await;
    assert_eq!(seen.bodies(), [["three"]]);
}

#[tokio::test(start_paused = true)]
async fn a_mapping_becomes_what_it_is_told_in_a_while() {
    let (fake, seen) = fake_with(done);
    let client = client(&fake);
    let made = map(&client).send().await.unwrap();
    let uuid = made.uuid().unwrap();
    let update = || client.update_event_source_mapping().uuid(uuid);
    let delete = || client.delete_event_source_mapping().uuid(uuid).send();
    let in_use = "Cannot update the event source mapping because it is in use.";
    refused(update().batch_size(1).send().await, 400, "ResourceInUseException", in_use);
    refused(delete().await, 400, "ResourceInUseException", "Cannot delete the event source mapping");
    pass(1).await;
    assert_eq!(state(&client, uuid).await, "Enabled");
    assert_eq!(update().enabled(false).send().await.unwrap().state(), Some("Disabling"));
    fake.sqs().send("orders", "one").unwrap();
    pass(100).await;
    assert_eq!(state(&client, uuid).await, "Disabled");
    fake.lambda().idle().await;
    assert_eq!(seen.seconds(), [0; 0]);
    assert_eq!(update().enabled(true).send().await.unwrap().state(), Some("Enabling"));
    fake.lambda().idle().await;
    assert_eq!(seen.seconds(), [102]);
    let changed = update().function_name("work").batch_size(3).send().await.unwrap();
    assert_eq!((changed.state(), changed.batch_size()), (Some("Updating"), Some(3)));
    pass(1).await;
    assert_eq!(delete().await.unwrap().state(), Some("Deleting"));
    assert_eq!(state(&client, uuid).await, "Deleting");
    fake.sqs().send("orders", "two").unwrap();
    pass(1).await;
    let gone = client.get_event_source_mapping().uuid(uuid).send().await;
    refused(gone, 404, "ResourceNotFoundException", "The resource you requested does not exist.");
    refused(delete().await, 404, "ResourceNotFoundException", "");
    refused(update().batch_size(1).send().await, 404, "ResourceNotFoundException", "");
    assert_eq!(fake.sqs().messages("orders").len(), 1);
    // One that is made disabled is so at once.
    let disabled = map(&client).enabled(false).send().await.unwrap();
    assert_eq!(disabled.state(), Some("Disabled"));
}

#[tokio::test(start_paused = true)]
async fn refuses_what_is_no_mapping() {
    let (fake, _) = fake_with(done);
    let client = client(&fake);
    let invalid = "InvalidParameterValueException";
    let bare = client.create_event_source_mapping().function_name("work").send().await;
    refused(bare, 400, invalid, "Unrecognized event source.");
    refused(
        map(&client).event_source_arn("123").send().await,
        400,
        "ValidationException",
        "at 'eventSourceArn'",
    );
    refused(map(&client).function_name("none").send().await, 400, invalid, "Function does not exist");
    refused(map(&client).function_name("work:7").send().await, 400, invalid, "Function does not exist");
    let queue = map(&client).event_source_arn(format!("{QUEUE}2")).send().await;
    let reason =
        "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue.";
    refused(queue, 400, invalid, reason);
    let elsewhere = map(&client).event_source_arn("arn:aws:sqs:us-east-1:000000000000:orders").send().await;
    refused(elsewhere, 400, invalid, reason);
    let position = map(&client).starting_position(EventSourcePosition::Latest).send().await;
    refused(position, 400, invalid, "StartingPosition is not valid for SQS event sources.");
    let split = map(&client).bisect_batch_on_function_error(true).send().await;
    refused(split, 400, invalid, "Unsupported BisectBatchOnFunctionError parameter");
    let batch = map(&client).batch_size(11).send().await;
    refused(batch, 400, invalid, "Maximum batch window in seconds must be greater than 0");
    let batch = map(&client).batch_size(10_001).send().await;
    refused(batch, 400, "ValidationException", "Member must have value less than or equal to 10000");
    let one = ScalingConfig::builder().maximum_concurrency(1).build();
    let scaling = map(&client).scaling_config(one).send().await;
    refused(scaling, 400, "ValidationException", "Member must have value greater than or equal to 2");
    fake.sqs().set_attributes("orders", [("VisibilityTimeout", "2")]).unwrap();
    let reason = "Queue visibility timeout: 2 seconds is less than Function timeout: 3 seconds";
    refused(map(&client).send().await, 400, invalid, reason);
    fake.sqs().set_attributes("orders", [("VisibilityTimeout", "3")]).unwrap();
    // The fake has no streams.
    for stream in [
        "arn:aws:kinesis:eu-west-1:000000000000:stream/orders",
        "arn:aws:dynamodb:eu-west-1:000000000000:table/orders/stream/2026-01-01T00:00:00.000",
    ] {
        let bare = map(&client).event_source_arn(stream).send().await;
        refused(bare, 400, invalid, "Value null at 'startingPosition'");
        let create = map(&client).event_source_arn(stream).starting_position(EventSourcePosition::Latest);
        refused(create.send().await, 400, invalid, &format!("Stream not found: {stream}"));
    }
    let made = map(&client).send().await.unwrap();
    let again = map(&client).send().await;
    let reason = format!(
        "An event source mapping with SQS arn (\" {QUEUE} \") and function (\" work \") already exists. Please update or \
         delete the existing mapping with UUID {}",
        made.uuid().unwrap()
    );
    refused(again, 409, "ResourceConflictException", &reason);
    assert_eq!(client.list_event_source_mappings().send().await.unwrap().event_source_mappings().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn another_accounts_queue_has_to_let_itself_be_read() {
    let fake = FakeAws::builder().region("eu-west-1").build();
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("sqs")).unwrap();
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "AWS": "000000000000" }, "Action": "SQS:*", "Resource": "*",
    }] });
    let open = json!({ "attributes": { "Policy": policy }, "messages": ["theirs"] });
    std::fs::write(folder.path().join("sqs/open@111111111111.json"), open.to_string()).unwrap();
    std::fs::write(folder.path().join("sqs/shut@111111111111.json"), "{}").unwrap();
    fake.seed(folder.path()).unwrap();
    let seen = function(&fake, "work", done);
    let client = client(&fake);
    let foreign =
        |name: &str| map(&client).event_source_arn(format!("arn:aws:sqs:eu-west-1:111111111111:{name}"));
    let reason = "does not have permissions to call ReceiveMessage on SQS";
    refused(foreign("shut").send().await, 400, "InvalidParameterValueException", reason);
    foreign("open").send().await.unwrap();
    fake.lambda().idle().await;
    assert_eq!(seen.bodies(), [["theirs"]]);
}

#[tokio::test(start_paused = true)]
async fn mappings_are_listed_and_have_tags() {
    let (fake, _) = fake_with(done);
    function(&fake, "other", done);
    let client = client(&fake);
    let made = map(&client).tags("team", "a").send().await.unwrap();
    map(&client).function_name("other").send().await.unwrap();
    let list = || client.list_event_source_mappings();
    let count =
        |output: aws_sdk_lambda::operation::list_event_source_mappings::ListEventSourceMappingsOutput| {
            output.event_source_mappings().len()
        };
    assert_eq!(count(list().send().await.unwrap()), 2);
    assert_eq!(count(list().function_name("other").send().await.unwrap()), 1);
    assert_eq!(count(list().event_source_arn(QUEUE).send().await.unwrap()), 2);
    assert_eq!(count(list().event_source_arn(format!("{QUEUE}2")).send().await.unwrap()), 0);
    let page = list().max_items(1).send().await.unwrap();
    assert_eq!((page.event_source_mappings().len(), page.next_marker().is_some()), (1, true));
    refused(list().event_source_arn("123").send().await, 400, "ValidationException", "at 'eventSourceArn'");

    let arn = made.event_source_mapping_arn().unwrap();
    client.tag_resource().resource(arn).tags("stage", "b").send().await.unwrap();
    client.untag_resource().resource(arn).tag_keys("team").send().await.unwrap();
    let tags = client.list_tags().resource(arn).send().await.unwrap();
    assert_eq!(tags.tags().unwrap().iter().collect::<Vec<_>>(), [(&"stage".to_owned(), &"b".to_owned())]);
    let unknown = client.list_tags().resource(format!("{arn}0")).send().await;
    refused(unknown, 404, "ResourceNotFoundException", "The resource you requested does not exist.");
}

#[tokio::test(start_paused = true)]
async fn mappings_are_saved_and_seeded() {
    let (fake, _) = fake_with(done);
    let made = client(&fake);
    let mapping = map(&made).batch_size(1).tags("team", "a").send().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    fake.save(folder.path()).unwrap();
    let again = FakeAws::new();
    let seen = function(&again, "work", done);
    again.seed(folder.path()).unwrap();
    let seeded = client(&again);
    let shown = seeded.get_event_source_mapping().uuid(mapping.uuid().unwrap()).send().await.unwrap();
    assert_eq!((shown.state(), shown.batch_size()), (Some("Enabled"), Some(1)));
    assert_eq!(shown.last_modified(), mapping.last_modified());
    let arn = mapping.event_source_mapping_arn().unwrap();
    assert_eq!(seeded.list_tags().resource(arn).send().await.unwrap().tags().unwrap()["team"], "a");
    again.sqs().send("orders", "one").unwrap();
    again.lambda().idle().await;
    assert_eq!((seen.bodies(), seen.seconds()), (vec![vec!["one".to_owned()]], vec![0]));
}

/// A folder with the document of Lambda, the queue `orders` and the function `work`.
fn seed(document: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in [
        ("sqs/orders.json", r#"{ "messages": ["one"] }"#),
        ("lambda/work.json", r#"{ "answers": [{}] }"#),
        ("lambda/guest.json", r#"{ "guest": "pricing" }"#),
        ("lambda/.innkeeper.json", document),
    ] {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn what_is_seeded_outside_of_a_runtime_is_polled_within_one() {
    let folder = seed(r#"{ "event-source-mappings": [{ "function": "work", "source": "orders" }] }"#);
    let fake = FakeAws::new();
    fake.seed(folder.path()).unwrap();
    // The task of a runtime that has ended is made again in the next.
    for count in 1..=2 {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().start_paused(true).build().unwrap().block_on(async {
            client(&fake).list_functions().send().await.unwrap();
            fake.lambda().idle().await;
        });
        assert_eq!(fake.lambda().invocations().len(), count);
        fake.sqs().send("orders", "another").unwrap();
    }
}

#[test]
fn a_mapping_of_a_seed_has_to_make_sense() {
    let refused = |document: &str| {
        let error = FakeAws::new().seed(seed(document).path()).unwrap_err();
        format!("{error}: {}", std::error::Error::source(&error).unwrap())
    };
    let mapping = |members: &str| format!(r#"{{ "event-source-mappings": [{{ {members} }}] }}"#);
    let said = refused(&mapping(r#""function": "work", "source": "a b""#));
    assert!(
        said.contains(".innkeeper.json") && said.contains("`a b` is neither a queue nor its ARN"),
        "{said}"
    );
    let said = refused(&mapping(r#""function": "a b", "source": "orders""#));
    assert!(said.contains("`a b` is no name of a function"), "{said}");
    let said =
        refused(&mapping(r#""function": "work", "source": "orders", "settings": { "batch-size": 11 }"#));
    assert!(said.contains("Maximum batch window"), "{said}");
    let said = refused(&mapping(r#""function": "work", "source": "orders", "batch-size": 1"#));
    assert!(said.contains("unknown field `batch-size`"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_guest_is_not_called_before_it_has_code() {
    let folder = seed(r#"{ "event-source-mappings": [{ "function": "guest", "source": "orders" }] }"#);
    let fake = FakeAws::new();
    fake.seed(folder.path()).unwrap();
    pass(100).await;
    fake.lambda().idle().await;
    assert_eq!(fake.lambda().invocations(), []);
    let guest = fake.lambda().guest_functions().remove(0);
    guest.resolve(Null).unwrap();
    fake.lambda().idle().await;
    assert_eq!(fake.lambda().invocations().len(), 1);
    assert!(fake.sqs().messages("orders").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_test_maps_a_queue_in_a_word() {
    let fake = FakeAws::new();
    fake.sqs().create_queue("orders").unwrap();
    let work = fake.lambda().function("work", |event| async move { Ok(event.payload) }).unwrap();
    work.event_source("orders").unwrap();
    let error = work.event_source("no queue").unwrap_err();
    assert!(error.to_string().contains("`no queue` is neither a queue nor its ARN"), "{error}");
    fake.sqs().send("orders", "one").unwrap();
    fake.lambda().idle().await;
    assert_eq!(fake.lambda().invocations_of("work").len(), 1);
    assert!(fake.sqs().messages("orders").is_empty());
}

struct Null;

#[async_trait::async_trait]
impl innkeeper_fake::Handler for Null {
    async fn handle(
        &self,
        _: innkeeper_fake::FunctionEvent,
    ) -> Result<innkeeper_fake::FunctionResponse, FunctionError> {
        Ok(Value::Null.into())
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_goes_on_without_the_fake() {
    let (fake, _) = fake_with(done);
    let client = client(&fake);
    map(&client).send().await.unwrap();
    pass(2).await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    assert_eq!(tasks(), 1);
    fake.reset();
    pass(1).await;
    assert_eq!(tasks(), 0, "without a mapping there is nothing to poll");
    fake.sqs().create_queue("orders").unwrap();
    function(&fake, "work", done);
    map(&client).send().await.unwrap();
    pass(2).await;
    drop((fake, client));
    pass(1).await;
    assert_eq!(tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_deliveries() {
    let run = async || {
        let (fake, _) = fake_with(|event| {
            let body = event["Records"][0]["body"].as_str().unwrap();
            if body.ends_with('3') { Err(FunctionError::new("Three", "no")) } else { Ok(Value::Null) }
        });
        map(&client(&fake)).batch_size(1).send().await.unwrap();
        for number in 0..10 {
            fake.sqs().send("orders", number.to_string()).unwrap();
        }
        pass(100).await;
        let told = |it: innkeeper_fake::Invocation| (it.request_id, it.payload, it.outcome.is_some());
        fake.lambda().invocations().into_iter().map(told).collect::<Vec<_>>()
    };
    let (first, second) = (run().await, run().await);
    assert_eq!(first.len(), 13);
    assert_eq!(first, second);
}
