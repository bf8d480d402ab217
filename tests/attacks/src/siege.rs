//! One host, an attacker and an innocent guest.

use std::fmt::Write as _;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use innkeeper::audit::AuditLog;
use innkeeper::aws::{ClientFactory, Environment, Identity, StaticKeys};
use innkeeper::policy::Source;
use innkeeper::{CallError, Engine, Error, Guest, Host, Manifest, Reply};
use innkeeper_fake::FakeAws;
use innkeeper_tests::{SECRET, engine, program};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::component::Component;
use crate::guard::HangGuard;
use crate::hostile::{Answer, Answerer, HostileAws};

/// How often the innocent guest is served while an attack goes on. Not without end: time that is paused goes on only when all wait.
const MEANWHILE: usize = 10;

/// What there is before an attack: a host on a built-in AWS with the buckets `innocent` and `uploads`.
#[derive(Clone)]
pub struct Siege {
    aws: FakeAws,
    audit: Arc<AuditLog>,
    engine: Option<Engine>,
    answerer: Option<Answerer>,
    requests: Arc<AtomicU64>,
    server: Option<String>,
    settings: String,
    statements: String,
}

/// A host under attack.
pub struct Besieged {
    host: Host,
    attacker: Guest,
    innocent: Guest,
    _folder: TempDir,
}

impl Siege {
    /// An attacker who may do nothing.
    pub fn new() -> Self {
        let aws = FakeAws::new();
        let s3 = aws.s3();
        s3.create_bucket("innocent").expect("a bucket");
        s3.create_bucket("uploads").expect("a bucket");
        s3.put("innocent", "letter", "to whom it may concern").expect("an object");
        Self {
            aws,
            audit: Arc::default(),
            engine: None,
            answerer: None,
            requests: Arc::default(),
            server: None,
            settings: String::new(),
            statements: String::new(),
        }
    }

    /// Grants the attacker an action on a resource.
    #[must_use]
    pub fn allow(self, action: &str, resource: &str) -> Self {
        self.statement(&format!(
            "[[guest.attacker.allow]]\nactions = [{action:?}]\nresources = [{resource:?}]\n"
        ))
    }

    /// Grants the attacker all of S3.
    #[must_use]
    pub fn allow_all_of_s3(self) -> Self {
        self.allow("s3:*", "arn:aws:s3:::*").allow("s3:*", "arn:aws:s3:::*/*")
    }

    /// Adds a table to the manifest, as TOML.
    #[must_use]
    pub fn statement(mut self, table: &str) -> Self {
        writeln!(self.statements, "{table}").expect("a string takes all");
        self
    }

    /// Adds a line of `[guest.attacker]`.
    #[must_use]
    pub fn setting(mut self, line: &str) -> Self {
        writeln!(self.settings, "{line}").expect("a string takes all");
        self
    }

    /// Lets AWS answer for the bucket [`HOSTILE_BUCKET`](crate::HOSTILE_BUCKET) as it likes, given the number of the request, from 0, and
    /// its address.
    #[must_use]
    pub fn hostile_aws(mut self, answer: impl Fn(u64, &str) -> Answer + Send + Sync + 'static) -> Self {
        self.answerer = Some(Arc::new(answer));
        self
    }

    /// Lets a server answer for the bucket [`HOSTILE_BUCKET`](crate::HOSTILE_BUCKET), over real connections, and each request once.
    #[must_use]
    pub fn server(mut self, url: &str) -> Self {
        self.server = Some(url.to_owned());
        self
    }

    /// Another engine than that of all tests.
    #[must_use]
    pub fn engine(mut self, engine: Engine) -> Self {
        self.engine = Some(engine);
        self
    }

    /// The AWS of all that is not hostile.
    pub fn aws(&self) -> &FakeAws {
        &self.aws
    }

    /// What the host has written down.
    pub fn audit(&self) -> &AuditLog {
        &self.audit
    }

    /// How many requests the hostile AWS has had.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }

    /// How many requests the attacker has had sent to the AWS that is not hostile.
    pub fn requests_about(&self, bucket: &str) -> usize {
        self.aws.calls().iter().filter(|call| call.bucket.as_deref() == Some(bucket)).count()
    }

    /// A host with the two guests, ready to be attacked.
    pub async fn attacker(&self, component: Component) -> Besieged {
        self.try_attacker(component).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// The same, where it may be that the host does not take the component. The innocent guest is served all the same.
    ///
    /// # Errors
    ///
    /// Those of [`Host::guest`].
    pub async fn try_attacker(&self, component: Component) -> Result<Besieged, Error> {
        let folder = tempfile::tempdir().expect("a folder");
        component.place(&folder.path().join("attacker.wasm"));
        self.try_attacker_in(folder).await
    }

    /// The same with the file `attacker.wasm` of a folder.
    ///
    /// # Errors
    ///
    /// Those of [`Host::guest`].
    pub async fn try_attacker_in(&self, folder: TempDir) -> Result<Besieged, Error> {
        let guard = HangGuard::new();
        Component::test(program::S3_READ_OBJECT).place(&folder.path().join("innocent.wasm"));
        let host = self.host(&folder);
        let innocent = host.guest("innocent").await?;
        let attacker = host.guest("attacker").await;
        serve(&innocent).await;
        drop(guard);
        Ok(Besieged { host, attacker: attacker?, innocent, _folder: folder })
    }

    fn host(&self, folder: &TempDir) -> Host {
        let text = format!(
            r#"
            [aws]
            region = "eu-west-1"
            [guest.innocent]
            component = "innocent.wasm"
            [[guest.innocent.allow]]
            actions = ["s3:GetObject"]
            resources = ["arn:aws:s3:::innocent/*"]
            [guest.attacker]
            component = "attacker.wasm"
            {}
            {}
            {}"#,
            self.settings,
            self.statements,
            // Over real connections time is real, and the pauses between attempts would be.
            self.server
                .as_ref()
                .map_or("", |_| "[aws.class]\nstandard.max-attempts = 1\ndata.max-attempts = 1"),
        );
        let directory = Dir::open_ambient_dir(folder.path(), ambient_authority()).expect("the folder");
        let manifest = Manifest::parse(Source::new("innkeeper.toml", text.clone()), directory)
            .unwrap_or_else(|error| panic!("{error}\n{text}"));
        let nothing: [(&str, &str); 0] = [];
        let factory = ClientFactory::builder()
            .http_client(HostileAws {
                fake: self.aws.http_client(),
                real: aws_smithy_http_client::Builder::new().build_http(),
                answerer: self.answerer.clone(),
                server: self.server.clone(),
                requests: Arc::clone(&self.requests),
            })
            .time_source(self.aws.time_source())
            .sleep(self.aws.sleep())
            .environment(Environment::fixed(nothing, nothing))
            .build()
            .expect("a factory");
        Host::builder(manifest)
            .engine(self.engine.clone().unwrap_or_else(engine))
            .factory(factory)
            .identity(Identity::Static(StaticKeys::new("AKIDEXAMPLE", SECRET)))
            .audit(self.audit.clone())
            .build()
            .expect("a host")
    }
}

impl Default for Siege {
    fn default() -> Self {
        Self::new()
    }
}

impl Besieged {
    /// The host.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The hostile guest.
    pub fn attacker(&self) -> &Guest {
        &self.attacker
    }

    /// Calls the hostile guest. The innocent one is served whenever the attack gives up the thread, and after it.
    ///
    /// # Errors
    ///
    /// Those of the call.
    pub async fn attack(&self, input: &[u8]) -> Result<Reply, CallError> {
        let _guard = HangGuard::new();
        let mut attack = pin!(self.attacker.run(input));
        for _ in 0..MEANWHILE {
            tokio::select! {
                biased;
                ended = &mut attack => {
                    serve(&self.innocent).await;
                    return ended;
                }
                () = serve(&self.innocent) => {}
            }
        }
        let ended = attack.await;
        serve(&self.innocent).await;
        ended
    }

    /// Calls a hostile guest that takes and answers with JSON.
    pub async fn attack_with(&self, input: &Value) -> Value {
        match self.attack(input.to_string().as_bytes()).await {
            Ok(reply) => serde_json::from_slice(&reply.output).expect("a program answers with JSON"),
            Err(error) => panic!("the attacker did not answer: {error}"),
        }
    }

    /// Serves the innocent guest once.
    pub async fn serve(&self) {
        serve(&self.innocent).await;
    }
}

async fn serve(innocent: &Guest) {
    let input = json!({ "bucket": "innocent", "key": "letter" }).to_string();
    let reply = innocent
        .run(input.as_bytes())
        .await
        .unwrap_or_else(|error| panic!("the innocent guest is not served: {error}"));
    let answer: Value = serde_json::from_slice(&reply.output).expect("JSON");
    assert_eq!(answer["ok"]["body"], "to whom it may concern", "{answer}");
}
