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

/// How the times in answers are compared: when an object was stored, or a message sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Times {
    /// As all else, which they are where the recorded answers are given.
    #[default]
    Exact,
    /// As the same if they are less than ten minutes apart. Those that a fake gives are of a clock that runs, and what was seeded is as
    /// much older than the call as it took to make the guest ready.
    Near,
}

/// Less than this is [`Times::Near`], in nanoseconds. A clock that was started elsewhere is off by more.
const NEAR: u128 = 600 * 1_000_000_000;

impl Times {
    /// Whether two answers are the same.
    fn same(self, old: &Value, new: &Value) -> bool {
        if self == Self::Exact {
            return old == new;
        }
        if let (Some(old), Some(new)) = (timestamp(old), timestamp(new)) {
            return old.abs_diff(new) < NEAR;
        }
        match (old, new) {
            (Value::Array(old), Value::Array(new)) => {
                old.len() == new.len() && old.iter().zip(new).all(|(old, new)| self.same(old, new))
            }
            (Value::Object(old), Value::Object(new)) => {
                let same =
                    |(name, old): (&String, &Value)| new.get(name).is_some_and(|new| self.same(old, new));
                old.len() == new.len() && old.iter().all(same)
            }
            (old, new) => old == new,
        }
    }
}

/// The nanoseconds since 1970 of a `timestamp` of the WIT package.
fn timestamp(value: &Value) -> Option<i128> {
    let fields = value.as_object().filter(|fields| fields.len() == 2)?;
    let seconds = i128::from(fields.get("seconds")?.as_i64()?);
    Some(seconds * 1_000_000_000 + i128::from(fields.get("nanoseconds")?.as_u64()?))
}

/// Where `now` is not as it was `recorded`: the exchanges in their order, and the result.
pub fn differences(recorded: &Recording, now: &Recording, times: Times) -> Vec<Change> {
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
                changes
                    .extend(old.iter().zip(new).filter_map(|(old, new)| answered_otherwise(old, new, times)));
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

fn answered_otherwise(old: &Exchange, new: &Exchange, times: Times) -> Option<Change> {
    let body = |exchange: &Exchange| serde_json::to_value(&exchange.body).unwrap_or_default();
    let (kind, recorded, now) = if !times.same(&old.answer, &new.answer) {
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
        let changes = differences(&recording(before, "r"), &recording(after, "r"), Times::Exact);
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
        let changes = differences(&recording(&[a], "r"), &recording(&[a], "s"), Times::Near);
        assert_eq!(changes.iter().map(|change| change.kind).collect::<Vec<_>>(), [ChangeKind::OtherResult]);
    }

    #[test]
    fn what_is_called_twice_moves_once() {
        let (a, b) = (("get", "a", "1"), ("head", "b", "2"));
        assert_eq!(kinds(&[a, b], &[b, a, a]), [ChangeKind::New, ChangeKind::Moved]);
    }

    #[test]
    fn times_of_a_clock_that_runs_are_near_each_other() {
        let at = |seconds: i64, nanoseconds: u32| json!({ "seconds": seconds, "nanoseconds": nanoseconds });
        let answer = |sent: Value| json!({ "ok": [{ "body": "1", "sent": sent, "size": 1 }] });
        let near = |old: Value, new: Value| Times::Near.same(&answer(old), &answer(new));
        assert!(near(at(1_000, 0), at(1_000, 0)));
        assert!(near(at(1_000, 0), at(1_599, 999_999_999)) && near(at(1_599, 999_999_999), at(1_000, 0)));
        assert!(!near(at(1_000, 0), at(1_600, 0)) && !near(at(-1, 0), at(1_000, 0)));
        assert!(!near(at(1_000, 0), json!(null)) && !near(at(1, 0), json!({ "seconds": 1 })));
        assert!(!near(at(1, 0), json!({ "seconds": "1", "nanoseconds": 0 })));
        assert!(!Times::Exact.same(&answer(at(1_000, 0)), &answer(at(1_000, 1))));
        // All else is compared as it is.
        let old = answer(at(1_000, 0));
        for new in
            [json!({ "err": "access-denied" }), json!({ "ok": [] }), json!({ "ok": [{ "body": "1" }] })]
        {
            assert!(!Times::Near.same(&old, &new), "{new}");
        }
        assert!(!Times::Near.same(&json!({ "seconds": 1 }), &json!({ "seconds": 2 })));
    }
}
