//! The credentials of one identity, shared by every client that uses it.

pub(crate) mod answer;
mod container;
mod default_chain;
pub(crate) mod instance_metadata;
mod json;
mod load;
mod process;
mod profile;
mod role;
mod sso;

use crate::endpoint::Endpoint;
use crate::error::{CredentialsError, Error};
use crate::host::Host;
use crate::identity::Identity;
use crate::region::Region;
use crate::service_endpoint::Variant;
use arc_swap::ArcSwapOption;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError as SdkCredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_smithy_runtime::client::retries::RetryPartition;
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use tracing::Dispatch;
use tracing::instrument::WithSubscriber as _;

/// How long before their expiry credentials are replaced.
const REFRESH_AHEAD: Duration = Duration::from_mins(5);

/// How long before their expiry credentials are no longer used: a request has to arrive while they are good.
const EXPIRY_MARGIN: Duration = Duration::from_secs(10);

/// The least time between two attempts to replace credentials that are still good.
const REFRESH_PAUSE: Duration = Duration::from_secs(30);

/// The credentials of one identity.
///
/// They are loaded when first asked for, replaced ahead of their expiry in the background, and thrown away when AWS
/// rejects them. However many ask, one load runs.
pub(crate) struct CredentialsCell {
    host: Arc<Host>,
    identity: Arc<Identity>,
    endpoint: Option<Endpoint>,
    variant: Variant,
    /// The cell of the identity that a role is assumed with.
    base: Option<Arc<CredentialsCell>>,
    /// The retry budget of this identity's own calls to STS.
    partition: RetryPartition,
    current: ArcSwapOption<Held>,
    loading: Mutex<Loading>,
}

struct Held {
    credentials: Credentials,
    /// These were loaded because AWS rejected others, and AWS has not accepted them yet.
    on_trial: AtomicBool,
}

impl Held {
    fn is_good(&self, now: SystemTime) -> bool {
        self.credentials.expiry().is_none_or(|expiry| now + EXPIRY_MARGIN < expiry)
    }
}

#[derive(Default)]
struct Loading {
    under_way: Option<Load>,
    next: u64,
    /// Before this time, credentials that are still good are left alone.
    not_before: Option<SystemTime>,
    /// The load that comes next is due to a rejection.
    rejected: bool,
}

#[derive(Clone)]
struct Load {
    number: u64,
    outcome: Shared<BoxFuture<'static, Result<Credentials, Error>>>,
}

/// What a rejection by AWS led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// The next call has other credentials.
    Reload,
    /// These credentials already were a replacement for rejected ones: another will not help.
    Final,
}

impl CredentialsCell {
    pub(crate) fn new(
        host: Arc<Host>,
        identity: Arc<Identity>,
        endpoint: Option<Endpoint>,
        variant: Variant,
        base: Option<Arc<Self>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            host,
            identity,
            endpoint,
            variant,
            base,
            partition: RetryPartition::custom("credentials").build(),
            current: ArcSwapOption::empty(),
            loading: Mutex::default(),
        })
    }

    /// Credentials that are good now. `region` is where STS is asked, if it has to be.
    pub(crate) async fn get(self: &Arc<Self>, region: &Region) -> Result<Credentials, Error> {
        match self.ready(region) {
            Some(credentials) => Ok(credentials),
            None => self.load(region).await,
        }
    }

    /// The credentials if they are good now; if they will not be for long, a refresh starts in the background.
    fn ready(self: &Arc<Self>, region: &Region) -> Option<Credentials> {
        let held = self.current.load();
        let held = held.as_ref()?;
        let now = self.host.time.now();
        if !held.is_good(now) {
            return None;
        }
        if held.credentials.expiry().is_some_and(|expiry| now + REFRESH_AHEAD >= expiry) {
            self.refresh(region, now);
        }
        Some(held.credentials.clone())
    }

    fn refresh(self: &Arc<Self>, region: &Region, now: SystemTime) {
        let mut loading = self.lock();
        if loading.under_way.is_some() || loading.not_before.is_some_and(|time| now < time) {
            return;
        }
        loading.not_before = Some(now + REFRESH_PAUSE);
        // The task runs by itself; nobody has to wait for it.
        drop(self.start(&mut loading, region));
    }

    async fn load(self: &Arc<Self>, region: &Region) -> Result<Credentials, Error> {
        let outcome = {
            let mut loading = self.lock();
            // A load may have ended between the look and the lock.
            if let Some(held) = self.current.load().as_ref()
                && held.is_good(self.host.time.now())
            {
                return Ok(held.credentials.clone());
            }
            match &loading.under_way {
                Some(load) => load.outcome.clone(),
                None => self.start(&mut loading, region),
            }
        };
        outcome.await
    }

    /// Starts a load in a task of its own, so that it ends whoever stops waiting for it.
    fn start(
        self: &Arc<Self>,
        loading: &mut Loading,
        region: &Region,
    ) -> Shared<BoxFuture<'static, Result<Credentials, Error>>> {
        let (number, region) = (loading.next, region.clone());
        let on_trial = std::mem::take(&mut loading.rejected);
        loading.next += 1;
        let registration = Registration { cell: Arc::clone(self), number };
        let task = tokio::spawn(async move {
            let cell = &registration.cell;
            // The SDK logs request bodies at trace level, and those of a load hold tokens.
            let outcome = Box::pin(cell.load_now(&region)).with_subscriber(Dispatch::none()).await;
            registration.finish(&outcome, on_trial);
            outcome
        });
        let outcome = task.map(|outcome| outcome.unwrap_or(Err(Error::Interrupted))).boxed().shared();
        loading.under_way = Some(Load { number, outcome: outcome.clone() });
        outcome
    }

    async fn load_now(self: &Arc<Self>, region: &Region) -> Result<Credentials, Error> {
        let credentials = load::load(self, region).await?;
        match credentials.expiry() {
            Some(expiry) if expiry <= self.host.time.now() => Err(Error::Credentials {
                identity: self.identity.to_string(),
                source: Box::new(CredentialsError::AlreadyExpired),
            }),
            _ => Ok(credentials),
        }
    }

    /// Called when AWS has rejected, as expired, credentials with this access key.
    pub(crate) fn rejected(&self, access_key_id: &str) -> Rejection {
        let mut loading = self.lock();
        let held = self.current.load();
        let Some(held) = held.as_ref() else { return Rejection::Reload };
        if held.credentials.access_key_id() != access_key_id {
            // Others have replaced them meanwhile.
            return Rejection::Reload;
        }
        if held.on_trial.load(Ordering::Acquire) {
            return Rejection::Final;
        }
        tracing::warn!(identity = %self.identity, "AWS rejected the credentials as expired; loading them again");
        loading.rejected = true;
        // A load that is under way may have begun with what AWS now rejects.
        loading.under_way = None;
        self.current.store(None);
        Rejection::Reload
    }

    /// Called when AWS has accepted the credentials of the cell.
    pub(crate) fn accepted(&self) {
        if let Some(held) = self.current.load().as_ref()
            && held.on_trial.load(Ordering::Relaxed)
        {
            held.on_trial.store(false, Ordering::Release);
        }
    }

    pub(crate) fn base(&self) -> Option<&Arc<Self>> {
        self.base.as_ref()
    }

    fn lock(&self) -> MutexGuard<'_, Loading> {
        self.loading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows whose credentials they are, and nothing of them.
impl fmt::Debug for CredentialsCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialsCell").field("identity", &self.identity).finish_non_exhaustive()
    }
}

/// The place of a load, given up even if the load panics or its runtime stops.
struct Registration {
    cell: Arc<CredentialsCell>,
    number: u64,
}

impl Registration {
    fn finish(&self, outcome: &Result<Credentials, Error>, on_trial: bool) {
        let mut loading = self.cell.lock();
        if loading.under_way.as_ref().is_none_or(|load| load.number != self.number) {
            return;
        }
        loading.under_way = None;
        match outcome {
            Ok(credentials) => {
                let held = Held { credentials: credentials.clone(), on_trial: on_trial.into() };
                self.cell.current.store(Some(Arc::new(held)));
            }
            Err(error) => {
                loading.rejected = on_trial;
                let now = self.cell.host.time.now();
                loading.not_before = Some(now + REFRESH_PAUSE);
                if self.cell.current.load().as_ref().is_some_and(|held| held.is_good(now)) {
                    tracing::warn!(
                        identity = %self.cell.identity,
                        error = %error.display_chain(),
                        "refreshing credentials failed; the old ones are still good and stay in use"
                    );
                }
            }
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut loading = self.cell.lock();
        if loading.under_way.as_ref().is_some_and(|load| load.number == self.number) {
            loading.under_way = None;
        }
    }
}

/// Hands the credentials of a cell to the SDK, which keeps none of its own.
#[derive(Clone, Debug)]
pub(crate) struct CellProvider {
    pub(crate) cell: Arc<CredentialsCell>,
    pub(crate) region: Region,
}

impl ProvideCredentials for CellProvider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        if let Some(credentials) = self.cell.ready(&self.region) {
            return future::ProvideCredentials::ready(Ok(credentials));
        }
        future::ProvideCredentials::new(async {
            self.cell.load(&self.region).await.map_err(SdkCredentialsError::provider_error)
        })
    }
}
