//! What is said of a policy without a request.

use std::time::SystemTime;

use pretty_assertions::assert_eq;
use proptest::prelude::*;

use super::{
    properties::{ASKED, any_statement, manifest},
    *,
};

fn found(text: &str) -> Vec<String> {
    let found = policy(text).review(SystemTime::now());
    found.iter().map(|finding| format!("{} {finding}", finding.kind.as_str())).collect()
}

#[test]
fn nothing_is_said_of_a_sound_policy() {
    let sound = r#"
[[allow]]
actions = ["s3:GetObject", "s3:ListBucket"]
resources = ["arn:aws:s3:::uploads/*", "arn:aws:s3:::uploads"]
condition.StringLike."s3:prefix" = "a/*"
condition.NumericLessThan."s3:max-keys" = 10
condition.NumericGreaterThan."s3:max-keys" = 8

[[deny]]
actions = ["s3:*"]
resources = ["arn:aws:s3:::uploads/private/*"]
"#;
    assert_eq!(found(sound), [""; 0]);
}

#[test]
fn a_rule_of_which_all_is_denied_is_shadowed() {
    let text = r#"
[[allow]]
actions = ["s3:GetObject", "s3:PutObject"]
resources = ["arn:aws:s3:::uploads/private/*", "arn:aws:s3:::uploads/public/*"]

[[allow]]
actions = ["s3:GetObject", "s3:ListBucket"]
resources = ["arn:aws:s3:::uploads/private/a", "arn:aws:s3:::uploads"]

[[allow]]
actions = ["s3:DeleteObject"]
resources = ["arn:aws:s3:::uploads/private/*"]
condition.StringEquals."innkeeper:Guest" = "thumbnailer"

[[deny]]
actions = ["s3:*Object"]
resources = ["arn:aws:s3:::uploads/private/*"]
"#;
    assert_eq!(
        found(text),
        [
            "shadowed innkeeper.toml:4:14: `arn:aws:s3:::uploads/private/*` allows nothing: all of it is denied at \
             innkeeper.toml:17:13",
            "shadowed innkeeper.toml:8:14: `arn:aws:s3:::uploads/private/a` allows nothing: all of it is denied at \
             innkeeper.toml:17:13",
            "shadowed innkeeper.toml:7:12: `s3:GetObject` allows nothing: all of it is denied at innkeeper.toml:17:13",
            "shadowed innkeeper.toml:10:1: `allow` allows nothing: all of it is denied at innkeeper.toml:17:13",
        ]
    );
}

#[test]
fn a_pattern_that_runs_over_its_fields_is_found() {
    let point = "arn:aws:s3:*:123456789012:accesspoint/photos/object/*";
    assert_eq!(
        found(&allow(&["s3:GetObject"], &[point])),
        [
            "crosses-fields innkeeper.toml:3:14: `arn:aws:s3:*:123456789012:accesspoint/photos/object/*` also stands for \
             objects of other buckets that have `:123456789012:accesspoint/photos/object/` in their keys, since a `*` at the \
             end of a field runs on over colons, as in IAM: `arn:aws:s3:*-?:123456789012:accesspoint/photos/object/*` does not"
        ]
    );
    assert_eq!(found(&allow(&["s3:GetObject"], &[&point.replace(":*:", ":eu-west-1:")])), [""; 0]);
    let free = allow(&["s3:*"], &["arn:aws:s3:::*"]);
    assert_eq!(
        found(&(free.clone() + &format!("[[deny]]\nactions = [\"s3:*\"]\nresources = [\"{point}\"]\n"))),
        [""; 0]
    );
    let all_but = format!("[[deny]]\nactions = [\"s3:GetObject\"]\nnot-resources = [\"{point}\"]\n");
    assert_eq!(
        found(&(free + &all_but)).len(),
        1,
        "an exception from a deny lets through what it stands for"
    );
    assert_eq!(found(&allow(&["sqs:SendMessage"], &["arn:aws:sqs:*:*:orders"])), [""; 0]);
}

#[test]
fn a_deny_with_a_condition_shadows_nothing() {
    let text = allow(&["s3:GetObject"], &["arn:aws:s3:::uploads/*"])
        + "[[deny]]\nactions = [\"*\"]\nresources = [\"*\"]\ncondition.StringNotEquals.\"innkeeper:Guest\" = \"x\"\n";
    assert_eq!(found(&text), [""; 0]);
}

#[test]
fn a_deny_of_all_but_shadows_what_is_not_excepted() {
    let deny =
        "[[deny]]\nnot-actions = [\"s3:ListBucket\"]\nnot-resources = [\"arn:aws:s3:::uploads/public/*\"]\n";
    let shadowed = |resource| found(&(allow(&["s3:GetObject"], &[resource]) + deny)).len();
    assert_eq!(shadowed("arn:aws:s3:::uploads/private/*"), 1);
    assert_eq!(shadowed("arn:aws:s3:::uploads/public/a"), 0);
    assert_eq!(shadowed("arn:aws:s3:::uploads/*"), 0);
}

#[test]
fn conditions_that_cannot_hold_together_are_found() {
    let with = |conditions: &str| {
        found(&format!("[[allow]]\nactions = [\"s3:ListBucket\"]\nresources = [\"*\"]\n{conditions}\n"))
    };
    let key = "\"s3:max-keys\"";
    assert_eq!(
        with(&format!("condition.NumericLessThan.{key} = 5\ncondition.NumericGreaterThan.{key} = 5")),
        [
            "never-matches innkeeper.toml:5:30: `NumericGreaterThan` of `s3:max-keys` can never hold, so the allow can never match"
        ]
    );
    assert_eq!(
        with("condition.StringEquals.\"s3:prefix\" = \"a\"\ncondition.Null.\"s3:prefix\" = true").len(),
        1
    );
    // Another spelling meets both.
    assert_eq!(
        with("condition.StringEqualsIgnoreCase.\"s3:prefix\" = \"A/\"\ncondition.StringNotEquals.\"s3:prefix\" = \"A/\"").len(),
        0
    );
    assert_eq!(
        with("condition.StringEqualsIgnoreCase.\"s3:prefix\" = \"A/\"\ncondition.StringNotEqualsIgnoreCase.\"s3:prefix\" = \"a/\"")
            .len(),
        1
    );
    assert_eq!(with("condition.StringEquals.\"innkeeper:Guest\" = \"another\"").len(), 1);
    assert_eq!(with("condition.StringLike.\"innkeeper:Guest\" = \"another*\"").len(), 1);
    assert_eq!(
        with("condition.StringEquals.\"s3:prefix\" = \"a\"\ncondition.StringNotEquals.\"s3:prefix\" = \"b\"")
            .len(),
        0
    );
    assert_eq!(
        with("condition.StringLike.\"s3:prefix\" = \"a*\"\ncondition.StringNotLike.\"s3:prefix\" = \"*\"")
            .len(),
        0
    );
    assert_eq!(
        with(&format!(
            "condition.NumericGreaterThanEquals.{key} = 5\ncondition.NumericLessThanEquals.{key} = 5"
        ))
        .len(),
        0
    );
}

#[test]
fn a_time_that_is_over_never_comes() {
    let text =
        allow(&["s3:GetObject"], &["*"]) + "condition.DateLessThan.\"aws:CurrentTime\" = \"2030-01-01\"\n";
    let source = Source::new("innkeeper.toml", &text);
    let manifest: Manifest = toml::from_str(&text).unwrap();
    let mut builder = Policy::builder("thumbnailer");
    builder.provides([ConditionKey::CurrentTime]).statement(Effect::Allow, &manifest.allow[0], &source);
    let policy = builder.build().unwrap();
    let year = |years: u64| SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(years * 31_557_600);
    assert_eq!(policy.review(year(55)).len(), 0);
    assert_eq!(policy.review(year(61)).len(), 1);
}

#[test]
fn a_rule_about_other_actions_than_are_used_is_unusable() {
    let policy = policy(&allow(&["s3:GetObject", "s3:Put*", "sqs:SendMessage"], &["*"]));
    let unusable = policy.unusable(&[Action::S3GetObject, Action::S3PutObjectTagging]);
    let unusable: Vec<_> = unusable.iter().map(ToString::to_string).collect();
    assert_eq!(unusable, ["innkeeper.toml:2:39: `sqs:SendMessage`"]);
    assert!(policy.names(Action::SqsSendMessage) && !policy.names(Action::LambdaInvokeFunction));
}

#[test]
fn a_name_is_reached_by_what_is_granted_in_it() {
    let policy = policy(&allow(
        &["s3:GetObject", "lambda:InvokeFunction"],
        &["arn:aws:s3:::uploads/incoming/*", "arn:aws:lambda:*:123456789012:function:resize"],
    ));
    for name in [
        "uploads",
        "arn:aws:s3:::uploads",
        "arn:aws:s3:::uploads/incoming",
        "arn:aws:lambda:eu-west-1:123456789012:function:resize",
    ] {
        assert!(policy.reaches(name), "{name}");
    }
    for name in [
        "upload",
        "uploads2",
        "arn:aws:s3:::downloads",
        "arn:aws:lambda:eu-west-1:999999999999:function:resize",
    ] {
        assert!(!policy.reaches(name), "{name}");
    }
}

proptest! {
    #[test]
    fn what_is_shadowed_is_never_what_allows(
        statements in prop::collection::vec(any_statement(), 1..6),
        key in "[ab/]{1,5}",
    ) {
        let Ok(policy) = build(&manifest(&statements)) else { return Ok(()) };
        let found = policy.review(SystemTime::now());
        let arn = format!("arn:aws:s3:::uploads/{key}");
        for action in ASKED {
            decide(&policy, action, &arn, |decision, _| {
                if let Decision::Allow(rule) = decision {
                    for finding in &found {
                        assert_ne!(&finding.location, rule.resource().location, "{finding}");
                        assert_ne!(&finding.location, rule.action().location, "{finding}");
                    }
                }
            });
        }
    }
}
