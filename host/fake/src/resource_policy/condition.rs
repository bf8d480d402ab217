//! The conditions of a statement.

use std::borrow::Cow;
use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Facts;
use super::document::Malformed;
use super::variable::{Variables, expand, text};
use crate::pattern::{Part, matches};

/// One key under one operator.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    /// How a key with several values is looked at.
    each: Each,
    kind: Kind,
    /// Whether it is one of the operators with a `Not`.
    negated: bool,
    if_exists: bool,
    /// In lower case.
    key: String,
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Each {
    /// Without a prefix.
    One,
    /// `ForAnyValue`
    Any,
    /// `ForAllValues`
    All,
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Exact,
    IgnoringCase,
    Like,
    Numeric(Order),
    Date(Order),
    Bool,
    Ip,
    Arn,
    Null,
}

/// What the value of the request must be, to that of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Operators without prefix and suffix, and whether they are negated.
const OPERATORS: &[(&str, Kind, bool)] = &[
    ("StringEquals", Kind::Exact, false),
    ("StringNotEquals", Kind::Exact, true),
    ("StringEqualsIgnoreCase", Kind::IgnoringCase, false),
    ("StringNotEqualsIgnoreCase", Kind::IgnoringCase, true),
    ("StringLike", Kind::Like, false),
    ("StringNotLike", Kind::Like, true),
    ("NumericEquals", Kind::Numeric(Order::Equal), false),
    ("NumericNotEquals", Kind::Numeric(Order::Equal), true),
    ("NumericLessThan", Kind::Numeric(Order::Less), false),
    ("NumericLessThanEquals", Kind::Numeric(Order::LessOrEqual), false),
    ("NumericGreaterThan", Kind::Numeric(Order::Greater), false),
    ("NumericGreaterThanEquals", Kind::Numeric(Order::GreaterOrEqual), false),
    ("DateEquals", Kind::Date(Order::Equal), false),
    ("DateNotEquals", Kind::Date(Order::Equal), true),
    ("DateLessThan", Kind::Date(Order::Less), false),
    ("DateLessThanEquals", Kind::Date(Order::LessOrEqual), false),
    ("DateGreaterThan", Kind::Date(Order::Greater), false),
    ("DateGreaterThanEquals", Kind::Date(Order::GreaterOrEqual), false),
    ("Bool", Kind::Bool, false),
    ("BinaryEquals", Kind::Exact, false),
    ("IpAddress", Kind::Ip, false),
    ("NotIpAddress", Kind::Ip, true),
    ("ArnEquals", Kind::Arn, false),
    ("ArnLike", Kind::Arn, false),
    ("ArnNotEquals", Kind::Arn, true),
    ("ArnNotLike", Kind::Arn, true),
    ("Null", Kind::Null, false),
];

/// Reads a `Condition` block.
pub(super) fn parse(block: &Value) -> Result<Vec<Condition>, Malformed> {
    let invalid = || Malformed::new("Invalid policy syntax.");
    let mut conditions = Vec::new();
    for (operator, keys) in block.as_object().ok_or_else(invalid)? {
        let unknown = || Malformed::new(format!("Invalid Condition type : {operator}"));
        let (each, name) = match operator.split_once(':') {
            None => (Each::One, operator.as_str()),
            Some(("ForAnyValue", name)) => (Each::Any, name),
            Some(("ForAllValues", name)) => (Each::All, name),
            Some(_) => return Err(unknown()),
        };
        let plain = name.strip_suffix("IfExists");
        let found = OPERATORS.iter().find(|(known, ..)| *known == plain.unwrap_or(name));
        let &(_, kind, negated) = found.ok_or_else(unknown)?;
        let if_exists = plain.is_some();
        // What is there or not there cannot be left open.
        if kind == Kind::Null && (if_exists || each != Each::One) {
            return Err(unknown());
        }
        for (key, values) in keys.as_object().ok_or_else(invalid)? {
            let values = scalars(values).ok_or_else(invalid)?;
            if kind == Kind::Ip && values.iter().any(|value| network(value).is_none()) {
                return Err(Malformed::new("Invalid IP address in Conditions"));
            }
            conditions.push(Condition { each, kind, negated, if_exists, key: lower(key), values });
        }
    }
    Ok(conditions)
}

/// Keys are compared without regard to case, and those of tags, behind a slash, as well.
pub(super) fn lower(key: &str) -> String {
    key.to_lowercase()
}

/// One value, or a list of some: texts, numbers and booleans.
fn scalars(value: &Value) -> Option<Vec<String>> {
    let scalar = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is) => Some(is.to_string()),
        _ => None,
    };
    match value {
        Value::Array(values) => values.iter().map(scalar).collect(),
        value => Some(vec![scalar(value)?]),
    }
}

impl Condition {
    /// In lower case.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    pub(super) fn values(&self) -> &[String] {
        &self.values
    }

    /// Whether the request has to have the key, and one of these values under it.
    pub(super) fn is_demanded(&self) -> bool {
        let is_compared = !matches!(self.kind, Kind::Null) && !self.values.is_empty();
        is_compared && !self.negated && !self.if_exists && self.each != Each::All
    }

    pub(super) fn holds(&self, facts: &dyn Facts, variables: Variables) -> bool {
        let values = facts.values(&self.key);
        if self.kind == Kind::Null {
            return self
                .values
                .iter()
                .any(|expected| expected.eq_ignore_ascii_case("true") == values.is_empty());
        }
        if values.is_empty() && self.if_exists && self.each == Each::One {
            return true;
        }
        let variables = if self.kind.has_variables() { variables } else { Variables::AreText };
        let expanded: Vec<_> = self.values.iter().map(|value| expand(value, variables, facts)).collect();
        // What has no value makes a statement one about nothing, and `Not` does not turn that around.
        if self.negated && expanded.contains(&None) {
            return false;
        }
        if values.is_empty() {
            return match self.each {
                Each::All => true,
                // AWS asks `IfExists` of each value, and there is none: <https://repost.aws/questions/QU9HFmDzP0QGuU-fd7rS6B7w>.
                Each::Any => false,
                Each::One => self.negated,
            };
        }
        let fits = |actual: &Cow<'_, str>| {
            let mut expected = expanded.iter().flatten();
            expected.any(|expected| self.kind.compare(actual, expected).unwrap_or(false)) != self.negated
        };
        match self.each {
            Each::Any => values.iter().any(fits),
            Each::All => values.iter().all(fits),
            // Of several values one is enough, and a `Not` means all of them.
            Each::One if self.negated => values.iter().all(fits),
            Each::One => values.iter().any(fits),
        }
    }
}

impl Kind {
    /// Whether a value in the policy can have variables.
    fn has_variables(self) -> bool {
        matches!(self, Self::Exact | Self::IgnoringCase | Self::Like | Self::Bool | Self::Arn)
    }

    /// Whether the value of a request is what a policy expects. `None` where one of them is not of the kind.
    fn compare(self, actual: &str, expected: &[Part]) -> Option<bool> {
        let wanted = || text(expected);
        Some(match self {
            Self::Exact => actual == wanted(),
            Self::IgnoringCase => actual.to_lowercase() == wanted().to_lowercase(),
            Self::Like => matches(expected, actual),
            Self::Numeric(order) => order.holds(&number(actual)?, &number(&wanted())?),
            Self::Date(order) => order.holds(&date(actual)?, &date(&wanted())?),
            Self::Bool => actual.eq_ignore_ascii_case(&wanted()),
            Self::Ip => network(&wanted())?.contains(&actual.parse::<IpAddr>().ok()?),
            Self::Arn => {
                let expected: Vec<_> = expected.splitn(6, |part| *part == Part::Char(':')).collect();
                let actual: Vec<_> = actual.splitn(6, ':').collect();
                expected.len() == actual.len()
                    && expected.iter().zip(actual).all(|(expected, actual)| matches(expected, actual))
            }
            Self::Null => return None,
        })
    }
}

impl Order {
    fn holds<T: PartialOrd>(self, actual: &T, expected: &T) -> bool {
        match self {
            Self::Equal => actual == expected,
            Self::Less => actual < expected,
            Self::LessOrEqual => actual <= expected,
            Self::Greater => actual > expected,
            Self::GreaterOrEqual => actual >= expected,
        }
    }
}

/// A number, which infinity is not.
fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// A time in seconds since 1970, or in ISO 8601 as the W3C has it (<https://www.w3.org/TR/NOTE-datetime>): a month, a day, or a time
/// with or without seconds.
fn date(text: &str) -> Option<OffsetDateTime> {
    if let Ok(seconds) = text.parse() {
        return OffsetDateTime::from_unix_timestamp(seconds).ok();
    }
    let whole = match text.len() {
        7 => format!("{text}-01T00:00:00Z"),
        10 => format!("{text}T00:00:00Z"),
        _ => match text.split_at_checked("2026-11-25T09:00".len()) {
            Some((minute, zone)) if !zone.starts_with(':') => format!("{minute}:00{zone}"),
            _ => text.to_owned(),
        },
    };
    OffsetDateTime::parse(&whole, &Rfc3339).ok()
}

/// A network, or an address alone.
pub(super) fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| Some(IpNet::from(text.parse::<IpAddr>().ok()?)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    struct Of(&'static [(&'static str, &'static [&'static str])]);

    impl Facts for Of {
        fn values(&self, key: &str) -> Vec<Cow<'_, str>> {
            let found = self.0.iter().find(|(known, _)| *known == key);
            found
                .map(|(_, values)| values.iter().map(|value| Cow::Borrowed(*value)).collect())
                .unwrap_or_default()
        }
    }

    const FACTS: Of = Of(&[
        ("s3:prefix", &["photos/2026/"]),
        ("s3:max-keys", &["10"]),
        ("aws:currenttime", &["2026-11-25T09:00:00Z"]),
        ("aws:securetransport", &["true"]),
        ("aws:sourceip", &["10.1.2.3"]),
        ("aws:principalarn", &["arn:aws:iam::111111111111:role/a:b"]),
        ("aws:username", &["photos"]),
        ("aws:odd", &["p*"]),
        ("s3:requestobjecttagkeys", &["team", "cost"]),
        ("s3:existingobjecttag/team", &["red"]),
    ]);

    fn holds(operator: &str, key: &str, values: &Value) -> bool {
        let conditions = parse(&json!({ operator: { key: values } })).unwrap();
        conditions.iter().all(|condition| condition.holds(&FACTS, Variables::HaveValues))
    }

    #[test]
    fn each_operator_says_yes_and_no() {
        for (operator, key, yes, no) in [
            ("StringEquals", "s3:prefix", json!("photos/2026/"), json!("Photos/2026/")),
            ("StringNotEquals", "S3:Prefix", json!(["a", "b"]), json!(["a", "photos/2026/"])),
            ("StringEqualsIgnoreCase", "s3:prefix", json!("PHOTOS/2026/"), json!("photos")),
            ("StringNotEqualsIgnoreCase", "s3:prefix", json!("photos"), json!("PHOTOS/2026/")),
            ("StringLike", "s3:prefix", json!("photos/*"), json!("photo/*")),
            ("StringLike", "s3:prefix", json!("${aws:username}/*"), json!("${aws:nobody}/*")),
            ("StringNotLike", "s3:prefix", json!("photo?"), json!("photo?/2026/")),
            ("StringNotLike", "s3:prefix", json!("${aws:username}"), json!("${aws:nobody}")),
            ("StringNotEquals", "aws:nothing", json!("${aws:username}"), json!(["a", "${aws:nobody}"])),
            ("StringEquals", "aws:odd", json!("p*"), json!("p?")),
            ("StringLike", "aws:odd", json!("${aws:odd}"), json!("${aws:username}")),
            ("StringEquals", "s3:ExistingObjectTag/Team", json!("red"), json!("blue")),
            ("NumericEquals", "s3:max-keys", json!(10), json!(11)),
            ("NumericNotEquals", "s3:max-keys", json!(11), json!("10.0")),
            ("NumericLessThan", "s3:max-keys", json!("10.5"), json!(10)),
            ("NumericLessThanEquals", "s3:max-keys", json!(10), json!(9)),
            ("NumericGreaterThan", "s3:max-keys", json!(9), json!(10)),
            ("NumericGreaterThanEquals", "s3:max-keys", json!(10), json!("eleven")),
            (
                "DateEquals",
                "aws:CurrentTime",
                json!("2026-11-25T10:00:00+01:00"),
                json!("2026-11-25T10:00:00Z"),
            ),
            ("DateNotEquals", "aws:CurrentTime", json!(0), json!("2026-11-25T09:00:00Z")),
            ("DateLessThan", "aws:CurrentTime", json!("2027-01-01T00:00:00Z"), json!("2026-01-01T00:00:00Z")),
            ("DateLessThanEquals", "aws:CurrentTime", json!("2026-11-25T09:00:00Z"), json!("0")),
            ("DateGreaterThan", "aws:CurrentTime", json!(0), json!("2027-01-01T00:00:00Z")),
            ("DateGreaterThanEquals", "aws:CurrentTime", json!("2026-11-25T09:00:00Z"), json!("then")),
            ("DateGreaterThan", "aws:CurrentTime", json!("2026-11-25"), json!("2026-11-26")),
            ("DateGreaterThan", "aws:CurrentTime", json!("2026-11"), json!("2026-12")),
            ("DateEquals", "aws:CurrentTime", json!("2026-11-25T10:00+01:00"), json!("2026-11-25T10:00Z")),
            ("DateEquals", "aws:CurrentTime", json!("2026-11-25T09:00:00.00Z"), json!("2026-11-25T\u{e9}9")),
            // What is no text has no variables.
            ("NumericNotEquals", "s3:max-keys", json!("${s3:max-keys}"), json!("1e1")),
            ("NumericLessThan", "s3:max-keys", json!("1e2"), json!("inf")),
            ("Bool", "aws:SecureTransport", json!(true), json!("false")),
            ("IpAddress", "aws:SourceIp", json!(["192.0.2.0/24", "10.0.0.0/8"]), json!("10.1.2.4")),
            ("NotIpAddress", "aws:SourceIp", json!("10.1.2.4"), json!("10.1.2.3")),
            ("ArnLike", "aws:PrincipalArn", json!("arn:aws:iam::*:role/a:*"), json!("arn:*:role/a:b")),
            (
                "ArnNotEquals",
                "aws:PrincipalArn",
                json!("arn:aws:iam::222222222222:*"),
                json!("arn:aws:iam::*:*"),
            ),
            ("Null", "s3:prefix", json!("false"), json!(true)),
            ("Null", "aws:nothing", json!(true), json!("false")),
        ] {
            assert!(holds(operator, key, &yes), "{operator} {yes}");
            assert!(!holds(operator, key, &no), "{operator} {no}");
        }
    }

    #[test]
    fn a_key_without_a_value() {
        let key = "aws:nothing";
        for (operator, expected) in [
            ("StringEquals", false),
            ("StringNotEquals", true),
            ("StringEqualsIfExists", true),
            ("StringNotEqualsIfExists", true),
            ("ForAnyValue:StringEquals", false),
            ("ForAnyValue:StringEqualsIfExists", false),
            ("ForAllValues:StringEquals", true),
            ("NumericLessThan", false),
            ("Bool", false),
        ] {
            assert_eq!(holds(operator, key, &json!("1")), expected, "{operator}");
        }
    }

    #[test]
    fn several_values() {
        let holds = |operator: &str, values: Value| holds(operator, "s3:RequestObjectTagKeys", &values);
        assert!(holds("ForAnyValue:StringEquals", json!("team")));
        assert!(!holds("ForAllValues:StringEquals", json!("team")));
        assert!(holds("ForAllValues:StringEquals", json!(["team", "cost", "more"])));
        assert!(holds("ForAnyValue:StringNotEquals", json!("team")));
        assert!(!holds("ForAllValues:StringNotEquals", json!("team")));
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for block in [
            json!([]),
            json!({ "StringEqual": { "a": "b" } }),
            json!({ "ForEachValue:StringEquals": { "a": "b" } }),
            json!({ "NullIfExists": { "a": "true" } }),
            json!({ "StringEquals": "a" }),
            json!({ "StringEquals": { "a": { "b": "c" } } }),
            json!({ "StringEquals": { "a": null } }),
            json!({ "IpAddress": { "aws:SourceIp": "123" } }),
            json!({ "NotIpAddress": { "aws:SourceIp": ["10.0.0.0/8", "10.0.0.0/33"] } }),
        ] {
            assert!(parse(&block).is_err(), "{block}");
        }
    }
}
