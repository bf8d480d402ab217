//! Where two recordings of a guest are not the same.

use std::collections::BTreeMap;

use serde_json::Value;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::file::{Ending, Exchange, Recording};

/// What is not the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// In which way.
    pub kind: ChangeKind,
    /// The exchange: function and handle; or `result`.
    pub what: String,
    /// As it is recorded, where that says something.
    pub recorded: Option<Value>,
    /// As it is now.
    pub now: Option<Value>,
}

/// How an exchange, or the result, is not as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChangeKind {
    /// The guest calls what it did not call.
    New,
    /// The guest does not call what it called.
    Missing,
    /// The guest calls it in another order.
    Moved,
    /// The same function with other arguments.
    OtherArguments,
    /// The same call is answered otherwise.
    OtherAnswer,
    /// The same answer, and the guest read or wrote another body.
    OtherBody,
    /// The guest's call ends otherwise.
    OtherResult,
}

impl ChangeKind {
    /// In a word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Missing => "missing",
            Self::Moved => "moved",
            Self::OtherArguments => "other-arguments",
            Self::OtherAnswer => "other-answer",
            Self::OtherBody => "other-body",
            Self::OtherResult => "other-result",
        }
    }

    /// In words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::New => "is new",
            Self::Missing => "is missing",
            Self::Moved => "comes in another order",
            Self::OtherArguments => "has other arguments",
            Self::OtherAnswer => "is answered otherwise",
            Self::OtherBody => "has another body",
            Self::OtherResult => "is another",
        }
    }
}

/// Where `now` is not as it was `recorded`: the exchanges in their order, and the result.
pub fn differences(recorded: &Recording, now: &Recording) -> Vec<Change> {
    let (before, after): (Vec<_>, Vec<_>) = (recorded.exchanges().collect(), now.exchanges().collect());
    let asked =
        |exchanges: &[&Exchange]| exchanges.iter().map(|exchange| asked(exchange)).collect::<Vec<_>>();
    let mut changes = Vec::new();
    for operation in capture_diff_slices(Algorithm::Myers, &asked(&before), &asked(&after)) {
        let (old, new) = (operation.old_range(), operation.new_range());
        let old = before.get(old).unwrap_or_default();
        let new = after.get(new).unwrap_or_default();
        match operation {
            DiffOp::Equal { .. } => {
                changes.extend(old.iter().zip(new).filter_map(|(old, new)| answered_otherwise(old, new)));
            }
            _ => replaced(old, new, &mut changes),
        }
    }
    find_moved(&mut changes);
    if recorded.result != now.result {
        changes.push(Change {
            kind: ChangeKind::OtherResult,
            what: "the result".to_owned(),
            recorded: Some(written(&recorded.result)),
            now: Some(written(&now.result)),
        });
    }
    changes
}

/// What a guest asks with an exchange, as one text.
fn asked(exchange: &Exchange) -> String {
    format!("{} {}", named(exchange), Value::Object(exchange.arguments.clone()))
}

fn named(exchange: &Exchange) -> String {
    match &exchange.on {
        Some(on) => format!("{} on {on}", exchange.function),
        None => exchange.function.clone(),
    }
}

fn written(result: &Ending) -> Value {
    serde_json::to_value(result).unwrap_or_default()
}

fn answered_otherwise(old: &Exchange, new: &Exchange) -> Option<Change> {
    let body = |exchange: &Exchange| serde_json::to_value(&exchange.body).unwrap_or_default();
    let (kind, recorded, now) = if old.answer != new.answer {
        (ChangeKind::OtherAnswer, old.answer.clone(), new.answer.clone())
    } else if old.body != new.body {
        (ChangeKind::OtherBody, body(old), body(new))
    } else {
        return None;
    };
    Some(Change { kind, what: named(old), recorded: Some(recorded), now: Some(now) })
}

/// Exchanges in place of others: those of one function are taken for the same with other arguments.
fn replaced(old: &[&Exchange], new: &[&Exchange], changes: &mut Vec<Change>) {
    let mut new: Vec<&Exchange> = new.to_vec();
    for old in old {
        let same = new.iter().position(|new| new.function == old.function);
        let arguments = |exchange: &Exchange| Value::Object(exchange.arguments.clone());
        changes.push(match same.map(|place| new.remove(place)) {
            Some(new) => Change {
                kind: ChangeKind::OtherArguments,
                what: named(old),
                recorded: Some(of(old, arguments(old))),
                now: Some(of(new, arguments(new))),
            },
            None => Change {
                kind: ChangeKind::Missing,
                what: named(old),
                recorded: Some(arguments(old)),
                now: None,
            },
        });
    }
    changes.extend(new.into_iter().map(|new| Change {
        kind: ChangeKind::New,
        what: named(new),
        recorded: None,
        now: Some(Value::Object(new.arguments.clone())),
    }));
}

/// The arguments with the handle, which may be what is another.
fn of(exchange: &Exchange, mut arguments: Value) -> Value {
    if let (Some(members), Some(on)) = (arguments.as_object_mut(), &exchange.on) {
        members.insert("on".to_owned(), on.clone().into());
    }
    arguments
}

/// What is missing in one place and new in another has moved.
fn find_moved(changes: &mut Vec<Change>) {
    let key = |change: &Change, arguments: &Option<Value>| {
        format!("{} {}", change.what, arguments.clone().unwrap_or_default())
    };
    let mut new: BTreeMap<String, usize> = BTreeMap::new();
    for change in changes.iter().filter(|change| change.kind == ChangeKind::New) {
        *new.entry(key(change, &change.now)).or_default() += 1;
    }
    let mut moved: BTreeMap<String, usize> = BTreeMap::new();
    for change in changes.iter_mut().filter(|change| change.kind == ChangeKind::Missing) {
        let key = key(change, &change.recorded);
        if let Some(left) = new.get_mut(&key).filter(|left| **left > 0) {
            *left -= 1;
            *moved.entry(key).or_default() += 1;
            change.kind = ChangeKind::Moved;
        }
    }
    changes.retain(|change| {
        let left =
            (change.kind == ChangeKind::New).then(|| moved.get_mut(&key(change, &change.now))).flatten();
        match left.filter(|left| **left > 0) {
            Some(left) => {
                *left -= 1;
                false
            }
            None => true,
        }
    });
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::super::file::{Input, KeptBodies, Line, Start};
    use super::*;

    fn recording(calls: &[(&str, &str, &str)], result: &str) -> Recording {
        let lines = calls.iter().enumerate().map(|(id, (function, key, answer))| {
            Line::Exchange(Exchange {
                id: id as u64,
                function: (*function).to_owned(),
                on: Some("bucket b".to_owned()),
                arguments: Map::from_iter([("key".to_owned(), json!(key))]),
                answer: json!({ "ok": answer }),
                body: None,
            })
        });
        Recording {
            start: Start {
                guest: "g".to_owned(),
                input: Input::new(b""),
                region: None,
                endpoint: None,
                began: 0.0,
                bodies: KeptBodies::None,
            },
            lines: lines.collect(),
            result: Ending::returned(result.as_bytes()),
        }
    }

    fn kinds(before: &[(&str, &str, &str)], after: &[(&str, &str, &str)]) -> Vec<ChangeKind> {
        let changes = differences(&recording(before, "r"), &recording(after, "r"));
        changes.iter().map(|change| change.kind).collect()
    }

    #[test]
    fn each_way_to_differ_has_its_name() {
        let (a, b, c) = (("get", "a", "1"), ("head", "b", "2"), ("put", "c", "3"));
        assert_eq!(kinds(&[a, b, c], &[a, b, c]), []);
        assert_eq!(kinds(&[a, b], &[a, b, c]), [ChangeKind::New]);
        assert_eq!(kinds(&[a, b, c], &[a, c]), [ChangeKind::Missing]);
        assert_eq!(kinds(&[a, b, c], &[b, c, a]), [ChangeKind::Moved]);
        assert_eq!(kinds(&[a, b], &[("get", "x", "1"), b]), [ChangeKind::OtherArguments]);
        assert_eq!(kinds(&[a, b], &[("get", "a", "9"), b]), [ChangeKind::OtherAnswer]);
        let changes = differences(&recording(&[a], "r"), &recording(&[a], "s"));
        assert_eq!(changes.iter().map(|change| change.kind).collect::<Vec<_>>(), [ChangeKind::OtherResult]);
    }

    #[test]
    fn what_is_called_twice_moves_once() {
        let (a, b) = (("get", "a", "1"), ("head", "b", "2"));
        assert_eq!(kinds(&[a, b], &[b, a, a]), [ChangeKind::New, ChangeKind::Moved]);
    }
}
