use std::fmt;

use super::{Compiled, Entry, Policy, Suggestion};
use crate::{
    condition::{Condition, Facts},
    request::Request,
    source::Location,
    statement::Effect,
    text::quoted,
};

/// What a policy says of a request.
#[derive(Clone, Copy, Debug)]
#[must_use = "a decision that nobody looks at protects nothing"]
pub enum Decision<'p> {
    /// The request may be sent, because of this rule.
    Allow(Rule<'p>),
    /// The request must not be sent.
    Deny(Denial<'p>),
}

impl<'p> Decision<'p> {
    /// Whether the request may be sent.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allow(_))
    }

    /// The rule that decided; `None` if there was none, which is a denial.
    pub fn rule(&self) -> Option<Rule<'p>> {
        match self {
            Self::Allow(rule) | Self::Deny(Denial { cause: DenialCause::ExplicitDeny(rule), .. }) => {
                Some(*rule)
            }
            Self::Deny(Denial { cause: DenialCause::NotGranted, .. }) => None,
        }
    }
}

/// The part of a statement that matched a request. `Display` is `allow at FILE:LINE:COLUMN`, the place of the resource
/// pattern.
#[derive(Clone, Copy)]
pub struct Rule<'p> {
    statement: &'p Compiled,
    action: RulePattern<'p>,
    resource: RulePattern<'p>,
}

/// A rule about a request's action and resource, and whether it holds.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'p> {
    /// The rule.
    pub rule: Rule<'p>,
    /// The first of its conditions that does not hold; `None`: it applies.
    pub unmet: Option<UnmetCondition<'p>>,
}

/// A condition that does not hold for a request. `Display` is `` `OPERATOR` of `KEY` at FILE:LINE:COLUMN ``.
#[derive(Clone, Copy, Debug)]
pub struct UnmetCondition<'p> {
    /// The operator, as it is written.
    pub operator: &'p str,
    /// The condition key, as it is written.
    pub key: &'p str,
    /// Where the key is written.
    pub location: &'p Location,
}

impl fmt::Display for UnmetCondition<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} at {}", quoted(self.operator), quoted(self.key), self.location)
    }
}

impl<'p> From<&'p Condition> for UnmetCondition<'p> {
    fn from(condition: &'p Condition) -> Self {
        Self {
            operator: &condition.written.operator,
            key: &condition.written.key,
            location: &condition.location,
        }
    }
}

/// A pattern of a statement, and where it stands. Of `not-actions` and `not-resources` it is the whole list.
#[derive(Clone, Copy, Debug)]
pub struct RulePattern<'p> {
    /// The pattern as it is written.
    pub text: &'p str,
    /// Where it is written.
    pub location: &'p Location,
}

impl<'p> Rule<'p> {
    pub(super) fn new(statement: &'p Compiled, action: RulePattern<'p>, resource: RulePattern<'p>) -> Self {
        Self { statement, action, resource }
    }

    /// Whether the rule allows or denies.
    pub fn effect(&self) -> Effect {
        self.statement.effect
    }

    /// The first condition of the statement that does not hold, of those that it has.
    pub(super) fn unmet(&self, facts: &Facts<'_>) -> Option<&'p Condition> {
        self.statement.unmet(facts)
    }

    /// See [`Compiled::holds_but_for_existing_tags`].
    pub(super) fn holds_but_for_existing_tags(&self, facts: &Facts<'_>) -> Option<bool> {
        self.statement.holds_but_for_existing_tags(facts)
    }

    /// Where the statement begins.
    pub fn location(&self) -> &'p Location {
        &self.statement.location
    }

    /// The name of the quota that what the rule allows counts against. What quotas are is for the host to say.
    pub fn quota(&self) -> Option<&'p str> {
        self.statement.quota.as_deref()
    }

    /// The action pattern that matched.
    pub fn action(&self) -> RulePattern<'p> {
        self.action
    }

    /// The resource pattern that matched.
    pub fn resource(&self) -> RulePattern<'p> {
        self.resource
    }
}

impl<'p, T> From<&'p Entry<T>> for RulePattern<'p> {
    fn from(entry: &'p Entry<T>) -> Self {
        Self { text: &entry.text, location: &entry.location }
    }
}

impl fmt::Display for Rule<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.effect(), self.resource.location)
    }
}

impl fmt::Debug for Rule<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule")
            .field("effect", &self.effect())
            .field("action", &self.action)
            .field("resource", &self.resource)
            .finish()
    }
}

/// Why a request must not be sent. `Display` says it for the operator; nothing of it is for the guest.
#[derive(Clone, Copy)]
pub struct Denial<'p> {
    pub(super) policy: &'p Policy,
    pub(super) cause: DenialCause<'p>,
}

/// What a denial came from.
#[derive(Clone, Copy, Debug)]
pub enum DenialCause<'p> {
    /// This rule denies the request, whatever allows it.
    ExplicitDeny(Rule<'p>),
    /// No rule allows the request.
    NotGranted,
}

impl<'p> Denial<'p> {
    /// What the denial came from.
    pub fn cause(&self) -> DenialCause<'p> {
        self.cause
    }

    /// The change to the manifest after which the request, the one that was denied, would be allowed.
    pub fn suggestion(&self, request: &Request<'_>) -> Suggestion {
        Suggestion::for_denial(self.policy, self.cause, request)
    }
}

impl fmt::Display for Denial<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cause {
            DenialCause::ExplicitDeny(rule) => {
                write!(f, "denied by {} at {}", quoted(rule.resource.text), rule.resource.location)
            }
            DenialCause::NotGranted => f.write_str("not granted"),
        }
    }
}

impl fmt::Debug for Denial<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Denial").field("guest", &self.policy.guest()).field("cause", &self.cause).finish()
    }
}
