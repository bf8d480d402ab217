//! Every provider of credentials but the shared configuration files.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use innkeeper_aws::{
    Compute, CredentialsError, Environment, Error, Identity, Region, RoleError, Scope, WebIdentity,
};
use std::sync::atomic::{AtomicUsize, Ordering};
use support::{Answer, Asked, ROLE, builder, error_of, scope, signer, variables};

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
    let scope =
        |identity: Identity| Scope::builder().identity(identity).region(region.clone()).build().unwrap();

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
        matches!(&error, Error::Credentials { source, .. } if matches!(**source, CredentialsError::InstanceMetadataNotAllowed { .. })),
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
async fn instance_metadata_that_is_disabled_is_not_asked_on_aws_either() {
    let (aws, builder) = builder();
    aws.respond(instance);
    let environment = variables([("HOME", "/h"), ("AWS_EC2_METADATA_DISABLED", "TRUE")]);
    let factory = builder.environment(environment).compute(Compute::OnAws).build().unwrap();
    let error = error_of(&factory, Identity::InstanceMetadata).await;
    assert!(
        error.display_chain().to_string().ends_with("because `AWS_EC2_METADATA_DISABLED` is set"),
        "{error:?}"
    );
    assert!(matches!(error_of(&factory, Identity::DefaultChain).await, Error::Credentials { .. }));
    assert_eq!(aws.asked().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_containers_endpoint_is_asked_with_its_token() {
    let keys =
        r#"{"AccessKeyId":"ASIAECS","SecretAccessKey":"s","Token":"t","Expiration":"2026-01-01T06:00:00Z"}"#;
    let cases: [(&[(&str, &str)], _, _, _); 4] = [
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
            format!(
                "no credentials for the default chain: the environment sets `{given}` but not `{missing}`"
            )
        );
        assert_eq!(aws.asked().len(), 0);
    }
}
