//! IAM's conditions: under which circumstances a statement holds.

mod context;
mod contradiction;
mod key;
mod operator;
mod predicate;

use toml::Spanned;

pub use context::{ContextValueError, ContextValues};
pub(crate) use contradiction::{Known, contradiction};
pub use key::ConditionKey;
use key::Value;
pub(crate) use key::{Facts, ValueType};
use operator::{Base, Operator, Quantifier};
use predicate::Predicate;

use crate::{
    action::{Action, ActionSet},
    source::{Diagnostic, Location, Source, nearest},
    statement::{Effect, WrittenCondition},
    text::quoted,
};

/// One condition of a statement, compiled.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    key: ConditionKey,
    /// The key of the tag that it is about, if it is about one.
    tag: Option<String>,
    predicate: Predicate,
    pub(crate) written: Written,
    pub(crate) location: Location,
}

/// A condition's own words.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) operator: String,
    pub(crate) key: String,
    pub(crate) values: Vec<String>,
}

impl Condition {
    pub(crate) fn key(&self) -> ConditionKey {
        self.key
    }

    /// Whether the condition holds for a request. Allocates nothing.
    ///
    /// IAM compares the names of keys without regard to case, and with them those of tags, but S3 knows `team` and `Team` for two
    /// tags: where an object has both, a `deny` holds if it does for one of them, and an `allow` if it does for both.
    pub(crate) fn holds(&self, facts: &Facts<'_>, effect: Effect) -> bool {
        let Some(tag) = &self.tag else { return self.predicate.holds(facts.value(self.key)) };
        let of_name = facts.tags(self.key).iter().filter(|(name, _)| is_same_name(name, tag));
        let mut held = of_name.map(|(_, value)| self.predicate.holds(Some(Value::Text(value)))).peekable();
        match effect {
            _ if held.peek().is_none() => self.predicate.holds(None),
            Effect::Allow => held.all(|holds| holds),
            Effect::Deny => held.any(|holds| holds),
        }
    }

    /// Whether the condition holds where the key has no value.
    pub(crate) fn holds_without_value(&self) -> bool {
        self.predicate.holds(None)
    }

    /// Whether the condition is about the tags that an object has, which have to be asked for.
    pub(crate) fn is_about_existing_tags(&self) -> bool {
        self.key == ConditionKey::ExistingObjectTag
    }

    /// Whether both are about the same value of a request.
    pub(crate) fn is_about_same(&self, other: &Self) -> bool {
        self.key == other.key
            && match (&self.tag, &other.tag) {
                (Some(one), Some(other)) => is_same_name(one, other),
                (one, other) => one.is_none() && other.is_none(),
            }
    }

    /// Whether both have the same operator and key, of which a JSON document has room for one.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.is_about_same(other) && self.written.operator == other.written.operator
    }

    /// Whether a statement with the condition may be about an action.
    pub(crate) fn may_be_asked_of(&self, action: Action) -> bool {
        !self.key.has_to_be_carried_by_all() || self.key.is_carried_by(action)
    }

    /// Compiles a condition of a statement with these actions, on a host that provides these keys.
    pub(crate) fn compile(
        source: &Source,
        written: &WrittenCondition,
        actions: ActionSet,
        provided: &[ConditionKey],
    ) -> Result<Self, Diagnostic> {
        let at = |text: &Spanned<String>, message: String| Diagnostic::at(source, text.span(), message);
        let operator = Operator::parse(written.operator.get_ref()).map_err(|error| {
            let diagnostic = at(&written.operator, error.to_string());
            error.help().into_iter().fold(diagnostic, Diagnostic::with_help)
        })?;
        let (key, tag) = key(source, &written.key, provided)?;
        if !actions.iter().any(|action| key.is_carried_by(action)) {
            let message = format!("none of these actions carries the condition key {}", quoted(key.as_str()));
            let carriers = key.carriers().map(|action| format!("`{action}`")).collect::<Vec<_>>().join(", ");
            return Err(at(&written.key, message).with_help(format!("it is carried by {carriers}")));
        }
        if key.has_to_be_carried_by_all()
            && let Some(action) = actions.iter().find(|&action| !key.is_carried_by(action))
        {
            let message =
                format!("the value of {} is not known for {}", quoted(key.as_str()), quoted(action.as_str()));
            return Err(at(&written.key, message)
                .with_help("put the actions for which it is known in a statement of their own"));
        }
        if let Some(wanted) = operator.value_type()
            && wanted != key.value_type()
        {
            let message = format!(
                "{} compares {}, and {} is {}",
                quoted(written.operator.get_ref()),
                wanted.plural(),
                quoted(key.as_str()),
                key.value_type().singular()
            );
            let help = format!("use one of {}", Operator::names_for(key.value_type()));
            return Err(at(&written.operator, message).with_help(help));
        }
        // With one value asked for and several there, IAM's own answer is not documented.
        if key.has_several_values() && operator.quantifier == Quantifier::One && operator.base != Base::Null {
            let message = format!("{} may have several values in a request", quoted(key.as_str()));
            let name = written.operator.get_ref();
            let help = format!("use `ForAllValues:{name}` or `ForAnyValue:{name}`");
            return Err(at(&written.operator, message).with_help(help));
        }
        if written.values.get_ref().is_empty() {
            let message = "the condition has no values, so it could never match";
            return Err(Diagnostic::at(source, written.values.span(), message));
        }
        let mut predicate = Predicate::new(operator);
        for value in written.values.get_ref() {
            predicate.push(value.get_ref()).map_err(|error| at(value, error.to_string()))?;
        }
        Ok(Self {
            key,
            tag: tag.map(str::to_owned),
            predicate,
            written: Written {
                operator: written.operator.get_ref().clone(),
                key: written.key.get_ref().clone(),
                values: written.values.get_ref().iter().map(|value| value.get_ref().clone()).collect(),
            },
            location: source.locate(written.key.span().start),
        })
    }
}

/// Why a key of AWS's, by what its name begins with, makes no sense here or cannot be enforced.
const NOT_HERE: &[(&str, &str)] = &[
    (
        "aws:principal",
        "it is about who calls AWS, and for AWS that is the host, whichever guest asks; `innkeeper:Guest` is the guest's name",
    ),
    (
        "aws:user",
        "it is about who calls AWS, and for AWS that is the host, whichever guest asks; `innkeeper:Guest` is the guest's name",
    ),
    ("aws:source", "it is about where a call of AWS comes from, and all come from the host"),
    ("aws:vpc", "it is about where a call of AWS comes from, and all come from the host"),
    ("aws:multifactorauth", "a guest has no session of its own that it could have been asked for a code in"),
];

/// Whether two names of tags are the same but for case.
fn is_same_name(one: &str, other: &str) -> bool {
    one == other || one.chars().flat_map(char::to_lowercase).eq(other.chars().flat_map(char::to_lowercase))
}

fn why_not(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    NOT_HERE.iter().find(|(beginning, _)| name.starts_with(beginning)).map(|(_, why)| *why)
}

/// The key of this name, if the host enforces it, and the key of the tag that it is about.
fn key<'w>(
    source: &Source,
    written: &'w Spanned<String>,
    provided: &[ConditionKey],
) -> Result<(ConditionKey, Option<&'w str>), Diagnostic> {
    let is_enforced = |key: &ConditionKey| !key.is_provided_by_host() || provided.contains(key);
    let found = ConditionKey::parse(written.get_ref());
    if let Some(found) = found.filter(|(key, _)| is_enforced(key)) {
        return Ok(found);
    }
    let message = format!("the condition key {} is not enforced by this host", quoted(written.get_ref()));
    let enforced = ConditionKey::ALL.iter().copied().filter(is_enforced).map(ConditionKey::as_str);
    let help = match (why_not(written.get_ref()), nearest(written.get_ref(), enforced.clone())) {
        (Some(why), _) => why.to_owned(),
        (None, Some(nearest)) => format!("did you mean `{nearest}`?"),
        (None, None) => {
            format!("enforced are {}", enforced.map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", "))
        }
    };
    Err(Diagnostic::at(source, written.span(), message).with_help(help))
}
