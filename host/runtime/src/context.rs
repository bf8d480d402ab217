//! What a store has to hold so that its guest can call AWS, and how a linker learns of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use innkeeper_aws::{Class, ClientFactory, Scope};
use innkeeper_policy::{AccountId, BucketArn, Policy};
use wasmtime::component::{HasData, Linker, ResourceTable};

use crate::audit::AuditSink;
use crate::bindings;
use crate::exchange::{ExchangeSink, Recorder};
use crate::gate::{Gate, GateLimits, Surroundings};
use crate::limits::Limits;
use crate::quota::{Quotas, Rate};
use crate::s3::{TokenKey, Transfers};
use crate::sqs::QueueUrls;
use crate::trigger::Trigger;

/// The AWS side of one store: a guest's policy, its scope, and what it calls things.
///
/// Cheap to clone: the clones share one gate, and one bound on the memory of their transfers. Use one per store; for another call of
/// the same guest take [`AwsCtx::for_call`].
#[derive(Clone)]
pub struct AwsCtx {
    gate: Arc<Gate>,
    names: Arc<BTreeMap<String, String>>,
    queue_urls: Arc<QueueUrls>,
    token_key: TokenKey,
    limits: AwsLimits,
    transfers: Arc<Transfers>,
    recorder: Option<Recorder>,
}

/// The limits that are held here and not by the store.
#[derive(Clone, Copy)]
struct AwsLimits {
    call_bytes: u64,
    transfer_memory: u64,
    presigned_url_expiry: Duration,
}

impl AwsCtx {
    /// Begins one for the guest of a policy, with clients of `factory` for `scope`.
    pub fn builder(factory: ClientFactory, scope: Scope, policy: Policy) -> AwsCtxBuilder {
        AwsCtxBuilder::new(factory, scope, policy)
    }

    /// One for another call: with the same policy, the whole of the memory for transfers, what started the call, and a time by which
    /// it ends. `None`: none that is known.
    #[must_use]
    pub fn for_call(&self, trigger: Trigger, timeout: Option<Duration>) -> Self {
        Self {
            gate: Arc::new(self.gate.for_call(trigger, timeout)),
            transfers: Arc::new(Transfers::new(self.limits.transfer_memory, timeout)),
            recorder: self.recorder.as_ref().map(Recorder::for_call),
            ..self.clone()
        }
    }

    /// Waits until the uploads that the call left unfinished have been given up: for a host whose process ends with the call. It takes
    /// a minute at most. Where nobody waits, they are given up all the same, as long as the runtime runs.
    pub async fn settle(&self) {
        self.transfers.settle().await;
    }

    /// Whether nothing is left to be given up.
    pub(crate) fn is_settled(&self) -> bool {
        self.transfers.is_settled()
    }

    /// Ends what is still being given up. It is written down as cancelled.
    pub(crate) async fn cut_off(&self) {
        self.transfers.cut_off().await;
    }

    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Where exchanges are told, if they are.
    pub(crate) fn recorder(&self) -> Option<&Recorder> {
        self.recorder.as_ref()
    }

    /// What the transfers of the call share.
    pub(crate) fn transfers(&self) -> &Arc<Transfers> {
        &self.transfers
    }

    /// The account that the manifest says a bucket belongs to.
    pub(crate) fn owner(&self, bucket: &BucketArn) -> Option<&str> {
        self.gate.owner(bucket)
    }

    /// What the places in listings, as guests store them, are authenticated with.
    pub(crate) fn token_key(&self) -> &TokenKey {
        &self.token_key
    }

    /// How long a presigned URL is good at most.
    pub(crate) fn presigned_url_expiry(&self) -> Duration {
        self.limits.presigned_url_expiry
    }

    /// What the manifest says that `name` stands for, or the name itself.
    pub(crate) fn resolve<'a>(&'a self, name: &'a str) -> &'a str {
        self.names.get(name).map_or(name, String::as_str)
    }

    /// The URLs of queues that have been looked up.
    pub(crate) fn queue_urls(&self) -> &QueueUrls {
        &self.queue_urls
    }

    /// How many bytes one call may return.
    pub(crate) fn call_bytes(&self) -> u64 {
        self.limits.call_bytes
    }
}

/// Builds an [`AwsCtx`].
pub struct AwsCtxBuilder {
    factory: ClientFactory,
    scope: Scope,
    policy: Policy,
    account: Option<AccountId>,
    classes: BTreeMap<String, Class>,
    names: BTreeMap<String, String>,
    owners: BTreeMap<String, String>,
    quotas: Quotas,
    audit: Arc<dyn AuditSink>,
    exchanges: Option<Arc<dyn ExchangeSink>>,
    token_key: Option<TokenKey>,
    limits: AwsLimits,
    gate_limits: GateLimits,
}

impl AwsCtxBuilder {
    /// The defaults: plain names of queues and functions belong to the account of the scope's identity, which STS is asked for; each operation in the configuration class that [`Class::of`] says, no names, no accounts, no audit trail but the
    /// log, a random key for places in listings, and the `host_call_bytes`, `transfer_memory`, `presigned_url_expiry`,
    /// `in_flight_calls` and `log_rate` of [`Limits::default`].
    pub fn new(factory: ClientFactory, scope: Scope, policy: Policy) -> Self {
        let limits = Limits::default();
        Self {
            factory,
            scope,
            policy,
            account: None,
            classes: BTreeMap::new(),
            names: BTreeMap::new(),
            owners: BTreeMap::new(),
            quotas: Quotas::default(),
            audit: Arc::new(()),
            exchanges: None,
            token_key: None,
            gate_limits: GateLimits::default(),
            limits: AwsLimits {
                call_bytes: limits.host_call_bytes,
                transfer_memory: limits.transfer_memory,
                presigned_url_expiry: limits.presigned_url_expiry,
            },
        }
    }

    /// The account that plain names of queues and functions belong to.
    #[must_use]
    pub fn account(mut self, account: impl Into<Option<AccountId>>) -> Self {
        self.account = account.into();
        self
    }

    /// The configuration class of operations, by their names in AWS's API, where it is not to be the one that [`Class::of`] says. One
    /// with several attempts would let `Invoke` and `InvokeWithResponseStream` run a function twice; what a guest calls idempotent runs
    /// in [`Class::IDEMPOTENT`] anyway.
    #[must_use]
    pub fn classes(mut self, classes: impl IntoIterator<Item = (String, Class)>) -> Self {
        self.classes = classes.into_iter().collect();
        self
    }

    /// What the guest calls things: from its names to AWS's names or ARNs.
    #[must_use]
    pub fn names(mut self, names: impl IntoIterator<Item = (String, String)>) -> Self {
        self.names = names.into_iter().collect();
        self
    }

    /// How much of AWS the guest may use, in all runs of this context and those that come of it. Default: no quota.
    #[must_use]
    pub fn quotas(mut self, quotas: Quotas) -> Self {
        self.quotas = quotas;
        self
    }

    /// Where decisions and calls are written down.
    #[must_use]
    pub fn audit(mut self, sink: Arc<dyn AuditSink>) -> Self {
        self.audit = sink;
        self
    }

    /// Where what the guest calls is told, and what it is answered. For the guests of a [`Host`](crate::Host).
    #[must_use]
    pub(crate) fn exchanges(mut self, sink: Option<Arc<dyn ExchangeSink>>) -> Self {
        self.exchanges = sink;
        self
    }

    /// How many bytes one call may return to the guest. What it may take is the store's
    /// [`set_hostcall_fuel`](wasmtime::Store::set_hostcall_fuel).
    #[must_use]
    pub fn call_bytes(mut self, bytes: u64) -> Self {
        self.limits.call_bytes = bytes;
        self
    }

    /// How many bytes of objects the uploads and downloads of one call may hold at once, beside one frame for each body.
    #[must_use]
    pub fn transfer_memory(mut self, bytes: u64) -> Self {
        self.limits.transfer_memory = bytes;
        self
    }

    /// How long a presigned URL of the guest is good at most.
    #[must_use]
    pub fn presigned_url_expiry(mut self, expiry: Duration) -> Self {
        self.limits.presigned_url_expiry = expiry;
        self
    }

    /// How many calls of AWS one call of the guest may have under way.
    #[must_use]
    pub fn in_flight_calls(mut self, calls: usize) -> Self {
        self.gate_limits.in_flight_calls = calls;
        self
    }

    /// How many lines about the guest the host's log has at most.
    #[must_use]
    pub fn log_rate(mut self, rate: Rate) -> Self {
        self.gate_limits.log_rate = rate;
        self
    }

    /// The accounts that buckets belong to, by the buckets' names or ARNs: S3 then refuses what is asked of a bucket of that name that belongs
    /// to somebody else (`expected-bucket-owner`).
    #[must_use]
    pub fn bucket_owners(mut self, owners: impl IntoIterator<Item = (String, String)>) -> Self {
        self.owners = owners.into_iter().collect();
        self
    }

    /// What the places in listings that guests store are authenticated with. Default: a random key, so that they are good as long as
    /// this context and its clones are. Keep it secret; another key makes all places that were stored worthless.
    #[must_use]
    pub fn token_key(mut self, key: [u8; 32]) -> Self {
        self.token_key = Some(TokenKey::new(key));
        self
    }

    /// The key of the whole host.
    pub(crate) fn shared_token_key(mut self, key: TokenKey) -> Self {
        self.token_key = Some(key);
        self
    }

    /// The context. Nothing is loaded and nothing is connected before the guest's first call.
    pub fn build(self) -> AwsCtx {
        let guest = self.policy.guest();
        let recorder = self.exchanges.map(|sink| Recorder::new(guest.into(), sink));
        AwsCtx {
            gate: Arc::new(Gate::new(
                self.factory,
                self.scope,
                self.policy,
                Surroundings { account: self.account, classes: self.classes, owners: self.owners },
                (self.quotas, self.gate_limits),
                self.audit,
            )),
            names: Arc::new(self.names),
            queue_urls: Arc::default(),
            token_key: self.token_key.unwrap_or_else(TokenKey::random),
            limits: self.limits,
            transfers: Arc::new(Transfers::new(self.limits.transfer_memory, None)),
            recorder,
        }
    }
}

/// A store's data from which a guest's calls of AWS are served.
pub trait AwsView: Send {
    /// The context and the table of the store's handles. Called at each host call; must not block.
    fn aws(&mut self) -> AwsCtxView<'_>;
}

/// What [`AwsView`] borrows of a store.
pub struct AwsCtxView<'a> {
    /// The AWS side of the store.
    pub ctx: &'a mut AwsCtx,
    /// The store's handles. Bound their number with [`ResourceTable::set_max_capacity`].
    pub table: &'a mut ResourceTable,
}

/// For wasmtime's generated code: the shape of what a store lends.
struct HasAws;

impl HasData for HasAws {
    type Data<'a> = AwsCtxView<'a>;
}

impl bindings::common_types::Host for AwsCtxView<'_> {}

/// Adds `innkeeper:aws` to a linker of one's own. Add `wasi:io` too, from `wasmtime-wasi`: bodies are its streams.
///
/// # Errors
///
/// Where the linker has one of the interfaces already.
pub fn add_to_linker<T: AwsView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    bindings::common_types::add_to_linker::<T, HasAws>(linker, T::aws)?;
    bindings::s3_types::add_to_linker::<T, HasAws>(linker, T::aws)?;
    bindings::s3::add_to_linker::<T, HasAws>(linker, T::aws)?;
    bindings::sqs_types::add_to_linker::<T, HasAws>(linker, T::aws)?;
    bindings::sqs::add_to_linker::<T, HasAws>(linker, T::aws)?;
    bindings::lambda_types::add_to_linker::<T, HasAws>(linker, T::aws)?;
    bindings::lambda::add_to_linker::<T, HasAws>(linker, T::aws)
}
