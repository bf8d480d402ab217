//! The one place where credentials, regions and AWS clients exist.

use crate::builder::ClientFactoryBuilder;
use crate::cache::{Cache, Counters};
use crate::caller::CallerIdentity;
use crate::client::{Recipe, ServiceClient};
use crate::digest::Digest;
use crate::error::Error;
use crate::host::Host;
use crate::region::{Partition, Region};
use crate::scope::Scope;
use crate::service::Service;
use crate::session::{Cells, Session};
use crate::stats::Stats;
use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Makes the AWS clients that guests' calls go through, and keeps them.
///
/// A factory is a value: cheap to clone, with nothing global, and a process may have several. Nothing is read, loaded or
/// connected before the first getter is called; however many ask at once, one session is opened, one load of credentials
/// runs, and one client is built for each key. All clients share the factory's HTTP connections, and the credentials of
/// equal identities.
///
/// The getters are to be called within a tokio runtime.
#[derive(Clone)]
pub struct ClientFactory(Arc<Inner>);

struct Inner {
    host: Arc<Host>,
    cells: Cells,
    sessions: Arc<Cache<Arc<Session>>>,
    s3: Arc<Cache<Kept<aws_sdk_s3::Client>>>,
    sqs: Arc<Cache<Kept<aws_sdk_sqs::Client>>>,
    lambda: Arc<Cache<Kept<aws_sdk_lambda::Client>>>,
    sts: Arc<Cache<Kept<aws_sdk_sts::Client>>>,
    partitions: moka::sync::Cache<Digest, RetryPartition>,
}

/// A client in the cache, with what it is chosen by when it is cleared.
struct Kept<C>(Arc<KeptClient<C>>);

struct KeptClient<C> {
    client: C,
    session: Arc<Session>,
    guest: Option<Arc<str>>,
}

impl<C> Clone for Kept<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// The retry tokens of a guest, for each service and region: the SDK's own number.
const RETRY_TOKENS: usize = 500;

impl ClientFactory {
    /// A factory for the process environment, away from AWS compute, unless set otherwise: see
    /// [`ClientFactoryBuilder::new`].
    pub fn builder() -> ClientFactoryBuilder {
        ClientFactoryBuilder::new()
    }

    pub(crate) fn new(host: Host, max_clients: u64, max_sessions: u64) -> Self {
        Self(Arc::new(Inner {
            host: Arc::new(host),
            cells: Cells::default(),
            sessions: Cache::new(max_sessions),
            s3: Cache::new(max_clients),
            sqs: Cache::new(max_clients),
            lambda: Cache::new(max_clients),
            sts: Cache::new(max_clients),
            partitions: moka::sync::Cache::new(max_clients),
        }))
    }

    /// The S3 client of a scope.
    ///
    /// # Errors
    ///
    /// Any [`Error`], if it is the first for its scope: no region, no credentials, a role that cannot be assumed, an
    /// unknown class. Failures are not kept; the next call tries again.
    pub async fn s3(&self, scope: &Scope) -> Result<aws_sdk_s3::Client, Error> {
        self.client(&self.0.s3, scope).await
    }

    /// The SQS client of a scope.
    ///
    /// # Errors
    ///
    /// As [`ClientFactory::s3`].
    pub async fn sqs(&self, scope: &Scope) -> Result<aws_sdk_sqs::Client, Error> {
        self.client(&self.0.sqs, scope).await
    }

    /// The Lambda client of a scope.
    ///
    /// # Errors
    ///
    /// As [`ClientFactory::s3`].
    pub async fn lambda(&self, scope: &Scope) -> Result<aws_sdk_lambda::Client, Error> {
        self.client(&self.0.lambda, scope).await
    }

    /// The STS client of a scope.
    ///
    /// # Errors
    ///
    /// As [`ClientFactory::s3`].
    pub async fn sts(&self, scope: &Scope) -> Result<aws_sdk_sts::Client, Error> {
        self.client(&self.0.sts, scope).await
    }

    /// The region that a scope's calls go to: the scope's own, the factory's, `AWS_REGION`, `AWS_DEFAULT_REGION`, the
    /// profile's, or the instance's where it may be asked.
    ///
    /// # Errors
    ///
    /// [`Error::Region`], which lists what was looked at; or the shared configuration files cannot be used. Credentials
    /// are not loaded.
    pub async fn region(&self, scope: &Scope) -> Result<Region, Error> {
        Ok(self.session(scope).await?.region.clone())
    }

    /// The partition of the scope's region, which is the second field of the ARNs of what it reaches.
    ///
    /// # Errors
    ///
    /// As [`ClientFactory::region`].
    pub async fn partition(&self, scope: &Scope) -> Result<Partition, Error> {
        Ok(self.region(scope).await?.partition())
    }

    /// Who a scope's calls are made by, from STS's GetCallerIdentity, which needs no permission and changes nothing.
    ///
    /// # Errors
    ///
    /// As [`ClientFactory::s3`]; [`Error::Service`] or [`Error::Connection`] if STS does not say.
    pub async fn caller_identity(&self, scope: &Scope) -> Result<CallerIdentity, Error> {
        let region = self.region(scope).await?;
        CallerIdentity::ask(&self.sts(scope).await?, region).await
    }

    /// The time by the factory's clock, for whoever writes down what its clients do.
    pub fn now(&self) -> std::time::SystemTime {
        self.0.host.time.now()
    }

    /// Forgets the clients that `filter` chooses, and the sessions and credentials that no client is left for. Calls that
    /// are in flight on them finish. Returns how many clients were forgotten.
    pub fn clear(&self, filter: &Filter) -> u64 {
        let inner = &self.0;
        let cleared = clear_clients(&inner.s3, filter)
            + clear_clients(&inner.sqs, filter)
            + clear_clients(&inner.lambda, filter)
            + clear_clients(&inner.sts, filter);
        let used = self.used_sessions();
        inner.sessions.remove(|session| !used.contains(&Arc::as_ptr(session)));
        let cells: Vec<_> =
            inner.sessions.values().filter_map(|session| session.credentials.clone()).collect();
        inner.cells.keep_only(&cells);
        cleared
    }

    /// What has happened in the caches, and what is in them.
    pub fn stats(&self) -> Stats {
        let inner = &self.0;
        let mut stats = Stats { live_sessions: inner.sessions.len(), ..Stats::default() };
        let mut add = |counters: &Counters, live| {
            stats.hits += counters.hits.load(Ordering::Relaxed);
            stats.misses += counters.misses.load(Ordering::Relaxed);
            stats.builds += counters.builds.load(Ordering::Relaxed);
            stats.evictions += counters.evictions.load(Ordering::Relaxed);
            stats.live_clients += live;
        };
        add(inner.s3.counters(), inner.s3.len());
        add(inner.sqs.counters(), inner.sqs.len());
        add(inner.lambda.counters(), inner.lambda.len());
        add(inner.sts.counters(), inner.sts.len());
        stats
    }

    async fn client<C: ServiceClient>(&self, cache: &Arc<Cache<Kept<C>>>, scope: &Scope) -> Result<C, Error> {
        if let Some(kept) = cache.get(&scope.digest()) {
            return Ok(kept.0.client.clone());
        }
        let build = || {
            let (factory, scope) = (self.clone(), scope.clone());
            async move { factory.build(&scope).await }
        };
        let kept = Box::pin(cache.get_or_build(scope.digest(), build)).await?;
        Ok(kept.0.client.clone())
    }

    async fn build<C: ServiceClient>(&self, scope: &Scope) -> Result<Kept<C>, Error> {
        let host = &self.0.host;
        let class = host.classes.get(scope.class())?;
        let session = self.session(scope).await?;
        if let Some(cell) = &session.credentials {
            // Now, so that an identity without credentials is this error, with its cause, and not that of the first call.
            cell.get(&session.region).await?;
        }
        let partition = self.retry_partition(C::SERVICE, scope.guest(), &session.region);
        let client = C::build(&Recipe { host, session: &session, guest: scope.guest(), class, partition });
        let guest = scope.guest().map(Arc::from);
        Ok(Kept(Arc::new(KeptClient { client, session, guest })))
    }

    async fn session(&self, scope: &Scope) -> Result<Arc<Session>, Error> {
        let open = || {
            let (factory, scope) = (self.clone(), scope.clone());
            async move { Session::open(&factory.0.host, &factory.0.cells, &scope).await }
        };
        self.0.sessions.get_or_build(scope.session_digest(), open).await
    }

    /// The retry budget of a guest in a service and region, whatever the class. The SDK's own is one for the whole
    /// process, so that one guest whose calls all fail would end the retries of every other.
    fn retry_partition(&self, service: Service, guest: Option<&str>, region: &Region) -> RetryPartition {
        let key = Digest::of("partition", |writer| {
            writer.field(service.as_str());
            writer.optional(guest);
            writer.field(region.as_str());
        });
        self.0.partitions.get_with(key, || {
            let name = format!("{service}-{region}-{}", guest.unwrap_or("host"));
            RetryPartition::custom(name).token_bucket(TokenBucket::new(RETRY_TOKENS)).build()
        })
    }

    fn used_sessions(&self) -> std::collections::HashSet<*const Session> {
        fn of<C: ServiceClient>(cache: &Cache<Kept<C>>) -> impl Iterator<Item = *const Session> + '_ {
            cache.values().map(|kept| Arc::as_ptr(&kept.0.session))
        }
        let inner = &self.0;
        of(&inner.s3).chain(of(&inner.sqs)).chain(of(&inner.lambda)).chain(of(&inner.sts)).collect()
    }
}

fn clear_clients<C: ServiceClient>(cache: &Cache<Kept<C>>, filter: &Filter) -> u64 {
    cache.remove(|Kept(kept)| match filter {
        Filter::All => true,
        Filter::Service(service) => C::SERVICE == *service,
        Filter::Region(region) => kept.session.region == *region,
        Filter::Guest(guest) => kept.guest.as_deref() == Some(guest),
    })
}

/// Which clients are to be forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// All of them.
    All,
    /// Those of a service.
    Service(Service),
    /// Those whose calls go to a region.
    Region(Region),
    /// Those of a guest.
    Guest(String),
}

impl fmt::Debug for ClientFactory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientFactory").field("host", &self.0.host).field("stats", &self.stats()).finish()
    }
}
