use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use innkeeper::audit::{AuditSink as _, Call, Decision, OperationId};
use innkeeper_fake::InvocationType;

use super::super::report::{
    ChangeKind, Changes, Invocation, Invoked, MessageChange, ObjectChange, QueueChange, Timing,
};
use super::super::tally::{MAX_ROWS, Seen, Tally};
use super::*;
use crate::exit::Exit;
use crate::failure::Failure;

const POLICY_LINE: &str =
    r#"add `"arn:aws:s3:::uploads/private/a.jpg"` to `resources` at innkeeper.toml:12:13"#;

fn plain(report: &Report) -> String {
    anstream::adapter::strip_str(&render(report)).to_string()
}

fn report() -> Report {
    Report {
        guest: "thumbnailer".to_owned(),
        called: Called::Aws,
        output: Some(b"{}".to_vec()),
        failure: None,
        log: Vec::new(),
        seen: Seen::default(),
        changes: None,
        saved: None,
        timing: Timing { prepare: Duration::from_millis(21), run: Duration::from_millis(1234) },
    }
}

fn call(operation: &'static str, sent: u64, received: u64, outcome: Outcome) -> Call {
    Call {
        time: SystemTime::UNIX_EPOCH,
        guest: "thumbnailer".into(),
        id: OperationId(0),
        service: "s3",
        operation,
        purpose: None,
        resource: "arn:aws:s3:::uploads/a.jpg".into(),
        attempts: 1,
        bytes_sent: sent,
        bytes_received: received,
        duration: Duration::ZERO,
        request_id: None,
        outcome,
    }
}

fn denial(resource: &str, suggestion: &str) -> Decision {
    Decision {
        time: SystemTime::UNIX_EPOCH,
        guest: "thumbnailer".into(),
        id: OperationId(0),
        operation: "GetObject",
        action: "s3:GetObject",
        resource: resource.into(),
        context: BTreeMap::new(),
        verdict: Verdict::Deny { rule: None, reason: "not granted".into(), suggestion: suggestion.into() },
    }
}

fn seen(calls: &[Call], decisions: &[Decision]) -> Seen {
    let tally = Tally::new();
    calls.iter().for_each(|call| tally.call(call));
    decisions.iter().for_each(|decision| tally.decision(decision));
    tally.take()
}

fn object(kind: ChangeKind, key: &str, sizes: [Option<u64>; 2]) -> ObjectChange {
    let [size_before, size_after] = sizes;
    ObjectChange { kind, bucket: "uploads".to_owned(), key: key.to_owned(), size_before, size_after }
}

#[test]
fn the_whole_of_it_is_readable_at_a_glance() {
    let report = Report {
        changes: Some(Changes {
            buckets_created: vec!["new".to_owned()],
            buckets_removed: Vec::new(),
            objects: vec![
                object(ChangeKind::Added, "thumbs/a.jpg", [None, Some(12_345)]),
                object(ChangeKind::Changed, "state", [Some(2), Some(3)]),
                object(ChangeKind::Removed, "old", [Some(1), None]),
            ],
            ..Changes::default()
        }),
        saved: Some("1 object (12.3 kB) saved in `out`".to_owned()),
        seen: seen(
            &[
                call("GetObject", 0, 1_200_000, Outcome::Success),
                Call { attempts: 3, ..call("GetObject", 0, 300_000, Outcome::Success) },
                call("PutObject", 12_345, 0, Outcome::Success),
                call("GetObject", 0, 0, Outcome::Cancelled),
            ],
            &[
                denial("arn:aws:s3:::uploads/private/a.jpg", POLICY_LINE),
                denial("arn:aws:s3:::uploads/private/a.jpg", POLICY_LINE),
            ],
        ),
        ..report()
    };
    assert_eq!(
        plain(&report),
        "\
Changed in the fake AWS (objects: 1 added, 1 changed, 1 removed)
  + bucket s3://new
  + s3://uploads/thumbs/a.jpg  12.3 kB
  ~ s3://uploads/state         2 B -> 3 B
  - s3://uploads/old           1 B
  1 object (12.3 kB) saved in `out`

Calls of AWS (4)
  s3 GetObject     3 ×  1.5 MB received  2 retries
      1 cancelled
  s3 PutObject     1 ×  12.3 kB sent

Denied by the policy (2)
  × s3:GetObject on arn:aws:s3:::uploads/private/a.jpg (2 times): not granted
    help: add `\"arn:aws:s3:::uploads/private/a.jpg\"` to `resources` at innkeeper.toml:12:13

ok: `thumbnailer` done in 1.23 s (made ready in 21 ms)
"
    );
}

fn queue(
    kind: ChangeKind,
    name: &str,
    messages: &[ChangeKind],
    [visible, in_flight, delayed]: [usize; 3],
) -> QueueChange {
    let messages = messages.iter().enumerate().map(|(number, kind)| MessageChange {
        kind: *kind,
        message_id: number.to_string(),
        body: "{}".to_owned(),
    });
    QueueChange { kind, queue: name.to_owned(), visible, in_flight, delayed, messages: messages.collect() }
}

fn invocation(qualifier: Option<&str>, outcome: Invoked, error: Option<&str>) -> Invocation {
    Invocation {
        function: "pricing".to_owned(),
        qualifier: qualifier.map(str::to_owned),
        version: "1".to_owned(),
        invocation_type: InvocationType::RequestResponse,
        attempts: 1,
        outcome,
        error: error.map(str::to_owned),
        log: String::new(),
    }
}

#[test]
fn queues_show_what_became_of_their_messages_and_functions_how_they_ended() {
    use ChangeKind::{Added, Changed, Removed};
    let report = Report {
        changes: Some(Changes {
            objects: vec![object(Added, "a.json", [None, Some(2)])],
            queues: vec![
                queue(Changed, "orders", &[Removed, Removed, Changed], [0, 1, 0]),
                queue(Added, "rejected", &[Added], [0, 0, 1]),
                queue(Removed, "gone", &[Removed], [0, 0, 0]),
                queue(Changed, "tuned", &[], [3, 0, 0]),
            ],
            invocations: vec![
                invocation(Some("live"), Invoked::Returned, None),
                invocation(None, Invoked::FailedUnhandled, Some("{\"errorType\":\"x\u{1b}[2J\"}")),
                invocation(Some("live"), Invoked::Returned, None),
                Invocation {
                    invocation_type: InvocationType::Event,
                    ..invocation(None, Invoked::Unfinished, None)
                },
            ],
            ..Changes::default()
        }),
        seen: seen(
            &[
                Call { service: "lambda", ..call("Invoke", 10, 20, Outcome::Success) },
                Call { guest: "pricing".into(), ..call("GetObject", 0, 5, Outcome::Success) },
            ],
            &[Decision { guest: "pricing".into(), ..denial("arn:aws:s3:::uploads/x", "x") }],
        ),
        ..report()
    };
    assert_eq!(
        plain(&report),
        "\
Changed in the fake AWS (objects: 1 added; messages: 1 added, 1 changed, 3 removed)
  + s3://uploads/a.json  2 B
  ~ sqs://orders    2 messages removed, 1 message in another state, 1 in it (1 in flight)
  + sqs://rejected  1 message added, 1 in it (1 delayed)
  - sqs://gone      1 message removed
  ~ sqs://tuned     3 in it

Functions invoked in the fake AWS (4)
  pricing:live     2 ×  returned
  pricing          1 ×  failed (unhandled)
      {\"errorType\":\"x\\u{1b}[2J\"}
  pricing          1 ×  had not ended, asynchronously

Calls of AWS (1)
  lambda Invoke     1 ×  10 B sent  20 B received

Calls of AWS by `pricing` (1)
  s3 GetObject     1 ×  5 B received

Denied by the policy (1)
  × s3:GetObject on arn:aws:s3:::uploads/x by `pricing`: not granted
    help: x

ok: `thumbnailer` done in 1.23 s (made ready in 21 ms)
"
    );
}

#[test]
fn invocations_alone_change_nothing() {
    let invocations = vec![invocation(None, Invoked::DryRun, None)];
    let report = Report { changes: Some(Changes { invocations, ..Changes::default() }), ..report() };
    let text = plain(&report);
    assert!(
        text.starts_with(
            "Nothing changed in the fake AWS\n\nFunctions invoked in the fake AWS (1)\n  pricing     1 ×  dry run\n\n"
        ),
        "{text}"
    );
}

#[test]
fn without_calls_and_changes_it_says_so() {
    let report = Report { changes: Some(Changes::default()), ..report() };
    assert_eq!(
        plain(&report),
        "Nothing changed in the fake AWS\n\nNo call of AWS\n\nok: `thumbnailer` done in 1.23 s (made ready in 21 ms)\n"
    );
}

#[test]
fn a_failed_call_has_its_whole_cause_and_what_to_check() {
    let outcome = Outcome::Failure {
        error: "connection",
        cause: "dispatch failure: tcp connect error: connection refused".to_owned(),
    };
    let report = Report {
        called: Called::Endpoint("http://127.0.0.1:9/".to_owned()),
        failure: Some(Failure::new(Exit::Guest, "it failed")),
        seen: seen(&[call("GetObject", 0, 0, outcome.clone()), call("GetObject", 0, 0, outcome)], &[]),
        ..report()
    };
    assert_eq!(
        plain(&report),
        "\
Calls of AWS (2)
  s3 GetObject     2 ×
      failed (connection): 2 of them
        dispatch failure: tcp connect error: connection refused
        help: is `http://127.0.0.1:9/` the right endpoint, running, and reachable from here?

failed: `thumbnailer` ended in 1.23 s (made ready in 21 ms)
"
    );
}

#[test]
fn a_statement_to_add_keeps_its_lines() {
    let suggestion = "add this to the manifest:\n[[guest.g.allow]]\nactions = [\"s3:GetObject\"]";
    let report = Report { seen: seen(&[], &[denial("arn:aws:s3:::b/k", suggestion)]), ..report() };
    let text = plain(&report);
    assert!(
        text.contains(
            "    help: add this to the manifest:\n          [[guest.g.allow]]\n          actions = [\"s3:GetObject\"]\n"
        ),
        "{text}"
    );
}

#[test]
fn a_guest_cannot_forge_lines_with_keys_or_its_log() {
    let report = Report {
        log: b"hi\n\x1b[2Jok: all is well".to_vec(),
        seen: seen(&[], &[denial("arn:aws:s3:::b/k\nok: `thumbnailer` done", "x")]),
        changes: Some(Changes {
            objects: vec![object(ChangeKind::Added, "a\u{1b}]0;x\u{7}\nok: b", [None, Some(1)])],
            ..Changes::default()
        }),
        ..report()
    };
    let text = render(&report);
    let plain = plain(&report);
    assert_eq!(plain.lines().filter(|line| line.starts_with("ok:")).count(), 1, "{plain}");
    assert!(!text.contains("\u{1b}[2J") && !text.contains("\u{1b}]0"), "{text:?}");
    assert!(
        plain.starts_with("Log of the guest (its own words)\n  | hi\n  | \\u{1b}[2Jok: all is well\n"),
        "{plain}"
    );
}

#[test]
fn a_long_list_is_cut_and_counted() {
    let objects = (0..25).map(|n| object(ChangeKind::Added, &format!("{n}"), [None, Some(1)])).collect();
    let decisions: Vec<_> = (0..22).map(|n| denial(&format!("arn:aws:s3:::b/{n}"), "x")).collect();
    let changes = Some(Changes { objects, ..Changes::default() });
    let text = plain(&Report { seen: seen(&[], &decisions), changes, ..report() });
    assert!(
        text.contains("objects: 25 added") && text.contains("… and 5 more objects; `--json` has all"),
        "{text}"
    );
    assert!(text.contains("Denied by the policy (22)") && text.contains("… and 2 more denials"), "{text}");
}

#[test]
fn what_was_only_counted_is_told_of_as_such() {
    let decisions: Vec<_> = (0..MAX_ROWS + 5).map(|n| denial(&format!("arn:aws:s3:::b/{n}"), "x")).collect();
    let failed = |n: usize| Outcome::Failure { error: "other", cause: format!("cause {n}") };
    let calls: Vec<_> = (0..MAX_ROWS + 3).map(|n| call("GetObject", 0, 0, failed(n))).collect();
    let text = plain(&Report { seen: seen(&calls, &decisions), ..report() });
    for line in [
        "Calls of AWS (1003)\n  s3 GetObject  1003 ×\n",
        "      … and more causes: 3 failures are only counted; `--audit FILE` has all\n",
        "Denied by the policy (1005)\n",
        "  … and 985 more denials; `--audit FILE` has all\n",
    ] {
        assert!(text.contains(line), "`{line}` is not in\n{text}");
    }
}
