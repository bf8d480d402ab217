//! The gate: between every operation of a guest and AWS.
//!
//! It alone can reach the client factory. It turns an operation into the IAM requests that it needs, asks the policy about
//! each, writes the decisions down, and only then hands out a client, together with the record in which the call is written
//! down. Code that skipped the check has nothing to call with.

mod admit;
mod decide;
pub(crate) mod log;
mod permit;
mod record;
mod tags;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use innkeeper_aws::{Class, ClientFactory, Endpoint, Region, Scope};
use innkeeper_policy::arn::Partition;
use innkeeper_policy::{
    AccountId, AccountRegion, BucketArn, LambdaOperation, Operation, Policy, S3Operation, SqsOperation,
};
use tokio::sync::{OnceCell, Semaphore};

use self::decide::{Granted, written};
use self::log::{LogRate, log};
use self::permit::Client;

pub(crate) use self::permit::{Permit, Refusal};
pub(crate) use self::record::CallRecord;
use crate::audit::{AuditSink, OperationId, Purpose};
use crate::limits::Limits;
use crate::quota::{Admission, Meters, Place, Quotas, Rate, Usage};
use crate::trigger::Trigger;

/// One guest's way to AWS, for one call of the guest.
pub(crate) struct Gate {
    shared: Arc<Shared>,
    run: Arc<Run>,
}

/// What the calls of a guest have in common.
struct Shared {
    guest: Arc<str>,
    policy: Policy,
    factory: ClientFactory,
    scope: Scope,
    /// The scope in each configuration class that an operation has: to make one takes digests.
    scopes: BTreeMap<Class, Scope>,
    audit: Arc<dyn AuditSink>,
    /// The region that the guest's calls go to.
    region: OnceCell<Region>,
    surroundings: Surroundings,
    place: OnceCell<AccountRegion>,
    meters: Meters,
    operations: AtomicU64,
    in_flight_calls: usize,
    log: Arc<LogRate>,
}

/// What the manifest says of the AWS that a guest calls.
#[derive(Debug, Default)]
pub(crate) struct Surroundings {
    /// The account of plain names.
    pub(crate) account: Option<AccountId>,
    /// The configuration class of an operation, where it is not the factory's choice.
    pub(crate) classes: BTreeMap<String, Class>,
    /// The accounts of buckets, by ARN or name.
    pub(crate) owners: BTreeMap<String, String>,
}

/// What is one call's own.
#[derive(Debug)]
struct Run {
    trigger: Trigger,
    usage: Arc<Usage>,
    /// One permit for each call of AWS that may be under way.
    in_flight: Arc<Semaphore>,
    /// As many for calls that tidy up, from when it is known that there may have to be one until it is over.
    tidying: Arc<Semaphore>,
}

/// What bounds a guest at the gate, beside its quotas.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GateLimits {
    pub(crate) in_flight_calls: usize,
    pub(crate) log_rate: Rate,
}

impl Default for GateLimits {
    fn default() -> Self {
        let Limits { in_flight_calls, log_rate, .. } = Limits::default();
        Self { in_flight_calls, log_rate }
    }
}

impl Run {
    fn new(trigger: Trigger, usage: Usage, in_flight_calls: usize) -> Self {
        let semaphore = || Arc::new(Semaphore::new(in_flight_calls.min(Semaphore::MAX_PERMITS)));
        Self { trigger, usage: Arc::new(usage), in_flight: semaphore(), tidying: semaphore() }
    }
}

impl Gate {
    pub(crate) fn new(
        factory: ClientFactory,
        scope: Scope,
        policy: Policy,
        surroundings: Surroundings,
        bounds: (Quotas, GateLimits),
        audit: Arc<dyn AuditSink>,
    ) -> Self {
        let (quotas, GateLimits { in_flight_calls, log_rate }) = bounds;
        let meters = Meters::new(quotas);
        let run = Run::new(Trigger::Run, meters.usage(None), in_flight_calls);
        let built_in = Class::BUILT_IN.into_iter();
        let scopes = built_in.chain(surroundings.classes.values().cloned());
        let scopes = scopes.map(|class| (class.clone(), scope.with_class(class))).collect();
        let shared = Shared {
            guest: policy.guest().into(),
            policy,
            factory,
            scope,
            scopes,
            audit,
            surroundings,
            region: OnceCell::new(),
            place: OnceCell::new(),
            meters,
            operations: AtomicU64::new(0),
            in_flight_calls,
            log: Arc::new(LogRate::new(log_rate)),
        };
        Self { shared: Arc::new(shared), run: Arc::new(run) }
    }

    /// The gate for another call of the guest, which ends after `timeout`.
    pub(crate) fn for_call(&self, trigger: Trigger, timeout: Option<Duration>) -> Self {
        let usage = self.shared.meters.usage(timeout);
        let run = Run::new(trigger, usage, self.shared.in_flight_calls);
        Self { shared: Arc::clone(&self.shared), run: Arc::new(run) }
    }

    /// The partition of the guest's region.
    pub(crate) async fn partition(&self) -> Result<Partition, Refusal> {
        Ok(Partition::of_region(self.region().await?.as_str()))
    }

    /// The region that the guest's calls go to, found out once.
    pub(crate) async fn region(&self) -> Result<&Region, Refusal> {
        let found = self.shared.region.get_or_try_init(|| self.shared.factory.region(&self.shared.scope));
        found.await.map_err(|error: innkeeper_aws::Error| {
            let guest = self.guest();
            log!(self, ERROR, guest, error = &error as &dyn std::error::Error, "no region");
            Refusal::Host
        })
    }

    /// The guest's name.
    pub(crate) fn guest(&self) -> &str {
        &self.shared.guest
    }

    /// The guest's name, to be kept.
    pub(crate) fn guest_handle(&self) -> Arc<str> {
        Arc::clone(&self.shared.guest)
    }

    /// Whether the host's log may have one more line about the guest.
    pub(crate) fn may_log(&self) -> bool {
        self.shared.log.has_room(&self.shared.guest)
    }

    /// Where decisions and calls are written down.
    pub(crate) fn audit(&self) -> &dyn AuditSink {
        &*self.shared.audit
    }

    /// The time by the clock that requests are signed with, which is the guest's time of day too.
    pub(crate) fn now(&self) -> SystemTime {
        self.shared.factory.now()
    }

    /// The region that the guest's calls go to, and the account that a plain name of a queue or function belongs to: the one that the
    /// manifest names, or else the one that the guest's identity is in. STS is asked for that once, as the host, for itself.
    pub(crate) async fn place(&self) -> Result<&AccountRegion, Refusal> {
        let found = self.shared.place.get_or_try_init(|| async {
            let (region, account) = if let Some(account) = &self.shared.surroundings.account {
                (self.shared.factory.region(&self.shared.scope).await?, account.clone())
            } else {
                let caller = self.shared.factory.caller_identity(&self.shared.scope).await?;
                (caller.region, caller.account.parse()?)
            };
            Ok(AccountRegion::new(region.as_str(), account)?)
        });
        found.await.map_err(|error: Box<dyn std::error::Error + Send + Sync>| {
            let guest = self.guest();
            log!(self, ERROR, guest, error = &*error as &dyn std::error::Error, "no account");
            Refusal::Host
        })
    }

    /// The endpoint in place of AWS's own that the manifest names.
    pub(crate) fn endpoint(&self) -> Option<&Endpoint> {
        self.shared.scope.endpoint()
    }

    /// The account that the manifest says a bucket belongs to.
    pub(crate) fn owner(&self, bucket: &BucketArn) -> Option<&str> {
        let owners = &self.shared.surroundings.owners;
        let owner = owners.get(&bucket.to_string()).or_else(|| owners.get(bucket.name()?.as_str()));
        owner.map(String::as_str)
    }

    /// A client of S3, if the policy allows all that the operation needs.
    pub(crate) async fn s3(&self, operation: S3Operation<'_>) -> Result<Permit<aws_sdk_s3::Client>, Refusal> {
        self.permit(operation.into(), None, Place::Taken).await
    }

    /// The same for an operation that tidies up, at any time from now on and whatever else is under way then.
    pub(crate) async fn s3_for_later(
        &self,
        operation: S3Operation<'_>,
    ) -> Result<Permit<aws_sdk_s3::Client>, Refusal> {
        self.permit(operation.into(), None, Place::Aside).await
    }

    /// How many calls of the guest there can be at the same time.
    pub(crate) fn concurrency(&self) -> usize {
        let least = self.shared.meters.least_concurrency().and_then(|least| usize::try_from(least).ok());
        least.unwrap_or(usize::MAX).min(self.shared.in_flight_calls)
    }

    /// A client of S3 for an operation on several things, each of which is decided on, and for which of them, in their order, the policy
    /// says yes: one that it denies does not hold up the others, and must not be sent. No client where it denies all.
    pub(crate) async fn s3_each(
        &self,
        operation: S3Operation<'_>,
    ) -> Result<(Permit<aws_sdk_s3::Client>, Vec<bool>), Refusal> {
        self.region().await?;
        let operation = Operation::from(operation);
        let id = self.next_id();
        let granted = self.decide_each(id, &operation);
        let mut allowed: Vec<bool> = granted.iter().map(Option::is_some).collect();
        if !allowed.contains(&true) {
            return Err(Refusal::Denied);
        }
        let granted: Vec<_> = granted.into_iter().flatten().collect();
        let admission = self.admit(id, &operation, &granted, Place::Taken).await?;
        if admission.has_waited() {
            // As in `permit`.
            let again = self.decide_each(id, &operation);
            allowed.iter_mut().zip(again).for_each(|(allowed, again)| *allowed &= again.is_some());
            if !allowed.contains(&true) {
                admission.give_back();
                return Err(Refusal::Denied);
            }
        }
        Ok((self.hand_out(id, &operation, &granted, None, None, admission).await?, allowed))
    }

    /// A client of SQS, if the policy allows all that the operation needs.
    pub(crate) async fn sqs(
        &self,
        operation: SqsOperation<'_>,
    ) -> Result<Permit<aws_sdk_sqs::Client>, Refusal> {
        self.permit(operation.into(), None, Place::Taken).await
    }

    /// A client of Lambda, if the policy allows all that the operation needs; in another configuration class than the operation's own
    /// where the caller knows better.
    pub(crate) async fn lambda(
        &self,
        operation: LambdaOperation<'_>,
        class: Option<Class>,
    ) -> Result<Permit<aws_sdk_lambda::Client>, Refusal> {
        self.permit(operation.into(), class, Place::Taken).await
    }

    async fn permit<C: Client>(
        &self,
        operation: Operation<'_>,
        class: Option<Class>,
        place: Place,
    ) -> Result<Permit<C>, Refusal> {
        self.region().await?;
        let id = self.next_id();
        let tags = self.existing_tags(id, operation).await?;
        let granted = self.authorize(id, &operation, &tags)?;
        let admission = self.admit(id, &operation, &granted, place).await?;
        // What was allowed before it waited for room in its quotas may be denied by now: a date has passed.
        if admission.has_waited()
            && let Err(denied) = self.authorize(id, &operation, &tags)
        {
            admission.give_back();
            return Err(denied);
        }
        self.hand_out(id, &operation, &granted, class, None, admission).await
    }

    /// The client for an operation that has been decided on, and admitted.
    async fn hand_out<C: Client>(
        &self,
        id: OperationId,
        operation: &Operation<'_>,
        granted: &[Granted<'_>],
        class: Option<Class>,
        purpose: Option<Purpose>,
        admission: Admission,
    ) -> Result<Permit<C>, Refusal> {
        if !self.shared.audit.is_open() {
            admission.give_back();
            let guest = self.guest();
            log!(self, ERROR, guest, "a call is not made, since the audit trail takes nothing more");
            return Err(Refusal::Host);
        }
        let mut call = self.record(id, operation, granted, purpose, admission);
        let shared = &self.shared;
        let class = class
            .or_else(|| shared.surroundings.classes.get(operation.name()).cloned())
            .unwrap_or_else(|| Class::of(C::SERVICE, operation.name()));
        let scope = shared.scopes.get(&class).cloned().unwrap_or_else(|| shared.scope.with_class(class));
        match C::of(&shared.factory, &scope).await {
            Ok(client) => Ok(Permit { client, call }),
            Err(error) => {
                call.fail("credentials", &error);
                Err(Refusal::Host)
            }
        }
    }

    /// The number of another operation of the guest.
    pub(crate) fn next_id(&self) -> OperationId {
        OperationId(self.shared.operations.fetch_add(1, Ordering::Relaxed))
    }

    fn record(
        &self,
        id: OperationId,
        operation: &Operation<'_>,
        granted: &[Granted<'_>],
        purpose: Option<Purpose>,
        admission: Admission,
    ) -> CallRecord {
        let resource = operation.resource();
        let about_it = operation.requests().position(|request| request.resource == resource);
        CallRecord::new(
            Arc::clone(&self.shared.audit),
            Arc::clone(&self.shared.log),
            crate::audit::Call {
                time: self.now(),
                guest: Arc::clone(&self.shared.guest),
                id,
                service: operation.service().as_str(),
                operation: operation.name(),
                purpose,
                resource: written(granted, about_it, resource),
                attempts: 0,
                bytes_sent: 0,
                bytes_received: 0,
                duration: Duration::ZERO,
                request_id: None,
                outcome: crate::audit::Outcome::Cancelled,
            },
            admission,
        )
    }
}

#[cfg(test)]
mod tests;
