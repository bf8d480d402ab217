use std::time::{Duration, SystemTime};

use innkeeper::audit::OperationId;

use super::*;

fn decision(resource: &str, context: &[(&'static str, &str)], verdict: Verdict) -> Decision {
    Decision {
        time: SystemTime::UNIX_EPOCH,
        guest: "g".into(),
        id: OperationId(0),
        operation: "GetObject",
        action: "s3:GetObject",
        resource: resource.into(),
        context: context.iter().map(|(key, value)| ((*key).into(), (*value).to_owned())).collect(),
        verdict,
    }
}

fn denied() -> Verdict {
    Verdict::Deny { rule: None, reason: "not granted".into(), suggestion: "x".into() }
}

fn failed(cause: &str) -> Call {
    Call {
        time: SystemTime::UNIX_EPOCH,
        guest: "g".into(),
        id: OperationId(0),
        service: "s3",
        operation: "GetObject",
        purpose: None,
        resource: "arn:aws:s3:::b/k".into(),
        attempts: 3,
        bytes_sent: 1,
        bytes_received: 2,
        duration: Duration::ZERO,
        request_id: None,
        outcome: Outcome::Failure { error: "other", cause: cause.to_owned() },
    }
}

#[test]
fn a_guest_that_asks_for_ever_the_same_is_counted_and_not_kept() {
    let tally = Tally::new();
    let asked = decision("arn:aws:s3:::b/k", &[], denied());
    (0..MAX_ENTRIES * 3).for_each(|_| tally.decision(&asked));
    let seen = tally.take();
    assert_eq!((seen.decisions.kept.len(), seen.decisions.total), (MAX_ENTRIES, MAX_ENTRIES * 3));
    assert_eq!(seen.decisions.omitted(), MAX_ENTRIES * 2);
    let rows: Vec<usize> = seen.denials.iter().map(|(_, times)| times).collect();
    assert_eq!((rows, seen.denials.omitted), (vec![MAX_ENTRIES * 3], 0));
}

#[test]
fn a_denial_behind_a_flood_of_what_is_allowed_has_its_row() {
    let tally = Tally::new();
    let tags = "t".repeat(4_000);
    for n in 0..MAX_ENTRIES {
        let context = [("s3:prefix", tags.as_str())];
        tally.decision(&decision(&format!("arn:aws:s3:::b/{n}"), &context, Verdict::Allow { rule: None }));
    }
    tally.decision(&decision("arn:aws:s3:::b/secret", &[], denied()));
    let seen = tally.take();
    assert!(seen.decisions.kept.len() < MAX_ENTRY_BYTES / 4_000, "{}", seen.decisions.kept.len());
    assert_eq!(seen.decisions.total, MAX_ENTRIES + 1);
    let rows: Vec<&str> = seen.denials.iter().map(|(first, _)| &*first.resource).collect();
    assert_eq!(rows, ["arn:aws:s3:::b/secret"]);
}

#[test]
fn more_different_denials_than_there_are_rows_are_counted() {
    let tally = Tally::new();
    for n in 0..MAX_ROWS + 7 {
        tally.decision(&decision(&format!("arn:aws:s3:::b/{n}"), &[], denied()));
    }
    tally.decision(&decision("arn:aws:s3:::b/0", &[], denied()));
    let denials = tally.take().denials;
    assert_eq!((denials.len(), denials.omitted, denials.total()), (MAX_ROWS, 7, MAX_ROWS + 8));
    assert_eq!(denials.iter().next().unwrap().1, 2);
}

#[test]
fn rows_have_no_more_bytes_than_there_is_room_for() {
    let tally = Tally::new();
    let key = "k".repeat(100_000);
    (0..200).for_each(|n| tally.decision(&decision(&format!("{n}{key}"), &[], denied())));
    (0..200).for_each(|n| tally.call(&failed(&format!("{n}{key}"))));
    let seen = tally.take();
    let kept = seen.denials.len();
    assert!(kept > 10 && kept * key.len() <= MAX_ROW_BYTES, "{kept}");
    assert_eq!(seen.denials.total(), 200);
    let operation = seen.operations.values().next().unwrap();
    assert_eq!(
        (operation.failures.len(), operation.failures.omitted),
        (0, 200),
        "the denials have all of it"
    );
    assert_eq!((operation.calls, operation.bytes_received, operation.retries), (200, 400, 400));
}

#[test]
fn the_first_entries_are_kept_without_a_gap() {
    let tally = Tally::new();
    let large = "k".repeat(MAX_ENTRY_BYTES);
    for resource in ["a", &large, "b"] {
        tally.decision(&decision(resource, &[], Verdict::Allow { rule: None }));
    }
    let decisions = tally.take().decisions;
    assert_eq!((decisions.kept.len(), decisions.omitted()), (1, 2));
}

#[test]
fn what_is_learnt_from_is_different() {
    let tally = Tally::of_different_decisions();
    let allowed = || Verdict::Allow { rule: None };
    for _ in 0..MAX_ENTRIES {
        tally.decision(&decision("arn:aws:s3:::b", &[("s3:prefix", "a/")], allowed()));
    }
    tally.decision(&decision("arn:aws:s3:::b", &[("s3:prefix", "b/")], allowed()));
    tally.decision(&decision("arn:aws:s3:::b", &[], allowed()));
    let decisions = tally.take().decisions;
    assert_eq!((decisions.kept.len(), decisions.omitted()), (3, 0));

    let tally = Tally::of_different_decisions();
    for n in 0..MAX_ENTRIES + 2 {
        tally.decision(&decision(&format!("arn:aws:s3:::b/{n}"), &[], allowed()));
    }
    assert_eq!(tally.take().decisions.omitted(), 2);
}
