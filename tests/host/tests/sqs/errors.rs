//! How what fails is told.

use std::time::Duration;

use innkeeper_fake::{Fault, NewMessage};
use innkeeper_tests::value::{error, with};
use innkeeper_tests::{TestHost, program};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{ACCOUNT, ALL, DEAD, FIFO, ORDERS, allowed, bodies, host, ok, orders};

#[tokio::test(start_paused = true)]
async fn a_listing_goes_on_with_the_page_that_failed() {
    let host = host()
        .allow("sqs:GetQueueUrl", ALL)
        .allow("sqs:ListQueues", ALL)
        .allow("sqs:ListDeadLetterSourceQueues", DEAD);
    let sqs = host.aws().sqs();
    let policy = format!("{{\"deadLetterTargetArn\":\"{}\",\"maxReceiveCount\":4}}", sqs.arn("dead"));
    for number in 0..5 {
        sqs.create_queue_with(format!("part-{number}"), [("RedrivePolicy", policy.as_str())]).unwrap();
    }
    for (program, operation, input) in [
        (program::SQS_LIST_QUEUES, "ListQueues", json!({ "prefix": "part-" })),
        (program::SQS_LIST_DEAD_LETTER_SOURCES, "ListDeadLetterSourceQueues", json!({ "queue": "dead" })),
    ] {
        let input = with(input, &json!({ "page-size": 2, "again": true }));
        host.aws().faults().push(Fault::error("SomethingNew").on(operation).skip(1));
        let answer = host.call(program, &input).await["ok"].clone();
        assert_eq!(
            answer["pages"],
            json!([["part-0", "part-1"], ["part-2", "part-3"], ["part-4"]]),
            "{program}"
        );
        assert_eq!(answer["errors"], json!(["Other(\"SomethingNew\")"]), "{program}");
        assert_eq!(host.aws().faults().remaining(), 0, "{program}");

        let host = self::host().allow("sqs:GetQueueUrl", ALL);
        assert_eq!(host.call(program, &input).await, error("AccessDenied"), "{program}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_error_of_sqs_has_its_case() {
    for (code, case) in [
        ("AccessDenied", "AccessDenied"),
        ("AccessDeniedException", "AccessDenied"),
        ("QueueDoesNotExist", "QueueNotFound"),
        ("QueueNameExists", "QueueExists"),
        ("QueueDeletedRecently", "QueueDeletedRecently"),
        ("ReceiptHandleIsInvalid", "InvalidReceiptHandle"),
        ("MessageNotInflight", "MessageNotInFlight"),
        ("InvalidMessageContents", "InvalidMessageContents"),
        ("OverLimit", "OverLimit"),
        ("EmptyBatchRequest", "InvalidBatch(BatchError::Empty)"),
        ("TooManyEntriesInBatchRequest", "InvalidBatch(BatchError::TooManyEntries)"),
        ("BatchEntryIdsNotDistinct", "InvalidBatch(BatchError::IdsNotDistinct)"),
        ("InvalidBatchEntryId", "InvalidBatch(BatchError::InvalidId)"),
        ("BatchRequestTooLong", "InvalidBatch(BatchError::TooLong)"),
        ("PurgeQueueInProgress", "PurgeInProgress"),
        ("UnsupportedOperation", "Unsupported"),
        ("KmsAccessDenied", "Kms(KmsError::AccessDenied)"),
        ("KmsDisabled", "Kms(KmsError::Disabled)"),
        ("KmsInvalidKeyUsage", "Kms(KmsError::InvalidKeyUsage)"),
        ("KmsInvalidState", "Kms(KmsError::InvalidState)"),
        ("KmsNotFound", "Kms(KmsError::NotFound)"),
        ("KmsOptInRequired", "Kms(KmsError::OptInRequired)"),
        ("KmsThrottled", "Kms(KmsError::Throttled)"),
        ("ExpiredToken", "Credentials"),
        ("InvalidClientTokenId", "Credentials"),
        ("SignatureDoesNotMatch", "Credentials"),
        ("InvalidSecurity", "Credentials"),
        ("RequestThrottled", "Throttled"),
        ("ThrottlingException", "Throttled"),
        ("InternalError", "Unavailable"),
        ("ServiceUnavailable", "Unavailable"),
        ("SomethingNew", "Other(\"SomethingNew\")"),
    ] {
        let host = allowed(ORDERS, &["SendMessage", "ReceiveMessage"]);
        host.aws().faults().push(Fault::error(code).on("SendMessage").always());
        host.aws().faults().push(Fault::error(code).on("ReceiveMessage").always());
        for program in [program::SQS_SEND_MESSAGE, program::SQS_RECEIVE_MESSAGES] {
            let answer = host.call(program, &with(orders(), &json!({ "body": "x" }))).await;
            assert_eq!(answer, error(case), "{code} of {program}");
        }
        // One that cannot even be looked up.
        let host = allowed(ORDERS, &["SendMessage"]);
        host.aws().faults().push(Fault::error(code).on("GetQueueUrl").always());
        let answer = host.call(program::SQS_SEND_MESSAGE, &with(orders(), &json!({ "body": "x" }))).await;
        assert_eq!(answer, error(case), "{code} of GetQueueUrl");
    }
    for code in ["InvalidParameterValue", "InvalidAttributeValue", "MissingParameter", "InvalidAttributeName"]
    {
        let host = allowed(ORDERS, &["SendMessage"]);
        host.aws().faults().push(Fault::error(code).on("SendMessage").always());
        let answer = host.call(program::SQS_SEND_MESSAGE, &with(orders(), &json!({ "body": "x" }))).await;
        assert!(
            answer["error"].as_str().unwrap_or_default().starts_with("InvalidArgument"),
            "{code}: {answer}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_not_there_is_named_as_such() {
    let host = TestHost::new().allow("sqs:*", ALL);
    for program in [program::SQS_SEND_MESSAGE, program::SQS_RECEIVE_MESSAGES, program::SQS_GET_ATTRIBUTES] {
        let answer = host.call(program, &with(orders(), &json!({ "body": "x" }))).await;
        assert_eq!(answer, error("QueueNotFound"), "{program}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_and_a_lost_answer_have_their_cases() {
    let send = with(orders(), &json!({ "body": "x" }));
    let host = allowed(ORDERS, &["SendMessage"]);
    host.aws().faults().push(Fault::cut_before().on("SendMessage").always());
    assert_eq!(host.call(program::SQS_SEND_MESSAGE, &send).await, error("Connection"));
    let host = allowed(ORDERS, &["SendMessage"]);
    host.aws().faults().push(Fault::delay(Duration::from_hours(1)).on("SendMessage").always());
    assert_eq!(host.call(program::SQS_SEND_MESSAGE, &send).await, error("Timeout"));
    // The host tries again, and so a standard queue has it twice.
    let host = allowed(ORDERS, &["SendMessage"]);
    host.aws().faults().push(Fault::lose_answer().on("SendMessage"));
    assert!(host.call(program::SQS_SEND_MESSAGE, &send).await["ok"].is_object());
    assert_eq!(bodies(&host, "orders"), ["x", "x"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_lost_answer_received_is_received_again_from_a_fifo_queue() {
    let host = allowed(FIFO, &["ReceiveMessage"]);
    host.aws().sqs().send("steps.fifo", NewMessage::new("one").group_id("g")).unwrap();
    host.aws().faults().push(Fault::lose_answer().on("ReceiveMessage"));
    let answer = host.call(program::SQS_RECEIVE_MESSAGES, &json!({ "queue": "steps.fifo" })).await;
    assert_eq!(answer["ok"][0]["body"], "one", "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_says_where_it_came_from_and_not_whose_it_is() {
    let host = allowed(ALL, &["ReceiveMessage"]);
    let sqs = host.aws().sqs();
    let policy = format!("{{\"deadLetterTargetArn\":\"{}\",\"maxReceiveCount\":1}}", sqs.arn("dead"));
    sqs.set_attributes("orders", [("RedrivePolicy", policy)]).unwrap();
    sqs.send("orders", "poison").unwrap();
    let receive = with(orders(), &json!({ "visibility": 1 }));
    assert_eq!(host.call(program::SQS_RECEIVE_MESSAGES, &receive).await["ok"][0]["body"], "poison");
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(host.call(program::SQS_RECEIVE_MESSAGES, &receive).await, ok(&json!([])));
    let dead = host.call(program::SQS_RECEIVE_MESSAGES, &json!({ "queue": "dead" })).await;
    assert_eq!(dead["ok"][0]["dead-letter-source"], "orders");
    assert!(!dead.to_string().contains(ACCOUNT), "{dead}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn what_is_sent_in_many_ways_is_received_once(lengths in prop::collection::vec(1_usize..200, 0..35)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let (sent, received) = runtime.block_on(async {
            let host = allowed(ORDERS, &["SendMessage", "ReceiveMessage", "DeleteMessage"]);
            let bodies: Vec<String> = lengths.iter().enumerate().map(|(n, length)| format!("{n}:{}", "x".repeat(*length))).collect();
            let entries: Vec<Value> = bodies.iter().map(|body| json!({ "body": body })).collect();
            host.call(program::SQS_SEND_MESSAGES, &with(orders(), &json!({ "entries": entries }))).await;
            let answer = host.call(program::SQS_DRAIN, &with(orders(), &json!({ "max": 10 }))).await;
            let drained: Vec<String> = serde_json::from_value(answer["ok"].clone()).unwrap();
            (bodies, drained)
        });
        let sorted = |mut bodies: Vec<String>| { bodies.sort(); bodies };
        prop_assert_eq!(sorted(sent), sorted(received));
    }
}
