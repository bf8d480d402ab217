//! What can be said of a policy without a request: statements that come to nothing.

use std::{collections::BTreeSet, fmt, str::FromStr as _, time::SystemTime};

use super::{Compiled, Entry, List, Polarity, Policy, Statements};
use crate::{
    action::{Action, ActionSet, ResourceType, Service},
    arn::Arn,
    condition::{Condition, ConditionKey, Known, contradiction},
    pattern::{Crossing, Glob, ResourcePattern, Scope, crossing},
    source::Location,
    statement::Effect,
    text::quoted,
};

/// Something in a policy that is most likely not what its author meant. `Display` is `FILE:LINE:COLUMN: MESSAGE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing.
    pub kind: FindingKind,
    /// What it is, in one line.
    pub message: String,
    /// Where.
    pub location: Location,
}

/// The kinds of [`Finding`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FindingKind {
    /// The conditions of a statement cannot hold together, or not any more.
    NeverMatches,
    /// All that a rule allows is denied.
    Shadowed,
    /// A rule allows what cannot be asked for.
    Unusable,
    /// A condition on the tags of an object does not restrict actions that AWS decides on without them.
    TagsNotKnown,
    /// A pattern of an `allow` stands for objects of other buckets or access points, because a `*` runs on over colons.
    CrossesFields,
}

impl FindingKind {
    /// The kind in a word: `never-matches`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NeverMatches => "never-matches",
            Self::Shadowed => "shadowed",
            Self::Unusable => "unusable",
            Self::TagsNotKnown => "tags-not-known",
            Self::CrossesFields => "crosses-fields",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.location, self.message)
    }
}

impl Policy {
    /// The statements that can never match from `now` on, and the rules of which all that they allow is denied. Nothing is named
    /// that could make a difference to a decision.
    pub fn review(&self, now: SystemTime) -> Vec<Finding> {
        let known = Known { guest: &self.guest, now };
        let mut found = Vec::new();
        for statement in self.allows.all.iter().chain(&self.denies.all) {
            if let Some(condition) = contradiction(&statement.conditions, &known) {
                let (operator, key) = (quoted(&condition.written.operator), quoted(&condition.written.key));
                found.push(Finding {
                    kind: FindingKind::NeverMatches,
                    message: format!(
                        "{operator} of {key} can never hold, so the {} can never match",
                        statement.effect
                    ),
                    location: condition.location.clone(),
                });
            }
        }
        for statement in &self.allows.all {
            self.shadows(statement, &mut found);
        }
        found.extend(self.tags_not_known());
        found.extend(self.crosses_fields());
        found
    }

    /// The patterns because of which more is allowed than they seem to say: those of an `allow`, and the exceptions from a `deny`.
    fn crosses_fields(&self) -> impl Iterator<Item = Finding> {
        let is_about_objects = |statement: &&Compiled| {
            statement.actions.iter().any(|action| {
                action.service() == Service::S3 && action.resource_type() == ResourceType::Object
            })
        };
        let of = |statements: &'_ Statements, polarity: Polarity| -> Vec<Finding> {
            let all = statements.all.iter().filter(is_about_objects);
            let lists = all.map(|statement| &statement.resource_patterns);
            let entries = lists.filter(|list| list.polarity == polarity).flat_map(|list| &list.entries);
            entries.filter_map(|entry| Some(crosses(entry, &crossing(&entry.text)?))).collect()
        };
        of(&self.allows, Polarity::Only).into_iter().chain(of(&self.denies, Polarity::AllBut))
    }

    /// The conditions on the tags of an object that come to nothing for some of the actions that are allowed: as in IAM, one that
    /// denies does not hold for them, and one that allows holds for every object.
    fn tags_not_known(&self) -> Vec<Finding> {
        let carrying: ActionSet = ConditionKey::ExistingObjectTag.carriers().collect();
        let allowed = |statement: &Compiled| -> ActionSet {
            let meeting = self.allows.all.iter().filter(|allow| {
                let mut entries = resources(allow);
                entries.any(|entry| entry.is_none_or(|entry| statement.resource_patterns.meet(entry)))
            });
            meeting.map(|allow| allow.actions).collect()
        };
        let mut found = Vec::new();
        for statement in self.allows.all.iter().chain(&self.denies.all) {
            let objects = Action::ALL.iter().copied().filter(|action| {
                action.resource_type() == ResourceType::Object && !carrying.contains(*action)
            });
            let unknown = statement.actions.intersection(objects.collect()).intersection(allowed(statement));
            // What denies without a value, or allows nothing without one, is on the safe side.
            let passes = |condition: &&Condition| {
                condition.is_about_existing_tags()
                    && condition.holds_without_value() == (statement.effect == Effect::Allow)
            };
            let Some(condition) = statement.conditions.iter().find(passes) else { continue };
            if unknown.is_empty() {
                continue;
            }
            let actions: Vec<String> = unknown.iter().map(|action| format!("`{action}`")).collect();
            found.push(Finding {
                kind: FindingKind::TagsNotKnown,
                message: format!(
                    "{} of {} does not restrict {}, on which AWS decides without the tags of the object: say by the key, or by \
                     the bucket, for which objects",
                    quoted(&condition.written.operator),
                    quoted(&condition.written.key),
                    actions.join(", ")
                ),
                location: condition.location.clone(),
            });
        }
        found
    }

    /// The rules that allow none of these actions.
    pub fn unusable(&self, usable: &[Action]) -> Vec<Finding> {
        let usable: ActionSet = usable.iter().copied().collect();
        let mut found = Vec::new();
        for statement in &self.allows.all {
            let mut add = |text: &str, location: &Location| {
                found.push(Finding {
                    kind: FindingKind::Unusable,
                    message: quoted(text).to_string(),
                    location: location.clone(),
                });
            };
            let list = &statement.action_patterns;
            match list.polarity {
                Polarity::AllBut if !statement.actions.meets(usable) => {
                    add(&list.whole.text, &list.whole.location);
                }
                Polarity::AllBut => {}
                Polarity::Only => {
                    let none = list.entries.iter().filter(|entry| !entry.pattern.meets(usable));
                    none.for_each(|entry| add(&entry.text, &entry.location));
                }
            }
        }
        found
    }

    /// Whether a statement allows the action on any resource at all, leaving conditions and denials aside.
    pub fn names(&self, action: Action) -> bool {
        self.allows.all.iter().any(|statement| statement.actions.contains(action))
    }

    /// Whether a statement allows anything on what the text names, or in it: an ARN, or a bucket's name.
    pub fn reaches(&self, name: &str) -> bool {
        let service = Arn::from_str(name).ok().and_then(|arn| Service::from_namespace(arn.service()));
        let mut thing = Glob::default();
        if service.is_none() {
            // A star alone has no variable in it that could be unknown.
            let _ = thing.push("arn:*:s3:::", Scope::Field, Scope::Field);
        }
        thing.push_literal(name);
        let mut targets = vec![thing.clone()];
        // The objects of a bucket, the versions and aliases of a function.
        let inside = match service {
            Some(Service::S3) | None => Some(("/", Scope::Text)),
            Some(Service::Lambda) => Some((":", Scope::Field)),
            Some(Service::Sqs) => None,
        };
        if let Some((separator, scope)) = inside {
            thing.push_literal(separator);
            let _ = thing.push("*", scope, scope);
            targets.push(thing);
        }
        self.allows.all.iter().any(|statement| {
            let list = &statement.resource_patterns;
            list.polarity == Polarity::AllBut
                || list
                    .entries
                    .iter()
                    .any(|entry| targets.iter().any(|target| entry.pattern.overlaps_text(target)))
        })
    }

    /// Adds the rules of an `allow` of which nothing is left.
    fn shadows(&self, statement: &Compiled, found: &mut Vec<Finding>) {
        // What each pair of an action and a resource pattern is denied by, for those pairs that can be.
        let pairs: Vec<Pair<'_>> = statement
            .actions
            .iter()
            .flat_map(|action| resources(statement).map(move |resource| (action, resource)))
            .filter(|(action, resource)| {
                resource.is_none_or(|entry| entry.pattern.types().contains(action.resource_type()))
            })
            .map(|(action, resource)| (action, resource, self.denied_by(action, resource)))
            .collect();
        let shadowed = |text: &str, location: &Location, denies: &[&Compiled]| {
            let places: BTreeSet<String> =
                denies.iter().map(|deny| deny.resource_patterns.whole.location.to_string()).collect();
            let places = places.into_iter().collect::<Vec<_>>().join(" and ");
            Finding {
                kind: FindingKind::Shadowed,
                message: format!("{} allows nothing: all of it is denied at {places}", quoted(text)),
                location: location.clone(),
            }
        };
        let all_denied = |about: &dyn Fn(Action, Option<&Entry<ResourcePattern>>) -> bool| {
            let denies = pairs
                .iter()
                .filter(|(action, resource, _)| about(*action, *resource))
                .map(|(.., deny)| *deny);
            denies.collect::<Option<Vec<_>>>().filter(|denies| !denies.is_empty())
        };
        if let Some(denies) = all_denied(&|_, _| true) {
            found.push(shadowed("allow", &statement.location, &denies));
            return;
        }
        for entry in resources(statement).flatten() {
            if let Some(denies) =
                all_denied(&|_, resource| resource.is_some_and(|other| std::ptr::eq(other, entry)))
            {
                found.push(shadowed(&entry.text, &entry.location, &denies));
            }
        }
        if statement.action_patterns.polarity == Polarity::Only {
            for entry in &statement.action_patterns.entries {
                if let Some(denies) = all_denied(&|action, _| entry.pattern.contains(action)) {
                    found.push(shadowed(&entry.text, &entry.location, &denies));
                }
            }
        }
    }

    /// A `deny` without conditions about all that an action could be done on by a resource pattern (`None`: by a list of all
    /// but some).
    fn denied_by(&self, action: Action, resource: Option<&Entry<ResourcePattern>>) -> Option<&Compiled> {
        self.denies.all.iter().find(|deny| {
            deny.conditions.is_empty()
                && deny.actions.contains(action)
                && deny.resource_patterns.cover(resource)
        })
    }
}

fn crosses(entry: &Entry<ResourcePattern>, Crossing { of, key, instead }: &Crossing) -> Finding {
    let instead = match instead {
        Some(instead) => format!("{} does not", quoted(instead)),
        None => "name the field".to_owned(),
    };
    Finding {
        kind: FindingKind::CrossesFields,
        message: format!(
            "{} also stands for objects of other {of} that have {} in their keys, since a `*` at the end of a field runs on over \
             colons, as in IAM: {instead}",
            quoted(&entry.text),
            quoted(key)
        ),
        location: entry.location.clone(),
    }
}

/// An action, a resource pattern that it fits, and what denies all of it.
type Pair<'p> = (Action, Option<&'p Entry<ResourcePattern>>, Option<&'p Compiled>);

/// The resource patterns of a statement; `None` stands for a list of all but some.
fn resources(statement: &Compiled) -> impl Iterator<Item = Option<&Entry<ResourcePattern>>> {
    let list = &statement.resource_patterns;
    let one = (list.polarity == Polarity::AllBut).then_some(None);
    let each = (list.polarity == Polarity::Only).then_some(list.entries.iter().map(Some));
    one.into_iter().chain(each.into_iter().flatten())
}

impl List<ResourcePattern> {
    /// Whether the list is about something that a pattern stands for.
    fn meet(&self, other: &Entry<ResourcePattern>) -> bool {
        match self.polarity {
            Polarity::Only => self.entries.iter().any(|entry| entry.pattern.overlaps(&other.pattern)),
            Polarity::AllBut => !self.entries.iter().any(|entry| entry.pattern.covers(&other.pattern)),
        }
    }

    /// Whether the list is about all that a pattern stands for.
    fn cover(&self, resource: Option<&Entry<ResourcePattern>>) -> bool {
        match (self.polarity, resource) {
            (Polarity::Only, Some(resource)) => {
                self.entries.iter().any(|entry| entry.pattern.covers(&resource.pattern))
            }
            (Polarity::Only, None) => self.entries.iter().any(|entry| entry.pattern.is_all()),
            (Polarity::AllBut, Some(resource)) => {
                !self.entries.iter().any(|entry| entry.pattern.overlaps(&resource.pattern))
            }
            (Polarity::AllBut, None) => false,
        }
    }
}
