//! Credentials: loaded once, replaced ahead of their expiry, loaded again when AWS rejects them; and every provider.

mod support;

use innkeeper_aws::{
    AssumeRole, Class, ClientFactory, Compute, CredentialsError, Environment, Error, ExternalId, Identity, Region,
    RoleError, Scope, WebIdentity,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use support::{Answer, Asked, Aws, ROLE, builder, factory, variables};

fn role() -> AssumeRole {
    Identity::DefaultChain.assume_role(ROLE)
}

fn scope(identity: impl Into<Identity>) -> Scope {
    Scope::builder().identity(identity).build().unwrap()
}

/// Makes a call, and says whose keys it was signed with.
async fn signer(aws: &Aws, factory: &ClientFactory, scope: &Scope) -> String {
    factory.s3(scope).await.unwrap().put_object().bucket("bucket").key("k").send().await.unwrap();
    aws.asked().iter().rev().find(|asked| !asked.is_sts()).and_then(Asked::signed_with).unwrap()
}

async fn let_background_work_end() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

async fn error_of(factory: &ClientFactory, identity: impl Into<Identity>) -> Error {
    factory.s3(&scope(identity)).await.unwrap_err()
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
    let (aws, factory) = factory();
    let scope = scope(role());
    signer(&aws, &factory, &scope).await;
    aws.respond(|asked| asked.is_sts().then(|| Answer::sts_error(403, "AccessDenied", "no")));
    tokio::time::advance(Duration::from_mins(56)).await;
    for _ in 0..10 {
        assert_eq!(signer(&aws, &factory, &scope).await, "ASIA1");
        let_background_work_end().await;
    }
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
        (!asked.is_sts() && rejected.contains(&signer.as_str())).then(|| Answer::s3_error(400, "ExpiredToken"))
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
        (asked.signed_with().as_deref() == Some("ASIA1")).then(|| Answer::sts_error(403, "ExpiredToken", "expired"))
    });
    let chained = Identity::from(role()).assume_role(other);
    assert_eq!(signer(&aws, &factory, &scope(chained)).await, "ASIA3");
    let signed: Vec<_> = aws.asked().iter().filter(|a| a.is_sts()).filter_map(Asked::signed_with).collect();
    assert_eq!(signed, ["AKIDENV", "ASIA1", "AKIDENV", "ASIA2"]);
}

#[tokio::test(start_paused = true)]
async fn roles_are_assumed_on_top_of_each_other_and_share_their_base() {
    let (aws, factory) = factory();
    let on_top = |name: &str| {
        Identity::from(AssumeRole { external_id: Some("id".into()), ..role() })
            .assume_role(format!("arn:aws:iam::210987654321:role/{name}"))
    };
    assert_eq!(signer(&aws, &factory, &scope(on_top("a"))).await, "ASIA2");
    assert_eq!(signer(&aws, &factory, &scope(on_top("b"))).await, "ASIA3");
    let sent: Vec<_> = aws
        .asked()
        .iter()
        .filter(|asked| asked.is_sts())
        .map(|asked| (asked.parameter("RoleArn").unwrap(), asked.signed_with().unwrap()))
        .collect();
    let expected = [
        (ROLE, "AKIDENV"),
        ("arn:aws:iam::210987654321:role/a", "ASIA1"),
        ("arn:aws:iam::210987654321:role/b", "ASIA1"),
    ];
    assert_eq!(sent, expected.map(|(role, key)| (role.to_owned(), key.to_owned())));
}

#[tokio::test(start_paused = true)]
async fn everything_of_a_role_is_sent() {
    let (aws, factory) = factory();
    let role = AssumeRole {
        external_id: Some("external".into()),
        session_name: Some("session".into()),
        session_policy: Some("{\"Statement\":[]}".into()),
        duration: Some(Duration::from_mins(20)),
        ..role()
    };
    factory.s3(&scope(role)).await.unwrap();
    let asked = aws.last();
    for (name, value) in [
        ("RoleArn", ROLE),
        ("ExternalId", "external"),
        ("RoleSessionName", "session"),
        ("Policy", "{\"Statement\":[]}"),
        ("DurationSeconds", "1200"),
    ] {
        assert_eq!(asked.parameter(name).as_deref(), Some(value));
    }
}

#[tokio::test(start_paused = true)]
async fn a_role_that_cannot_be_assumed_says_why() {
    let duration = || AssumeRole { duration: Some(Duration::from_hours(12)), ..role() };
    type Is = fn(&RoleError) -> bool;
    let cases: [(&str, u16, AssumeRole, Is); 7] = [
        ("AccessDenied", 403, role(), |e| {
            matches!(e, RoleError::AccessDenied { external_id: ExternalId::NotSent, .. })
        }),
        ("AccessDenied", 403, AssumeRole { external_id: Some("id".into()), ..role() }, |e| {
            matches!(e, RoleError::AccessDenied { external_id: ExternalId::Sent, .. })
        }),
        ("ValidationError", 400, duration(), |e| matches!(e, RoleError::DurationOverMaximum { .. })),
        ("ValidationError", 400, role(), |e| matches!(e, RoleError::Service { .. })),
        ("PackedPolicyTooLarge", 400, role(), |e| matches!(e, RoleError::SessionPolicy { .. })),
        ("RegionDisabledException", 403, role(), |e| matches!(e, RoleError::RegionDisabled { .. })),
        ("ServiceUnavailable", 503, role(), |e| matches!(e, RoleError::Service { .. })),
    ];
    for (code, status, role, is) in cases {
        let (aws, factory) = factory();
        aws.respond(move |_| Some(Answer::sts_error(status, code, "because")));
        match error_of(&factory, role).await {
            Error::Role { role_arn, source } => {
                assert_eq!(role_arn, ROLE);
                assert!(is(&source), "{code}: {source:?}");
            }
            error => panic!("{code}: {error:?}"),
        }
    }
    let (aws, factory) = factory();
    aws.respond(|_| Some(Answer::sts_error(403, "AccessDenied", "not authorized")));
    assert_eq!(
        error_of(&factory, role()).await.display_chain().to_string(),
        format!(
            "role `{ROLE}` could not be assumed: AWS denied it to the default chain (no external id was sent; the \
             role's trust policy may ask for one): AccessDenied: not authorized"
        )
    );
}

#[tokio::test(start_paused = true)]
async fn errors_when_sts_cannot_be_reached_or_never_answers() {
    for answer in [Answer::Broken, Answer::Never] {
        let (aws, factory) = factory();
        aws.respond(move |_| Some(answer.clone()));
        let error = error_of(&factory, role()).await;
        assert!(
            matches!(&error, Error::Role { source, .. } if matches!(**source, RoleError::Connection { .. })),
            "{error:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn errors_when_the_role_is_in_another_partition() {
    let (aws, factory) = factory();
    let scope = Scope::builder().identity(role()).region(Region::new("cn-north-1").unwrap()).build().unwrap();
    let error = factory.s3(&scope).await.unwrap_err();
    assert!(
        matches!(&error, Error::Role { source, .. } if matches!(**source, RoleError::OtherPartition { .. })),
        "{error:?}"
    );
    assert_eq!(aws.asked().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn errors_when_credentials_have_expired_before_they_are_used() {
    let (aws, factory) = factory();
    let keys = aws.clone();
    aws.respond(move |_| Some(keys.keys("AssumeRole", Duration::ZERO)));
    let error = error_of(&factory, role()).await;
    assert!(
        matches!(&error, Error::Credentials { source, .. } if matches!(**source, CredentialsError::AlreadyExpired { .. })),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_web_identity_is_read_anew_for_every_exchange() {
    let (aws, builder) = builder();
    let environment = Environment::fixed([("HOME", "/h")], [("/token", "TOKEN-ONE\n")]);
    let factory = builder.environment(environment).build().unwrap();
    let identity = WebIdentity { role_arn: ROLE.into(), token_file: "/token".into(), session_name: None };
    factory.s3(&scope(Identity::WebIdentity(identity.clone()))).await.unwrap();
    let asked = aws.last();
    assert_eq!(asked.parameter("Action").as_deref(), Some("AssumeRoleWithWebIdentity"));
    assert_eq!(asked.parameter("WebIdentityToken").as_deref(), Some("TOKEN-ONE"));
    assert_eq!(asked.signed_with(), None);

    let missing = WebIdentity { token_file: "/nowhere".into(), ..identity.clone() };
    let error = error_of(&factory, Identity::WebIdentity(missing)).await;
    assert!(error.display_chain().to_string().contains("token file `/nowhere` cannot be read"), "{error:?}");

    aws.respond(|_| Some(Answer::sts_error(400, "ExpiredTokenException", "Token expired")));
    let other = WebIdentity { session_name: Some("other".into()), ..identity };
    let error = error_of(&factory, Identity::WebIdentity(other)).await;
    assert!(
        matches!(&error, Error::Role { source, .. } if matches!(**source, RoleError::WebIdentityToken { .. })),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn instance_metadata_is_never_asked_away_from_aws() {
    let (aws, builder) = builder();
    let environment = variables([("HOME", "/h")]);
    let factory = builder.environment(environment).region(None).build().unwrap();
    let region = Region::new("eu-west-1").unwrap();
    let scope = |identity: Identity| Scope::builder().identity(identity).region(region.clone()).build().unwrap();

    assert!(factory.s3(&Scope::builder().build().unwrap()).await.is_err());
    let error = factory.s3(&scope(Identity::DefaultChain)).await.unwrap_err();
    assert_eq!(
        error.display_chain().to_string(),
        "no credentials for the default chain: none was found: environment: `AWS_ACCESS_KEY_ID` is not set, \
         profile `default`: it is not in `/h/.aws/config` (does not exist), `/h/.aws/credentials` (does not exist), web \
         identity: `AWS_WEB_IDENTITY_TOKEN_FILE` is not set, container: `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` and \
         `_FULL_URI` are not set, instance metadata: not asked, because the host is not said to run on AWS compute"
    );
    let error = factory.s3(&scope(Identity::InstanceMetadata)).await.unwrap_err();
    assert!(
        matches!(&error, Error::Credentials { source, .. } if matches!(**source, CredentialsError::InstanceMetadataNotAllowed)),
        "{error:?}"
    );
    assert_eq!(aws.asked().len(), 0);
}

fn instance(asked: &Asked) -> Option<Answer> {
    if asked.host != "169.254.169.254" {
        return None;
    }
    let body = match (asked.method.as_str(), asked.path.as_str()) {
        ("PUT", "/latest/api/token") => {
            let headers = vec![("x-aws-ec2-metadata-token-ttl-seconds", "21600".to_owned())];
            return Some(Answer::Http { status: 200, headers, body: "SESSION".into() });
        }
        ("GET", "/latest/meta-data/iam/security-credentials/") => "instance-role",
        ("GET", "/latest/meta-data/iam/security-credentials/instance-role") => {
            r#"{"Code":"Success","AccessKeyId":"ASIAIMDS","SecretAccessKey":"s","Token":"t",
               "Expiration":"2026-01-01T06:00:00Z"}"#
        }
        ("GET", "/latest/meta-data/placement/region") => "us-west-2",
        _ => return Some(Answer::s3_error(404, "NotFound")),
    };
    Some(Answer::ok(body))
}

#[tokio::test(start_paused = true)]
async fn instance_metadata_is_the_last_link_on_aws() {
    let (aws, builder) = builder();
    let builder = builder.compute(Compute::OnAws);
    aws.respond(instance);
    let factory = builder.clone().build().unwrap();
    assert_eq!(signer(&aws, &factory, &scope(Identity::DefaultChain)).await, "AKIDENV");
    assert_eq!(aws.count(|asked| asked.host == "169.254.169.254"), 0);
    assert_eq!(signer(&aws, &factory, &scope(Identity::InstanceMetadata)).await, "ASIAIMDS");

    let factory = builder.environment(variables([("HOME", "/h")])).region(None).build().unwrap();
    let scope = scope(Identity::DefaultChain);
    assert_eq!(signer(&aws, &factory, &scope).await, "ASIAIMDS");
    assert_eq!(factory.region(&scope).await.unwrap().as_str(), "us-west-2");
}

#[tokio::test(start_paused = true)]
async fn a_containers_endpoint_is_asked_with_its_token() {
    let keys = r#"{"AccessKeyId":"ASIAECS","SecretAccessKey":"s","Token":"t","Expiration":"2026-01-01T06:00:00Z"}"#;
    let cases: [(&[(&str, &str)], &str, &str, Option<&str>); 4] = [
        (&[("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x?y=1")], "169.254.170.2", "/v2/x", None),
        (
            &[
                ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"),
                ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/token"),
                ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "ignored"),
            ],
            "169.254.170.23",
            "/v1/credentials",
            Some("PODTOKEN"),
        ),
        (&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost:8080/c")], "localhost:8080", "/c", None),
        (
            &[
                ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "https://keys.example/c"),
                ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic x"),
            ],
            "keys.example",
            "/c",
            Some("Basic x"),
        ),
    ];
    for (environment, host, path, token) in cases {
        for identity in [Identity::Container, Identity::DefaultChain] {
            let (aws, builder) = builder();
            let environment = Environment::fixed(environment.iter().copied(), [("/token", "PODTOKEN\n")]);
            let factory = builder.environment(environment).build().unwrap();
            let attempts = AtomicUsize::new(0);
            aws.respond(move |asked| {
                (!asked.host.contains("amazonaws")).then(|| match attempts.fetch_add(1, Ordering::SeqCst) {
                    0 => Answer::s3_error(503, "Unavailable"),
                    _ => Answer::ok(keys),
                })
            });
            assert_eq!(signer(&aws, &factory, &scope(identity)).await, "ASIAECS");
            let asked = &aws.asked()[1];
            assert_eq!((asked.host.as_str(), asked.path.as_str()), (host, path));
            assert_eq!(asked.headers.get("authorization").map(String::as_str), token);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn errors_when_a_containers_endpoint_is_somewhere_else() {
    for (name, value) in [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://evil.example/"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.169.254/"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost.evil.example/"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost@evil.example/"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "file:///etc/passwd"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "nonsense"),
        ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@evil.example/"),
        ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", ":80@evil.example/"),
    ] {
        let (aws, builder) = builder();
        let factory = builder.environment(variables([(name, value)])).build().unwrap();
        let error = error_of(&factory, Identity::Container).await;
        assert!(
            matches!(&error, Error::Credentials { source, .. } if matches!(**source, CredentialsError::Container(_))),
            "{value}: {error:?}"
        );
        assert_eq!(aws.asked().len(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn half_given_keys_are_an_error_although_there_are_others() {
    for (given, missing) in
        [("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID")]
    {
        let (aws, builder) = builder();
        let files = [("/h/.aws/credentials", "[default]\naws_access_key_id = A\naws_secret_access_key = S")];
        let environment = Environment::fixed([("HOME", "/h"), (given, "value"), (missing, " ")], files);
        let factory = builder.environment(environment).build().unwrap();
        let error = error_of(&factory, Identity::DefaultChain).await;
        assert_eq!(
            error.display_chain().to_string(),
            format!("no credentials for the default chain: the environment sets `{given}` but not `{missing}`")
        );
        assert_eq!(aws.asked().len(), 0);
    }
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
