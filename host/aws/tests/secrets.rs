//! Nothing that this crate returns, shows or logs contains a secret key, a token or a signature.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use innkeeper_aws::{
    AssumeRole, Class, ClientFactory, Endpoint, Environment, Error, Identity, Scope, StaticKeys, WebIdentity,
};
use std::fmt::Write as _;
use std::time::Duration;
use support::{Answer, Asked, Aws, Clock, Log, ROLE};
use tracing_subscriber::filter::LevelFilter;

/// What is in every secret of the test, and in those of AWS's answers. The signatures that were sent are searched too.
const SECRETS: [&str; 3] = ["HUNTER", "TEMPSECRET", "TEMPTOKEN"];

fn search(what: &str, text: &str, secrets: &[&str]) {
    for secret in secrets {
        if let Some(at) = text.find(secret) {
            let from = text.floor_char_boundary(at.saturating_sub(300));
            let to = text.ceil_char_boundary((at + 100).min(text.len()));
            panic!("{what} shows `{secret}`: …{}…", &text[from..to]);
        }
    }
}

fn everything(error: &Error) -> String {
    format!("{error}\n{error:?}\n{error:#?}\n{}", error.display_chain())
}

const CONFIG: &str = "[profile sso]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = r\n\
    [profile old]\nsso_start_url = https://old\nsso_region = us-east-1\nsso_account_id = 1\nsso_role_name = r\n\
    [sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://x\n\
    [profile process]\ncredential_process = echo HUNTERPROCESS --password HUNTERPASS\n\
    [profile good-process]\n\
    credential_process = echo '{\"Version\":1,\"AccessKeyId\":\"AKIDP\",\"SecretAccessKey\":\"HUNTERP\"}'\n\
    [profile half]\naws_secret_access_key = HUNTERHALF\n\
    [profile web]\nrole_arn = arn:aws:iam::123456789012:role/w\nweb_identity_token_file = /h/token\n";

const CREDENTIALS: &str = "[keys]\naws_access_key_id = AKIDKEYS\naws_secret_access_key = HUNTERKEYS\n\
    aws_session_token = HUNTERTOKEN\n";

fn environment() -> Environment {
    let log_in = r#"{"accessToken":"HUNTERLOGIN","expiresAt":"2025-01-01T00:00:00Z","refreshToken":"HUNTERREFRESH",
        "clientId":"c","clientSecret":"HUNTERCLIENT","registrationExpiresAt":"2026-03-01T00:00:00Z"}"#;
    let old = r#"{"accessToken":"HUNTEROLD","expiresAt":"2027-01-01T00:00:00Z"}"#;
    Environment::fixed(
        [
            ("HOME", "/h"),
            ("PATH", "/usr/bin:/bin"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "AKIDENV"),
            ("AWS_SECRET_ACCESS_KEY", "HUNTERENV"),
            ("AWS_SESSION_TOKEN", "HUNTERENVTOKEN"),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost/c"),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "HUNTERCONTAINER"),
        ],
        [
            ("/h/.aws/config", CONFIG),
            ("/h/.aws/credentials", CREDENTIALS),
            ("/h/token", "HUNTERJWT"),
            // The SHA-1 of `corp` and of `https://old`.
            ("/h/.aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json", log_in),
            ("/h/.aws/sso/cache/3dbfcfb8178f8ce8f73712c57098fc9f2cb54d8c.json", old),
        ],
    )
}

fn identities() -> Vec<Identity> {
    let keys = StaticKeys::new("AKIDSTATIC", "HUNTERSTATIC").with_session_token("HUNTERSTATICTOKEN");
    let profile = |name: &str| Identity::Profile(name.to_owned());
    let role = AssumeRole {
        external_id: Some("HUNTEREXTERNAL".into()),
        session_policy: Some("{}".into()),
        duration: Some(Duration::from_hours(1)),
        ..Identity::Static(keys.clone()).assume_role(ROLE)
    };
    let web = WebIdentity { role_arn: ROLE.into(), token_file: "/h/token".into(), session_name: None };
    vec![
        Identity::DefaultChain,
        Identity::Static(keys),
        Identity::from(role.clone()),
        Identity::from(role).assume_role(ROLE).into(),
        Identity::WebIdentity(web),
        Identity::Container,
        profile("sso"),
        profile("old"),
        profile("keys"),
        profile("process"),
        profile("good-process"),
        profile("half"),
        profile("web"),
        profile("missing"),
    ]
}

/// What AWS says when something is wrong, as indiscreetly as it ever does.
fn indiscreet(code: &'static str) -> impl Fn(&Asked) -> Option<Answer> + Send + Sync {
    move |asked| {
        let sent = format!(
            "{} {} {}",
            asked.body,
            asked.headers.get("authorization").map_or("", String::as_str),
            asked.headers.get("x-amz-security-token").map_or("", String::as_str)
        );
        let sent = sent.replace('&', " ");
        if asked.path == "/federation/credentials" || asked.path == "/token" {
            let body = format!("{{\"message\":\"{}\"}}", sent.replace('"', " "));
            return Some(Answer::Http {
                status: 400,
                headers: vec![("x-amzn-errortype", code.to_owned())],
                body,
            });
        }
        if asked.host.contains("s3") || asked.host.starts_with("localhost:9000") {
            let body = format!(
                "<Error><Code>{code}</Code><Message>{sent}</Message><SignatureProvided>{sent}</SignatureProvided>\
                 <CanonicalRequest>{sent}</CanonicalRequest></Error>"
            );
            return Some(Answer::Http { status: 403, headers: Vec::new(), body });
        }
        if asked.host.starts_with("sqs") || asked.host.starts_with("lambda") {
            let body = format!("{{\"__type\":\"{code}\",\"message\":\"{}\"}}", sent.replace('"', " "));
            return Some(Answer::Http { status: 403, headers: Vec::new(), body });
        }
        Some(Answer::sts_error(400, code, &sent))
    }
}

fn usual(asked: &Asked) -> Option<Answer> {
    match asked.path.as_str() {
        "/c" => Some(Answer::ok(
            r#"{"AccessKeyId":"ASIAC","SecretAccessKey":"HUNTERC","Token":"HUNTERT","Expiration":"2027-01-01T00:00:00Z"}"#,
        )),
        "/federation/credentials" => Some(Answer::ok(
            r#"{"roleCredentials":{"accessKeyId":"A","secretAccessKey":"HUNTERS","sessionToken":"HUNTERT",
               "expiration":1798761600000}}"#,
        )),
        "/token" => Some(Answer::ok(r#"{"accessToken":"HUNTERRENEWED","expiresIn":3600}"#)),
        _ => None,
    }
}

fn signature(asked: &Asked) -> Option<String> {
    let (_, signature) = asked.headers.get("authorization")?.split_once("Signature=")?;
    Some(signature.to_owned())
}

/// Uses every identity, and gathers all that is returned and shown.
async fn use_everything(aws: &Aws, factory: &ClientFactory) -> String {
    let mut shown = String::new();
    for identity in identities() {
        writeln!(shown, "{identity} {identity:?} {identity:#?}").unwrap();
        for endpoint in [None, Some(Endpoint::new("http://localhost:9000").unwrap())] {
            let scope = Scope::builder()
                .identity(identity.clone())
                .endpoint(endpoint)
                .class(Class::PROBE)
                .guest("guest")
                .build()
                .unwrap();
            writeln!(shown, "{scope:?}").unwrap();
            match factory.s3(&scope).await {
                Ok(s3) => {
                    writeln!(shown, "{s3:?} {:?}", s3.config()).unwrap();
                    if let Err(error) = s3.get_object().bucket("bucket").key("k").send().await {
                        writeln!(shown, "{error:?} {error:#?}").unwrap();
                    }
                    drop(s3.put_object().bucket("bucket").key("k").send().await);
                    drop(s3.list_objects_v2().bucket("zonal--euw1-az1--x-s3").send().await);
                }
                Err(error) => shown.push_str(&everything(&error)),
            }
            if let Ok(sqs) = factory.sqs(&scope).await {
                writeln!(shown, "{sqs:?} {:?}", sqs.config()).unwrap();
                drop(sqs.list_queues().send().await);
            }
            if let Ok(lambda) = factory.lambda(&scope).await {
                writeln!(shown, "{lambda:?} {:?}", lambda.config()).unwrap();
                drop(lambda.list_functions().send().await);
            }
            match factory.caller_identity(&scope).await {
                Ok(caller) => writeln!(shown, "{caller:?}").unwrap(),
                Err(error) => shown.push_str(&everything(&error)),
            }
        }
    }
    writeln!(shown, "{factory:?} {factory:#?} {:?} {}", factory.stats(), aws.asked().len()).unwrap();
    shown
}

#[tokio::test]
async fn no_error_no_debug_and_no_log_at_trace_level_shows_a_secret() {
    let log = Log::default();
    let guard = log.listen(LevelFilter::TRACE);

    let codes = [
        "SignatureDoesNotMatch",
        "IncompleteSignature",
        "ValidationError",
        "AccessDenied",
        "ExpiredTokenException",
        "InvalidIdentityToken",
        "UnauthorizedException",
        "Surprise",
    ];
    let mut signatures = Vec::new();
    for code in [None].into_iter().chain(codes.map(Some)) {
        let clock = Clock::new();
        let aws = Aws::new(clock.clone());
        match code {
            None => aws.respond(usual),
            Some(code) => aws.respond(indiscreet(code)),
        }
        let builder =
            ClientFactory::builder().http_client(aws.clone()).time_source(clock).environment(environment());
        let shown = format!("{builder:?} {:?}", environment());
        search("the builder", &shown, &SECRETS);
        let shown = use_everything(&aws, &builder.build().unwrap()).await;
        assert!(aws.asked().len() > 20);
        search(&format!("what is returned ({code:?})"), &shown, &SECRETS);
        let sent = aws.asked().iter().filter_map(signature).collect::<Vec<_>>();
        assert!(!sent.is_empty());
        search("what is returned", &shown, &sent.iter().map(String::as_str).collect::<Vec<_>>());
        signatures.extend(sent);
    }
    drop(guard);

    let log = log.text();
    // The log is one at trace level, of the SDK too.
    assert!(log.contains("TRACE") && log.contains("aws_smithy_runtime"), "{}", log.len());
    assert!(log.contains("x-amz-security-token"));
    search("the log", &log, &SECRETS);
    search("the log", &log, &signatures.iter().map(String::as_str).collect::<Vec<_>>());
}
