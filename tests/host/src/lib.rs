//! The harness of the host's tests: real guests, the real host and SDK, and the built-in AWS.
//!
//! A test reads as a sentence: what is in AWS, what the guest may do, what it is called with, what comes of it.
//!
//! ```
//! use innkeeper_tests::{TestHost, program};
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! let host = TestHost::new().allow("s3:GetObject", "arn:aws:s3:::uploads/*");
//! host.aws().s3().create_bucket("uploads").unwrap();
//! host.aws().s3().put("uploads", "a.txt", "hello").unwrap();
//! let answer = host.call(program::S3_READ_OBJECT, &json!({ "bucket": "uploads", "key": "a.txt" })).await;
//! assert_eq!(answer["ok"]["body"], "hello");
//! # }
//! ```

#![expect(
    clippy::panic,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a harness of tests fails the test"
)]

pub mod s3;
pub mod value;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use innkeeper::audit::AuditLog;
use innkeeper::aws::{ClientFactory, Endpoint, Environment, Identity, StaticKeys};
use innkeeper::policy::Source;
use innkeeper::{CallError, Engine, Guest, Host, HostBuilder, Manifest, Reply};
use innkeeper_fake::FakeAws;
use serde_json::Value;

include!(concat!(env!("OUT_DIR"), "/programs.rs"));

/// Does not compile where there is no test of this name. For `foreach_SUITE!`, which calls it with each program of a suite.
#[macro_export]
macro_rules! has_a_test {
    ($name:ident) => {
        const _: fn() = $name;
    };
}

/// The secret that every test's host holds; nothing that a test sees may contain it.
pub const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// A host with one guest, named `guest`, on a fake AWS.
#[derive(Clone)]
pub struct TestHost {
    aws: FakeAws,
    /// Where an AWS listens that is called in place of the built-in one.
    url: Option<String>,
    audit: Arc<AuditLog>,
    /// The keys of `[guest.guest]` and its tables, as TOML.
    settings: String,
    statements: String,
}

impl TestHost {
    /// A guest that may do nothing, on an empty AWS.
    pub fn new() -> Self {
        Self {
            aws: FakeAws::new(),
            url: None,
            audit: Arc::default(),
            settings: String::new(),
            statements: String::new(),
        }
    }

    /// Grants an action on a resource.
    #[must_use]
    pub fn allow(self, action: &str, resource: &str) -> Self {
        self.statement("allow", action, resource)
    }

    /// Forbids an action on a resource.
    #[must_use]
    pub fn deny(self, action: &str, resource: &str) -> Self {
        self.statement("deny", action, resource)
    }

    /// Puts a condition on the statement that was added last: `StringEquals."s3:prefix" = "a/"`.
    #[must_use]
    pub fn on_condition(mut self, condition: &str) -> Self {
        writeln!(self.statements, "condition.{condition}").expect("a string takes all");
        self
    }

    /// Adds a line of `[guest.guest]`, such as `names.uploads = "..."` or `limits.memory = "1MiB"`.
    #[must_use]
    pub fn setting(mut self, line: &str) -> Self {
        writeln!(self.settings, "{line}").expect("a string takes all");
        self
    }

    /// The same guest on the AWS that listens at a URL, in place of the built-in one. A socket knows no paused clock.
    #[must_use]
    pub fn at(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// The fake AWS.
    pub fn aws(&self) -> &FakeAws {
        &self.aws
    }

    /// What the host has written down.
    pub fn audit(&self) -> &AuditLog {
        &self.audit
    }

    /// Calls a program with JSON, and returns the JSON that it answers with.
    pub async fn call(&self, program: &str, input: &Value) -> Value {
        match self.run(program, input.to_string().as_bytes()).await {
            Ok(reply) => serde_json::from_slice(&reply.output).expect("a program answers with JSON"),
            Err(error) => panic!("`{program}` did not answer: {error}"),
        }
    }

    /// Calls a program with bytes.
    ///
    /// # Errors
    ///
    /// Those of the call.
    pub async fn run(&self, program: &str, input: &[u8]) -> Result<Reply, CallError> {
        self.guest(program).await.run(input).await
    }

    /// A program, ready to be called.
    pub async fn guest(&self, program: &str) -> Guest {
        self.host(Path::new(PROGRAMS), &format!("{program}.wasm"))
            .guest("guest")
            .await
            .unwrap_or_else(|error| panic!("`{program}`: {error}"))
    }

    /// A host for a component in a folder.
    pub fn host(&self, folder: &Path, component: &str) -> Host {
        self.host_of(self.manifest(folder, component))
    }

    /// The manifest for a component in a folder.
    pub fn manifest(&self, folder: &Path, component: &str) -> Manifest {
        let text = format!(
            "[aws]\nregion = \"eu-west-1\"\n\n[guest.guest]\ncomponent = {component:?}\n{}\n{}",
            self.settings, self.statements
        );
        let folder = Dir::open_ambient_dir(folder, ambient_authority()).expect("the folder of the component");
        Manifest::parse(Source::new("innkeeper.toml", text.clone()), folder)
            .unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    /// A host for the guests of a manifest, on the same AWS.
    pub fn host_of(&self, manifest: Manifest) -> Host {
        self.host_on(manifest, engine())
    }

    /// The same with an engine of one's own.
    pub fn host_on(&self, manifest: Manifest, engine: Engine) -> Host {
        self.builder(manifest, engine).build().expect("a host")
    }

    /// The same, to be finished.
    pub fn builder(&self, manifest: Manifest, engine: Engine) -> HostBuilder {
        let builder = match &self.url {
            Some(url) => Host::builder(manifest).factory(network_factory()).endpoint(endpoint(url)),
            None => Host::builder(manifest).factory(factory(&self.aws)),
        };
        builder
            .engine(engine)
            .identity(Identity::Static(StaticKeys::new("AKIDEXAMPLE", SECRET)))
            .audit(self.audit.clone())
            // Each call has a host of its own; what one gave out is to be good for the next.
            .token_key([7; 32])
    }

    /// Makes those functions of the fake's seed that are guests what they are, as `innkeeper run` does.
    ///
    /// # Errors
    ///
    /// There is no such guest, or it cannot be made ready.
    pub async fn resolve_functions(&self, host: &Host) -> Result<(), Box<dyn std::error::Error>> {
        Ok(innkeeper_testing::resolve_functions(&self.aws, host).await?)
    }

    fn statement(mut self, effect: &str, action: &str, resource: &str) -> Self {
        writeln!(
            self.statements,
            "[[guest.guest.{effect}]]\nactions = [{action:?}]\nresources = [{resource:?}]\n"
        )
        .expect("a string takes all");
        self
    }
}

impl Default for TestHost {
    fn default() -> Self {
        Self::new()
    }
}

/// A factory whose clients reach a fake AWS, and that reads nothing of the machine.
pub fn factory(aws: &FakeAws) -> ClientFactory {
    let nothing: [(&str, &str); 0] = [];
    ClientFactory::builder()
        .http_client(aws.http_client())
        .time_source(aws.time_source())
        .sleep(aws.sleep())
        .environment(Environment::fixed(nothing, nothing))
        .build()
        .expect("a factory")
}

/// A factory whose clients reach the network, and that reads nothing of the machine.
pub fn network_factory() -> ClientFactory {
    let nothing: [(&str, &str); 0] = [];
    ClientFactory::builder().environment(Environment::fixed(nothing, nothing)).build().expect("a factory")
}

/// The endpoint at a URL.
pub fn endpoint(url: &str) -> Endpoint {
    Endpoint::new(url).unwrap_or_else(|error| panic!("{error}"))
}

/// One engine for all tests of a process, with compiled code kept between runs: compiling is what takes time.
pub fn engine() -> Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE
        .get_or_init(|| {
            let cache = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/guests/compiled");
            Engine::new().and_then(|engine| engine.with_cache(&cache)).expect("an engine")
        })
        .clone()
}
