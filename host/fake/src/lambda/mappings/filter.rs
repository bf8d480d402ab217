//! `FilterCriteria`: which messages a function is called for.

use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

/// A pattern, as EventBridge has them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Filter(Vec<Member>);

/// What an object has to have.
#[derive(Clone, Debug, PartialEq)]
enum Member {
    Named(String, Pattern),
    /// `$or`: one of these.
    AnyOf(Vec<Vec<Member>>),
}

#[derive(Clone, Debug, PartialEq)]
enum Pattern {
    Object(Vec<Member>),
    Values(Vec<Matcher>),
}

/// What a value has to be.
#[derive(Clone, Debug, PartialEq)]
enum Matcher {
    Is(Value),
    IsIgnoringCase(String),
    Prefix(String),
    Suffix(String),
    Exists(bool),
    Numeric(Vec<(Ordering, bool, Number)>),
    /// Nothing of this.
    Not(Vec<Matcher>),
}

impl Filter {
    /// None if the text is no pattern.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let pattern: Map<String, Value> = serde_json::from_str(text).ok()?;
        members(&pattern).map(Self)
    }

    /// Whether a message fits. A body is JSON where the pattern looks into it, and text where it does not.
    pub(super) fn fits(&self, record: &Value, body: &str) -> bool {
        if !self.0.iter().any(Member::looks_into_body) {
            return all(&self.0, Some(record));
        }
        // What is no object has none of the members that are looked for.
        let body = serde_json::from_str(body).ok().filter(Value::is_object);
        body.is_some_and(|body| {
            let mut record = record.clone();
            if let Some(record) = record.as_object_mut() {
                record.insert("body".to_owned(), body);
            }
            all(&self.0, Some(&record))
        })
    }
}

impl Member {
    fn looks_into_body(&self) -> bool {
        match self {
            Self::Named(name, pattern) => name == "body" && matches!(pattern, Pattern::Object(_)),
            Self::AnyOf(patterns) => patterns.iter().flatten().any(Self::looks_into_body),
        }
    }

    fn fits(&self, value: Option<&Value>) -> bool {
        match self {
            Self::Named(name, pattern) => pattern.fits(value.and_then(|value| value.get(name))),
            Self::AnyOf(patterns) => patterns.iter().any(|members| all(members, value)),
        }
    }
}

fn all(members: &[Member], value: Option<&Value>) -> bool {
    members.iter().all(|member| member.fits(value))
}

impl Pattern {
    fn fits(&self, value: Option<&Value>) -> bool {
        match (self, value) {
            // Of a list one element has to fit.
            (_, Some(Value::Array(elements))) if !elements.is_empty() => {
                elements.iter().any(|element| self.fits(Some(element)))
            }
            (Self::Object(members), value) => all(members, value),
            (Self::Values(matchers), value) => matchers.iter().any(|matcher| matcher.fits(value)),
        }
    }
}

impl Matcher {
    fn fits(&self, value: Option<&Value>) -> bool {
        let text = value.and_then(Value::as_str);
        let number = value.and_then(Value::as_number);
        match self {
            // Only what is at the end of a path exists; an object is on the way.
            Self::Exists(wanted) => value.is_some_and(|value| !value.is_object()) == *wanted,
            Self::Is(Value::Number(wanted)) => {
                number.is_some_and(|number| compare(number, wanted) == Some(Ordering::Equal))
            }
            Self::Is(wanted) => value == Some(wanted),
            Self::IsIgnoringCase(wanted) => {
                text.is_some_and(|text| text.to_lowercase() == wanted.to_lowercase())
            }
            Self::Prefix(prefix) => text.is_some_and(|text| text.starts_with(prefix)),
            Self::Suffix(suffix) => text.is_some_and(|text| text.ends_with(suffix)),
            Self::Numeric(conditions) => number.is_some_and(|number| {
                conditions.iter().all(|(wanted, or_equal, limit)| {
                    compare(number, limit).is_some_and(|is| is == *wanted || (*or_equal && is.is_eq()))
                })
            }),
            Self::Not(matchers) => value.is_some() && !matchers.iter().any(|matcher| matcher.fits(value)),
        }
    }
}

fn compare(a: &Number, b: &Number) -> Option<Ordering> {
    match (a.as_i128(), b.as_i128()) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

fn members(pattern: &Map<String, Value>) -> Option<Vec<Member>> {
    if pattern.is_empty() {
        return None;
    }
    pattern
        .iter()
        .map(|(name, value)| match value {
            Value::Array(patterns) if name == "$or" && patterns.len() > 1 => {
                let patterns = patterns.iter().map(|pattern| members(pattern.as_object()?));
                patterns.collect::<Option<_>>().map(Member::AnyOf)
            }
            Value::Object(pattern) => Some(Member::Named(name.clone(), Pattern::Object(members(pattern)?))),
            Value::Array(values) if !values.is_empty() => {
                let matchers = values.iter().map(matcher).collect::<Option<_>>()?;
                Some(Member::Named(name.clone(), Pattern::Values(matchers)))
            }
            _ => None,
        })
        .collect()
}

fn matcher(value: &Value) -> Option<Matcher> {
    let Value::Object(operator) = value else {
        return (!value.is_array()).then(|| Matcher::Is(value.clone()));
    };
    let mut operators = operator.iter();
    let ((name, operand), None) = (operators.next()?, operators.next()) else { return None };
    let text = || operand.as_str().map(str::to_owned);
    match name.as_str() {
        "prefix" => text().map(Matcher::Prefix),
        "suffix" => text().map(Matcher::Suffix),
        "equals-ignore-case" => text().map(Matcher::IsIgnoringCase),
        "exists" => operand.as_bool().map(Matcher::Exists),
        "numeric" => conditions(operand.as_array()?).map(Matcher::Numeric),
        "anything-but" => match operand {
            Value::Array(values) if !values.is_empty() => {
                let plain = values.iter().map(|value| matcher(value).filter(|_| !value.is_object()));
                plain.collect::<Option<_>>().map(Matcher::Not)
            }
            Value::Array(_) => None,
            operand => matcher(operand).map(|matcher| Matcher::Not(vec![matcher])),
        },
        _ => None,
    }
}

/// `[">=", 0, "<", 5]`
fn conditions(list: &[Value]) -> Option<Vec<(Ordering, bool, Number)>> {
    let (pairs, []) = list.as_chunks::<2>() else { return None };
    let conditions = pairs.iter().map(|[operator, limit]| {
        let (wanted, or_equal) = match operator.as_str()? {
            "=" => (Ordering::Equal, true),
            "<" => (Ordering::Less, false),
            "<=" => (Ordering::Less, true),
            ">" => (Ordering::Greater, false),
            ">=" => (Ordering::Greater, true),
            _ => return None,
        };
        Some((wanted, or_equal, limit.as_number()?.clone()))
    });
    let conditions: Vec<_> = conditions.collect::<Option<_>>()?;
    (1..=2).contains(&conditions.len()).then_some(conditions)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fits(pattern: &Value, body: &str) -> bool {
        let filter = Filter::parse(&pattern.to_string()).unwrap_or_else(|| panic!("{pattern}"));
        let record = json!({
            "body": body,
            "messageAttributes": { "kind": { "stringValue": "order", "dataType": "String" } },
            "eventSource": "aws:sqs",
        });
        filter.fits(&record, body)
    }

    #[test]
    fn a_body_is_looked_into_where_the_pattern_does() {
        // Recorded on AWS: what fits, and what does not.
        let cases = [
            (json!({ "testItem": ["test24"] }), r#"{"testItem":"test24"}"#, r#"{"testItem":"tesWER"}"#),
            (json!({ "testItem": ["test24", "test45"] }), r#"{"testItem":"test45"}"#, r#"{"testItem":"x"}"#),
            (
                json!({ "testItem": ["test24", "test45"], "test2": ["go"] }),
                r#"{"testItem":"test45","test2":"go"}"#,
                r#"{"testItem":"test67","test2":"go"}"#,
            ),
            (json!({ "test2": [{ "exists": true }] }), r#"{"test2":"7411"}"#, r#"{"test5":"74545"}"#),
            (json!({ "test2": [{ "numeric": [">", 100] }] }), r#"{"test2":105}"#, "this is a test string"),
            (json!({ "test2": [{ "numeric": ["<", 100] }] }), r#"{"test2":93}"#, r#"{"test2":105}"#),
            (
                json!({ "test2": [{ "numeric": [">=", 100, "<", 200] }] }),
                r#"{"test2":105}"#,
                r#"{"test2":200}"#,
            ),
            (
                json!({ "test2": [{ "prefix": "us-1" }] }),
                r#"{"test2":"us-1-48454"}"#,
                r#"{"test2":"eu-wert"}"#,
            ),
        ];
        for (pattern, fitting, other) in cases {
            let pattern = json!({ "body": pattern });
            assert!(fits(&pattern, fitting), "{pattern} {fitting}");
            assert!(!fits(&pattern, other), "{pattern} {other}");
        }
    }

    #[test]
    fn text_other_members_and_alternatives() {
        assert!(fits(&json!({ "body": ["go"] }), "go") && !fits(&json!({ "body": ["go"] }), "stop"));
        assert!(!fits(&json!({ "body": ["go"] }), r#""go""#));
        let kind = |matcher: Value| json!({ "messageAttributes": { "kind": { "stringValue": [matcher] } } });
        for matcher in [
            json!("order"),
            json!({ "suffix": "der" }),
            json!({ "equals-ignore-case": "ORDER" }),
            json!({ "anything-but": ["invoice", "offer"] }),
            json!({ "anything-but": { "prefix": "in" } }),
        ] {
            assert!(fits(&kind(matcher.clone()), "x"), "{matcher}");
        }
        for matcher in
            [json!("invoice"), json!({ "anything-but": "order" }), json!({ "exists": false }), json!(null)]
        {
            assert!(!fits(&kind(matcher.clone()), "x"), "{matcher}");
        }
        let or = json!({ "$or": [{ "body": { "a": [1] } }, { "body": { "b": [{ "exists": false }] } }] });
        assert!(fits(&or, r#"{"a":1,"b":2}"#) && fits(&or, r#"{"a":2}"#) && !fits(&or, r#"{"a":2,"b":2}"#));
        assert!(fits(&json!({ "body": { "tags": ["x"] } }), r#"{"tags":["y","x"]}"#));
        assert!(fits(&json!({ "body": { "a": [1.0] } }), r#"{"a":1}"#));
    }

    #[test]
    fn refuses_what_is_no_pattern() {
        for text in [
            "",
            "asdf",
            "null",
            "\"simple string\"",
            "{}",
            r#"{"eventSource":"aws:sqs"}"#,
            r#"{"eventSource":[]}"#,
            r#"{"body":{}}"#,
            r#"{"body":[["x"]]}"#,
            r#"{"body":[{"numeric":[">"]}]}"#,
            r#"{"body":[{"numeric":["~",1]}]}"#,
            r#"{"body":[{"prefix":1}]}"#,
            r#"{"body":[{"unheard-of":1}]}"#,
            r#"{"body":[{"prefix":"a","suffix":"b"}]}"#,
            r#"{"$or":[{"body":["x"]}]}"#,
        ] {
            assert_eq!(Filter::parse(text), None, "{text}");
        }
    }
}
