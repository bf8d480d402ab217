//! From a manifest to guests that can be called.

use std::path::Path;
use std::sync::Arc;

use innkeeper_aws::{AssumeRole, ClientFactory, Endpoint, Identity, Region, Scope};

use crate::audit::AuditSink;
use crate::component::ComponentBytes;
use crate::context::AwsCtx;
use crate::engine::Engine;
use crate::error::Error;
use crate::exchange::ExchangeSink;
use crate::guest::{Guest, Parts};
use crate::inspect::Inspection;
use crate::manifest::{GuestSection, Manifest};
use crate::s3::TokenKey;
use crate::wasi::http::{Connector, Resolver, SystemResolver};
use crate::wasi::{Environment, Wasi};

/// The guests of one manifest, and what they run on. Cheap to clone.
///
/// There is no global state: several hosts, each with a factory of its own, live side by side in a process.
#[derive(Clone)]
pub struct Host {
    manifest: Arc<Manifest>,
    engine: Engine,
    factory: ClientFactory,
    overrides: Overrides,
    audit: Arc<dyn AuditSink>,
    exchanges: Option<Arc<dyn ExchangeSink>>,
    token_key: TokenKey,
    environment: Environment,
    connector: Arc<Connector>,
}

/// What is used in place of what the manifest says.
#[derive(Clone, Default)]
struct Overrides {
    identity: Option<Identity>,
    credentials: Option<Identity>,
    region: Option<Region>,
    endpoint: Option<Endpoint>,
}

/// Builds a [`Host`].
pub struct HostBuilder {
    manifest: Manifest,
    engine: Option<Engine>,
    factory: Option<ClientFactory>,
    overrides: Overrides,
    audit: Arc<dyn AuditSink>,
    exchanges: Option<Arc<dyn ExchangeSink>>,
    token_key: Option<TokenKey>,
    environment: Environment,
    resolver: Arc<dyn Resolver>,
}

impl Host {
    /// Reads a manifest, and reaches AWS as it says.
    ///
    /// # Errors
    ///
    /// Those of [`Manifest::load`] and [`HostBuilder::build`].
    pub fn from_manifest(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::builder(Manifest::load(path.as_ref())?).build()
    }

    /// Begins a host for the guests of a manifest.
    pub fn builder(manifest: Manifest) -> HostBuilder {
        HostBuilder::new(manifest)
    }

    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The factory of the guests' clients.
    pub fn factory(&self) -> &ClientFactory {
        &self.factory
    }

    /// What a guest's calls run under: region, identity and endpoint.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownGuest`]; [`Error::Aws`] for an identity that could never have credentials.
    pub fn scope(&self, guest: &str) -> Result<Scope, Error> {
        let section = self.manifest.guest(guest)?;
        self.scope_of(guest, section)
    }

    /// Makes a guest ready: reads, compiles and links its component, and finds its region.
    ///
    /// After this it is known that the component can be run here and that there is a region. Credentials are loaded with the guest's
    /// first call of AWS; who wants to know before that whether there are any asks the [factory](Self::factory) for a client of the
    /// guest's [scope](Self::scope). Nothing is sent to AWS for it.
    ///
    /// # Errors
    ///
    /// [`Error`], by cause.
    pub async fn guest(&self, name: &str) -> Result<Guest, Error> {
        let section = self.manifest.guest(name)?;
        let scope = self.scope_of(name, section)?;
        let region = self.factory.region(&scope).await?;
        let aws = AwsCtx::builder(self.factory.clone(), scope.with_region(region), section.policy.clone())
            .account(self.manifest.account_of(section).cloned())
            .names(section.names.clone())
            .classes(self.manifest.aws().class_of.clone())
            .quotas(section.quotas.clone())
            .audit(Arc::clone(&self.audit))
            .exchanges(self.exchanges.clone())
            .call_bytes(section.limits.host_call_bytes)
            .transfer_memory(section.limits.transfer_memory)
            .presigned_url_expiry(section.limits.presigned_url_expiry)
            .in_flight_calls(section.limits.in_flight_calls)
            .log_rate(section.limits.log_rate)
            .shared_token_key(self.token_key.clone())
            .bucket_owners(section.accounts.clone())
            .build();

        let (host, section, name) = (self.clone(), section.clone(), name.to_owned());
        let prepared = tokio::task::spawn_blocking(move || {
            let folder = host.manifest.directory();
            let wasi = Wasi::open(&section.wasi, folder, &host.environment)?;
            let component = ComponentBytes::read(folder, &section.component)?;
            let GuestSection { limits, config, .. } = section;
            let parts = Parts { aws, limits, config, wasi, connector: host.connector };
            Ok(Guest::prepare(&name, &host.engine, &component, parts)?)
        });
        match prepared.await {
            Ok(guest) => guest,
            Err(error) => Err(Error::Engine(wasmtime::Error::new(error))),
        }
    }

    /// What a guest's component imports and exports. It is read, and not compiled.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownGuest`] and [`Error::Component`].
    pub fn inspect(&self, guest: &str) -> Result<Inspection, Error> {
        let section = self.manifest.guest(guest)?;
        let component = ComponentBytes::read(self.manifest.directory(), &section.component)?;
        Ok(Inspection::of(&component)?)
    }

    fn scope_of(&self, name: &str, section: &GuestSection) -> Result<Scope, Error> {
        let overrides = &self.overrides;
        let identity = overrides.identity.as_ref().unwrap_or(&section.identity);
        let identity = match &overrides.credentials {
            Some(credentials) => with_credentials(identity, credentials),
            None => identity.clone(),
        };
        Scope::builder()
            .guest(name)
            .identity(identity)
            .region(overrides.region.clone().or_else(|| section.region.clone()))
            .endpoint(overrides.endpoint.clone().or_else(|| self.manifest.aws().endpoint.clone()))
            .build()
            .map_err(|error| Error::Aws(error.into()))
    }
}

impl HostBuilder {
    /// The defaults: an engine of its own without a cache of compiled code, a factory as the manifest says, no audit trail but the
    /// log; the variables of the process for guests that inherit some, and the operating system's resolver for their requests.
    pub fn new(manifest: Manifest) -> Self {
        Self {
            manifest,
            engine: None,
            factory: None,
            overrides: Overrides::default(),
            audit: Arc::new(()),
            exchanges: None,
            token_key: None,
            environment: Environment::default(),
            resolver: Arc::new(SystemResolver),
        }
    }

    /// The engine, shared with other hosts or with a cache of compiled code.
    #[must_use]
    pub fn engine(mut self, engine: Engine) -> Self {
        self.engine = Some(engine);
        self
    }

    /// The factory of clients. This is where a fake AWS enters.
    #[must_use]
    pub fn factory(mut self, factory: ClientFactory) -> Self {
        self.factory = Some(factory);
        self
    }

    /// An identity in place of those of the manifest, for all guests.
    #[must_use]
    pub fn identity(mut self, identity: Identity) -> Self {
        self.overrides.identity = Some(identity);
        self
    }

    /// Credentials in place of those that the manifest names, for all guests. The roles that it names are still assumed, with
    /// these credentials, and a guest without credentials (`anonymous`) stays without.
    #[must_use]
    pub fn credentials(mut self, credentials: Identity) -> Self {
        self.overrides.credentials = Some(credentials);
        self
    }

    /// A region in place of those of the manifest, for all guests.
    #[must_use]
    pub fn region(mut self, region: Region) -> Self {
        self.overrides.region = Some(region);
        self
    }

    /// An endpoint in place of AWS's own and of the manifest's, for all services.
    #[must_use]
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.overrides.endpoint = Some(endpoint);
        self
    }

    /// Where decisions and calls are written down.
    #[must_use]
    pub fn audit(mut self, sink: Arc<dyn AuditSink>) -> Self {
        self.audit = sink;
        self
    }

    /// Where what guests call of `innkeeper:aws` is told, and what they are answered. Default: nowhere.
    #[must_use]
    pub fn exchanges(mut self, sink: Arc<dyn ExchangeSink>) -> Self {
        self.exchanges = Some(sink);
        self
    }

    /// What the places in listings that guests store are authenticated with. Default: a random key, so that they are good as long as
    /// this host is. Hosts with the same key take each other's. Keep it secret.
    #[must_use]
    pub fn token_key(mut self, key: [u8; 32]) -> Self {
        self.token_key = Some(TokenKey::new(key));
        self
    }

    /// The variables that guests can inherit (`{ inherit = "NAME" }`), in place of the process's own.
    #[must_use]
    pub fn environment(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.environment = Environment::Fixed(Arc::new(variables.into_iter().collect()));
        self
    }

    /// What finds the addresses of the hosts that guests send requests to, in place of the operating system.
    #[must_use]
    pub fn resolver(mut self, resolver: Arc<dyn Resolver>) -> Self {
        self.resolver = resolver;
        self
    }

    /// The host. Nothing is loaded and nothing is connected yet.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`] where the machine cannot run WebAssembly; [`Error::Aws`] for settings that a factory refuses.
    pub fn build(self) -> Result<Host, Error> {
        let engine = match self.engine {
            Some(engine) => engine,
            None => Engine::new()?,
        };
        let factory = match self.factory {
            Some(factory) => factory,
            None => self.manifest.client_factory().build().map_err(|error| Error::Aws(error.into()))?,
        };
        Ok(Host {
            manifest: Arc::new(self.manifest),
            engine,
            factory,
            overrides: self.overrides,
            audit: self.audit,
            exchanges: self.exchanges,
            token_key: self.token_key.unwrap_or_else(TokenKey::random),
            environment: self.environment,
            connector: Arc::new(Connector::new(self.resolver)),
        })
    }
}

/// An identity with other credentials at its bottom.
fn with_credentials(identity: &Identity, credentials: &Identity) -> Identity {
    match identity {
        Identity::Anonymous => Identity::Anonymous,
        Identity::AssumeRole(role) => {
            AssumeRole { base: with_credentials(&role.base, credentials), ..AssumeRole::clone(role) }.into()
        }
        Identity::WebIdentity(web) => AssumeRole {
            session_name: web.session_name.clone(),
            ..credentials.clone().assume_role(web.role_arn.as_str())
        }
        .into(),
        _ => credentials.clone(),
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("manifest", &self.manifest.file()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use innkeeper_aws::WebIdentity;

    use super::*;

    #[test]
    fn other_credentials_leave_the_roles_on_top() {
        const ROLE: &str = "arn:aws:iam::123456789012:role/thumbnailer";
        let prod = || Identity::Profile("prod".to_owned());
        let dev = || Identity::Profile("dev".to_owned());
        let role =
            |base: Identity| AssumeRole { external_id: Some("id".to_owned()), ..base.assume_role(ROLE) };
        assert_eq!(with_credentials(&prod(), &dev()), dev());
        assert_eq!(with_credentials(&role(prod()).into(), &dev()), role(dev()).into());
        assert_eq!(with_credentials(&Identity::Anonymous, &dev()), Identity::Anonymous);
        let web = WebIdentity {
            role_arn: ROLE.to_owned(),
            token_file: "/token".into(),
            session_name: Some("web".to_owned()),
        };
        let assumed = AssumeRole { session_name: Some("web".to_owned()), ..dev().assume_role(ROLE) };
        assert_eq!(with_credentials(&Identity::WebIdentity(web), &dev()), assumed.into());
    }
}
