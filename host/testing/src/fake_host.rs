//! The real host, with a fake under its SDK.

use std::sync::Arc;

use innkeeper::aws::{ClientFactoryBuilder, Compute, Endpoint, Environment, Identity, StaticKeys};
use innkeeper::{Engine, Error, Host, HostBuilder, Manifest};
use innkeeper_fake::FakeAws;

use crate::called::Called;
use crate::guest_function::{ResolveError, resolve_functions};
use crate::stand_in;
use crate::trail::Trail;

/// The region of a fake, if the manifest names none.
const DEFAULT_REGION: &str = "us-east-1";

/// The endpoint of a fake, where the manifest has one for AWS. A name that nobody can have (RFC 6761), and that nobody is asked for.
const OWN_ENDPOINT: &str = "http://fake.invalid";

/// A host for the guests of a manifest whose AWS is a fake.
///
/// Nothing of the process's environment is read: no variable, no file, no instance metadata. The roles that the manifest names are
/// assumed, at the fake's own STS, with keys that are good for nothing else. The endpoint of the manifest, which is another AWS's, is
/// passed over. What a denial suggests has a `*` in place of the fake's account, unless the manifest says that it is the guests' own.
///
/// # Errors
///
/// [`Error::Aws`] for settings that a factory refuses.
pub fn host_on(aws: &FakeAws, manifest: Manifest) -> Result<HostBuilder, Error> {
    host_on_with(aws, manifest, |factory| factory)
}

/// As [`host_on`], with more said to the factory: a recorder that looks on.
///
/// # Errors
///
/// Those of [`host_on`].
pub fn host_on_with(
    aws: &FakeAws,
    manifest: Manifest,
    more: impl FnOnce(ClientFactoryBuilder) -> ClientFactoryBuilder,
) -> Result<HostBuilder, Error> {
    let allowed = manifest.aws().allowed_regions.iter().flatten().next();
    let region = allowed.map_or(DEFAULT_REGION, |region| region.as_str());
    let no_files: [(&str, &str); 0] = [];
    let factory = more(manifest.client_factory())
        .http_client(aws.http_client())
        .time_source(aws.time_source())
        .sleep(aws.sleep())
        .environment(Environment::fixed([("AWS_REGION", region)], no_files))
        .compute(Compute::NotOnAws)
        .build()
        .map_err(innkeeper::aws::Error::from)?;
    let keys = StaticKeys::new("FAKE", "the fake AWS takes any key");
    let elsewhere = manifest.aws().endpoint.is_some();
    let manifest = stand_in::on_fake(manifest, aws.account_id())?;
    let host = Host::builder(manifest).factory(factory).credentials(Identity::Static(keys));
    // The endpoint of the manifest may have a path that the fake would take for a bucket.
    if !elsewhere {
        return Ok(host);
    }
    Ok(host.endpoint(Endpoint::new(OWN_ENDPOINT).map_err(innkeeper::aws::Error::from)?))
}

/// Why a guest could not be called.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotReady {
    /// The host or the guest cannot be made ready.
    #[error(transparent)]
    Guest(#[from] Error),
    /// A function of the fake's seed that is a guest cannot.
    #[error(transparent)]
    Function(#[from] ResolveError),
}

/// The guests of a manifest, on a fake, with a trail of what they ask.
#[derive(Debug)]
pub struct FakeHost {
    aws: FakeAws,
    host: Host,
    trail: Arc<Trail>,
}

impl FakeHost {
    /// A host for the guests of `manifest` on `aws`. Tokens that one guest was given are good on another host of this kind, and the
    /// same in each run.
    ///
    /// # Errors
    ///
    /// [`Error::Aws`] for settings that a factory refuses.
    pub fn new(aws: FakeAws, manifest: Manifest, engine: Engine) -> Result<Self, Error> {
        let trail = Arc::new(Trail::default());
        // No secret: what is sealed with it is a place in a fake's listing.
        let host = host_on(&aws, manifest)?
            .engine(engine)
            .audit(Arc::<Trail>::clone(&trail))
            .token_key([0; 32])
            .build()?;
        Ok(Self { aws, host, trail })
    }

    /// The fake.
    pub fn aws(&self) -> &FakeAws {
        &self.aws
    }

    /// The host.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Calls a guest once, and waits until the functions that it has invoked asynchronously are done as well. Functions of the fake's
    /// seed that are guests of the manifest run as such, each under its own policy and limits.
    ///
    /// # Errors
    ///
    /// Why the guest, or one that is a function, could not be made ready. What comes of the call itself is in [`Called`].
    pub async fn call(&self, guest: &str, input: &[u8]) -> Result<Called, NotReady> {
        resolve_functions(&self.aws, &self.host).await?;
        let ready = self.host.guest(guest).await?;
        let first = self.trail.len();
        let started = tokio::time::Instant::now();
        let called = ready.call(input).await;
        let elapsed = started.elapsed();
        self.aws.lambda().idle().await;
        Ok(Called {
            guest: guest.to_owned(),
            result: called.result,
            log: called.log,
            elapsed,
            events: self.trail.since(first),
            aws: self.aws.clone(),
        })
    }
}
