//! What one guest may do, and the decision about a request.

mod builder;
mod decision;
mod document;
mod grantable;
mod index;
mod missing;
mod review;
mod role;
mod suggestion;

pub use builder::PolicyBuilder;
pub use decision::{Candidate, Decision, Denial, DenialCause, Rule, RulePattern, UnmetCondition};
pub use document::IamDocument;
pub use missing::{Grant, Missing};
pub use review::{Finding, FindingKind};
pub use role::{MAX_SESSION_POLICY_CHARACTERS, RoleDocument, SessionPolicyTooLong};
pub use suggestion::Suggestion;

use index::Index;

use crate::{
    action::{Action, ActionSet},
    condition::{Condition, Facts},
    pattern::ResourcePattern,
    request::Request,
    source::Location,
    statement::Effect,
};

/// What one guest may do: the statements of its manifest, checked and compiled.
///
/// A request is denied unless a statement allows it, and denied whatever allows it if a statement denies it. The order of
/// statements has no meaning.
#[derive(Clone, Debug)]
pub struct Policy {
    guest: String,
    denies: Statements,
    allows: Statements,
    /// Whether a statement asks about the tags that an object has.
    asks_about_existing_tags: bool,
    /// See [`Policy::with_stand_in_account`].
    stand_in_account: Option<Box<str>>,
}

/// The statements of one effect.
#[derive(Clone, Debug, Default)]
struct Statements {
    all: Vec<Compiled>,
    index: Index,
}

/// A statement, compiled.
#[derive(Clone, Debug)]
struct Compiled {
    effect: Effect,
    location: Location,
    /// What its actions come to.
    actions: ActionSet,
    action_patterns: List<ActionSet>,
    resource_patterns: List<ResourcePattern>,
    /// All of them have to hold.
    conditions: Vec<Condition>,
    /// The quota that what it allows counts against.
    quota: Option<String>,
}

/// The actions or resources of a statement.
#[derive(Clone, Debug)]
struct List<T> {
    /// The element's name where it is written: `actions`, `NotResource`.
    name: &'static str,
    polarity: Polarity,
    /// The list as it is written.
    whole: Entry<()>,
    entries: Vec<Entry<T>>,
}

/// Whether a list names what a statement is about, or all that it is not about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Polarity {
    /// `Action`, `Resource`.
    Only,
    /// `NotAction`, `NotResource`.
    AllBut,
}

/// A pattern in a manifest.
#[derive(Clone, Debug)]
struct Entry<T> {
    text: String,
    location: Location,
    pattern: T,
}

impl Policy {
    /// Begins the policy of the guest of this name in the manifest.
    pub fn builder(guest: impl Into<String>) -> PolicyBuilder {
        PolicyBuilder::new(guest.into())
    }

    /// The guest's name in the manifest.
    pub fn guest(&self) -> &str {
        &self.guest
    }

    /// Says that this account, which plain names of queues and functions belong to, is only that of what stands in for AWS. It is not
    /// written in [suggestions](Denial::suggestion) and [what is missing](Self::missing): there a `*` is in its place, since on AWS the
    /// names belong to another. Decisions do not depend on it.
    #[must_use]
    pub fn with_stand_in_account(mut self, account: Option<&str>) -> Self {
        self.stand_in_account = account.map(Into::into);
        self
    }

    /// Decides about a request, and says why.
    ///
    /// Of several rules that agree the one is named that begins with most of the resource, and of these the first written.
    /// Takes time in proportion to the logarithm of the number of resource patterns, and to how many of them begin as the
    /// resource does. Allocates nothing.
    pub fn decide(&self, request: &Request<'_>) -> Decision<'_> {
        let facts = Facts { guest: &self.guest, context: &request.context };
        if let Some(rule) = self.denies.matching(request, facts).next() {
            return Decision::Deny(Denial { policy: self, cause: DenialCause::ExplicitDeny(rule) });
        }
        match self.allows.matching(request, facts).next() {
            Some(rule) => Decision::Allow(rule),
            None => Decision::Deny(Denial { policy: self, cause: DenialCause::NotGranted }),
        }
    }

    /// Whether a request is allowed.
    pub fn allows(&self, request: &Request<'_>) -> bool {
        self.decide(request).is_allowed()
    }

    /// Whether any condition asks about the tags that objects have, `s3:ExistingObjectTag/<key>`.
    pub fn asks_about_existing_tags(&self) -> bool {
        self.asks_about_existing_tags
    }

    /// Whether it depends on the tags of the object what is decided about a request, so that the host has to look them up and put
    /// them into [`Context::existing_tags`](crate::Context::existing_tags) before it asks. Says so only where a statement about
    /// this action and resource has a condition on `s3:ExistingObjectTag/<key>`, its other conditions hold, and no other
    /// statement decides whatever the tags are. Allocates nothing.
    pub fn depends_on_existing_tags(&self, request: &Request<'_>) -> bool {
        if !self.asks_about_existing_tags {
            return false;
        }
        let facts = Facts { guest: &self.guest, context: &request.context };
        // Of the statements of one effect: whether one holds whatever the tags are, and whether one may hold by them.
        let look = |statements: &Statements| {
            let about = statements.index.about(&statements.all, request);
            about.fold((false, false), |(holds, may_hold), rule| {
                match rule.holds_but_for_existing_tags(&facts) {
                    Some(false) => (true, may_hold),
                    Some(true) => (holds, true),
                    None => (holds, may_hold),
                }
            })
        };
        let (is_denied, may_be_denied) = look(&self.denies);
        let (is_allowed, may_be_allowed) = look(&self.allows);
        !is_denied && (is_allowed || may_be_allowed) && (may_be_denied || !is_allowed)
    }

    /// Every rule about a request's action and resource, those that deny first, with the condition that keeps it from
    /// applying, if one does.
    pub fn candidates<'a>(&'a self, request: &'a Request<'_>) -> impl Iterator<Item = Candidate<'a>> {
        let facts = Facts { guest: &self.guest, context: &request.context };
        let rules = [&self.denies, &self.allows].into_iter();
        let rules = rules.flat_map(|statements| statements.index.about(&statements.all, request));
        rules.map(move |rule| Candidate { rule, unmet: rule.unmet(&facts).map(Into::into) })
    }

    /// Every rule that applies to a request, those that deny first.
    pub fn rules<'a>(&'a self, request: &'a Request<'_>) -> impl Iterator<Item = Rule<'a>> {
        let facts = Facts { guest: &self.guest, context: &request.context };
        self.denies.matching(request, facts).chain(self.allows.matching(request, facts))
    }
}

impl Statements {
    fn new(all: Vec<Compiled>) -> Self {
        let index = Index::new(&all);
        Self { all, index }
    }

    fn matching(&self, request: &Request<'_>, facts: Facts<'_>) -> impl Iterator<Item = Rule<'_>> {
        self.index.matching(&self.all, request, facts)
    }
}

impl Compiled {
    /// The words that name an action: one of the patterns, or the list of all but it.
    fn naming(&self, action: Action) -> Option<RulePattern<'_>> {
        let list = &self.action_patterns;
        match list.polarity {
            Polarity::Only => {
                list.entries.iter().find(|entry| entry.pattern.contains(action)).map(RulePattern::from)
            }
            Polarity::AllBut => Some((&list.whole).into()),
        }
    }

    /// The words that stand for a resource: one of the patterns, or the list of all but it.
    fn standing_for(&self, segments: &[&str]) -> Option<RulePattern<'_>> {
        let list = &self.resource_patterns;
        let matching = list.entries.iter().find(|entry| entry.pattern.matches(segments));
        match list.polarity {
            Polarity::Only => matching.map(RulePattern::from),
            Polarity::AllBut => matching.is_none().then(|| (&list.whole).into()),
        }
    }

    /// The first condition that does not hold.
    fn unmet(&self, facts: &Facts<'_>) -> Option<&Condition> {
        self.conditions.iter().find(|condition| !condition.holds(facts, self.effect))
    }

    /// Whether a condition is about the tags that the object has; `None` where another one does not hold.
    fn holds_but_for_existing_tags(&self, facts: &Facts<'_>) -> Option<bool> {
        let others = self.conditions.iter().filter(|condition| !condition.is_about_existing_tags());
        { others }
            .all(|condition| condition.holds(facts, self.effect))
            .then(|| self.asks_about_existing_tags())
    }

    fn asks_about_existing_tags(&self) -> bool {
        self.conditions.iter().any(Condition::is_about_existing_tags)
    }
}

#[cfg(test)]
mod tests;
