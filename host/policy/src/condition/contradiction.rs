//! Conditions of one statement that cannot hold together.

use std::time::{Duration, SystemTime};

use super::{
    Condition,
    key::{ConditionKey, Value},
    predicate::Expected,
};

/// What is known of every request to come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'a> {
    pub(crate) guest: &'a str,
    /// No request is made before this.
    pub(crate) now: SystemTime,
}

/// A condition that holds for no value for which the others of its key do.
///
/// Never one that could hold. Of patterns nothing is said.
pub(crate) fn contradiction<'c>(conditions: &'c [Condition], known: &Known<'_>) -> Option<&'c Condition> {
    conditions.iter().find(|condition| {
        let same_key = || conditions.iter().filter(|other| other.is_about_same(condition));
        let Some(candidates) = candidates(condition.key, same_key(), known) else { return false };
        !candidates
            .iter()
            .any(|value| same_key().all(|condition| condition.predicate.holds(value.as_value())))
    })
}

/// A value of a key, or that there is none.
enum Candidate<'c> {
    Absent,
    Text(&'c str),
    Number(f64),
    Date(SystemTime),
    Bool(bool),
}

impl Candidate<'_> {
    fn as_value(&self) -> Option<Value<'_>> {
        match self {
            Self::Absent => None,
            Self::Text(text) => Some(Value::Text(text)),
            Self::Number(number) => Some(Value::Number(*number)),
            Self::Date(time) => Some(Value::Date(*time)),
            Self::Bool(value) => Some(Value::Bool(*value)),
        }
    }
}

/// Values of which one meets the conditions of a key if any value does: those that are named, those right beside them, and one
/// that is not named. `None` where there is no such list.
fn candidates<'c>(
    key: ConditionKey,
    conditions: impl Iterator<Item = &'c Condition>,
    known: &Known<'c>,
) -> Option<Vec<Candidate<'c>>> {
    const TICK: Duration = Duration::from_nanos(1);
    // They may have several values: also those about one tag, whose name is compared without regard to case.
    if key.has_several_values() || key.is_about_one_tag() {
        return None;
    }
    if key == ConditionKey::Guest {
        return Some(vec![Candidate::Text(known.guest)]);
    }
    let mut candidates = vec![Candidate::Absent];
    // What one of them compares without regard to case, and another with it, may be met by a spelling that none names.
    let (mut with_case, mut without_case) = (false, false);
    for expected in conditions.flat_map(|condition| condition.predicate.values()) {
        match expected {
            Expected::Text(text) => {
                with_case = true;
                candidates.push(Candidate::Text(text));
            }
            Expected::TextIgnoringCase(text) => {
                without_case = true;
                candidates.push(Candidate::Text(text));
            }
            Expected::Number(_, number) => {
                candidates.extend([number.next_down(), *number, number.next_up()].map(Candidate::Number));
            }
            Expected::Date(_, time) => {
                let near = [time.checked_sub(TICK), Some(*time), time.checked_add(TICK), Some(known.now)];
                let to_come = near
                    .into_iter()
                    .flatten()
                    .filter(|time| key != ConditionKey::CurrentTime || *time >= known.now);
                candidates.extend(to_come.map(Candidate::Date));
            }
            Expected::Bool(_) => candidates.extend([true, false].map(Candidate::Bool)),
            Expected::Absent(_) => {
                candidates.extend([
                    Candidate::Number(0.0),
                    Candidate::Date(known.now),
                    Candidate::Bool(true),
                ]);
            }
            Expected::Like(_) | Expected::Arn(_) => return None,
        }
    }
    if with_case && without_case {
        return None;
    }
    // No policy would name it.
    candidates.push(Candidate::Text("\u{1}"));
    Some(candidates)
}
