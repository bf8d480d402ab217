//! What the policies of functions and layers let other accounts do.

use http::StatusCode;
use serde_json::Value;

use super::policy::written;
use super::rest::Context;
use crate::layer::AwsError;
use crate::resource_policy::{Client, Common, Policy, Question, Verdict};

/// `AccessDeniedException`, unless a statement of the policy lets the caller have the action done on what has this ARN. All statements
/// allow: there is no operation that would add another.
///
/// `owner` is the account that the function or layer is of.
pub(super) fn check(
    cx: &Context<'_>,
    statements: &[Value],
    action: &str,
    arn: &str,
    owner: &str,
) -> Result<(), AwsError> {
    let caller = Some(cx.shared.accounts.principal(cx.account(), &cx.caller_arn));
    let facts = &Common {
        principal: caller,
        now: cx.shared.clock.now(),
        region: &cx.region,
        resource_account: owner,
        is_secure: cx.is_secure,
        client: Client::default(),
    };
    let question = Question { caller, action, resource: arn, facts };
    if allows(statements, |policy| policy.verdict(&question)) { Ok(()) } else { Err(denied(cx, action, arn)) }
}

/// Whether a statement of a policy allows what is asked of it.
pub(super) fn allows(statements: &[Value], ask: impl Fn(&Policy) -> Verdict) -> bool {
    statements.iter().any(|statement| {
        let policy = Policy::parse(&written(std::slice::from_ref(statement)));
        policy.is_ok_and(|policy| ask(&policy) == Verdict::Allow)
    })
}

/// Nothing is known of what other accounts have, and nothing is said.
pub(super) fn denied(cx: &Context<'_>, action: &str, arn: &str) -> AwsError {
    let caller = &cx.caller_arn;
    AwsError::new(
        StatusCode::FORBIDDEN,
        "AccessDeniedException",
        format!(
            "User: {caller} is not authorized to perform: {action} on resource: {arn} because no resource-based policy allows the \
             {action} action"
        ),
    )
}
