//! Asynchronous invocations.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use aws_sdk_lambda::types::InvocationType as Type;
use innkeeper_fake::{FakeAws, FunctionError, InvocationOutcome, InvocationType};
use pretty_assertions::assert_eq;
use serde_json::Value;

use crate::aws::{client, echo, invoke, pass, refused};

/// A function that fails so many times, and the times at which it was called.
fn failing(fake: &FakeAws, times: u32) -> Arc<std::sync::Mutex<Vec<SystemTime>>> {
    let calls = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (seen, clock) = (Arc::clone(&calls), fake.clone());
    let handler = move |event: innkeeper_fake::FunctionEvent| {
        seen.lock().unwrap().push(clock.now());
        async move {
            if event.attempt <= times { Err(FunctionError::new("Flaky", "again")) } else { Ok(event.payload) }
        }
    };
    fake.lambda().function("flaky", handler).unwrap();
    calls
}

#[tokio::test(start_paused = true)]
async fn an_event_is_accepted_and_runs_later() {
    let (fake, client) = echo();
    let output = invoke(&client, "echo", r#"{"a":1}"#).invocation_type(Type::Event).send().await.unwrap();
    assert_eq!((output.status_code(), output.function_error()), (202, None));
    assert_eq!(output.executed_version(), None);
    assert_eq!(output.payload().map_or(0, |payload| payload.as_ref().len()), 0);
    fake.lambda().idle().await;
    let invocation = fake.lambda().invocations().remove(0);
    assert_eq!((invocation.invocation_type, invocation.attempts), (InvocationType::Event, 1));
    assert_eq!(invocation.outcome.unwrap().returned(), Some(&br#"{"a":1}"#[..]));
    let missing = invoke(&client, "missing", "{}").invocation_type(Type::Event).send().await;
    refused(missing, 404, "ResourceNotFoundException", "");
}

#[tokio::test(start_paused = true)]
async fn a_failed_event_is_tried_twice_more() {
    for (failures, attempts) in [(1, 2), (2, 3), (9, 3)] {
        let fake = FakeAws::new();
        let calls = failing(&fake, failures);
        let start = fake.now();
        invoke(&client(&fake), "flaky", "{}").invocation_type(Type::Event).send().await.unwrap();
        fake.lambda().idle().await;
        let after: Vec<_> =
            calls.lock().unwrap().iter().map(|time| time.duration_since(start).unwrap().as_secs()).collect();
        assert_eq!(after, [0, 60, 180][..attempts], "a minute, then two");
        let invocation = fake.lambda().invocations().remove(0);
        assert_eq!(invocation.attempts as usize, attempts);
        let failed = matches!(invocation.outcome, Some(InvocationOutcome::Failed(_)));
        assert_eq!(failed, failures == 9);
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttled_event_waits() {
    let fake = FakeAws::new();
    let function = fake.lambda().function("busy", |_| async move { Ok(Value::Null) }).unwrap();
    function.reserved_concurrency(0);
    let client = client(&fake);
    invoke(&client, "busy", "{}").invocation_type(Type::Event).send().await.unwrap();
    pass(100).await;
    let waiting = fake.lambda().invocations().remove(0);
    assert_eq!((waiting.attempts, waiting.done), (0, false));
    function.reserved_concurrency(1);
    fake.lambda().idle().await;
    assert_eq!(fake.lambda().invocations()[0].attempts, 1);

    function.reserved_concurrency(0);
    invoke(&client, "busy", "{}").invocation_type(Type::Event).send().await.unwrap();
    let start = tokio::time::Instant::now();
    fake.lambda().idle().await;
    assert!(start.elapsed() > Duration::from_hours(5) && start.elapsed() <= Duration::from_hours(6));
    assert_eq!(fake.lambda().invocations()[1].outcome, Some(InvocationOutcome::Dropped));
}

#[tokio::test(start_paused = true)]
async fn events_run_beside_each_other() {
    let fake = FakeAws::new();
    let most = Arc::new(AtomicU32::new(0));
    let running = Arc::new(AtomicU32::new(0));
    let (seen, now) = (Arc::clone(&most), Arc::clone(&running));
    let handler = move |_| {
        let (seen, now) = (Arc::clone(&seen), Arc::clone(&now));
        async move {
            seen.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            pass(1).await;
            now.fetch_sub(1, Ordering::SeqCst);
            Ok(Value::Null)
        }
    };
    fake.lambda().function("wait", handler).unwrap();
    let client = client(&fake);
    for _ in 0..5 {
        invoke(&client, "wait", "{}").invocation_type(Type::Event).send().await.unwrap();
    }
    fake.lambda().idle().await;
    assert_eq!(most.load(Ordering::SeqCst), 5);
    let changes = FakeAws::new().snapshot().changes_to(&fake.snapshot());
    assert_eq!(changes.lambda.invocations.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_has_lost_its_function_is_dropped() {
    let fake = FakeAws::new();
    let calls = failing(&fake, 9);
    invoke(&client(&fake), "flaky", "{}").invocation_type(Type::Event).send().await.unwrap();
    pass(30).await;
    fake.lambda().remove("flaky");
    fake.lambda().idle().await;
    assert_eq!(calls.lock().unwrap().len(), 1);
    assert!(matches!(fake.lambda().invocations()[0].outcome, Some(InvocationOutcome::Failed(_))));
}
