//! Messages in a standard queue: sent, received, hidden, deleted.

use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    MessageAttributeValue, MessageSystemAttributeName as System, MessageSystemAttributeNameForSends,
    MessageSystemAttributeValue, QueueAttributeName,
};
use innkeeper_fake::MessageState;
use pretty_assertions::assert_eq;

use crate::aws::{Queue, error, pass, queue, refused, system};

fn string(value: &str) -> MessageAttributeValue {
    MessageAttributeValue::builder().data_type("String").string_value(value).build().unwrap()
}

fn binary(value: &[u8]) -> MessageAttributeValue {
    MessageAttributeValue::builder().data_type("Binary").binary_value(Blob::new(value)).build().unwrap()
}

async fn change(queue: &Queue, handle: &str, seconds: i32) -> Result<(), (u16, String, String)> {
    let change = queue.client.change_message_visibility().queue_url(&queue.url);
    let changed = change.receipt_handle(handle).visibility_timeout(seconds).send().await;
    if changed.is_ok() { Ok(()) } else { Err(error(changed)) }
}

#[tokio::test(start_paused = true)]
async fn carries_a_message_with_its_attributes() {
    let queue = queue().await;
    let sent = queue
        .send("msg")
        .message_attributes("General", string("Kenobi"))
        .message_attributes("Hello", string("There"))
        .message_attributes("Help.Me", string("Me"))
        .send()
        .await
        .unwrap();
    // As AWS has answered the same message.
    assert_eq!(sent.md5_of_message_body(), Some("6e2baaf3b97dbeef01c0043275f9a0e7"));
    assert_eq!(sent.md5_of_message_attributes(), Some("4c360f3fdafd970e05fae2f149d997f5"));
    assert_eq!(sent.sequence_number(), None);
    pass(5).await;
    let received = queue.one().await;
    assert_eq!(received.message_id(), sent.message_id());
    assert_eq!(received.body(), Some("msg"));
    assert_eq!(received.md5_of_body(), sent.md5_of_message_body());
    assert_eq!(received.md5_of_message_attributes(), sent.md5_of_message_attributes());
    assert_eq!(received.message_attributes().unwrap()["Help.Me"], string("Me"));
    assert_eq!(system(&received, System::SentTimestamp), Some("1767225600000"));
    assert_eq!(system(&received, System::ApproximateFirstReceiveTimestamp), Some("1767225605000"));
    assert_eq!(system(&received, System::ApproximateReceiveCount), Some("1"));
    assert_eq!(system(&received, System::SenderId), Some("AIDAFAKEFAKEFAKEFAKE2"));
    assert_eq!(received.attributes().unwrap().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn gives_the_attributes_that_are_asked_for() {
    let queue = queue().await;
    let trace =
        MessageSystemAttributeValue::builder().data_type("String").string_value("Root=1").build().unwrap();
    let sent = queue
        .send("msg")
        .message_attributes("General", string("Kenobi"))
        .message_attributes("Hello", string("There"))
        .message_attributes("bytes", binary(b"\x00\xff"))
        .message_system_attributes(MessageSystemAttributeNameForSends::AwsTraceHeader, trace)
        .send()
        .await
        .unwrap();
    assert!(sent.md5_of_message_system_attributes().is_some());
    let receive = || queue.client.receive_message().queue_url(&queue.url).visibility_timeout(0);
    let plain = receive().send().await.unwrap().messages.unwrap().remove(0);
    assert_eq!((plain.attributes(), plain.message_attributes()), (None, None));
    assert_eq!(plain.md5_of_message_attributes(), None);
    let some = receive()
        .message_attribute_names("Hel*")
        .message_attribute_names("General")
        .message_attribute_names("Missing")
        .message_system_attribute_names(System::AwsTraceHeader)
        .send()
        .await
        .unwrap()
        .messages
        .unwrap()
        .remove(0);
    assert_eq!(some.md5_of_message_attributes(), Some("fca026605781cb4126a1e9044df24232"));
    assert_eq!(system(&some, System::AwsTraceHeader), Some("Root=1"));
    assert_eq!(some.attributes().unwrap().len(), 1);
    let unknown = receive().message_system_attribute_names(System::from("Nope")).send().await;
    refused(unknown, 400, "InvalidAttributeName", "Unknown Attribute Nope.");
    let all = receive().message_attribute_names(".*").send().await.unwrap().messages.unwrap().remove(0);
    assert_eq!(all.message_attributes().unwrap()["bytes"], binary(b"\x00\xff"));
}

#[tokio::test(start_paused = true)]
async fn refuses_messages_that_no_queue_takes() {
    let queue = queue().await;
    let invalid = "InvalidParameterValue";
    refused(queue.send("").send().await, 400, "MissingParameter", "MessageBody");
    let contents = queue.send("a\u{1}").send().await;
    assert!(contents.as_ref().unwrap_err().as_service_error().unwrap().is_invalid_message_contents());
    refused(contents, 400, "InvalidMessageContents", "Valid unicode characters are");
    queue.send("\t\n\r ä😀\u{FFFD}").send().await.unwrap();
    refused(queue.send("\u{FFFE}").send().await, 400, "InvalidMessageContents", "");
    for delay in [-1, 901] {
        refused(
            queue.send("x").delay_seconds(delay).send().await,
            400,
            invalid,
            "DelaySeconds must be >= 0 and <= 900",
        );
    }
    refused(
        queue.send("x").message_deduplication_id("d").send().await,
        400,
        invalid,
        "not valid for this queue type",
    );
    refused(queue.send("x").message_group_id("g h").send().await, 400, invalid, "MessageGroupId");
    queue.send("x").message_group_id("fair").send().await.unwrap();
    let empty = queue.send("x").message_attributes("ErrorDetails", string("")).send().await;
    refused(empty, 400, invalid, "'ErrorDetails' must contain a non-empty value of type 'String'");
    let mut many = queue.send("x");
    for number in 0..11 {
        many = many.message_attributes(format!("a{number}"), string("x"));
    }
    refused(many.send().await, 400, invalid, "exceeds the allowed maximum [10]");
}

#[tokio::test(start_paused = true)]
async fn counts_attributes_towards_the_size() {
    let queue = queue().await;
    let most = "x".repeat(1024 * 1024);
    queue.send(&most).send().await.unwrap();
    let reason = "Message must be shorter than 1048576 bytes.";
    refused(queue.send(&format!("{most}x")).send().await, 400, "InvalidParameterValue", reason);
    queue.set(QueueAttributeName::MaximumMessageSize, "1024").await;
    let reason = "Message must be shorter than 1024 bytes.";
    // `n`, `String` and `v` are eight bytes.
    queue.send(&"x".repeat(1016)).message_attributes("n", string("v")).send().await.unwrap();
    let more = queue.send(&"x".repeat(1017)).message_attributes("n", string("v")).send().await;
    refused(more, 400, "InvalidParameterValue", reason);
    refused(queue.send(&"é".repeat(513)).send().await, 400, "InvalidParameterValue", reason);
}

#[tokio::test(start_paused = true)]
async fn a_message_comes_back_when_its_visibility_runs_out() {
    let queue = queue().await;
    queue.send("again").send().await.unwrap();
    let first = queue.one().await;
    pass(29).await;
    assert_eq!(queue.bodies().await, [""; 0]);
    assert_eq!(queue.counts().await, [0, 1, 0]);
    pass(1).await;
    let second = queue.one().await;
    assert_ne!(first.receipt_handle(), second.receipt_handle());
    assert_eq!(system(&second, System::ApproximateReceiveCount), Some("2"));
    assert_eq!(system(&second, System::ApproximateFirstReceiveTimestamp), Some("1767225600000"));
    // Any of its handles deletes it, and deleting it again is no error.
    queue.delete(&first).await;
    queue.delete(&second).await;
    pass(60).await;
    assert_eq!(queue.bodies().await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_receive_may_hide_for_another_time_than_the_queue() {
    let queue = queue().await;
    queue.send("x").send().await.unwrap();
    queue.receive().visibility_timeout(0).send().await.unwrap();
    queue.receive().visibility_timeout(100).send().await.unwrap();
    pass(99).await;
    assert_eq!(queue.fake.sqs().messages("orders")[0].state, MessageState::InFlight);
    pass(1).await;
    assert_eq!(queue.bodies().await, ["x"]);
    for (receive, what) in [
        (queue.receive().visibility_timeout(-1), "VisibilityTimeout"),
        (queue.receive().visibility_timeout(43_201), "VisibilityTimeout"),
        (queue.receive().max_number_of_messages(0), "MaxNumberOfMessages"),
        (queue.receive().max_number_of_messages(11), "Must be between 1 and 10, if provided."),
        (queue.receive().wait_time_seconds(21), "Must be >= 0 and <= 20, if provided."),
        (queue.receive().receive_request_attempt_id("a"), "not valid for this queue type"),
    ] {
        refused(receive.send().await, 400, "InvalidParameterValue", what);
    }
}

#[tokio::test(start_paused = true)]
async fn extends_and_releases() {
    let queue = queue().await;
    queue.send("x").send().await.unwrap();
    let message = queue.one().await;
    let handle = message.receipt_handle().unwrap();
    pass(20).await;
    change(&queue, handle, 60).await.unwrap();
    pass(59).await;
    assert_eq!(queue.bodies().await, [""; 0]);
    change(&queue, handle, 0).await.unwrap();
    assert_eq!(queue.counts().await, [1, 0, 0]);
    let (status, code, _) = change(&queue, handle, 10).await.unwrap_err();
    assert_eq!((status, code.as_str()), (400, "AWS.SimpleQueueService.MessageNotInflight"));
    let again = queue.one().await;
    // Somebody else's by now; as recorded on AWS, an older handle is as good.
    change(&queue, handle, 10).await.unwrap();
    pass(9).await;
    assert_eq!(queue.counts().await, [0, 1, 0]);
    queue.delete(&again).await;
    let (status, code, message) = change(&queue, again.receipt_handle().unwrap(), 10).await.unwrap_err();
    assert_eq!((status, code.as_str()), (400, "InvalidParameterValue"));
    assert!(message.contains("not available for visibility timeout change"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn nobody_keeps_a_message_for_more_than_twelve_hours() {
    let queue = queue().await;
    queue.send("x").send().await.unwrap();
    let message = queue.one().await;
    let handle = message.receipt_handle().unwrap();
    change(&queue, handle, 43_200).await.unwrap();
    pass(1).await;
    let (_, code, reason) = change(&queue, handle, 43_200).await.unwrap_err();
    assert_eq!(code, "InvalidParameterValue");
    assert!(reason.contains("beyond the limit [43200 seconds]"), "{reason}");
    change(&queue, handle, 43_199).await.unwrap();
    for seconds in [-1, 43_201] {
        assert_eq!(change(&queue, handle, seconds).await.unwrap_err().1, "InvalidParameterValue");
    }
}

#[tokio::test(start_paused = true)]
async fn too_late_a_change_is_taken_and_does_nothing() {
    let queue = queue().await;
    queue.send("x").send().await.unwrap();
    let message = queue.one().await;
    pass(30).await;
    change(&queue, message.receipt_handle().unwrap(), 60).await.unwrap();
    assert_eq!(queue.bodies().await, ["x"]);
}

#[tokio::test(start_paused = true)]
async fn a_handle_is_of_one_queue_and_cannot_be_made_up() {
    let queue = queue().await;
    let other = queue.other("other", &[]).await;
    queue.send("x").send().await.unwrap();
    let message = queue.one().await;
    let handle = message.receipt_handle().unwrap();
    for (url, handle) in
        [(&other.url, handle), (&queue.url, "garbage"), (&queue.url, ""), (&queue.url, "QUJD")]
    {
        let delete = queue.client.delete_message().queue_url(url).receipt_handle(handle).send().await;
        assert!(delete.as_ref().unwrap_err().as_service_error().unwrap().is_receipt_handle_is_invalid());
        refused(delete, 404, "ReceiptHandleIsInvalid", "is not a valid receipt handle");
        let change = queue.client.change_message_visibility().queue_url(url).receipt_handle(handle);
        refused(change.visibility_timeout(1).send().await, 404, "ReceiptHandleIsInvalid", "");
    }
    assert_eq!(queue.counts().await, [0, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn delays_messages() {
    let queue = queue().await;
    queue.send("later").delay_seconds(60).send().await.unwrap();
    queue.set(QueueAttributeName::DelaySeconds, "10").await;
    queue.send("by default").send().await.unwrap();
    queue.send("now").delay_seconds(0).send().await.unwrap();
    assert_eq!(queue.counts().await, [1, 0, 2]);
    assert_eq!(queue.bodies().await, ["now"]);
    pass(10).await;
    assert_eq!(queue.bodies().await, ["by default"]);
    // A standard queue's delay is that of the messages that are sent from then on.
    queue.set(QueueAttributeName::DelaySeconds, "0").await;
    assert_eq!(queue.bodies().await, [""; 0]);
    pass(50).await;
    assert!(queue.bodies().await.contains(&"later".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn forgets_messages_that_are_too_old() {
    let queue = queue().await;
    queue.set(QueueAttributeName::MessageRetentionPeriod, "60").await;
    queue.send("old").send().await.unwrap();
    pass(30).await;
    queue.send("young").send().await.unwrap();
    pass(29).await;
    let messages = queue.messages().await;
    assert_eq!(messages.len(), 2);
    pass(1).await;
    // In flight or not.
    assert_eq!(queue.counts().await, [0, 1, 0]);
    queue.delete(&messages[0]).await;
    pass(30).await;
    assert_eq!(queue.counts().await, [0, 0, 0]);
    queue.set(QueueAttributeName::MessageRetentionPeriod, "1209600").await;
    queue.send("kept").send().await.unwrap();
    pass(1_209_599).await;
    assert_eq!(queue.bodies().await, ["kept"]);
}
