//! Sizes and concurrency.

use std::time::Duration;

use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::error::ProvideErrorMetadata as _;
use aws_sdk_lambda::operation::invoke::InvokeError;
use aws_sdk_lambda::types::{InvocationType as Type, ThrottleReason};
use innkeeper_fake::FakeAws;
use pretty_assertions::assert_eq;
use serde_json::Value;

use crate::aws::{client, client_of, config, echo, invoke, pass, payload, refused};

fn document(length: usize) -> String {
    format!("\"{}\"", "x".repeat(length - 2))
}

#[tokio::test(start_paused = true)]
async fn takes_payloads_up_to_the_limit() {
    let (fake, client) = echo();
    let sync = 6 * 1024 * 1024;
    invoke(&client, "echo", &document(sync)).send().await.unwrap();
    let more = invoke(&client, "echo", &document(sync + 1)).send().await;
    assert!(more.as_ref().unwrap_err().as_service_error().unwrap().is_request_too_large_exception());
    refused(
        more,
        413,
        "RequestTooLargeException",
        "smaller than 6291456 bytes for the InvokeFunction operation",
    );
    let event = |length| invoke(&client, "echo", &document(length)).invocation_type(Type::Event).send();
    event(1024 * 1024).await.unwrap();
    refused(event(1024 * 1024 + 1).await, 413, "RequestTooLargeException", "smaller than 1048576 bytes");
    fake.lambda().idle().await;
    let invalid = invoke(&client, "echo", "{").send().await;
    assert!(invalid.as_ref().unwrap_err().as_service_error().unwrap().is_invalid_request_content_exception());
    refused(invalid, 400, "InvalidRequestContentException", "Could not parse request body into json");
    assert_eq!(fake.lambda().invocations().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_answer_over_the_limit_is_an_error_of_the_function() {
    let fake = FakeAws::new();
    fake.lambda()
        .function("long", |event| async move {
            let length: usize = event.json()?;
            Ok(document(length))
        })
        .unwrap();
    let client = client(&fake);
    let most = invoke(&client, "long", "6291556").send().await.unwrap();
    assert_eq!((most.function_error(), most.payload().unwrap().as_ref().len()), (None, 6_291_556));
    let more = invoke(&client, "long", "6291557").send().await.unwrap();
    assert_eq!((more.status_code(), more.function_error()), (200, Some("Unhandled")));
    assert_eq!(payload(&more)["errorType"], "Function.ResponseSizeTooLarge");
    let message = "Response payload size exceeded maximum allowed payload size (6291556 bytes).";
    assert_eq!(payload(&more)["errorMessage"], message);
}

fn sleeper(fake: &FakeAws, name: &str) -> innkeeper_fake::LambdaFunction {
    let function = fake.lambda().function(name, |_| async move {
        pass(10).await;
        Ok(Value::Null)
    });
    function.unwrap().timeout(Duration::from_mins(1))
}

fn reason(error: &InvokeError) -> Option<ThrottleReason> {
    match error {
        InvokeError::TooManyRequestsException(error) => error.reason.clone(),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn throttles_a_function_at_its_own_limit() {
    let fake = FakeAws::new();
    sleeper(&fake, "sleep").reserved_concurrency(1);
    let client = client(&fake);
    let running = tokio::spawn(invoke(&client, "sleep", "{}").send());
    pass(1).await;
    let error = invoke(&client, "sleep", "{}").send().await.unwrap_err().into_service_error();
    assert_eq!(reason(&error), Some(ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded));
    assert_eq!(error.message(), Some("Rate Exceeded."));
    running.await.unwrap().unwrap();
    invoke(&client, "sleep", "{}").send().await.unwrap();
    // A throttled call has not been an invocation.
    assert_eq!(fake.lambda().invocations().len(), 2);
    // The SDK waits and tries again by itself.
    let running = tokio::spawn(invoke(&client, "sleep", "{}").send());
    pass(1).await;
    let retry = RetryConfig::standard().with_max_attempts(10);
    let retrying = client_of(config(&fake, "eu-west-1").retry_config(retry));
    invoke(&retrying, "sleep", "{}").send().await.unwrap();
    running.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn throttles_all_functions_at_the_limit_of_the_account() {
    let fake = FakeAws::new();
    sleeper(&fake, "one");
    sleeper(&fake, "two");
    sleeper(&fake, "reserved").reserved_concurrency(1);
    fake.lambda().set_account_concurrency(2);
    let client = client(&fake);
    let running = tokio::spawn(invoke(&client, "one", "{}").send());
    pass(1).await;
    let error = invoke(&client, "two", "{}").send().await.unwrap_err().into_service_error();
    assert_eq!(reason(&error), Some(ThrottleReason::ConcurrentInvocationLimitExceeded));
    invoke(&client, "reserved", "{}").send().await.unwrap();
    running.await.unwrap().unwrap();
    invoke(&client, "two", "{}").send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_makes_room() {
    let fake = FakeAws::new();
    sleeper(&fake, "sleep").reserved_concurrency(1);
    let client = client(&fake);
    let running = tokio::spawn(invoke(&client, "sleep", "{}").send());
    pass(1).await;
    running.abort();
    running.await.unwrap_err();
    invoke(&client, "sleep", "{}").send().await.unwrap();
}
