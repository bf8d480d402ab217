//! The gate: between every operation of a guest and AWS.
//!
//! It alone can reach the client factory. It turns an operation into the IAM requests that it needs, asks the policy about
//! each, writes the decisions down, and only then hands out a client, together with the record in which the call is written
//! down. Code that skipped the check has nothing to call with.

mod record;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use innkeeper_aws::{Class, ClientFactory, Scope, Service};
use innkeeper_policy::arn::Partition;
use innkeeper_policy::{Decision as PolicyDecision, Operation, Policy, S3Operation};
use tokio::sync::OnceCell;

pub(crate) use self::record::CallRecord;
use crate::audit::{AuditSink, Decision, OperationId, Verdict};

/// One guest's way to AWS.
pub(crate) struct Gate {
    guest: Arc<str>,
    policy: Policy,
    factory: ClientFactory,
    scope: Scope,
    audit: Arc<dyn AuditSink>,
    /// The partition that the ARNs of this guest are in: its region's.
    partition: OnceCell<Partition>,
    /// The configuration class of an operation, where it is not the factory's choice.
    classes: BTreeMap<String, Class>,
    operations: AtomicU64,
}

/// The leave to carry out one operation, once.
pub(crate) struct Permit<C> {
    pub(crate) client: C,
    pub(crate) call: CallRecord,
}

/// Why there is no leave.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The policy says no.
    Denied,
    /// The host cannot: it has no region, no credentials. The cause is in the log and the audit trail.
    Host,
}

impl Gate {
    pub(crate) fn new(
        factory: ClientFactory,
        scope: Scope,
        policy: Policy,
        classes: BTreeMap<String, Class>,
        audit: Arc<dyn AuditSink>,
    ) -> Self {
        Self {
            guest: policy.guest().into(),
            policy,
            factory,
            scope,
            audit,
            classes,
            partition: OnceCell::new(),
            operations: AtomicU64::new(0),
        }
    }

    /// The partition of the guest's region, found out once.
    pub(crate) async fn partition(&self) -> Result<Partition, Refusal> {
        let found = self.partition.get_or_try_init(|| async {
            let region = self.factory.region(&self.scope).await?;
            Ok(Partition::of_region(region.as_str()))
        });
        found.await.copied().map_err(|error: innkeeper_aws::Error| {
            tracing::error!(guest = &*self.guest, error = &error as &dyn std::error::Error, "no region");
            Refusal::Host
        })
    }

    /// A client of S3, if the policy allows all that the operation needs.
    pub(crate) async fn s3(&self, operation: S3Operation<'_>) -> Result<Permit<aws_sdk_s3::Client>, Refusal> {
        let operation = Operation::from(operation);
        let id = self.authorize(&operation)?;
        let mut call = self.record(id, &operation);
        let class = self.classes.get(operation.name()).cloned();
        let scope = self.scope.with_class(class.unwrap_or_else(|| Class::of(Service::S3, operation.name())));
        match self.factory.s3(&scope).await {
            Ok(client) => Ok(Permit { client, call }),
            Err(error) => {
                call.fail("credentials", &error);
                Err(Refusal::Host)
            }
        }
    }

    /// Whether the policy allows an operation that is not about to be carried out. Not a decision, so not in the audit trail.
    pub(crate) fn would_allow(&self, operation: &Operation<'_>) -> bool {
        operation.requests().all(|request| self.policy.allows(&request))
    }

    /// Asks the policy about each need of the operation, and writes down what it says, up to the first no.
    fn authorize(&self, operation: &Operation<'_>) -> Result<OperationId, Refusal> {
        let id = OperationId(self.operations.fetch_add(1, Ordering::Relaxed));
        for request in operation.requests() {
            let verdict = match self.policy.decide(&request) {
                PolicyDecision::Allow(rule) => Verdict::Allow { rule: rule.resource().location.to_string() },
                denied @ PolicyDecision::Deny(denial) => Verdict::Deny {
                    rule: denied.rule().map(|rule| rule.resource().location.to_string()),
                    reason: denial.to_string(),
                    suggestion: denial.suggestion(&request).to_string(),
                },
            };
            let denied = matches!(verdict, Verdict::Deny { .. });
            let decision = Decision {
                time: self.factory.now(),
                guest: Arc::clone(&self.guest),
                id,
                operation: operation.name(),
                action: request.action.as_str(),
                resource: request.resource.to_string(),
                verdict,
            };
            tracing::debug!(?decision, "decided");
            self.audit.decision(&decision);
            if denied {
                return Err(Refusal::Denied);
            }
        }
        Ok(id)
    }

    fn record(&self, id: OperationId, operation: &Operation<'_>) -> CallRecord {
        CallRecord::new(
            Arc::clone(&self.audit),
            crate::audit::Call {
                time: self.factory.now(),
                guest: Arc::clone(&self.guest),
                id,
                service: operation.service().as_str(),
                operation: operation.name(),
                resource: operation.resource().to_string(),
                attempts: 0,
                bytes_sent: 0,
                bytes_received: 0,
                duration: std::time::Duration::ZERO,
                request_id: None,
                outcome: crate::audit::Outcome::Cancelled,
            },
        )
    }
}
