//! Retries and limits: each guest's own, as its class says.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use innkeeper_aws::{Class, ClassConfig, Classes, ClientFactory, RetryMode, Scope};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use support::{Answer, Asked, Aws, builder, factory};

fn scope(guest: &str) -> Scope {
    Scope::builder().guest(guest).build().unwrap()
}

async fn put(factory: &ClientFactory, scope: &Scope, bucket: &str) -> bool {
    let s3 = factory.s3(scope).await.unwrap();
    s3.put_object().bucket(bucket).key("k").send().await.is_ok()
}

fn is_s3(asked: &Asked) -> bool {
    asked.host.contains("s3")
}

/// Calls to `failing` always fail, those to any other bucket at the first attempt only.
fn fail(aws: &Aws) {
    let attempts = AtomicUsize::new(0);
    aws.respond(move |asked| {
        let fails =
            asked.host.starts_with("failing.") || attempts.fetch_add(1, Ordering::SeqCst).is_multiple_of(2);
        fails.then(|| Answer::s3_error(503, "ServiceUnavailable"))
    });
}

/// Spends the retry budget of a scope.
async fn exhaust(aws: &Aws, factory: &ClientFactory, scope: &Scope) {
    for _ in 0..150 {
        assert!(!put(factory, scope, "failing").await);
    }
    let before = aws.asked().len();
    assert!(!put(factory, scope, "failing").await);
    assert_eq!(aws.asked().len() - before, 1, "the budget is not spent");
}

#[tokio::test(start_paused = true)]
async fn a_guest_whose_calls_all_fail_does_not_end_the_retries_of_another() {
    let (aws, factory) = factory();
    fail(&aws);
    exhaust(&aws, &factory, &scope("noisy")).await;
    assert!(put(&factory, &scope("quiet"), "working").await);
    // Without a partition of its own, a guest is in that of the noisy one: this is what the test would see.
    assert!(!put(&factory, &scope("noisy"), "working").await);
}

#[tokio::test(start_paused = true)]
async fn a_guest_has_one_budget_whatever_the_class_and_after_its_client_was_cleared() {
    let (aws, factory) = factory();
    fail(&aws);
    exhaust(&aws, &factory, &scope("noisy")).await;
    assert!(!put(&factory, &scope("noisy").with_class(Class::DATA), "working").await);
    fail(&aws);
    factory.clear(&innkeeper_aws::Filter::Guest("noisy".into()));
    assert!(!put(&factory, &scope("noisy"), "working").await);
}

#[tokio::test(start_paused = true)]
async fn a_budget_is_of_one_service_and_one_factory() {
    let (aws, factory) = factory();
    fail(&aws);
    exhaust(&aws, &factory, &scope("noisy")).await;
    fail(&aws);
    factory.sqs(&scope("noisy")).await.unwrap().list_queues().send().await.unwrap();
    let (other_aws, other) = support::factory();
    fail(&other_aws);
    assert!(put(&other, &scope("noisy"), "working").await);
}

#[tokio::test(start_paused = true)]
async fn each_class_has_its_attempts() {
    for (class, attempts) in
        [(Class::STANDARD, 5), (Class::DATA, 3), (Class::LONG, 1), (Class::POLL, 5), (Class::PROBE, 1)]
    {
        for answer in [Answer::s3_error(503, "ServiceUnavailable"), Answer::Broken] {
            let (aws, factory) = factory();
            aws.respond(move |_| Some(answer.clone()));
            assert!(!put(&factory, &scope("guest").with_class(class.clone()), "bucket").await);
            assert_eq!(aws.count(is_s3), attempts, "{class}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_class_has_its_limits() {
    // (class, when a call that is never answered ends)
    for (class, limit) in [(Class::STANDARD, 120), (Class::LONG, 900), (Class::POLL, 120), (Class::PROBE, 5)]
    {
        let (aws, factory) = factory();
        aws.respond(|_| Some(Answer::Never));
        let s3 = factory.s3(&scope("guest").with_class(class.clone())).await.unwrap();
        let start = tokio::time::Instant::now();
        s3.put_object().bucket("bucket").key("k").send().await.unwrap_err();
        assert_eq!(start.elapsed().as_secs(), limit, "{class}");
    }
    // `data` waits for as long as it takes.
    let (aws, factory) = factory();
    aws.respond(|_| Some(Answer::Never));
    let s3 = factory.s3(&scope("guest").with_class(Class::DATA)).await.unwrap();
    let call = s3.get_object().bucket("bucket").key("k").send();
    assert!(tokio::time::timeout(Duration::from_hours(24), call).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_takes_too_long_is_tried_again() {
    let (aws, factory) = factory();
    let attempts = AtomicUsize::new(0);
    aws.respond(move |_| (attempts.fetch_add(1, Ordering::SeqCst) < 2).then_some(Answer::Never));
    let start = tokio::time::Instant::now();
    assert!(put(&factory, &scope("guest"), "bucket").await);
    assert_eq!(aws.count(is_s3), 3);
    assert!((60..70).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_receive_outlasts_its_long_poll() {
    let (aws, factory) = factory();
    let sqs = factory
        .sqs(&scope("guest").with_class(Class::of(innkeeper_aws::Service::Sqs, "ReceiveMessage")))
        .await
        .unwrap();
    aws.respond(|_| Some(Answer::Never));
    let receive =
        sqs.receive_message().queue_url("https://sqs.eu-west-1.amazonaws.com/1/q").wait_time_seconds(20);
    assert!(tokio::time::timeout(Duration::from_secs(29), receive.send()).await.is_err());
    assert_eq!(aws.count(|asked| asked.host.contains("sqs")), 1);
}

#[tokio::test(start_paused = true)]
async fn a_class_of_ones_own_has_its_own_attempts_and_mode() {
    for (mode, attempts) in [(RetryMode::Standard, 2), (RetryMode::Adaptive, 7)] {
        let class = Class::named("own");
        let max_attempts = u32::try_from(attempts).unwrap().try_into().unwrap();
        let config = ClassConfig { max_attempts, retry_mode: mode, ..ClassConfig::standard() };
        let (aws, builder) = builder();
        let classes = Classes::default().with(class.clone(), config).unwrap();
        let factory = builder.classes(classes).build().unwrap();
        aws.respond(|_| Some(Answer::s3_error(503, "ServiceUnavailable")));
        assert!(!put(&factory, &scope("guest").with_class(class), "bucket").await);
        assert_eq!(aws.count(is_s3), attempts);
    }
}

#[tokio::test(start_paused = true)]
async fn the_other_guests_retries_work_while_a_thousand_calls_fail_at_once() {
    let (aws, factory) = factory();
    fail(&aws);
    let factory = Arc::new(factory);
    let noisy: Vec<_> = (0..1_000)
        .map(|_| {
            let factory = Arc::clone(&factory);
            tokio::spawn(async move { put(&factory, &scope("noisy"), "failing").await })
        })
        .collect();
    for call in noisy {
        assert!(!call.await.unwrap());
    }
    assert!(put(&factory, &scope("quiet"), "working").await);
}
