use std::{
    borrow::Cow,
    time::{Duration, SystemTime},
};

use time::{Date, OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description};

use super::{
    key::Value,
    operator::{Base, Comparison, Operator, Quantifier},
};
use crate::{
    pattern::{Glob, Scope, VariableError, literal},
    text::quoted,
};

/// An operator with the values that it compares with.
#[derive(Clone, Debug)]
pub(crate) struct Predicate {
    operator: Operator,
    values: Vec<Expected>,
}

/// A value of the policy, as the operator compares with it.
#[derive(Clone, Debug)]
pub(super) enum Expected {
    Text(String),
    TextIgnoringCase(String),
    Like(Glob),
    Number(Comparison, f64),
    Date(Comparison, SystemTime),
    Bool(bool),
    Arn(Glob),
    Absent(bool),
}

/// Why a text is no value for an operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ValueError {
    #[error("{} is no number", quoted(.0))]
    Number(String),
    #[error("{} is no date: a date is `2026-01-31T23:59:59Z`, `2026-01-31`, or seconds since 1970", quoted(.0))]
    Date(String),
    #[error("{} is neither `true` nor `false`", quoted(.0))]
    Bool(String),
    #[error("{} is no ARN: it has six fields, `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`", quoted(.0))]
    Arn(String),
    #[error(transparent)]
    Variable(#[from] VariableError),
}

impl Predicate {
    pub(crate) fn new(operator: Operator) -> Self {
        Self { operator, values: Vec::new() }
    }

    /// Adds a value of the policy.
    pub(crate) fn push(&mut self, text: &str) -> Result<(), ValueError> {
        self.values.push(match self.operator.base {
            Base::StringEquals => Expected::Text(literal(text)?),
            Base::StringEqualsIgnoreCase => Expected::TextIgnoringCase(literal(text)?),
            Base::StringLike => {
                let mut glob = Glob::default();
                glob.push(text, Scope::Text, Scope::Text)?;
                Expected::Like(glob)
            }
            Base::Numeric(comparison) => Expected::Number(comparison, number(text)?),
            Base::Date(comparison) => Expected::Date(comparison, date(text)?),
            Base::Bool => Expected::Bool(bool(text)?),
            Base::Arn => Expected::Arn(arn(text)?),
            Base::Null => Expected::Absent(bool(text)?),
        });
        Ok(())
    }

    /// The values of the policy.
    pub(super) fn values(&self) -> &[Expected] {
        &self.values
    }

    /// Whether the operator holds for a value of the request, or for there being none.
    pub(crate) fn holds(&self, found: Option<Value<'_>>) -> bool {
        let Operator { quantifier, base, is_negated, if_exists } = self.operator;
        match found {
            _ if base == Base::Null => {
                self.values.iter().any(|expected| expected.is_absence(found.is_none()))
            }
            Some(Value::Texts(found)) => {
                let mut found = found.iter().map(|text| self.is_met(Value::Text(text)) != is_negated);
                match quantifier {
                    Quantifier::ForAllValues => found.all(|met| met),
                    Quantifier::One | Quantifier::ForAnyValue => found.any(|met| met),
                }
            }
            Some(found) => self.is_met(found) != is_negated,
            // What is not there differs from every value, unless a value is asked for. AWS asks `IfExists` of each value, and
            // `ForAnyValue` has none to ask it of: <https://repost.aws/questions/QU9HFmDzP0QGuU-fd7rS6B7w>.
            None => match quantifier {
                Quantifier::One => is_negated || if_exists,
                Quantifier::ForAnyValue => false,
                Quantifier::ForAllValues => true,
            },
        }
    }

    /// Whether one of the policy's values is the one that was found.
    fn is_met(&self, found: Value<'_>) -> bool {
        self.values.iter().any(|expected| expected.matches(found))
    }
}

impl Expected {
    fn is_absence(&self, absent: bool) -> bool {
        matches!(self, Self::Absent(expected) if *expected == absent)
    }

    fn matches(&self, found: Value<'_>) -> bool {
        match (self, found) {
            (Self::Text(expected), Value::Text(found)) => expected == found,
            (Self::TextIgnoringCase(expected), Value::Text(found)) => {
                expected.chars().flat_map(char::to_lowercase).eq(found.chars().flat_map(char::to_lowercase))
            }
            (Self::Like(expected), Value::Text(found)) => expected.matches(&[found]),
            (Self::Text(expected), Value::Pieces(found)) => {
                found.iter().try_fold(expected.as_str(), |left, piece| left.strip_prefix(piece)) == Some("")
            }
            (Self::TextIgnoringCase(expected), Value::Pieces(found)) => expected
                .chars()
                .flat_map(char::to_lowercase)
                .eq(found.iter().flat_map(|piece| piece.chars()).flat_map(char::to_lowercase)),
            (Self::Like(expected) | Self::Arn(expected), Value::Pieces(found)) => expected.matches(&found),
            (Self::Number(comparison, expected), Value::Number(found)) => comparison.holds(&found, expected),
            (Self::Date(comparison, expected), Value::Date(found)) => comparison.holds(&found, expected),
            (Self::Bool(expected), Value::Bool(found)) => *expected == found,
            // The operator was held against the key's type when it was compiled.
            _ => false,
        }
    }
}

fn number(text: &str) -> Result<f64, ValueError> {
    let is_plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E'));
    text.parse()
        .ok()
        .filter(|number: &f64| is_plain && number.is_finite())
        .ok_or_else(|| ValueError::Number(text.to_owned()))
}

pub(super) fn date(text: &str) -> Result<SystemTime, ValueError> {
    let error = || ValueError::Date(text.to_owned());
    if let Ok(seconds) = text.parse::<u64>() {
        return SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).ok_or_else(error);
    }
    // Of the forms that AWS takes, those of W3C's note on ISO 8601, one has no seconds: `2026-01-31T23:59Z`.
    let with_seconds = match (text.get(..16), text.get(16..)) {
        (Some(minutes), Some(zone)) if zone.starts_with(['Z', '+', '-']) => {
            Cow::Owned(format!("{minutes}:00{zone}"))
        }
        _ => Cow::Borrowed(text),
    };
    let date = OffsetDateTime::parse(&with_seconds, &Rfc3339)
        .or_else(|_| {
            Date::parse(text, format_description!("[year]-[month]-[day]"))
                .map(|date| date.midnight().assume_utc())
        })
        .map_err(|_| error())?;
    Ok(date.into())
}

pub(super) fn bool(text: &str) -> Result<bool, ValueError> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Ok(true),
        _ if text.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(ValueError::Bool(text.to_owned())),
    }
}

/// Each field of an ARN is compared for itself.
fn arn(text: &str) -> Result<Glob, ValueError> {
    Glob::default().push(text, Scope::Text, Scope::Text)?;
    let fields: Vec<&str> = text.splitn(6, ':').collect();
    let [first @ .., resource] = fields.as_slice() else { return Err(ValueError::Arn(text.to_owned())) };
    if first.len() != 5 || first.first() != Some(&"arn") {
        return Err(ValueError::Arn(text.to_owned()));
    }
    let mut glob = Glob::default();
    for field in first {
        glob.push(field, Scope::Field, Scope::Field)?;
        glob.push_literal(":");
    }
    glob.push(resource, Scope::Text, Scope::Text)?;
    Ok(glob)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(operator: &str, values: &[&str], found: Option<Value<'_>>) -> bool {
        let mut predicate = Predicate::new(Operator::parse(operator).unwrap());
        for value in values {
            predicate.push(value).unwrap();
        }
        predicate.holds(found)
    }

    fn error(operator: &str, value: &str) -> ValueError {
        Predicate::new(Operator::parse(operator).unwrap()).push(value).unwrap_err()
    }

    const A: Option<Value<'_>> = Some(Value::Text("a/b"));

    #[test]
    fn compares_strings() {
        assert!(holds("StringEquals", &["x", "a/b"], A));
        assert!(!holds("StringEquals", &["a/*"], A), "a star is a star here");
        assert!(holds("StringEquals", &["${*}"], Some(Value::Text("*"))));
        assert!(!holds("StringEquals", &["A/b"], A));
        assert!(holds("StringEqualsIgnoreCase", &["A/B"], A));
        assert!(!holds("StringEqualsIgnoreCase", &["A/B/"], A));
        assert!(holds("StringLike", &["x", "a/*"], A));
        assert!(!holds("StringLike", &["a"], A));
        assert!(!holds("StringNotEquals", &["x", "a/b"], A));
        assert!(holds("StringNotEquals", &["x", "y"], A));
        assert!(!holds("StringNotLike", &["x", "a*"], A));
        assert!(!holds("StringNotEqualsIgnoreCase", &["A/b"], A));
    }

    #[test]
    fn compares_what_is_in_pieces_as_if_it_were_whole() {
        let pieces = Some(Value::Pieces(["uploads", "/", "Incoming/a", "", "", "", "", "", ""]));
        for (operator, value, expected) in [
            ("StringEquals", "uploads/Incoming/a", true),
            ("StringEquals", "uploads/Incoming/", false),
            ("StringEquals", "uploads/Incoming/ab", false),
            ("StringEqualsIgnoreCase", "UPLOADS/incoming/A", true),
            ("StringLike", "uploads/Inc*", true),
            ("StringLike", "uploads?Incoming/?", true),
            ("StringNotLike", "uploads/incoming/*", true),
            ("StringNotEquals", "uploads/Incoming/a", false),
        ] {
            assert_eq!(holds(operator, &[value], pieces), expected, "{operator} {value}");
        }
        let arn = ["arn:aws:lambda:", "eu-west-1", ":", "123456789012", ":", "function:", "resize", "", ""];
        assert!(holds("ArnLike", &["arn:aws:lambda:*:123456789012:function:re*"], Some(Value::Pieces(arn))));
        assert!(!holds(
            "ArnLike",
            &["arn:aws:lambda:us-*:123456789012:function:re*"],
            Some(Value::Pieces(arn))
        ));
    }

    #[test]
    fn compares_numbers() {
        let ten = Some(Value::Number(10.0));
        for (operator, value, expected) in [
            ("NumericEquals", "10", true),
            ("NumericEquals", "10.0", true),
            ("NumericNotEquals", "10", false),
            ("NumericLessThan", "10", false),
            ("NumericLessThan", "10.5", true),
            ("NumericLessThanEquals", "10", true),
            ("NumericGreaterThan", "10", false),
            ("NumericGreaterThan", "-1", true),
            ("NumericGreaterThanEquals", "10", true),
        ] {
            assert_eq!(holds(operator, &[value], ten), expected, "{operator} {value}");
        }
        for text in ["", "ten", "NaN", "inf", "1e999", "0x10"] {
            assert_eq!(error("NumericEquals", text), ValueError::Number(text.into()));
        }
    }

    #[test]
    fn compares_dates() {
        let date = Some(Value::Date(SystemTime::from(time::macros::datetime!(2026-01-01 00:00 UTC))));
        for (operator, value, expected) in [
            ("DateEquals", "2026-01-01T00:00:00Z", true),
            ("DateEquals", "2026-01-01T01:00:00+01:00", true),
            ("DateEquals", "2026-01-01", true),
            ("DateEquals", "2026-01-01T00:00Z", true),
            ("DateEquals", "2026-01-01T01:00+01:00", true),
            ("DateEquals", "2026-01-01T00:01Z", false),
            ("DateEquals", "1767225600", true),
            ("DateNotEquals", "2026-01-01", false),
            ("DateLessThan", "2026-01-02", true),
            ("DateLessThanEquals", "2025-12-31", false),
            ("DateGreaterThan", "1960-01-01", true),
            ("DateGreaterThanEquals", "2026-01-01", true),
        ] {
            assert_eq!(holds(operator, &[value], date), expected, "{operator} {value}");
        }
        for text in [
            "",
            "tomorrow",
            "2026-13-01",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00",
            "2026-01-01T00Z",
            "-1",
            "99999999999999999999",
        ] {
            assert_eq!(error("DateEquals", text), ValueError::Date(text.into()));
        }
    }

    #[test]
    fn compares_booleans() {
        assert!(holds("Bool", &["true"], Some(Value::Bool(true))));
        assert!(!holds("Bool", &["False"], Some(Value::Bool(true))));
        assert_eq!(error("Bool", "yes"), ValueError::Bool("yes".into()));
    }

    #[test]
    fn compares_arns_field_by_field() {
        let found = Some(Value::Pieces([
            "arn:aws:lambda:eu-west-1:123456789012:function:resize:live",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
        ]));
        for operator in ["ArnEquals", "ArnLike"] {
            assert!(holds(operator, &["arn:aws:lambda:*:123456789012:function:resize*"], found));
            assert!(holds(operator, &["arn:aws:lambda:eu-west-1:123456789012:function:resize:live"], found));
            assert!(
                !holds(operator, &["arn:aws:lambda:*:function:resize:live:*"], found),
                "a star stays in its field"
            );
            assert!(!holds(operator, &["arn:aws:lambda:us-*:123456789012:function:resize*"], found));
        }
        assert!(!holds("ArnNotLike", &["arn:aws:lambda:*:*:*"], found));
        for text in ["*", "resize", "arn:aws:lambda:*", "urn:aws:lambda:a:b:c"] {
            assert_eq!(error("ArnLike", text), ValueError::Arn(text.into()));
        }
    }

    #[test]
    fn knows_what_a_missing_value_means() {
        for (operator, expected) in [
            ("StringEquals", false),
            ("StringNotEquals", true),
            ("StringEqualsIfExists", true),
            ("StringNotEqualsIfExists", true),
            ("ForAnyValue:StringEquals", false),
            ("ForAnyValue:StringNotEquals", false),
            ("ForAllValues:StringEquals", true),
            ("ForAllValues:StringNotEquals", true),
            ("ForAnyValue:StringEqualsIfExists", false),
            ("ForAnyValue:StringNotEqualsIfExists", false),
            ("ForAllValues:StringEqualsIfExists", true),
        ] {
            assert_eq!(holds(operator, &["x"], None), expected, "{operator}");
        }
        assert!(holds("Null", &["true"], None));
        assert!(!holds("Null", &["true"], A));
        assert!(holds("Null", &["false"], A));
        assert!(holds("Null", &["false"], Some(Value::Text(""))), "an empty value is a value");
    }

    #[test]
    fn if_exists_and_the_quantifiers_change_nothing_where_there_is_a_value() {
        for prefix in ["", "ForAnyValue:", "ForAllValues:"] {
            for suffix in ["", "IfExists"] {
                assert!(holds(&format!("{prefix}StringLike{suffix}"), &["a/*"], A));
                assert!(!holds(&format!("{prefix}StringNotLike{suffix}"), &["a/*"], A));
                assert!(!holds(&format!("{prefix}StringLike{suffix}"), &["b/*"], A));
            }
        }
    }

    #[test]
    fn refuses_variables_without_a_value() {
        for operator in ["StringEquals", "StringLike", "StringEqualsIgnoreCase"] {
            assert!(matches!(error(operator, "${aws:username}"), ValueError::Variable(_)));
        }
    }
}
