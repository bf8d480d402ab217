//! One host, an attacker and an innocent guest.

use std::fmt::Write as _;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

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
use crate::hostile::{Answer, Answerer, HOSTILE_BUCKET, HostileAws, Sent};

/// How often the innocent guest is served while an attack goes on. Not without end: time that is paused goes on only when all wait.
const MEANWHILE: usize = 10;

/// The innocent guest is answered within this by the clock on the wall: milliseconds where the machine has nothing else to do, and far from
/// what an attack that keeps a thread would take.
const LATENCY: Duration = Duration::from_secs(30);

/// The memory that the process may hold, with all the attacks that run in it at the same time. They take 150 MiB, but in one run of many
/// more than 3 GiB were resident, and why is not known. An attack that makes the host hold what it likes does not stop at this either.
const MEMORY: u64 = 8 << 30;

/// What there is before an attack: a host on a built-in AWS with the buckets `innocent` and `uploads`.
#[derive(Clone)]
pub struct Siege {
    aws: FakeAws,
    audit: Arc<AuditLog>,
    engine: Option<Engine>,
    answerer: Option<Answerer>,
    domain: String,
    requests: Arc<AtomicU64>,
    sent: Arc<Mutex<Vec<Sent>>>,
    server: Option<String>,
    keys: StaticKeys,
    roles: bool,
    settings: String,
    statements: String,
    accomplice: String,
}

/// A host under attack.
pub struct Besieged {
    host: Host,
    attacker: Guest,
    accomplice: Guest,
    innocent: Guest,
    _folder: TempDir,
}

impl Siege {
    /// An attacker who may do nothing.
    pub fn new() -> Self {
        Self::on(FakeAws::new())
    }

    /// The same on a built-in AWS that is not the default one.
    pub fn on(aws: FakeAws) -> Self {
        let s3 = aws.s3();
        s3.create_bucket("innocent").expect("a bucket");
        s3.create_bucket("uploads").expect("a bucket");
        s3.put("innocent", "letter", "to whom it may concern").expect("an object");
        Self {
            aws,
            audit: Arc::default(),
            engine: None,
            answerer: None,
            domain: HOSTILE_BUCKET.to_owned(),
            requests: Arc::default(),
            sent: Arc::default(),
            server: None,
            keys: StaticKeys::new("AKIDEXAMPLE", SECRET),
            roles: false,
            settings: String::new(),
            statements: String::new(),
            accomplice: String::new(),
        }
    }

    /// Grants the attacker an action on a resource.
    #[must_use]
    pub fn allow(self, action: &str, resource: &str) -> Self {
        // JSON's strings are TOML's too; Rust's are not, beyond ASCII.
        let (action, resource) = (json!(action), json!(resource));
        self.statement(&format!("[[guest.attacker.allow]]\nactions = [{action}]\nresources = [{resource}]\n"))
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

    /// Adds tables to the manifest for `[guest.accomplice]`, a second guest with the attacker's component, which may do nothing otherwise.
    #[must_use]
    pub fn accomplice(mut self, tables: &str) -> Self {
        writeln!(self.accomplice, "{tables}").expect("a string takes all");
        self
    }

    /// Other keys for the host. The roles that the manifest names are assumed with them.
    #[must_use]
    pub fn keys(mut self, keys: StaticKeys) -> Self {
        self.keys = keys;
        self.roles = true;
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

    /// Lets AWS answer as it likes where the address of a request has `domain` in it, such as `sqs.` or `lambda.`.
    #[must_use]
    pub fn hostile_service(
        mut self,
        domain: &str,
        answer: impl Fn(u64, &str) -> Answer + Send + Sync + 'static,
    ) -> Self {
        domain.clone_into(&mut self.domain);
        self.hostile_aws(answer)
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

    /// What the attacker and its accomplice have had sent since the last [`Siege::forget_sent`], byte for byte, in order.
    pub fn sent(&self) -> Vec<Sent> {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.iter().filter(|sent| !sent.host().starts_with("innocent.")).cloned().collect()
    }

    /// The one request that the attacker has had sent since the last [`Siege::forget_sent`].
    pub fn only_sent(&self) -> Sent {
        let mut sent = self.sent();
        assert_eq!(sent.len(), 1, "{sent:?}");
        sent.remove(0)
    }

    /// Forgets what was sent so far.
    pub fn forget_sent(&self) {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clear();
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
        let accomplice = host.guest("accomplice").await;
        serve(&innocent).await;
        drop(guard);
        Ok(Besieged { host, attacker: attacker?, accomplice: accomplice?, innocent, _folder: folder })
    }

    fn host(&self, folder: &TempDir) -> Host {
        let text = format!(
            r#"
            [aws]
            region = "eu-west-1"
            [guest.innocent]
            component = "innocent.wasm"
            limits.cpu-time = "4m"
            [[guest.innocent.allow]]
            actions = ["s3:GetObject"]
            resources = ["arn:aws:s3:::innocent/*"]
            [guest.attacker]
            component = "attacker.wasm"
            {}{}
            {}
            [guest.accomplice]
            component = "attacker.wasm"
            limits.cpu-time = "4m"
            {}
            {}"#,
            // The clock on the wall goes on while the machine does something else: what is not about CPU time has a lot of it.
            if self.settings.contains("limits.cpu-time") { "" } else { "limits.cpu-time = \"4m\"\n" },
            self.settings,
            self.statements,
            self.accomplice,
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
                domain: self.domain.clone(),
                answerer: self.answerer.clone(),
                server: self.server.clone(),
                requests: Arc::clone(&self.requests),
                sent: Arc::clone(&self.sent),
            })
            .time_source(self.aws.time_source())
            .sleep(self.aws.sleep())
            .environment(Environment::fixed(nothing, nothing))
            .build()
            .expect("a factory");
        let host = Host::builder(manifest)
            .engine(self.engine.clone().unwrap_or_else(engine))
            .factory(factory)
            .audit(self.audit.clone());
        let keys = Identity::Static(self.keys.clone());
        let host = if self.roles { host.credentials(keys) } else { host.identity(keys) };
        host.build().expect("a host")
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

    /// A second guest with the hostile guest's component; see [`Siege::accomplice`].
    pub fn accomplice(&self) -> &Guest {
        &self.accomplice
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

    /// Has the program `tries` make calls of AWS, one after the other, and returns what came of each: its `ok`, or its error as a text.
    pub async fn tries(&self, calls: Value) -> Vec<Value> {
        outcomes(self.attack_with(&json!({ "calls": calls })).await)
    }

    /// The same with a single call.
    pub async fn tries_one(&self, call: Value) -> Value {
        self.tries(json!([call])).await.remove(0)
    }

    /// Has the accomplice make calls of AWS, as [`Besieged::tries`] has the attacker.
    pub async fn accomplice_tries(&self, calls: Value) -> Vec<Value> {
        let input = json!({ "calls": calls }).to_string();
        let reply = self.accomplice.run(input.as_bytes()).await;
        let reply = reply.unwrap_or_else(|error| panic!("the accomplice did not answer: {error}"));
        outcomes(serde_json::from_slice(&reply.output).expect("a program answers with JSON"))
    }

    /// Serves the innocent guest once.
    pub async fn serve(&self) {
        serve(&self.innocent).await;
    }
}

/// What came of each call of `tries`.
fn outcomes(mut answer: Value) -> Vec<Value> {
    let Value::Array(outcomes) = answer["ok"].take() else { panic!("{answer}") };
    outcomes
}

async fn serve(innocent: &Guest) {
    let input = json!({ "bucket": "innocent", "key": "letter" }).to_string();
    let begun = Instant::now();
    let reply = innocent
        .run(input.as_bytes())
        .await
        .unwrap_or_else(|error| panic!("the innocent guest is not served: {error}"));
    let answer: Value = serde_json::from_slice(&reply.output).expect("JSON");
    assert_eq!(answer["ok"]["body"], "to whom it may concern", "{answer}");
    let latency = begun.elapsed();
    assert!(latency < LATENCY, "the innocent guest has waited for {latency:?}");
    let memory = resident();
    assert!(memory < MEMORY, "the host holds {} MiB", memory >> 20);
}

/// The memory of this process that is in use, in bytes; 0 where the system does not say so in `/proc`.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kibibytes.unwrap_or_default() << 10
}
