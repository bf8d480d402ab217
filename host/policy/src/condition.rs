//! IAM's conditions: under which circumstances a statement holds.

mod context;
mod contradiction;
mod key;
mod operator;
mod predicate;

use toml::Spanned;

pub use context::ContextValueError;
pub(crate) use contradiction::{Known, contradiction};
pub use key::ConditionKey;
pub(crate) use key::{Facts, ValueType};
use operator::Operator;
use predicate::Predicate;

use crate::{
    action::ActionSet,
    source::{Diagnostic, Location, Source, nearest},
    statement::WrittenCondition,
    text::quoted,
};

/// One condition of a statement, compiled.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    key: ConditionKey,
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
    /// Whether the condition holds for a request. Allocates nothing.
    pub(crate) fn holds(&self, facts: &Facts<'_>) -> bool {
        self.predicate.holds(facts.value(self.key))
    }

    /// Whether both have the same operator and key, of which a JSON document has room for one.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.key == other.key && self.written.operator == other.written.operator
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
        let key = key(source, &written.key, provided)?;
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
    (
        "s3:existingobjecttag",
        "the host does not know an object's tags before it has asked for them; put what differs into the key, or into buckets of its own",
    ),
    (
        "s3:requestobjecttag",
        "the tags of a write are not looked at; whether a guest may set any is the action `s3:PutObjectTagging`",
    ),
];

fn why_not(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    NOT_HERE.iter().find(|(beginning, _)| name.starts_with(beginning)).map(|(_, why)| *why)
}

/// The key of this name, if the host enforces it.
fn key(
    source: &Source,
    written: &Spanned<String>,
    provided: &[ConditionKey],
) -> Result<ConditionKey, Diagnostic> {
    let is_enforced = |key: &ConditionKey| !key.is_provided_by_host() || provided.contains(key);
    let found = ConditionKey::from_name(written.get_ref());
    if let Some(key) = found.filter(is_enforced) {
        return Ok(key);
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
