//! Clients: built once, kept apart, cleared and evicted.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use innkeeper_aws::{
    AddressingStyle, AssumeRole, Class, ClassConfig, Classes, ClientFactory, ConfigurationError, Endpoint,
    Error, Filter, Identity, Region, Scope, Service, StaticKeys,
};
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;
use support::{Answer, ROLE, builder, factory};

fn scope() -> innkeeper_aws::ScopeBuilder {
    Scope::builder().guest("guest")
}

async fn put(factory: &ClientFactory, scope: &Scope) {
    factory.s3(scope).await.unwrap().put_object().bucket("bucket").key("k").send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_thousand_tasks_cause_one_load_and_one_build() {
    let (aws, factory) = factory();
    let scope = scope().identity(Identity::DefaultChain.assume_role(ROLE)).build().unwrap();
    let tasks: Vec<_> = (0..10_000)
        .map(|_| {
            let (factory, scope) = (factory.clone(), scope.clone());
            tokio::spawn(async move { factory.s3(&scope).await.map(drop) })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(aws.actions(), ["AssumeRole"]);
    let stats = factory.stats();
    assert_eq!((stats.builds, stats.live_clients, stats.live_sessions), (1, 1, 1));
    assert_eq!(stats.hits + stats.misses, 10_000);
}

#[tokio::test]
async fn nothing_is_asked_before_the_first_getter() {
    let (aws, factory) = factory();
    let scope = scope().identity(Identity::DefaultChain.assume_role(ROLE)).build().unwrap();
    assert_eq!(aws.asked().len(), 0);
    assert_eq!(factory.region(&scope).await.unwrap().as_str(), "eu-west-1");
    assert_eq!(aws.asked().len(), 0);
}

#[tokio::test]
async fn scopes_that_differ_never_share_a_client() {
    let (aws, builder) = builder();
    let classes = Classes::default().with(Class::named("own"), ClassConfig::standard()).unwrap();
    let factory = builder.classes(classes).build().unwrap();
    let role = || Identity::DefaultChain.assume_role(ROLE);
    let other_role = "arn:aws:iam::123456789012:role/other";
    let scopes = [
        scope().identity(role()),
        scope().identity(Identity::DefaultChain.assume_role(other_role)),
        scope().identity(AssumeRole { external_id: Some("one".into()), ..role() }),
        scope().identity(AssumeRole { external_id: Some("two".into()), ..role() }),
        scope().identity(AssumeRole { session_policy: Some("{\"a\":1}".into()), ..role() }),
        scope().identity(AssumeRole { session_policy: Some("{\"a\":2}".into()), ..role() }),
        scope().identity(AssumeRole { session_name: Some("name".into()), ..role() }),
        scope().identity(AssumeRole { duration: Some(Duration::from_mins(20)), ..role() }),
        scope().identity(Identity::Static(StaticKeys::new("AKID", "one"))),
        scope().identity(Identity::Static(StaticKeys::new("AKID", "two"))),
    ];
    for scope in &scopes {
        put(&factory, &scope.clone().build().unwrap()).await;
    }
    // Eight of them are roles, each of which was assumed for itself, with what is its own.
    assert_eq!(aws.actions().len(), 8);
    let sent: Vec<_> = aws
        .asked()
        .iter()
        .filter(|asked| asked.is_sts())
        .map(|asked| {
            ["RoleArn", "ExternalId", "Policy", "RoleSessionName", "DurationSeconds"]
                .map(|name| asked.parameter(name))
        })
        .collect();
    let distinct: std::collections::BTreeSet<_> = sent.iter().collect();
    assert_eq!(distinct.len(), 8, "{sent:#?}");
    // And each call was signed with the keys of its own role.
    let signed: Vec<_> =
        aws.asked().iter().filter(|asked| !asked.is_sts()).filter_map(support::Asked::signed_with).collect();
    let expected: Vec<String> =
        (1..=8).map(|n| format!("ASIA{n}")).chain(["AKID".into(), "AKID".into()]).collect();
    assert_eq!(signed, expected);
    assert_eq!(factory.stats().live_clients, 10);
}

#[tokio::test]
async fn region_endpoint_and_class_have_their_own_clients_and_guests_share_credentials() {
    let (aws, factory) = factory();
    let role = || Identity::DefaultChain.assume_role(ROLE);
    let endpoint = || Endpoint::new("http://localhost:9000").unwrap();
    for (scope, host, path) in [
        (scope().identity(role()), "bucket.s3.eu-west-1.amazonaws.com", "/k"),
        (scope().identity(role()).guest("other"), "bucket.s3.eu-west-1.amazonaws.com", "/k"),
        (scope().identity(role()).class(Class::DATA), "bucket.s3.eu-west-1.amazonaws.com", "/k"),
        (
            scope()
                .identity(role())
                .region(Region::new("us-gov-west-1").unwrap())
                .identity(Identity::DefaultChain),
            "bucket.s3.us-gov-west-1.amazonaws.com",
            "/k",
        ),
        (scope().endpoint(endpoint()), "localhost:9000", "/bucket/k"),
        (
            scope().endpoint(endpoint().with_style(AddressingStyle::VirtualHost)),
            "bucket.localhost:9000",
            "/k",
        ),
    ] {
        put(&factory, &scope.build().unwrap()).await;
        let asked = aws.last();
        assert_eq!((asked.host.as_str(), asked.path.as_str()), (host, path));
    }
    assert_eq!(factory.stats().live_clients, 6);
    // One load for the three scopes of the role.
    assert_eq!(aws.actions(), ["AssumeRole"]);
}

#[tokio::test]
async fn credentials_are_shared_between_regions_and_services() {
    let (aws, factory) = factory();
    let role = || Identity::DefaultChain.assume_role(ROLE);
    let here = scope().identity(role()).build().unwrap();
    let there = here.with_region(Region::new("us-east-1").unwrap());
    for scope in [&here, &there] {
        factory.s3(scope).await.unwrap();
        factory.sqs(scope).await.unwrap();
        factory.lambda(scope).await.unwrap();
        factory.sts(scope).await.unwrap();
    }
    assert_eq!(aws.actions(), ["AssumeRole"]);
    assert_eq!(aws.last().host, "sts.eu-west-1.amazonaws.com");
    let stats = factory.stats();
    assert_eq!((stats.live_clients, stats.live_sessions), (8, 2));
}

#[tokio::test]
async fn a_role_is_assumed_at_the_endpoint_and_never_shared_with_the_real_one() {
    let (aws, factory) = factory();
    let role = || Identity::DefaultChain.assume_role(ROLE);
    put(&factory, &scope().identity(role()).build().unwrap()).await;
    let endpoint = Endpoint::new("http://localhost:4566").unwrap();
    put(&factory, &scope().identity(role()).endpoint(endpoint).build().unwrap()).await;
    let hosts: Vec<_> = aws.asked().iter().map(|asked| asked.host.clone()).collect();
    assert_eq!(
        hosts,
        [
            "sts.eu-west-1.amazonaws.com",
            "bucket.s3.eu-west-1.amazonaws.com",
            "localhost:4566",
            "localhost:4566"
        ]
    );
}

#[tokio::test]
async fn an_anonymous_scope_is_not_signed() {
    let (aws, factory) = factory();
    put(&factory, &scope().identity(Identity::Anonymous).build().unwrap()).await;
    assert_eq!(aws.last().signed_with(), None);
    put(&factory, &scope().build().unwrap()).await;
    assert_eq!(aws.last().signed_with().as_deref(), Some("AKIDENV"));
}

#[tokio::test]
async fn a_caller_is_named_by_account_arn_and_region() {
    let (aws, factory) = factory();
    let scope =
        scope().identity(Identity::DefaultChain.assume_role(ROLE)).class(Class::PROBE).build().unwrap();
    let caller = factory.caller_identity(&scope).await.unwrap();
    assert_eq!(caller.account, "123456789012");
    assert_eq!(caller.arn, "arn:aws:sts::123456789012:assumed-role/r/ASIA1");
    assert_eq!(caller.region.as_str(), "eu-west-1");
    assert_eq!(aws.actions(), ["AssumeRole", "GetCallerIdentity"]);
    assert_eq!(aws.asked().len(), 2);
}

#[tokio::test]
async fn errors_when_the_caller_cannot_be_named() {
    let (aws, factory) = factory();
    aws.respond(|_| Some(Answer::sts_error(403, "InvalidClientTokenId", "The security token is invalid.")));
    let error = factory.caller_identity(&scope().build().unwrap()).await.unwrap_err();
    assert!(matches!(&error, Error::Service { code, .. } if code == "InvalidClientTokenId"), "{error:?}");
    aws.respond(|_| Some(Answer::Broken));
    let error = factory.caller_identity(&scope().class(Class::PROBE).build().unwrap()).await.unwrap_err();
    assert!(matches!(error, Error::Connection { .. }), "{error:?}");
    assert_eq!(
        error.display_chain().to_string(),
        "no answer from STS (GetCallerIdentity): connection reset by peer"
    );
}

#[tokio::test]
async fn errors_when_the_class_is_unknown() {
    let (_, factory) = factory();
    let error = factory.s3(&scope().class(Class::named("fast")).build().unwrap()).await.unwrap_err();
    assert!(matches!(error, Error::Configuration(ConfigurationError::UnknownClass { .. })));
    assert_eq!(factory.stats().live_clients, 0);
}

#[tokio::test]
async fn clients_are_cleared_by_service_region_guest_or_all() {
    let (aws, factory) = factory();
    let one = scope().identity(Identity::DefaultChain.assume_role(ROLE)).guest("one").build().unwrap();
    let two = scope().guest("two").region(Region::new("us-east-1").unwrap()).build().unwrap();
    let fill = async || {
        for scope in [&one, &two] {
            factory.s3(scope).await.unwrap();
            factory.sqs(scope).await.unwrap();
        }
        let stats = factory.stats();
        assert_eq!((stats.live_clients, stats.live_sessions), (4, 2));
    };
    let live = || (factory.stats().live_clients, factory.stats().live_sessions);

    fill().await;
    assert_eq!(factory.clear(&Filter::Service(Service::Sqs)), 2);
    assert_eq!(live(), (2, 2));
    fill().await;
    // The credentials of the role are still those of its S3 client.
    assert_eq!(aws.actions().len(), 1);
    assert_eq!(factory.clear(&Filter::Region(Region::new("us-east-1").unwrap())), 2);
    assert_eq!(live(), (2, 1));
    fill().await;
    assert_eq!(aws.actions().len(), 1);
    assert_eq!(factory.clear(&Filter::Guest("one".into())), 2);
    assert_eq!(live(), (2, 1));
    fill().await;
    assert_eq!(aws.actions().len(), 2);
    assert_eq!(factory.clear(&Filter::Guest("nobody".into())), 0);
    assert_eq!(live(), (4, 2));
    assert_eq!(factory.clear(&Filter::All), 4);
    assert_eq!(live(), (0, 0));
    fill().await;
    assert_eq!(aws.actions().len(), 3);
}

#[tokio::test]
async fn a_call_in_flight_on_a_cleared_client_finishes() {
    let (aws, factory) = factory();
    let scope = scope().identity(Identity::DefaultChain.assume_role(ROLE)).build().unwrap();
    let (seen, go) =
        (Arc::new(tokio::sync::Notify::new()), Arc::new(std::sync::atomic::AtomicBool::new(false)));
    let client = factory.s3(&scope).await.unwrap();
    {
        let (seen, go) = (Arc::clone(&seen), Arc::clone(&go));
        // Unavailable, and so tried again, until the client has been cleared.
        aws.respond(move |asked| {
            (asked.host.starts_with("bucket.s3") && !go.load(std::sync::atomic::Ordering::SeqCst)).then(
                || {
                    seen.notify_one();
                    Answer::s3_error(503, "SlowDown")
                },
            )
        });
    }
    let call = tokio::spawn(async move { client.put_object().bucket("bucket").key("k").send().await });
    seen.notified().await;
    assert_eq!(factory.clear(&Filter::All), 1);
    go.store(true, std::sync::atomic::Ordering::SeqCst);
    call.await.unwrap().unwrap();
    assert_eq!(aws.actions().len(), 1);
    assert_eq!(factory.stats().live_clients, 0);
}

#[tokio::test]
async fn idle_clients_are_evicted_past_a_bound_and_come_back() {
    let (_, builder) = builder();
    let two = NonZeroU64::new(2).unwrap();
    let factory = builder.max_clients(two).max_sessions(two).build().unwrap();
    for guest in ["one", "two", "three", "four"] {
        put(&factory, &scope().guest(guest).build().unwrap()).await;
        assert!(factory.stats().live_clients <= 2);
    }
    assert_eq!(factory.stats().evictions, 2);
    put(&factory, &scope().guest("one").build().unwrap()).await;
    let stats = factory.stats();
    assert_eq!((stats.builds, stats.live_clients, stats.live_sessions), (5, 2, 1));
}

#[tokio::test]
async fn a_failure_is_not_kept() {
    let (aws, factory) = factory();
    let scope = scope().identity(Identity::DefaultChain.assume_role(ROLE)).build().unwrap();
    aws.respond(|_| Some(Answer::sts_error(403, "AccessDenied", "no")));
    assert!(factory.s3(&scope).await.is_err());
    aws.respond(|_| None);
    factory.s3(&scope).await.unwrap();
}

#[tokio::test]
async fn a_thousand_tasks_on_a_hundred_scopes_with_clears_between_them_get_their_own_keys() {
    let (_, factory) = factory();
    let tasks: Vec<_> = (0..1_000_usize)
        .map(|n| {
            let factory = factory.clone();
            tokio::spawn(async move {
                let guest = n % 100;
                let keys = StaticKeys::new(format!("AKID{guest}"), "secret");
                let scope = Scope::builder()
                    .identity(Identity::Static(keys))
                    .guest(format!("g{guest}"))
                    .build()
                    .unwrap();
                if n % 50 == 0 {
                    factory.clear(&Filter::Guest(format!("g{guest}")));
                }
                let caller = factory.caller_identity(&scope).await.unwrap();
                assert_eq!(caller.arn, format!("arn:aws:sts::123456789012:assumed-role/r/AKID{guest}"));
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}
