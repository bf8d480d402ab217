//! Roles: what is sent, on top of what, and why one cannot be assumed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use innkeeper_aws::{AssumeRole, Error, ExternalId, Identity, Region, RoleError, Scope};
use std::time::Duration;
use support::{Answer, ROLE, error_of, factory, role, scope, signer};

type Is = fn(&RoleError) -> bool;

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
