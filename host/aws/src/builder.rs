//! Makes a [`ClientFactory`].

use crate::class::Classes;
use crate::environment::{Compute, Environment};
use crate::error::ConfigurationError;
use crate::factory::ClientFactory;
use crate::host::Host;
use crate::region::Region;
use crate::service::Service;
use crate::service_http::ServiceHttp;
use aws_smithy_async::rt::sleep::{AsyncSleep, SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource, TimeSource};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{HttpClient, SharedHttpClient};
use aws_smithy_runtime_api::shared::IntoShared as _;
use std::num::NonZeroU64;

/// The default of [`ClientFactoryBuilder::max_clients`] and of [`ClientFactoryBuilder::max_sessions`].
const DEFAULT_BOUND: NonZeroU64 = NonZeroU64::MIN.saturating_add(9_999);

/// Makes a [`ClientFactory`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ClientFactoryBuilder {
    http: Option<SharedHttpClient>,
    service_http: Option<ServiceHttp>,
    time: SharedTimeSource,
    sleep: SharedAsyncSleep,
    environment: Environment,
    compute: Compute,
    region: Option<Region>,
    allowed_regions: Option<Vec<Region>>,
    classes: Classes,
    max_clients: NonZeroU64,
    max_sessions: NonZeroU64,
}

impl Default for ClientFactoryBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl ClientFactoryBuilder {
    /// A builder with the defaults: HTTP over TLS by hyper and rustls, the system's clock, tokio's timers,
    /// [`Environment::process`], [`Compute::NotOnAws`], no region of its own and none forbidden, the built-in
    /// [`Classes`], and 10,000 clients per service and sessions at most.
    pub fn new() -> Self {
        Self {
            http: None,
            service_http: None,
            time: SharedTimeSource::new(SystemTimeSource::new()),
            sleep: SharedAsyncSleep::new(TokioSleep::new()),
            environment: Environment::process(),
            compute: Compute::NotOnAws,
            region: None,
            allowed_regions: None,
            classes: Classes::default(),
            max_clients: DEFAULT_BOUND,
            max_sessions: DEFAULT_BOUND,
        }
    }

    /// The HTTP client under every client, and under every load of credentials. A fake AWS enters here.
    pub fn http_client(mut self, http: impl HttpClient + 'static) -> Self {
        self.http = Some(http.into_shared());
        self
    }

    /// What is put before the HTTP client in the clients of services: it is given the service, the guest of the client's scope and the HTTP
    /// client, and gives what is to be used in its place. For those who look on at what is asked of services: loads of credentials pass
    /// through the HTTP client alone, so it never sees one.
    pub fn service_http(
        mut self,
        wrap: impl Fn(Service, Option<&str>, SharedHttpClient) -> SharedHttpClient + Send + Sync + 'static,
    ) -> Self {
        self.service_http = Some(ServiceHttp::new(wrap));
        self
    }

    /// The clock: what requests are signed with, and what the expiry of credentials is measured against.
    pub fn time_source(mut self, time: impl TimeSource + 'static) -> Self {
        self.time = time.into_shared();
        self
    }

    /// The timers of timeouts and of pauses between attempts.
    pub fn sleep(mut self, sleep: impl AsyncSleep + 'static) -> Self {
        self.sleep = sleep.into_shared();
        self
    }

    /// The environment variables and files that are read.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// Whether the host runs on AWS compute, so that instance metadata may be asked.
    pub fn compute(mut self, compute: Compute) -> Self {
        self.compute = compute;
        self
    }

    /// The region of scopes that have none of their own: `[aws]` in the manifest.
    pub fn region(mut self, region: impl Into<Option<Region>>) -> Self {
        self.region = region.into();
        self
    }

    /// The only regions that a scope may be in: `allowed-regions` in the manifest.
    pub fn allowed_regions(mut self, regions: impl IntoIterator<Item = Region>) -> Self {
        self.allowed_regions = Some(regions.into_iter().collect());
        self
    }

    /// The configuration classes.
    pub fn classes(mut self, classes: Classes) -> Self {
        self.classes = classes;
        self
    }

    /// How many clients of each service are kept; past that, the one that was used least recently goes.
    pub fn max_clients(mut self, clients: NonZeroU64) -> Self {
        self.max_clients = clients;
        self
    }

    /// How many sessions are kept; past that, the one that was used least recently goes, with its credentials if no other
    /// session or client has them.
    pub fn max_sessions(mut self, sessions: NonZeroU64) -> Self {
        self.max_sessions = sessions;
        self
    }

    /// Makes the factory. Nothing is read, loaded or connected yet.
    ///
    /// # Errors
    ///
    /// [`ConfigurationError::NoRegionAllowed`] if [`ClientFactoryBuilder::allowed_regions`] is empty.
    pub fn build(self) -> Result<ClientFactory, ConfigurationError> {
        if self.allowed_regions.as_ref().is_some_and(Vec::is_empty) {
            return Err(ConfigurationError::NoRegionAllowed);
        }
        let host = Host {
            http: self.http.unwrap_or_else(https),
            service_http: self.service_http,
            time: self.time,
            sleep: self.sleep,
            environment: self.environment,
            compute: self.compute,
            region: self.region,
            allowed_regions: self.allowed_regions,
            classes: self.classes,
        };
        Ok(ClientFactory::new(host, self.max_clients.get(), self.max_sessions.get()))
    }
}

/// One pool of connections, whatever the service, the guest or the identity.
fn https() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
}
