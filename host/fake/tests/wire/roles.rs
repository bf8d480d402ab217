#![expect(clippy::disallowed_methods, reason = "these tests are about what lies under a client")]

use std::time::Duration;

use aws_sdk_s3::config::Credentials;
use aws_sdk_sts::config::{BehaviorVersion, Region};
use aws_sdk_sts::types::Tag;
use http::StatusCode;
use innkeeper_fake::{FakeAws, Fault, Role, Service};

use crate::aws::{HOUR, client_of, coded, config, error, send, send_unsigned, signature, text};

const ROLE: &str = "arn:aws:iam::123456789012:role/path/reader";

fn sts(fake: &FakeAws, credentials: Credentials) -> aws_sdk_sts::Client {
    let config = aws_sdk_sts::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(credentials)
        .http_client(fake.http_client())
        .time_source(fake.time_source())
        .sleep_impl(fake.sleep())
        .build();
    aws_sdk_sts::Client::from_conf(config)
}

fn user() -> Credentials {
    Credentials::from_keys("AKIDEXAMPLE", "secret", None)
}

async fn assume(fake: &FakeAws) -> Credentials {
    let assumed =
        sts(fake, user()).assume_role().role_arn(ROLE).role_session_name("guest").send().await.unwrap();
    let credentials = assumed.credentials().unwrap();
    let token = Some(credentials.session_token().to_owned());
    Credentials::new(credentials.access_key_id(), credentials.secret_access_key(), token, None, "test")
}

#[tokio::test(start_paused = true)]
async fn issues_a_session_and_records_it() {
    let fake = FakeAws::new();
    let policy = r#"{"Version":"2012-10-17","Statement":[]}"#;
    let assumed = sts(&fake, user())
        .assume_role()
        .role_arn(ROLE)
        .role_session_name("guest")
        .duration_seconds(900)
        .policy(policy)
        .external_id("external")
        .tags(Tag::builder().key("team").value("a&b").build().unwrap())
        .send()
        .await
        .unwrap();
    let credentials = assumed.credentials().unwrap();
    assert!(credentials.access_key_id().starts_with("ASIA") && credentials.access_key_id().len() == 20);
    assert_eq!(credentials.secret_access_key().len(), 40);
    assert_eq!(credentials.expiration().secs(), 1_767_225_600 + 900);
    let user = assumed.assumed_role_user().unwrap();
    assert_eq!(user.arn(), "arn:aws:sts::123456789012:assumed-role/reader/guest");

    let session = fake.sts().sessions().pop().unwrap();
    assert_eq!(session.caller, "AKIDEXAMPLE");
    assert_eq!(session.access_key_id, credentials.access_key_id());
    assert_eq!((session.role_arn.as_str(), session.session_name.as_str()), (ROLE, "guest"));
    assert_eq!((session.policy.as_deref(), session.external_id.as_deref()), (Some(policy), Some("external")));
    assert_eq!(session.tags["team"], "a&b");
    assert_eq!(session.expires.duration_since(session.issued).unwrap(), Duration::from_mins(15));
    assert!(!format!("{fake:?} {session:?} {:?}", fake.sts()).contains(credentials.secret_access_key()));
    assert!(!format!("{:?}", fake.sts()).contains(credentials.session_token()));
    let call = fake.calls().pop().unwrap();
    assert_eq!(
        (call.service.as_str(), call.operation.as_str(), call.status),
        ("sts", "AssumeRole", Some(200))
    );
}

#[tokio::test(start_paused = true)]
async fn says_who_is_calling() {
    let fake = FakeAws::new();
    let identity = sts(&fake, user()).get_caller_identity().send().await.unwrap();
    assert_eq!(identity.account(), Some("000000000000"));
    assert_eq!(identity.arn(), Some("arn:aws:iam::000000000000:user/fake"));
    let session = assume(&fake).await;
    let identity = sts(&fake, session).get_caller_identity().send().await.unwrap();
    assert_eq!(identity.arn(), Some("arn:aws:sts::123456789012:assumed-role/reader/guest"));
}

#[tokio::test(start_paused = true)]
async fn a_user_gets_a_session_of_its_own() {
    let fake = FakeAws::builder().identity("AKIDEXAMPLE", "secret").identity("AKIDOTHER", "other").build();
    fake.s3().create_bucket("bucket").unwrap();
    let get = async |user: Credentials| {
        let got = sts(&fake, user).get_session_token().duration_seconds(900).send().await.unwrap();
        let credentials = got.credentials.unwrap();
        assert_eq!(credentials.expiration().secs(), 1_767_225_600 + 900);
        let token = Some(credentials.session_token().to_owned());
        Credentials::new(credentials.access_key_id(), credentials.secret_access_key(), token, None, "test")
    };
    let (own, other) = (get(user()).await, get(Credentials::from_keys("AKIDOTHER", "other", None)).await);
    for (session, user) in [(&own, "AKIDEXAMPLE"), (&other, "AKIDOTHER")] {
        let secret = if user == "AKIDOTHER" { "other" } else { "secret" };
        let long_term = Credentials::from_keys(user, secret, None);
        let of_user = sts(&fake, long_term).get_caller_identity().send().await.unwrap();
        let of_session = sts(&fake, session.clone()).get_caller_identity().send().await.unwrap();
        assert_eq!(
            (of_session.arn(), of_session.account(), of_session.user_id()),
            (of_user.arn(), of_user.account(), of_user.user_id())
        );
    }
    // It may do what its user may, and no more.
    let s3 = |credentials: &Credentials| client_of(config(&fake).credentials_provider(credentials.clone()));
    let list =
        async |credentials: &Credentials| s3(credentials).list_objects_v2().bucket("bucket").send().await;
    list(&own).await.unwrap();
    assert_eq!(error(list(&other).await), coded(403, "AccessDenied"));
    let wrong =
        Credentials::new(own.access_key_id(), "wrong", own.session_token().map(str::to_owned), None, "test");
    assert_eq!(error(list(&wrong).await), coded(403, "SignatureDoesNotMatch"));
    // One session does not lead to the next.
    assert_eq!(error(sts(&fake, own.clone()).get_session_token().send().await), coded(403, "AccessDenied"));
    let long = sts(&fake, user()).get_session_token().duration_seconds(129_601).send().await;
    assert_eq!(error(long), coded(400, "ValidationError"));
    assert!(fake.sts().sessions().is_empty(), "they are of no role");
    tokio::time::advance(Duration::from_mins(15)).await;
    assert_eq!(error(list(&own).await), coded(400, "ExpiredToken"));
}

#[tokio::test(start_paused = true)]
async fn what_comes_without_a_signature_is_said_not_to_be_there() {
    let fake = FakeAws::new();
    let client = sts(&fake, user());
    let web = client.assume_role_with_web_identity().role_arn(ROLE).role_session_name("guest");
    let web = web.web_identity_token("token").send().await;
    assert_eq!(error(web), coded(501, "NotImplemented"));
    let saml = client
        .assume_role_with_saml()
        .role_arn(ROLE)
        .principal_arn("arn:aws:iam::123456789012:saml-provider/x");
    assert_eq!(error(saml.saml_assertion("assertion").send().await), coded(501, "NotImplemented"));
    assert_eq!(error(client.get_federation_token().name("guest").send().await), coded(501, "NotImplemented"));
    // All else has to be signed.
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for body in ["Action=AssumeRole&Version=2011-06-15", "Action=GetSessionToken", "Action=Nothing"] {
        let answer = send_unsigned(&fake, "POST", "https://sts.eu-west-1.amazonaws.com/", &form, body).await;
        assert_eq!(answer.status().as_u16(), 403);
        assert!(text(answer).await.contains("<Code>MissingAuthenticationToken</Code>"), "{body}");
    }
    assert!(fake.sts().sessions().is_empty());
}

#[tokio::test(start_paused = true)]
async fn sessions_expire_by_the_clock() {
    let fake = FakeAws::new();
    fake.s3().create_bucket("bucket").unwrap();
    let session = assume(&fake).await;
    let s3 = client_of(config(&fake).credentials_provider(session.clone()));
    s3.list_objects_v2().bucket("bucket").send().await.unwrap();
    assert_eq!(fake.calls().pop().unwrap().access_key_id.as_deref(), Some(session.access_key_id()));
    tokio::time::advance(HOUR).await;
    assert_eq!(error(s3.list_objects_v2().bucket("bucket").send().await), coded(400, "ExpiredToken"));
    let sts = sts(&fake, session);
    assert_eq!(error(sts.get_caller_identity().send().await), coded(403, "ExpiredTokenException"));
}

#[tokio::test(start_paused = true)]
async fn a_session_without_its_token_is_none() {
    let fake = FakeAws::new();
    fake.s3().create_bucket("bucket").unwrap();
    let session = assume(&fake).await;
    let stolen = Credentials::new(session.access_key_id(), session.secret_access_key(), None, None, "test");
    let s3 = client_of(config(&fake).credentials_provider(stolen));
    assert_eq!(error(s3.list_objects_v2().bucket("bucket").send().await), coded(400, "InvalidToken"));
}

#[tokio::test(start_paused = true)]
async fn holds_a_role_to_its_conditions() {
    let fake = FakeAws::new();
    fake.sts().add_role(Role::new(ROLE).external_id("secret").max_session_duration(2 * HOUR));
    fake.sts().add_role(Role::new("arn:aws:iam::123456789012:role/closed").denied());
    let sts = sts(&fake, user());
    let assume = || sts.assume_role().role_arn(ROLE).role_session_name("guest");
    assume().external_id("secret").duration_seconds(7200).send().await.unwrap();
    assert_eq!(error(assume().send().await), coded(403, "AccessDenied"));
    assert_eq!(error(assume().external_id("other").send().await), coded(403, "AccessDenied"));
    let longer = assume().external_id("secret").duration_seconds(7201).send().await;
    assert_eq!(error(longer), coded(400, "ValidationError"));
    let closed =
        sts.assume_role().role_arn("arn:aws:iam::123456789012:role/closed").role_session_name("guest");
    assert_eq!(error(closed.send().await), coded(403, "AccessDenied"));
}

#[tokio::test(start_paused = true)]
async fn refuses_malformed_requests() {
    let fake = FakeAws::new();
    let sts = sts(&fake, user());
    let assume = |arn: &str, name: &str| sts.assume_role().role_arn(arn).role_session_name(name);
    assert_eq!(error(assume("reader", "guest").send().await), coded(400, "ValidationError"));
    assert_eq!(error(assume(ROLE, "a b").send().await), coded(400, "ValidationError"));
    assert_eq!(error(assume(ROLE, "guest").duration_seconds(1).send().await), coded(400, "ValidationError"));
    let policy = assume(ROLE, "guest").policy("{").send().await;
    assert!(
        policy.as_ref().unwrap_err().as_service_error().unwrap().is_malformed_policy_document_exception()
    );
    let large = format!(r#"{{"Statement":"{}"}}"#, "x".repeat(2048));
    let large = assume(ROLE, "guest").policy(large).send().await;
    assert!(large.unwrap_err().as_service_error().unwrap().is_packed_policy_too_large_exception());
    let scope = signature("sts");
    let form = [("content-type", "application/x-www-form-urlencoded"), ("authorization", scope.as_str())];
    let answer =
        send(&fake, "POST", "https://sts.eu-west-1.amazonaws.com/", &form, "Action=AssumeRoll").await;
    assert!(text(answer).await.contains("<Code>InvalidAction</Code>"));
    assert!(fake.sts().sessions().is_empty());
}

#[tokio::test(start_paused = true)]
async fn faults_speak_the_query_protocol() {
    let fake = FakeAws::new();
    fake.faults().push(
        Fault::error("RegionDisabledException")
            .service(Service::Sts)
            .on("AssumeRole")
            .with_status(StatusCode::FORBIDDEN),
    );
    let refused = sts(&fake, user()).assume_role().role_arn(ROLE).role_session_name("guest").send().await;
    assert!(refused.as_ref().unwrap_err().as_service_error().unwrap().is_region_disabled_exception());
    assert_eq!(error(refused), coded(403, "RegionDisabledException"));
}
