//! Functions as other services of AWS invoke them.

use std::sync::Arc;

use bytes::Bytes;

use super::access::allows;
use super::invoke::invoke_event;
use super::name::{FunctionId, Reference};
use super::rest::{Context, Target};
use crate::fake::Shared;
use crate::resource_policy::ServiceCall;
use crate::sqs::Unreachable;

/// A function that a service is to invoke, whether or not it is there.
#[derive(Clone, Debug)]
pub(crate) struct FunctionDestination {
    reference: Reference,
    region: String,
    text: String,
}

impl FunctionDestination {
    pub(crate) fn parse(arn: &str) -> Option<Self> {
        let reference = Reference::parse(arn).ok()?;
        let region = reference.region.clone()?;
        Some(Self { reference, region, text: arn.to_owned() })
    }

    pub(crate) fn arn(&self) -> &str {
        &self.text
    }

    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// Whether the service may invoke it now.
    pub(crate) fn check(&self, shared: &Shared, call: &ServiceCall<'_>) -> Result<(), Unreachable> {
        self.target(shared, call).map(drop)
    }

    /// Invokes it with an event, if the service may. Nobody is told where it may not, as on AWS.
    pub(crate) fn invoke(&self, shared: &Arc<Shared>, call: &ServiceCall<'_>, event: Bytes) {
        let Ok(target) = self.target(shared, call) else { return };
        let cx = Context {
            shared,
            region: self.region.clone(),
            account_id: target.function.account_id.clone(),
            caller_arn: String::new(),
            is_secure: true,
            request_id: shared.ids.uuid("request"),
        };
        invoke_event(&cx, &target, event);
    }

    /// The function, which the service may invoke.
    fn target(&self, shared: &Shared, call: &ServiceCall<'_>) -> Result<Target, Unreachable> {
        if shared.region.as_ref().is_some_and(|region| *region != self.region) {
            return Err(Unreachable::NotThere);
        }
        let account_id = shared.other_account(self.reference.account_id.clone());
        let function = FunctionId { account_id, name: self.reference.name.clone() };
        let target = Target { function, qualifier: self.reference.qualifier.clone() };
        let functions = shared.lambda.functions();
        let function = functions.by_id.get(&target.function).ok_or(Unreachable::NotThere)?;
        let qualifier = target.qualifier.as_deref();
        function.version(qualifier).ok_or(Unreachable::NotThere)?;
        let statements = function.policy(qualifier).unwrap_or_default();
        let verdict = |policy: &_| call.verdict(policy, "lambda:InvokeFunction", &self.text);
        if allows(statements, verdict) { Ok(target) } else { Err(Unreachable::Denied) }
    }
}
