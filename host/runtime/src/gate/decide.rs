//! What the policy says of an operation, need by need, and what is written down of that.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use innkeeper_aws::Region;
use innkeeper_policy::{
    Action, ContextText, Decision as PolicyDecision, Operation, Request, Resource, S3Operation, SqsOperation,
};

use super::log::log;
use super::tags::ExistingTags;
use super::{Gate, Refusal};
use crate::audit::{Decision, OperationId, Verdict};

impl Gate {
    /// Whether the policy allows an operation that is not about to be carried out. Not a decision, so not in the audit trail.
    pub(crate) fn would_allow(&self, operation: &Operation<'_>) -> bool {
        operation.requests().all(|mut request| {
            self.add_facts(&mut request, self.now());
            self.shared.policy.allows(&request)
        })
    }

    /// The same of an operation on a queue, when the region is known.
    pub(crate) async fn would_allow_sqs(&self, operation: SqsOperation<'_>) -> Result<bool, Refusal> {
        self.region().await?;
        Ok(self.would_allow(&operation.into()))
    }

    /// The same of an operation on objects whose tags the policy may ask about: they are looked up then.
    pub(crate) async fn would_allow_s3(&self, operation: S3Operation<'_>) -> Result<bool, Refusal> {
        self.region().await?;
        let operation = Operation::from(operation);
        let tags = self.existing_tags(self.next_id(), operation).await?;
        let mut requests = operation.requests().enumerate();
        Ok(requests.all(|(index, mut request)| {
            tags.fill_in(index, &mut request);
            self.add_facts(&mut request, self.now());
            self.shared.policy.allows(&request)
        }))
    }

    /// Asks the policy about each need of the operation, and writes down what it says, up to the first no.
    pub(super) fn authorize(
        &self,
        id: OperationId,
        operation: &Operation<'_>,
        tags: &ExistingTags<'_>,
    ) -> Result<Vec<Granted<'_>>, Refusal> {
        let requests = operation.requests().enumerate();
        let granted: Option<_> = requests
            .map(|(index, mut request)| {
                tags.fill_in(index, &mut request);
                self.decide(id, operation, index, &mut request)
            })
            .collect();
        granted.ok_or(Refusal::Denied)
    }

    /// Adds to a request the values of [`CONDITION_KEYS`](crate::CONDITION_KEYS), but for the tags of an object. In its place: a request has
    /// half a kilobyte.
    pub(super) fn add_facts<'a>(&'a self, request: &mut Request<'a>, now: SystemTime) {
        let context = &mut request.context;
        context.trigger = Some(self.run.trigger.as_str());
        context.requested_region = self.shared.region.get().map(Region::as_str);
        context.current_time = Some(now);
        context.resource_account = request.resource.account();
        let is_about_a_function = request.resource.service() == innkeeper_policy::Service::Lambda
            && request.action != Action::LambdaListFunctions;
        context.function_arn = is_about_a_function.then_some(ContextText::Arn(request.resource));
    }

    /// Asks the policy about each need of the operation by itself, in their order, and writes down what it says.
    pub(super) fn decide_each(&self, id: OperationId, operation: &Operation<'_>) -> Vec<Option<Granted<'_>>> {
        let requests = operation.requests().enumerate();
        requests.map(|(index, mut request)| self.decide(id, operation, index, &mut request)).collect()
    }

    /// Asks the policy about one need of an operation, the request of this number, and writes down what it says.
    pub(super) fn decide<'r, 'a: 'r>(
        &'a self,
        id: OperationId,
        operation: &Operation<'_>,
        index: usize,
        request: &mut Request<'r>,
    ) -> Option<Granted<'a>> {
        let resource = Arc::<str>::from(request.resource);
        // As the operation asks, without what the host adds.
        let asked = Asked::new(id, operation, request, Arc::clone(&resource));
        let now = self.now();
        self.add_facts(request, now);
        let decision = self.shared.policy.decide(request);
        let verdict = match decision {
            PolicyDecision::Allow(rule) => Verdict::Allow { rule: Some(rule.resource().location.clone()) },
            denied @ PolicyDecision::Deny(denial) => Verdict::Deny {
                rule: denied.rule().map(|rule| rule.resource().location.clone()),
                reason: denial.to_string().into(),
                suggestion: denial.suggestion(request).to_string().into(),
            },
        };
        self.write_down(now, asked, verdict);
        match decision {
            PolicyDecision::Allow(rule) => Some(Granted { quota: rule.quota(), index, resource }),
            PolicyDecision::Deny(_) => None,
        }
    }

    /// Writes a decision down.
    pub(super) fn write_down(&self, time: SystemTime, asked: Asked, verdict: Verdict) {
        let Asked { id, operation, action, resource, context } = asked;
        let guest = self.guest_handle();
        let decision = Decision { time, guest, id, operation, action, resource, context, verdict };
        log!(self, DEBUG, ?decision, "decided");
        self.shared.audit.decision(&decision);
    }
}

/// What is written down of a need of an operation beside the decision.
pub(super) struct Asked {
    id: OperationId,
    operation: &'static str,
    action: &'static str,
    resource: Arc<str>,
    context: BTreeMap<Cow<'static, str>, String>,
}

impl Asked {
    /// `resource` is how that of the request is written.
    pub(super) fn new(
        id: OperationId,
        operation: &Operation<'_>,
        request: &Request<'_>,
        resource: Arc<str>,
    ) -> Self {
        let context = request.context.values().into_iter().collect();
        Self { id, operation: operation.name(), action: request.action.as_str(), resource, context }
    }
}

/// A need of an operation that a rule allows.
#[derive(Debug)]
pub(super) struct Granted<'p> {
    /// The quota that the rule names.
    pub(super) quota: Option<&'p str>,
    /// The number of its request.
    index: usize,
    /// How the resource of that is written.
    resource: Arc<str>,
}

/// How a resource is written, which is known where the request about it, by its number, was decided on.
pub(super) fn written(granted: &[Granted<'_>], index: Option<usize>, resource: Resource<'_>) -> Arc<str> {
    let known = granted.iter().find(|granted| Some(granted.index) == index);
    known.map_or_else(|| resource.into(), |known| Arc::clone(&known.resource))
}
