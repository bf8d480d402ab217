use std::fmt::{self, Write as _};

use super::{Compiled, DenialCause, Polarity, Policy, grantable::grantable};
use crate::{
    action::{Action, ResourceType},
    condition::Facts,
    request::Request,
    source::Location,
    text::quoted,
};

/// A change to the manifest after which a denied request would be allowed. `Display` says it in words, for the operator.
///
/// It grants exactly the request's action on exactly its resource: wildcards are for the operator to choose, but for the `*` of what
/// is about all resources, and that of an account that nobody has on AWS ([`Policy::with_stand_in_account`]).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Suggestion {
    /// A statement allows the action, on other resources: this one can join them.
    AddResource {
        /// The resource, in quotes as it is to be written.
        text: String,
        /// The list's name: `resources`, or `Resource` in a JSON document.
        list: &'static str,
        /// Where the list stands.
        location: Location,
    },
    /// A statement allows other actions on the resource: this one can join them.
    AddAction {
        /// The action, in quotes as it is to be written.
        text: String,
        /// The list's name: `actions`, or `Action` in a JSON document.
        list: &'static str,
        /// Where the list stands.
        location: Location,
    },
    /// No statement comes near: a new one has to be written.
    AddStatement {
        /// The statement for a manifest: `[[guest.NAME.allow]]` with its lines.
        text: String,
    },
    /// A statement would allow the request if this condition of its held.
    MeetCondition {
        /// The condition: `StringLike` of `s3:prefix`.
        condition: String,
        /// Where its key stands.
        location: Location,
    },
    /// A rule denies the request, so that nothing that is added can allow it.
    NarrowDeny {
        /// The resource pattern that matched, as it is written.
        resource: String,
        /// Where it stands.
        location: Location,
    },
    /// The action is not about resources of this kind, so that no statement can allow it on this one. No operation asks for that; a
    /// person can.
    NotGrantable {
        /// What the action is about, or what is wrong with the resource.
        reason: String,
    },
}

impl Suggestion {
    pub(super) fn for_denial(policy: &Policy, cause: DenialCause<'_>, request: &Request<'_>) -> Self {
        let resource = match grantable(request, policy.stand_in_account.as_deref()) {
            Ok(grantable) => quote(&grantable.pattern),
            Err(reason) => return Self::NotGrantable { reason },
        };
        if let DenialCause::ExplicitDeny(rule) = cause {
            let (resource, location) = (rule.resource().text.to_owned(), rule.resource().location.clone());
            return Self::NarrowDeny { resource, location };
        }
        let action = quote(request.action.as_str());

        let facts = Facts { guest: policy.guest(), context: &request.context };
        let segments = request.resource.segments();
        let (held, unmet): (Vec<&Compiled>, Vec<&Compiled>) =
            policy.allows.all.iter().partition(|statement| statement.unmet(&facts).is_none());

        let mut unmet = unmet
            .into_iter()
            .filter(|statement| statement.actions.contains(request.action))
            .filter(|statement| statement.standing_for(&segments).is_some());
        if let Some(condition) = unmet.find_map(|statement| statement.unmet(&facts)) {
            let words =
                format!("{} of {}", quoted(&condition.written.operator), quoted(&condition.written.key));
            return Self::MeetCondition { condition: words, location: condition.location.clone() };
        }
        // What joins a list gets all that the other list has, so the statement with the shortest other list is named. From a
        // list of exceptions something would have to be taken away.
        let with_action = held
            .iter()
            .filter(|statement| statement.resource_patterns.polarity == Polarity::Only)
            .filter(|statement| statement.actions.contains(request.action))
            .filter(|statement| statement.may_get_resource_of(request.action))
            .min_by_key(|statement| statement.actions.len());
        if let Some(statement) = with_action {
            let list = &statement.resource_patterns;
            return Self::AddResource {
                text: resource,
                list: list.name,
                location: list.whole.location.clone(),
            };
        }
        let with_resource = held
            .iter()
            .filter(|statement| statement.action_patterns.polarity == Polarity::Only)
            .filter(|statement| statement.standing_for(&segments).is_some())
            .filter(|statement| statement.may_get_action(request.action))
            .min_by_key(|statement| statement.resource_patterns.entries.len());
        if let Some(statement) = with_resource {
            let list = &statement.action_patterns;
            return Self::AddAction { text: action, list: list.name, location: list.whole.location.clone() };
        }
        let guest = key(policy.guest());
        Self::AddStatement {
            text: format!("[[guest.{guest}.allow]]\nactions = [{action}]\nresources = [{resource}]"),
        }
    }

    /// The line of the manifest to change; `None` for a statement that is to be added anywhere.
    pub fn location(&self) -> Option<&Location> {
        match self {
            Self::AddResource { location, .. }
            | Self::AddAction { location, .. }
            | Self::MeetCondition { location, .. }
            | Self::NarrowDeny { location, .. } => Some(location),
            Self::AddStatement { .. } | Self::NotGrantable { .. } => None,
        }
    }

    /// The text to add; `None` if nothing is to be added.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::AddResource { text, .. } | Self::AddAction { text, .. } | Self::AddStatement { text } => {
                Some(text)
            }
            Self::MeetCondition { .. } | Self::NarrowDeny { .. } | Self::NotGrantable { .. } => None,
        }
    }
}

impl Compiled {
    /// Whether the resource of such an action may join the others: that of all resources, `*`, would grant everything to the other
    /// actions as well.
    fn may_get_resource_of(&self, action: Action) -> bool {
        action.resource_type() != ResourceType::All
            || self.actions.iter().all(|other| other.resource_type() == ResourceType::All)
    }

    /// Whether the statement is still one that is accepted once it has another action.
    fn may_get_action(&self, action: Action) -> bool {
        let resources = &self.resource_patterns;
        let is_about = resources.polarity == Polarity::AllBut
            || resources.entries.iter().any(|entry| entry.pattern.types().contains(action.resource_type()));
        is_about && self.conditions.iter().all(|condition| condition.may_be_asked_of(action))
    }
}

impl fmt::Display for Suggestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddResource { text, list, location } | Self::AddAction { text, list, location } => {
                write!(f, "add `{text}` to `{list}` at {location}")
            }
            Self::AddStatement { text } => write!(f, "add this to the manifest:\n{text}"),
            Self::MeetCondition { condition, location } => {
                write!(f, "the condition {condition} at {location} does not hold")
            }
            Self::NarrowDeny { resource, location } => {
                write!(f, "remove or narrow the deny of {} at {location}", quoted(resource))
            }
            Self::NotGrantable { reason } => write!(f, "nothing that is added could allow it: {reason}"),
        }
    }
}

/// A string of TOML, and of JSON but for what stands beyond the basic plane, on one line whatever the guest put into it. The crates' own writers would leave in it what a
/// terminal acts on, and that of TOML would take several lines for one with a line break.
pub(super) fn quote(text: &str) -> String {
    let quoted = fmt::from_fn(|f| {
        text.chars().try_for_each(|c| match c {
            '"' | '\\' => write!(f, "\\{c}"),
            _ if crate::text::is_acted_on(c) && c.len_utf16() == 1 => write!(f, "\\u{:04X}", u32::from(c)),
            _ if crate::text::is_acted_on(c) => write!(f, "\\U{:08X}", u32::from(c)),
            _ => f.write_char(c),
        })
    });
    format!("\"{quoted}\"")
}

/// A TOML key: bare where that can be.
pub(super) fn key(text: &str) -> String {
    let is_bare = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if !text.is_empty() && text.bytes().all(is_bare) { text.to_owned() } else { quote(text) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_quoted_text_is_one_line_of_toml_and_json_that_means_the_text(text in any::<String>()) {
            let line = format!("{} = {}", key(&text), quote(&text));
            let is_one_line = !line.contains(['\n', '\r', '\u{1b}', '\u{2028}']);
            prop_assert!(is_one_line, "{}", line);
            let table: toml::Table = line.parse().unwrap();
            prop_assert_eq!(table.get(&text).and_then(toml::Value::as_str), Some(text.as_str()));
            // The escapes of JSON have four digits, and TOML takes no two of them for one character.
            if !text.chars().any(|c| crate::text::is_acted_on(c) && c.len_utf16() > 1) {
                prop_assert_eq!(serde_json::from_str::<String>(&quote(&text)).unwrap(), text);
            }
        }
    }
}
