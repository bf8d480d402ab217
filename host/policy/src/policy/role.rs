//! The rights that a guest's role needs at AWS.

mod look_ups;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::{Compiled, Entry, Polarity, Policy};
use crate::{
    action::{Action, ActionSet},
    condition::Condition,
    pattern::ResourcePattern,
    source::Location,
    statement::{Effect, Spelling},
    text::quoted,
};

/// How many characters AWS takes of a session policy. AWS: `Policy` of `AssumeRole`.
pub const MAX_SESSION_POLICY_CHARACTERS: usize = 2_048;

/// The smallest IAM policy document with which a role can do all that a guest may. Serializes as its JSON; `Display` is that
/// JSON on one line, and over several with `{:#}`.
///
/// Each action is named, so that the role gets no right that this host has no operation for; statements that others contain
/// are left out, and those that differ in one list are made one. What AWS cannot check, a condition on a key `innkeeper:...` or on one that
/// it does not have for the action, is left out, which [`notes`](Self::notes) says: an `allow` is then wider at AWS than here, and a `deny` is here alone.
///
/// Where a condition is about the tags that an object has, the role can read them, since the host looks at them before it decides.
#[derive(Clone, Debug)]
pub struct RoleDocument {
    statements: Vec<Statement>,
    notes: Vec<String>,
}

/// A document that is too long for a session policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the policy has {characters} characters, {} more than the {MAX_SESSION_POLICY_CHARACTERS} that a session policy may have",
    characters - MAX_SESSION_POLICY_CHARACTERS
)]
pub struct SessionPolicyTooLong {
    /// How many characters the document has.
    pub characters: usize,
}

/// A statement of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Statement {
    effect: Effect,
    actions: Actions,
    resources: Resources,
    /// By operator and key.
    conditions: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Actions {
    Only(ActionSet),
    /// `NotAction`, as it is written: with it a `deny` also denies what this host has no operation for.
    AllBut(Vec<String>, ActionSet),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Resources {
    polarity: Polarity,
    /// By text.
    patterns: BTreeMap<String, ResourcePattern>,
}

impl Policy {
    /// The smallest IAM policy document for the guest's role.
    pub fn to_role(&self) -> RoleDocument {
        let mut notes = Vec::new();
        let mut statements: Vec<Statement> = Vec::new();
        for compiled in &self.allows.all {
            for AtAws { actions, conditions, ours } in at_aws(compiled) {
                if let Some((key, location)) = ours {
                    notes.push(format!(
                        "AWS does not check {}: what is allowed at {location} is not held to it there, but by this host alone",
                        of_actions(key, actions, compiled)
                    ));
                }
                let (effect, actions) = (Effect::Allow, Actions::Only(actions));
                statements.push(Statement {
                    effect,
                    actions,
                    resources: Resources::of(compiled),
                    conditions,
                });
            }
        }
        let look_ups = self.look_ups(&mut notes);
        statements.extend(look_ups.iter().cloned());
        reduce(&mut statements);
        let mut denies = Vec::new();
        for (compiled, AtAws { actions, conditions, ours }) in self
            .denies
            .all
            .iter()
            .flat_map(|compiled| at_aws(compiled).into_iter().map(move |it| (compiled, it)))
        {
            if let Some((key, location)) = ours {
                notes.push(format!(
                    "AWS does not check {}: the deny at {location} is left out, and done by this host alone",
                    of_actions(key, actions, compiled)
                ));
                continue;
            }
            let list = &compiled.action_patterns;
            let mut deny = Statement {
                effect: Effect::Deny,
                actions: match list.polarity {
                    Polarity::Only => Actions::Only(actions),
                    Polarity::AllBut => Actions::AllBut(
                        list.entries.iter().map(|entry| entry.text.clone()).collect(),
                        compiled.actions,
                    ),
                },
                resources: Resources::of(compiled),
                conditions,
            };
            let mut changed = false;
            for look_up in &look_ups {
                changed |= deny.leave_out(look_up);
            }
            if changed {
                notes.push(format!(
                    "the deny at {} would keep the host from looking at the tags of objects, so that of reading them is left out, \
                     and done by this host alone",
                    compiled.location
                ));
            }
            if statements.iter().any(|allow| allow.meets(&deny)) {
                denies.push(deny);
            }
        }
        reduce(&mut denies);
        statements.append(&mut denies);
        RoleDocument { statements, notes }
    }
}

impl RoleDocument {
    /// What is not the same at AWS as here, one sentence each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Whether nothing is allowed. AWS takes no policy document without a statement.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// The document as a session policy.
    ///
    /// # Errors
    ///
    /// [`SessionPolicyTooLong`], where it has more characters than AWS takes.
    pub fn to_session_policy(&self) -> Result<String, SessionPolicyTooLong> {
        let text = self.to_string();
        match text.chars().count() {
            characters if characters > MAX_SESSION_POLICY_CHARACTERS => {
                Err(SessionPolicyTooLong { characters })
            }
            _ => Ok(text),
        }
    }
}

/// The actions of a statement that one of its resources fits.
fn usable(compiled: &Compiled) -> ActionSet {
    let list = &compiled.resource_patterns;
    let fits = |kind| list.entries.iter().any(|entry| entry.pattern.types().contains(kind));
    let is_used = |kind| list.polarity == Polarity::AllBut || fits(kind);
    compiled.actions.iter().filter(|action| is_used(action.resource_type())).collect()
}

type Conditions = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// Actions of a statement, with the conditions on them that AWS checks.
struct AtAws<'c> {
    actions: ActionSet,
    conditions: Conditions,
    /// The key of the first condition that only this host checks, and where it is.
    ours: Option<(&'c str, &'c Location)>,
}

/// The actions of a statement, by the conditions that AWS does not check of them.
fn at_aws(compiled: &Compiled) -> Vec<AtAws<'_>> {
    let mut groups = BTreeMap::<Vec<usize>, ActionSet>::new();
    for action in usable(compiled).iter() {
        let unchecked = |(_, condition): &(usize, &Condition)| !condition.key().is_checked_by_aws(action);
        let ours = compiled.conditions.iter().enumerate().filter(unchecked).map(|(index, _)| index);
        let group = groups.entry(ours.collect()).or_default();
        *group = group.union(std::iter::once(action).collect());
    }
    let of_group = |(ours, actions): (Vec<usize>, ActionSet)| {
        let mut conditions = Conditions::new();
        for (index, condition) in compiled.conditions.iter().enumerate() {
            let written = &condition.written;
            if !ours.contains(&index) {
                let operator = conditions.entry(written.operator.clone()).or_default();
                operator.insert(written.key.clone(), written.values.clone());
            }
        }
        let first = ours.first().and_then(|index| compiled.conditions.get(*index));
        let ours = first.map(|condition| (condition.written.key.as_str(), &condition.location));
        AtAws { actions, conditions, ours }
    };
    groups.into_iter().map(of_group).collect()
}

/// A key, and the actions of which AWS does not check it where those are not all of the statement.
fn of_actions(key: &str, actions: ActionSet, compiled: &Compiled) -> String {
    if actions == usable(compiled) {
        return quoted(key).to_string();
    }
    let names: Vec<&str> = actions.iter().map(Action::as_str).collect();
    format!("{} of {}", quoted(key), names.join(", "))
}

/// Leaves out what others contain and makes one of two wherever that says the same, until nothing more can be done.
fn reduce(statements: &mut Vec<Statement>) {
    while let Some((kept, gone)) = pair_to_join(statements) {
        let gone = statements.remove(gone);
        if let Some(kept) = statements.get_mut(kept) {
            kept.take(gone);
        }
    }
}

/// Two statements that can be one: where the second goes, and the second, which stands behind the first.
fn pair_to_join(statements: &[Statement]) -> Option<(usize, usize)> {
    statements.iter().enumerate().find_map(|(index, first)| {
        let behind = statements.iter().enumerate().skip(index + 1);
        let (other, _) = { behind }.find(|(_, second)| first.can_take(second))?;
        Some((index, other))
    })
}

impl Statement {
    /// Whether the two together say what one statement with the actions and resources of both says.
    fn can_take(&self, other: &Self) -> bool {
        if self.conditions != other.conditions || self.resources.polarity != other.resources.polarity {
            return false;
        }
        let (Actions::Only(actions), Actions::Only(others)) = (&self.actions, &other.actions) else {
            return self == other;
        };
        let same_resources =
            self.resources.contain(&other.resources) && other.resources.contain(&self.resources);
        let same_actions = actions == others && self.resources.polarity == Polarity::Only;
        let contained = others.is_in(*actions) && self.resources.contain(&other.resources);
        let containing = actions.is_in(*others) && other.resources.contain(&self.resources);
        same_resources || same_actions || contained || containing
    }

    fn take(&mut self, other: Self) {
        let (Actions::Only(actions), Actions::Only(others)) = (&mut self.actions, &other.actions) else {
            return;
        };
        *actions = actions.union(*others);
        match self.resources.polarity {
            Polarity::Only => {
                self.resources.patterns.extend(other.resources.patterns);
                self.resources.reduce();
            }
            // One of the two contains the other: the wider has the shorter list of exceptions.
            Polarity::AllBut if other.resources.contain(&self.resources) => self.resources = other.resources,
            Polarity::AllBut => {}
        }
    }

    /// Takes another's actions out, if both have a resource. Whether that changed anything.
    fn leave_out(&mut self, other: &Self) -> bool {
        let Actions::Only(others) = &other.actions else { return false };
        if !self.resources.meet(&other.resources) {
            return false;
        }
        let (Actions::Only(actions) | Actions::AllBut(_, actions)) = &mut self.actions;
        let both = actions.intersection(*others);
        *actions = actions.without(both);
        if let Actions::AllBut(texts, _) = &mut self.actions {
            texts.extend(both.iter().map(|action| action.as_str().to_owned()));
        }
        !both.is_empty()
    }

    /// Whether there is something that both are about.
    fn meets(&self, other: &Self) -> bool {
        let (Actions::Only(actions) | Actions::AllBut(_, actions)) = &self.actions;
        let (Actions::Only(others) | Actions::AllBut(_, others)) = &other.actions;
        actions.meets(*others) && self.resources.meet(&other.resources)
    }
}

impl Resources {
    fn of(compiled: &Compiled) -> Self {
        let list = &compiled.resource_patterns;
        let patterns =
            list.entries.iter().map(|Entry { text, pattern, .. }| (text.clone(), pattern.clone())).collect();
        let mut resources = Self { polarity: list.polarity, patterns };
        resources.reduce();
        resources
    }

    /// Leaves out the patterns that others cover.
    fn reduce(&mut self) {
        let mut covered = BTreeSet::new();
        for (text, pattern) in &self.patterns {
            let by_another = self
                .patterns
                .iter()
                .any(|(other, wide)| other != text && !covered.contains(other) && wide.covers(pattern));
            if by_another {
                covered.insert(text.clone());
            }
        }
        self.patterns.retain(|text, _| !covered.contains(text));
    }

    /// Whether these are all of the others, and maybe more. Never `true` where they are not.
    fn contain(&self, others: &Self) -> bool {
        let covers = |wide: &Self, narrow: &Self| {
            narrow.patterns.values().all(|pattern| wide.patterns.values().any(|wide| wide.covers(pattern)))
        };
        match (self.polarity, others.polarity) {
            (Polarity::Only, Polarity::Only) => covers(self, others),
            (Polarity::AllBut, Polarity::AllBut) => covers(others, self),
            _ => false,
        }
    }

    /// Whether there may be a resource that is in both.
    fn meet(&self, others: &Self) -> bool {
        match (self.polarity, others.polarity) {
            (Polarity::Only, Polarity::Only) => {
                self.patterns.values().any(|one| others.patterns.values().any(|other| one.overlaps(other)))
            }
            (Polarity::Only, Polarity::AllBut) => self.stick_out_of(others),
            (Polarity::AllBut, Polarity::Only) => others.stick_out_of(self),
            (Polarity::AllBut, Polarity::AllBut) => true,
        }
    }

    fn stick_out_of(&self, exceptions: &Self) -> bool {
        self.patterns.values().any(|one| !exceptions.patterns.values().any(|exception| exception.covers(one)))
    }
}

impl Serialize for RoleDocument {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_struct("Document", 2)?;
        document.serialize_field("Version", "2012-10-17")?;
        document.serialize_field("Statement", &self.statements)?;
        document.end()
    }
}

impl fmt::Display for RoleDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json =
            if f.alternate() { serde_json::to_string_pretty(self) } else { serde_json::to_string(self) };
        f.write_str(&json.map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Statement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let effect = match self.effect {
            Effect::Allow => "Allow",
            Effect::Deny => "Deny",
        };
        let [action, not_action] = Spelling::Json.actions();
        let [resource, not_resource] = Spelling::Json.resources();
        let mut statement = serializer.serialize_struct("Statement", 4)?;
        statement.serialize_field("Effect", effect)?;
        match &self.actions {
            Actions::Only(actions) => {
                let names: Vec<&str> = actions.iter().map(Action::as_str).collect();
                statement.serialize_field(action, &OneOrMany(&names))?;
            }
            Actions::AllBut(texts, _) => {
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                statement.serialize_field(not_action, &OneOrMany(&texts))?;
            }
        }
        let texts: Vec<&str> = self.resources.patterns.keys().map(String::as_str).collect();
        let name = if self.resources.polarity == Polarity::Only { resource } else { not_resource };
        statement.serialize_field(name, &OneOrMany(&texts))?;
        if !self.conditions.is_empty() {
            let conditions: BTreeMap<&str, BTreeMap<&str, OneOrMany<'_, String>>> = self
                .conditions
                .iter()
                .map(|(operator, tests)| {
                    let tests = tests
                        .iter()
                        .map(|(key, values)| (key.as_str(), OneOrMany(values.as_slice())))
                        .collect();
                    (operator.as_str(), tests)
                })
                .collect();
            statement.serialize_field("Condition", &conditions)?;
        }
        statement.end()
    }
}

/// IAM takes a value in place of a list of one.
struct OneOrMany<'a, T>(&'a [T]);

impl<T: Serialize> Serialize for OneOrMany<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            [one] => one.serialize(serializer),
            many => many.serialize(serializer),
        }
    }
}
