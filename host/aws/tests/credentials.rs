//! Credentials: loaded once, replaced ahead of their expiry, and loaded again when AWS rejects them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use innkeeper_aws::{Class, CredentialsError, Error, Identity, Scope};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use support::{Answer, Asked, Log, error_of, factory, role, scope, signer};
use tracing_subscriber::filter::LevelFilter;

async fn let_background_work_end() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn temporary_credentials_are_replaced_ahead_of_their_expiry_in_the_background() {
    let (aws, factory) = factory();
    let scope = scope(role());
    assert_eq!(signer(&aws, &factory, &scope).await, "ASIA1");
    tokio::time::advance(Duration::from_mins(54)).await;
    assert_eq!(signer(&aws, &factory, &scope).await, "ASIA1");
    assert_eq!(aws.actions().len(), 1);
    // Five minutes and less before the hour: the call that notices does not wait.
    tokio::time::advance(Duration::from_secs(61)).await;
    factory.s3(&scope).await.unwrap().put_object().bucket("bucket").key("k").send().await.unwrap();
    let signed: Vec<_> = aws.asked().iter().filter(|a| !a.is_sts()).filter_map(Asked::signed_with).collect();
    assert_eq!(signed, ["ASIA1", "ASIA1", "ASIA1"]);
    let_background_work_end().await;
    assert_eq!(aws.actions().len(), 2);
    assert_eq!(signer(&aws, &factory, &scope).await, "ASIA2");
}

#[tokio::test(start_paused = true)]
async fn one_refresh_serves_all_who_wait() {
    let (aws, factory) = factory();
    let scope = scope(role());
    signer(&aws, &factory, &scope).await;
    for (minutes, loads) in [(56, 2), (61, 3)] {
        // The second time the keys have expired, and everybody has to wait.
        tokio::time::advance(Duration::from_mins(minutes)).await;
        let calls = (0..1_000).map(|_| {
            let (factory, scope) = (factory.clone(), scope.clone());
            tokio::spawn(async move {
                let s3 = factory.s3(&scope).await.unwrap();
                s3.put_object().bucket("bucket").key("k").send().await.unwrap();
            })
        });
        for call in calls.collect::<Vec<_>>() {
            call.await.unwrap();
        }
        let_background_work_end().await;
        assert_eq!(aws.actions().len(), loads);
    }
}

#[tokio::test(start_paused = true)]
async fn the_old_credentials_go_on_while_they_are_good_if_a_refresh_fails() {
    let log = Log::default();
    let _guard = log.listen(LevelFilter::WARN);
    let (aws, factory) = factory();
    let scope = scope(role());
    signer(&aws, &factory, &scope).await;
    aws.respond(|asked| asked.is_sts().then(|| Answer::sts_error(403, "AccessDenied", "no")));
    tokio::time::advance(Duration::from_mins(56)).await;
    for _ in 0..10 {
        assert_eq!(signer(&aws, &factory, &scope).await, "ASIA1");
        let_background_work_end().await;
    }
    let logged = log.text();
    assert!(logged.contains("WARN") && logged.contains("refreshing credentials failed"), "{logged}");
    assert!(logged.contains("could not be assumed: AWS denied it"), "{logged}");
    // One failure, and then a pause.
    assert_eq!(aws.actions().len(), 2);
    tokio::time::advance(Duration::from_secs(31)).await;
    assert_eq!(signer(&aws, &factory, &scope).await, "ASIA1");
    let_background_work_end().await;
    assert_eq!(aws.actions().len(), 3);
    // When they are no longer good, the failure is that of the call.
    tokio::time::advance(Duration::from_mins(4)).await;
    let s3 = factory.s3(&scope).await.unwrap();
    let error = s3.put_object().bucket("bucket").key("k").send().await.unwrap_err();
    assert!(matches!(Error::in_chain(&error), Some(Error::Role { .. })), "{error:?}");
    // And when the cause is gone, so is the failure.
    aws.respond(|_| None);
    assert_eq!(signer(&aws, &factory, &scope).await, "ASIA2");
}

#[tokio::test(start_paused = true)]
async fn credentials_are_not_used_in_their_last_seconds() {
    let (aws, factory) = factory();
    let scope = scope(role());
    signer(&aws, &factory, &scope).await;
    tokio::time::advance(Duration::from_secs(3595)).await;
    assert_eq!(signer(&aws, &factory, &scope).await, "ASIA2");
}

#[tokio::test(start_paused = true)]
async fn a_load_ends_although_its_caller_gave_up() {
    let (aws, factory) = factory();
    let scope = scope(role());
    {
        let call = factory.s3(&scope);
        let mut call = std::pin::pin!(call);
        for _ in 0..3 {
            assert!(futures::poll!(&mut call).is_pending());
        }
    }
    let_background_work_end().await;
    assert_eq!(aws.actions().len(), 1);
    assert_eq!(signer(&aws, &factory, &scope).await, "ASIA1");
}

fn rejects(rejected: &'static [&'static str]) -> impl Fn(&Asked) -> Option<Answer> + Send + Sync {
    move |asked| {
        let signer = asked.signed_with()?;
        (!asked.is_sts() && rejected.contains(&signer.as_str()))
            .then(|| Answer::s3_error(400, "ExpiredToken"))
    }
}

#[tokio::test(start_paused = true)]
async fn credentials_that_aws_rejects_as_expired_are_loaded_again_and_the_call_succeeds() {
    for class in [Class::STANDARD, Class::PROBE] {
        let (aws, factory) = factory();
        let scope = scope(role()).with_class(class);
        aws.respond(rejects(&["ASIA1"]));
        assert_eq!(signer(&aws, &factory, &scope).await, "ASIA2");
        assert_eq!(aws.actions().len(), 2);
        assert_eq!(signer(&aws, &factory, &scope).await, "ASIA2");
        assert_eq!(aws.actions().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn what_aws_rejects_again_is_reported() {
    let (aws, factory) = factory();
    let scope = scope(role());
    aws.respond(rejects(&["ASIA1", "ASIA2", "ASIA3"]));
    let s3 = factory.s3(&scope).await.unwrap();
    let error = s3.put_object().bucket("bucket").key("k").send().await.unwrap_err();
    assert_eq!(error.as_service_error().unwrap().meta().code(), Some("ExpiredToken"));
    assert_eq!(aws.actions().len(), 2);
    assert_eq!(aws.count(|asked| !asked.is_sts()), 2);
    s3.put_object().bucket("bucket").key("k").send().await.unwrap_err();
    assert_eq!(aws.actions().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_replacement_that_was_accepted_is_replaced_in_its_turn() {
    let (aws, factory) = factory();
    let scope = scope(role());
    aws.respond(rejects(&["ASIA1"]));
    assert_eq!(signer(&aws, &factory, &scope).await, "ASIA2");
    aws.respond(rejects(&["ASIA1", "ASIA2"]));
    assert_eq!(signer(&aws, &factory, &scope).await, "ASIA3");
}

#[tokio::test(start_paused = true)]
async fn many_rejected_calls_cause_one_reload() {
    let (aws, factory) = factory();
    let scope = scope(role());
    signer(&aws, &factory, &scope).await;
    aws.respond(rejects(&["ASIA1"]));
    let calls = (0..100).map(|_| {
        let (factory, scope) = (factory.clone(), scope.clone());
        tokio::spawn(async move {
            let s3 = factory.s3(&scope).await.unwrap();
            s3.put_object().bucket("bucket").key("k").send().await.unwrap();
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    assert_eq!(aws.actions().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn permanent_keys_that_are_rejected_are_read_again_once() {
    let (aws, factory) = factory();
    aws.respond(rejects(&["AKIDENV"]));
    let s3 = factory.s3(&scope(Identity::DefaultChain)).await.unwrap();
    s3.put_object().bucket("bucket").key("k").send().await.unwrap_err();
    assert_eq!(aws.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_role_whose_base_is_rejected_is_assumed_with_new_credentials() {
    let (aws, factory) = factory();
    let other = "arn:aws:iam::123456789012:role/other";
    aws.respond(|asked| {
        (asked.signed_with().as_deref() == Some("ASIA1"))
            .then(|| Answer::sts_error(403, "ExpiredToken", "expired"))
    });
    let chained = Identity::from(role()).assume_role(other);
    assert_eq!(signer(&aws, &factory, &scope(chained)).await, "ASIA3");
    let signed: Vec<_> = aws.asked().iter().filter(|a| a.is_sts()).filter_map(Asked::signed_with).collect();
    assert_eq!(signed, ["AKIDENV", "ASIA1", "AKIDENV", "ASIA2"]);
}

#[tokio::test(start_paused = true)]
async fn errors_when_credentials_have_expired_before_they_are_used() {
    let (aws, factory) = factory();
    let keys = aws.clone();
    aws.respond(move |_| Some(keys.keys("AssumeRole", Duration::ZERO)));
    let error = error_of(&factory, role()).await;
    assert!(
        matches!(&error, Error::Credentials { source, .. } if matches!(**source, CredentialsError::AlreadyExpired)),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_one_load_goes_to_all_who_wait() {
    let (aws, factory) = factory();
    aws.respond(|_| Some(Answer::sts_error(403, "AccessDenied", "no")));
    let failures = Arc::new(AtomicUsize::new(0));
    let calls = (0..100).map(|n| {
        let (factory, failures) = (factory.clone(), Arc::clone(&failures));
        tokio::spawn(async move {
            let scope = Scope::builder().identity(role()).guest(format!("guest{n}")).build().unwrap();
            if factory.s3(&scope).await.is_err() {
                failures.fetch_add(1, Ordering::SeqCst);
            }
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    assert_eq!(failures.load(Ordering::SeqCst), 100);
    assert_eq!(aws.actions().len(), 1);
}
