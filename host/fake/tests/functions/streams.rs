//! `InvokeWithResponseStream`.

use std::time::Duration;

use aws_sdk_lambda::operation::invoke_with_response_stream::InvokeWithResponseStreamOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{
    InvokeWithResponseStreamCompleteEvent, InvokeWithResponseStreamResponseEvent as Event, LogType,
    ResponseStreamingInvocationType,
};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use innkeeper_fake::{FakeAws, Fault, FunctionError, FunctionResponse};
use pretty_assertions::assert_eq;

use crate::aws::{client, echo, pass, refused};

/// The pieces, when they came, and the end.
async fn read(
    mut output: InvokeWithResponseStreamOutput,
) -> (Vec<(String, u64)>, Option<InvokeWithResponseStreamCompleteEvent>) {
    let start = tokio::time::Instant::now();
    let (mut chunks, mut complete) = (Vec::new(), None);
    while let Some(event) = output.event_stream.recv().await.unwrap() {
        match event {
            Event::PayloadChunk(chunk) => {
                let text = String::from_utf8(chunk.payload.unwrap().into_inner()).unwrap();
                chunks.push((text, start.elapsed().as_secs()));
            }
            Event::InvokeComplete(event) => complete = Some(event),
            other => unreachable!("{other:?}"),
        }
    }
    (chunks, complete)
}

fn ticking(fake: &FakeAws) -> innkeeper_fake::LambdaFunction {
    let function = fake.lambda().function("tick", |event| async move {
        let log = event.log.clone();
        let ticks = stream::iter(1..=3).then(move |tick| {
            let log = log.clone();
            async move {
                pass(1).await;
                log.line(format_args!("tick {tick}"));
                if tick == 3 {
                    Err(FunctionError::new("Tired", "enough"))
                } else {
                    Ok(Bytes::from(format!("{tick}")))
                }
            }
        });
        Ok(FunctionResponse::stream(ticks))
    });
    function.unwrap()
}

#[tokio::test(start_paused = true)]
async fn passes_on_the_pieces_as_they_come() {
    let fake = FakeAws::new();
    fake.lambda()
        .function("words", |_| async move { Ok(FunctionResponse::chunks(["one ", "two"])) })
        .unwrap();
    let client = client(&fake);
    let output = client.invoke_with_response_stream().function_name("words").send().await.unwrap();
    assert_eq!((output.status_code(), output.executed_version()), (200, Some("$LATEST")));
    let (chunks, complete) = read(output).await;
    assert_eq!(chunks, [("one ".to_owned(), 0), ("two".to_owned(), 0)]);
    let complete = complete.unwrap();
    assert_eq!((complete.error_code(), complete.log_result()), (None, None));
    assert_eq!(fake.lambda().invocations()[0].outcome.as_ref().unwrap().returned(), Some(&b"one two"[..]));
    // `Invoke` has them in one.
    let whole = client.invoke().function_name("words").send().await.unwrap();
    assert_eq!(whole.payload().unwrap().as_ref(), b"one two");
}

#[tokio::test(start_paused = true)]
async fn a_failure_in_the_middle_stands_at_the_end() {
    let fake = FakeAws::new();
    ticking(&fake).timeout(Duration::from_secs(10));
    let client = client(&fake);
    let invoke = client.invoke_with_response_stream().function_name("tick").log_type(LogType::Tail);
    let (chunks, complete) = read(invoke.send().await.unwrap()).await;
    assert_eq!(chunks, [("1".to_owned(), 1), ("2".to_owned(), 2)]);
    let complete = complete.unwrap();
    assert_eq!(complete.error_code(), Some("Unhandled"));
    assert_eq!(complete.error_details(), Some(r#"{"errorMessage":"enough","errorType":"Tired"}"#));
    let log = BASE64_STANDARD.decode(complete.log_result().unwrap()).unwrap();
    assert!(String::from_utf8(log).unwrap().contains("tick 3\nEND RequestId"));
}

#[tokio::test(start_paused = true)]
async fn the_timeout_is_over_the_whole_stream() {
    let fake = FakeAws::new();
    ticking(&fake).timeout(Duration::from_millis(1500));
    let client = client(&fake);
    let output = client.invoke_with_response_stream().function_name("tick").send().await.unwrap();
    let (chunks, complete) = read(output).await;
    assert_eq!(chunks, [("1".to_owned(), 1)]);
    assert!(complete.unwrap().error_details().unwrap().contains("timed out after 1.50 seconds"));
}

#[tokio::test(start_paused = true)]
async fn a_function_that_fails_at_once_has_no_pieces() {
    let fake = FakeAws::new();
    fake.lambda()
        .function("fail", |_| async move { Err::<Bytes, _>(FunctionError::new("No", "never").handled()) })
        .unwrap();
    let client = client(&fake);
    let output = client.invoke_with_response_stream().function_name("fail").send().await.unwrap();
    let (chunks, complete) = read(output).await;
    assert_eq!(chunks, []);
    assert_eq!(complete.unwrap().error_code(), Some("Handled"));
}

#[tokio::test(start_paused = true)]
async fn refuses_what_invoke_refuses() {
    let (fake, client) = echo();
    let invoke = |function: &str| client.invoke_with_response_stream().function_name(function);
    refused(invoke("missing").send().await, 404, "ResourceNotFoundException", "Function not found");
    refused(
        invoke("echo").payload(Blob::new("{")).send().await,
        400,
        "InvalidRequestContentException",
        "json",
    );
    let event = ResponseStreamingInvocationType::from("Event");
    refused(invoke("echo").invocation_type(event).send().await, 400, "ValidationException", "invocationType");
    assert_eq!(fake.lambda().invocations(), []);
}

#[tokio::test(start_paused = true)]
async fn a_connection_may_be_cut_in_the_middle() {
    let (fake, client) = echo();
    fake.faults().push(Fault::cut_at(20).function("echo"));
    let invoke = client.invoke_with_response_stream().function_name("echo").payload(Blob::new("\"text\""));
    let mut output = invoke.send().await.unwrap();
    output.event_stream.recv().await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_nobody_reads_makes_room() {
    let fake = FakeAws::new();
    ticking(&fake).reserved_concurrency(1).timeout(Duration::from_secs(10));
    let client = client(&fake);
    let invoke = || client.invoke_with_response_stream().function_name("tick").send();
    let first = invoke().await.unwrap();
    refused(invoke().await, 429, "TooManyRequestsException", "Rate Exceeded.");
    drop(first);
    read(invoke().await.unwrap()).await;
}
