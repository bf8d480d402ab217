//! An AWS small enough for these tests: it sits under the SDK as its HTTP client, answers what it is told to, and
//! remembers what it was asked.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]

use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::date_time::{DateTime, Format};
use http_body_util::BodyExt as _;
use innkeeper_aws::{AssumeRole, ClientFactory, ClientFactoryBuilder, Environment, Error, Identity, Scope};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

/// A clock that follows tokio's, so that a paused runtime has paused time.
#[derive(Clone, Debug)]
pub struct Clock {
    start: tokio::time::Instant,
}

/// When every test begins: 2026-01-01T00:00:00Z.
pub const START: Duration = Duration::from_hours(490_896);

impl Clock {
    pub fn new() -> Self {
        Self { start: tokio::time::Instant::now() }
    }
}

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + START + self.start.elapsed()
    }
}

/// A request as it reached AWS.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub scheme: String,
    pub host: String,
    pub path: String,
    pub query: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Asked {
    fn of(request: &HttpRequest) -> Self {
        let uri: http::Uri = request.uri().parse().unwrap();
        Self {
            method: request.method().to_owned(),
            scheme: uri.scheme_str().unwrap_or_default().to_owned(),
            host: uri.authority().map(ToString::to_string).unwrap_or_default(),
            path: uri.path().to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            headers: request.headers().iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect(),
            body: String::new(),
        }
    }

    /// A parameter of a call to STS.
    pub fn parameter(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.body.as_bytes())
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.into_owned())
    }

    /// The access key that it is signed with.
    pub fn signed_with(&self) -> Option<String> {
        let (_, credential) = self.headers.get("authorization")?.split_once("Credential=")?;
        credential.split_once('/').map(|(key, _)| key.to_owned())
    }

    pub fn is_sts(&self) -> bool {
        self.host.starts_with("sts.")
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub enum Answer {
    Http {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    /// The connection breaks.
    Broken,
    /// There never is an answer.
    Never,
}

impl Answer {
    pub fn ok(body: impl Into<String>) -> Self {
        Self::Http { status: 200, headers: Vec::new(), body: body.into() }
    }

    pub fn s3_error(status: u16, code: &str) -> Self {
        let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>no</Message></Error>");
        Self::Http { status, headers: Vec::new(), body }
    }

    pub fn sts_error(status: u16, code: &str, message: &str) -> Self {
        let body = format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
             <Code>{code}</Code><Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
        );
        Self::Http { status, headers: Vec::new(), body }
    }
}

type Responder = dyn Fn(&Asked) -> Option<Answer> + Send + Sync;

/// The AWS of a test.
#[derive(Clone)]
pub struct Aws {
    clock: Clock,
    asked: Arc<Mutex<Vec<Asked>>>,
    responder: Arc<Mutex<Arc<Responder>>>,
    issued: Arc<AtomicU64>,
}

impl Aws {
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            asked: Arc::default(),
            responder: Arc::new(Mutex::new(Arc::new(|_: &Asked| None))),
            issued: Arc::default(),
        }
    }

    /// What is answered where it is not the usual.
    pub fn respond(&self, responder: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static) {
        *self.responder.lock().unwrap() = Arc::new(responder);
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The calls to STS since the beginning, by their action.
    pub fn actions(&self) -> Vec<String> {
        self.asked()
            .iter()
            .filter(|asked| asked.is_sts())
            .filter_map(|asked| asked.parameter("Action"))
            .collect()
    }

    pub fn count(&self, predicate: impl Fn(&Asked) -> bool) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| predicate(asked)).count()
    }

    pub fn last(&self) -> Asked {
        self.asked().last().unwrap().clone()
    }

    fn answer(&self, asked: &Asked) -> Answer {
        let responder = Arc::clone(&self.responder.lock().unwrap());
        responder(asked).unwrap_or_else(|| self.usual(asked))
    }

    fn usual(&self, asked: &Asked) -> Answer {
        match asked.parameter("Action").as_deref() {
            Some(action @ ("AssumeRole" | "AssumeRoleWithWebIdentity")) => {
                let seconds = asked.parameter("DurationSeconds").map_or(3600, |s| s.parse().unwrap());
                self.keys(action, Duration::from_secs(seconds))
            }
            Some("GetCallerIdentity") => Answer::ok(format!(
                "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
                 <GetCallerIdentityResult><Arn>arn:aws:sts::123456789012:assumed-role/r/{}</Arn><UserId>u</UserId>\
                 <Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
                asked.signed_with().unwrap_or_default()
            )),
            _ => Answer::ok(""),
        }
    }

    /// A set of temporary keys, different from all before: `ASIA1`, `ASIA2`, ...
    pub fn keys(&self, action: &str, lifetime: Duration) -> Answer {
        let n = self.issued.fetch_add(1, Ordering::SeqCst) + 1;
        let expiration = DateTime::from(self.clock.now() + lifetime).fmt(Format::DateTime).unwrap();
        Answer::ok(format!(
            "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result><Credentials>\
             <AccessKeyId>ASIA{n}</AccessKeyId><SecretAccessKey>TEMPSECRET{n}</SecretAccessKey>\
             <SessionToken>TEMPTOKEN{n}</SessionToken><Expiration>{expiration}</Expiration></Credentials>\
             </{action}Result></{action}Response>"
        ))
    }
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Aws")
    }
}

impl HttpConnector for Aws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let aws = self.clone();
        HttpConnectorFuture::new(async move {
            let mut asked = Asked::of(&request);
            // Read to the end before answering, as a server does: the SDK watches whether a body flows.
            let body = request.into_body().collect().await.unwrap().to_bytes();
            asked.body = String::from_utf8_lossy(&body).into_owned();
            aws.asked.lock().unwrap().push(asked.clone());
            tokio::task::yield_now().await;
            match aws.answer(&asked) {
                Answer::Http { status, headers, body } => {
                    // A body that is streamed, as from a socket: the SDK would log one that is in memory.
                    let body = SdkBody::from_body_1_x(http_body_util::Full::new(bytes::Bytes::from(body)));
                    let mut response = HttpResponse::new(StatusCode::try_from(status).unwrap(), body);
                    for (name, value) in headers {
                        response.headers_mut().insert(name, value);
                    }
                    Ok(response)
                }
                Answer::Broken => Err(ConnectorError::io("connection reset by peer".into())),
                Answer::Never => std::future::pending().await,
            }
        })
    }
}

impl HttpClient for Aws {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

pub const KEYS: [(&str, &str); 2] =
    [("AWS_ACCESS_KEY_ID", "AKIDENV"), ("AWS_SECRET_ACCESS_KEY", "SECRETENV")];

/// An environment with these variables, and no files.
pub fn variables<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Environment {
    let files: [(&str, &str); 0] = [];
    Environment::fixed(variables, files)
}

/// A factory on a new AWS, with keys in its environment and a region.
pub fn builder() -> (Aws, ClientFactoryBuilder) {
    let clock = Clock::new();
    let aws = Aws::new(clock.clone());
    let builder = ClientFactory::builder()
        .http_client(aws.clone())
        .time_source(clock)
        .environment(variables(KEYS))
        .region(innkeeper_aws::Region::new("eu-west-1").unwrap());
    (aws, builder)
}

pub fn factory() -> (Aws, ClientFactory) {
    let (aws, builder) = builder();
    (aws, builder.build().unwrap())
}

pub const ROLE: &str = "arn:aws:iam::123456789012:role/thumbnailer";

/// [`ROLE`], on top of the default chain.
pub fn role() -> AssumeRole {
    Identity::DefaultChain.assume_role(ROLE)
}

pub fn scope(identity: impl Into<Identity>) -> Scope {
    Scope::builder().identity(identity).build().unwrap()
}

/// Makes a call, and says whose keys it was signed with.
pub async fn signer(aws: &Aws, factory: &ClientFactory, scope: &Scope) -> String {
    factory.s3(scope).await.unwrap().put_object().bucket("bucket").key("k").send().await.unwrap();
    aws.asked().iter().rev().find(|asked| !asked.is_sts()).and_then(Asked::signed_with).unwrap()
}

pub async fn error_of(factory: &ClientFactory, identity: impl Into<Identity>) -> Error {
    factory.s3(&scope(identity)).await.unwrap_err()
}

/// What was logged.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Log {
    /// Gathers what this thread logs, until the guard is dropped.
    pub fn listen(&self, level: LevelFilter) -> tracing::subscriber::DefaultGuard {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_writer(self.clone())
            .with_ansi(false)
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}
