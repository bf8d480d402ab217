use super::ValueType;
use crate::{source::nearest, text::quoted};

/// A condition operator, such as `ForAnyValue:StringNotLikeIfExists`, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operator {
    pub(crate) quantifier: Quantifier,
    pub(crate) base: Base,
    /// Whether none of the values may match, instead of one having to.
    pub(crate) is_negated: bool,
    pub(crate) if_exists: bool,
}

/// Over which of the request's values the operator speaks. Where a key has no more than one they differ only where it has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantifier {
    One,
    ForAnyValue,
    ForAllValues,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    StringEquals,
    StringEqualsIgnoreCase,
    StringLike,
    Numeric(Comparison),
    Date(Comparison),
    Bool,
    /// `ArnEquals` and `ArnLike`, which IAM documents to be the same.
    Arn,
    Null,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equals,
    LessThan,
    LessThanEquals,
    GreaterThan,
    GreaterThanEquals,
}

/// Every operator that is enforced, without prefix and suffix: what it does, and whether it is negated.
const OPERATORS: [(&str, Base, bool); 24] = [
    ("StringEquals", Base::StringEquals, false),
    ("StringNotEquals", Base::StringEquals, true),
    ("StringEqualsIgnoreCase", Base::StringEqualsIgnoreCase, false),
    ("StringNotEqualsIgnoreCase", Base::StringEqualsIgnoreCase, true),
    ("StringLike", Base::StringLike, false),
    ("StringNotLike", Base::StringLike, true),
    ("NumericEquals", Base::Numeric(Comparison::Equals), false),
    ("NumericNotEquals", Base::Numeric(Comparison::Equals), true),
    ("NumericLessThan", Base::Numeric(Comparison::LessThan), false),
    ("NumericLessThanEquals", Base::Numeric(Comparison::LessThanEquals), false),
    ("NumericGreaterThan", Base::Numeric(Comparison::GreaterThan), false),
    ("NumericGreaterThanEquals", Base::Numeric(Comparison::GreaterThanEquals), false),
    ("DateEquals", Base::Date(Comparison::Equals), false),
    ("DateNotEquals", Base::Date(Comparison::Equals), true),
    ("DateLessThan", Base::Date(Comparison::LessThan), false),
    ("DateLessThanEquals", Base::Date(Comparison::LessThanEquals), false),
    ("DateGreaterThan", Base::Date(Comparison::GreaterThan), false),
    ("DateGreaterThanEquals", Base::Date(Comparison::GreaterThanEquals), false),
    ("Bool", Base::Bool, false),
    ("ArnEquals", Base::Arn, false),
    ("ArnNotEquals", Base::Arn, true),
    ("ArnLike", Base::Arn, false),
    ("ArnNotLike", Base::Arn, true),
    ("Null", Base::Null, false),
];

/// Why a text is no operator that can be enforced.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OperatorError {
    #[error("the condition operator {} is not enforced by this host", quoted(.0))]
    NotEnforced(String),
    #[error("unknown condition operator {}", quoted(.0))]
    Unknown(String),
    #[error("`Null` has no form {}: it asks whether there is a value", quoted(.0))]
    Null(String),
}

impl Operator {
    pub(crate) fn parse(text: &str) -> Result<Self, OperatorError> {
        let (quantifier, name) = match text.split_once(':') {
            None => (Quantifier::One, text),
            Some(("ForAnyValue", name)) => (Quantifier::ForAnyValue, name),
            Some(("ForAllValues", name)) => (Quantifier::ForAllValues, name),
            Some(_) => return Err(OperatorError::Unknown(text.to_owned())),
        };
        let (name, if_exists) = match name.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let Some(&(_, base, is_negated)) = OPERATORS.iter().find(|(known, ..)| *known == name) else {
            return Err(match name {
                "BinaryEquals" | "IpAddress" | "NotIpAddress" => OperatorError::NotEnforced(text.to_owned()),
                _ => OperatorError::Unknown(text.to_owned()),
            });
        };
        if base == Base::Null && (if_exists || quantifier != Quantifier::One) {
            return Err(OperatorError::Null(text.to_owned()));
        }
        Ok(Self { quantifier, base, is_negated, if_exists })
    }

    /// What the operator compares; `None` if anything.
    pub(crate) fn value_type(self) -> Option<ValueType> {
        self.base.value_type()
    }

    /// The operators for values of a type, for people.
    pub(crate) fn names_for(value_type: ValueType) -> String {
        let fits = |base: Base| base.value_type().is_none_or(|wanted| wanted == value_type);
        let names =
            OPERATORS.iter().filter(|&&(_, base, _)| fits(base)).map(|(name, ..)| format!("`{name}`"));
        names.collect::<Vec<_>>().join(", ")
    }
}

impl Base {
    const fn value_type(self) -> Option<ValueType> {
        match self {
            Self::StringEquals | Self::StringEqualsIgnoreCase | Self::StringLike => Some(ValueType::Text),
            Self::Numeric(_) => Some(ValueType::Number),
            Self::Date(_) => Some(ValueType::Date),
            Self::Bool => Some(ValueType::Bool),
            Self::Arn => Some(ValueType::Arn),
            Self::Null => None,
        }
    }
}

impl Comparison {
    pub(crate) fn holds<T: PartialOrd>(self, found: &T, expected: &T) -> bool {
        match self {
            Self::Equals => found == expected,
            Self::LessThan => found < expected,
            Self::LessThanEquals => found <= expected,
            Self::GreaterThan => found > expected,
            Self::GreaterThanEquals => found >= expected,
        }
    }
}

impl OperatorError {
    /// What to write instead.
    pub(crate) fn help(&self) -> Option<String> {
        match self {
            Self::Unknown(text) => {
                let (prefix, name) =
                    text.split_once(':').map_or(("", text.as_str()), |(prefix, name)| (prefix, name));
                let prefix = nearest(prefix, ["ForAnyValue", "ForAllValues"])
                    .map_or(String::new(), |p| format!("{p}:"));
                let (name, suffix) =
                    name.strip_suffix("IfExists").map_or((name, ""), |name| (name, "IfExists"));
                let name = nearest(name, OPERATORS.iter().map(|(name, ..)| *name))?;
                Some(format!("did you mean `{prefix}{name}{suffix}`?"))
            }
            Self::NotEnforced(_) | Self::Null(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_prefix_and_suffix_off() {
        let operator = Operator::parse("ForAnyValue:StringNotLikeIfExists").unwrap();
        assert_eq!(
            operator,
            Operator {
                quantifier: Quantifier::ForAnyValue,
                base: Base::StringLike,
                is_negated: true,
                if_exists: true
            }
        );
        for (name, ..) in OPERATORS {
            let operator = Operator::parse(name).unwrap();
            assert_eq!((operator.quantifier, operator.if_exists), (Quantifier::One, false));
            assert_eq!(operator.is_negated, name.contains("Not"));
        }
    }

    #[test]
    fn refuses_what_is_not_enforced() {
        let error = |text: &str| Operator::parse(text).unwrap_err();
        assert_eq!(error("IpAddress"), OperatorError::NotEnforced("IpAddress".into()));
        assert_eq!(error("BinaryEqualsIfExists"), OperatorError::NotEnforced("BinaryEqualsIfExists".into()));
        assert_eq!(error("NullIfExists"), OperatorError::Null("NullIfExists".into()));
        assert_eq!(error("ForAllValues:Null"), OperatorError::Null("ForAllValues:Null".into()));
        assert_eq!(error("StringEqual").help().unwrap(), "did you mean `StringEquals`?");
        assert_eq!(error("stringlike").help().unwrap(), "did you mean `StringLike`?");
        assert_eq!(
            error("ForAnyValues:StringLikeIfExists").help().unwrap(),
            "did you mean `ForAnyValue:StringLikeIfExists`?"
        );
        assert_eq!(error("").help(), None);
    }
}
