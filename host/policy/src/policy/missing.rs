//! What a policy would have to grant for some requests to be allowed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::{
    Decision, DenialCause, Policy,
    grantable::{Grantable, grantable},
    suggestion,
};
use crate::{
    action::{Action, ResourceType},
    pattern::escape,
    request::Request,
    statement::Spelling,
};

/// From this many on, the keys of one folder are stood for by a wildcard: a list of more is one that nobody reads.
const MANY_KEYS: usize = 9;

/// What is missing of a policy: see [`Policy::missing`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// The statements to add.
    pub grants: Vec<Grant>,
    /// The requests that nothing that is added could allow: those that a `deny` forbids, each in a line, with the place of the rule.
    pub denied: Vec<String>,
}

/// A statement to add, which names exact resources unless it says why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    actions: BTreeSet<Action>,
    /// The patterns, each with the reason where it is a wildcard.
    resources: BTreeMap<String, Option<String>>,
}

impl Policy {
    /// What would have to be added for all of the requests to be allowed. Nothing of it is added.
    pub fn missing<'r>(&self, requests: impl IntoIterator<Item = &'r Request<'r>>) -> Missing {
        let mut wanted: BTreeMap<Wanted, BTreeSet<Action>> = BTreeMap::new();
        let mut denied = BTreeSet::new();
        for request in requests {
            let Decision::Deny(denial) = self.decide(request) else { continue };
            let mut cannot = |why: &dyn fmt::Display| {
                let resource = request.resource.to_string();
                denied.insert(format!("{} on {}: {why}", request.action, crate::text::visible(&resource)));
            };
            if let DenialCause::ExplicitDeny(_) = denial.cause() {
                cannot(&denial);
                continue;
            }
            match grantable(request, self.stand_in_account.as_deref()) {
                Ok(grantable) => {
                    let is_object = request.action.resource_type() == ResourceType::Object;
                    let resource = if is_object {
                        Wanted::Object(request.resource.to_string())
                    } else {
                        Wanted::Other(grantable)
                    };
                    wanted.entry(resource).or_default().insert(request.action);
                }
                Err(reason) => cannot(&reason),
            }
        }
        // By the actions, so that what needs the same is in one statement.
        let mut by_actions: BTreeMap<BTreeSet<Action>, (BTreeSet<String>, Vec<Grantable>)> = BTreeMap::new();
        for (resource, actions) in wanted {
            let (objects, others) = by_actions.entry(actions).or_default();
            match resource {
                Wanted::Object(object) => {
                    objects.insert(object);
                }
                Wanted::Other(other) => others.push(other),
            }
        }
        let grants = by_actions.into_iter().map(|(actions, (objects, others))| {
            let mut resources = folders(&objects);
            resources.extend(
                others.into_iter().map(|Grantable { pattern, reason }| (pattern, reason.map(str::to_owned))),
            );
            Grant { actions, resources }
        });
        Missing { grants: grants.collect(), denied: denied.into_iter().collect() }
    }
}

/// A resource that has to be granted.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Wanted {
    /// An object, by its ARN: many may become one pattern.
    Object(String),
    Other(Grantable),
}

/// Objects as patterns: each for itself, or many of one folder by a wildcard.
fn folders(objects: &BTreeSet<String>) -> BTreeMap<String, Option<String>> {
    let mut folders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for object in objects {
        // There is a slash behind the bucket, at least.
        let folder = object.rfind('/').and_then(|slash| object.get(..=slash)).unwrap_or(object);
        folders.entry(folder).or_default().push(object);
    }
    let mut patterns = BTreeMap::new();
    for (folder, objects) in folders {
        if objects.len() < MANY_KEYS {
            patterns.extend(objects.into_iter().map(|object| (escape(object), None)));
        } else {
            let reason = format!("{} keys were used that begin so", objects.len());
            patterns.insert(format!("{}*", escape(folder)), Some(reason));
        }
    }
    patterns
}

/// As a statement of an IAM policy document.
impl Serialize for Grant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let [action, _] = Spelling::Json.actions();
        let [resource, _] = Spelling::Json.resources();
        let mut statement = serializer.serialize_struct("Statement", 3)?;
        statement.serialize_field("Effect", "Allow")?;
        let actions: Vec<&str> = self.actions.iter().map(|action| action.as_str()).collect();
        statement.serialize_field(action, &actions)?;
        statement.serialize_field(resource, &self.resources.keys().collect::<Vec<_>>())?;
        statement.end()
    }
}

impl Missing {
    /// Whether all of the requests are allowed.
    pub fn is_empty(&self) -> bool {
        self.grants.is_empty() && self.denied.is_empty()
    }
}

impl Grant {
    /// The statement as a manifest has it, with a line break at its end.
    pub fn to_toml(&self, guest: &str) -> impl fmt::Display {
        fmt::from_fn(move |f| {
            writeln!(f, "[[guest.{}.allow]]", suggestion::key(guest))?;
            let actions: Vec<_> =
                self.actions.iter().map(|action| suggestion::quote(action.as_str())).collect();
            writeln!(f, "actions = [{}]", actions.join(", "))?;
            let mut resources = self.resources.iter();
            if let (Some((resource, None)), None) = (resources.next(), resources.next()) {
                return writeln!(f, "resources = [{}]", suggestion::quote(resource));
            }
            writeln!(f, "resources = [")?;
            for (resource, reason) in &self.resources {
                write!(f, "    {},", suggestion::quote(resource))?;
                match reason {
                    Some(reason) => writeln!(f, " # a wildcard: {reason}")?,
                    None => writeln!(f)?,
                }
            }
            writeln!(f, "]")
        })
    }
}
