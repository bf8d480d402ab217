mod conditions;
mod document;

use std::fmt;

use serde::Deserialize;
use toml::Spanned;

use conditions::Conditions;
pub(crate) use document::read as read_document;

/// Whether a statement grants or forbids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// What the statement names is granted, unless another statement forbids it.
    Allow,
    /// What the statement names is forbidden, whatever else grants it.
    Deny,
}

impl Effect {
    /// The name of the manifest's array of such statements: `allow` or `deny`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One entry of `[[guest.NAME.allow]]` or `[[guest.NAME.deny]]`, as written, with the elements of an IAM statement:
///
/// | key | IAM |
/// |---|---|
/// | `actions` or `not-actions`, a list of strings | `Action`, `NotAction` |
/// | `resources` or `not-resources`, a list of strings | `Resource`, `NotResource` |
/// | `condition.OPERATOR.KEY`, a value or a list of values | `Condition` |
/// | `quota`, the name of a quota of the guest; of an `allow` only | |
///
/// Reading one from TOML checks its form alone; [`PolicyBuilder`](crate::PolicyBuilder) checks what it says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Statement {
    pub(crate) actions: Option<Patterns>,
    pub(crate) not_actions: Option<Patterns>,
    pub(crate) resources: Option<Patterns>,
    pub(crate) not_resources: Option<Patterns>,
    #[serde(default)]
    pub(crate) condition: Conditions,
    pub(crate) quota: Option<Spanned<String>>,
}

/// A list of texts, each with its place.
pub(crate) type Patterns = Spanned<Vec<Spanned<String>>>;

/// One condition, as written: `OPERATOR.KEY = VALUES`.
#[derive(Clone, Debug)]
pub(crate) struct WrittenCondition {
    pub(crate) operator: Spanned<String>,
    pub(crate) key: Spanned<String>,
    pub(crate) values: Patterns,
}

/// How the elements of a statement are spelled where it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// As in a manifest.
    Toml,
    /// As in an IAM policy document.
    Json,
}

impl Spelling {
    pub(crate) const fn actions(self) -> [&'static str; 2] {
        match self {
            Self::Toml => ["actions", "not-actions"],
            Self::Json => ["Action", "NotAction"],
        }
    }

    pub(crate) const fn resources(self) -> [&'static str; 2] {
        match self {
            Self::Toml => ["resources", "not-resources"],
            Self::Json => ["Resource", "NotResource"],
        }
    }
}
