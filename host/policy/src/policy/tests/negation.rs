//! `not-actions` and `not-resources`.

use pretty_assertions::assert_eq;

use super::*;

#[test]
fn not_actions_names_all_but_those() {
    let policy = policy(
        r#"
[[allow]]
not-actions = ["s3:Delete*", "sqs:*"]
resources = ["*"]
"#,
    );
    assert!(is_allowed(&policy, Action::S3GetObject, "arn:aws:s3:::uploads/a"));
    assert!(!is_allowed(&policy, Action::S3DeleteObject, "arn:aws:s3:::uploads/a"));
    assert!(!is_allowed(&policy, Action::SqsSendMessage, "arn:aws:sqs:eu-west-1:123456789012:orders"));
    let function = "arn:aws:lambda:eu-west-1:123456789012:function:resize";
    decide(&policy, Action::LambdaInvokeFunction, function, |decision, _| {
        let rule = decision.rule().unwrap();
        assert_eq!(rule.action().text, "[\"s3:Delete*\", \"sqs:*\"]");
        assert_eq!(rule.action().location.to_string(), "innkeeper.toml:3:15");
    });
}

#[test]
fn not_resources_stands_for_all_but_those() {
    let policy = policy(
        r#"
[[allow]]
actions = ["s3:GetObject"]
resources = ["arn:aws:s3:::uploads/*"]

[[deny]]
actions = ["s3:*"]
not-resources = ["arn:aws:s3:::uploads/public/*", "arn:aws:s3:::uploads/shared/*"]
"#,
    );
    assert!(is_allowed(&policy, Action::S3GetObject, "arn:aws:s3:::uploads/public/a"));
    assert!(is_allowed(&policy, Action::S3GetObject, "arn:aws:s3:::uploads/shared/a"));
    decide(&policy, Action::S3GetObject, "arn:aws:s3:::uploads/private/a", |decision, _| {
        let rule = decision.rule().unwrap();
        assert!(!decision.is_allowed());
        assert_eq!(rule.resource().location.to_string(), "innkeeper.toml:8:17");
    });
}

#[test]
fn nothing_is_added_to_a_list_of_exceptions() {
    let policy =
        policy("[[allow]]\nactions = [\"s3:GetObject\"]\nnot-resources = [\"arn:aws:s3:::uploads/*\"]\n");
    let suggestion = suggestion(&policy, Action::S3GetObject, "arn:aws:s3:::uploads/a");
    assert!(matches!(suggestion, Suggestion::AddStatement { .. }), "{suggestion}");
}

#[test]
fn refuses_both_forms_and_none() {
    assert_eq!(
        errors("[[allow]]\nactions = [\"s3:*\"]\nnot-actions = [\"s3:*\"]\nresources = [\"*\"]\n"),
        ["innkeeper.toml:3:15: a statement has `actions` or `not-actions`, not both"]
    );
    assert_eq!(
        errors("[[allow]]\nactions = [\"s3:*\"]\n"),
        [
            "innkeeper.toml:1:1: the statement has no `resources`; name them in `resources`, or all but them in \
             `not-resources`"
        ]
    );
}

#[test]
fn refuses_lists_that_leave_nothing() {
    assert_eq!(errors("[[allow]]\nnot-actions = [\"*\"]\nresources = [\"*\"]\n").len(), 1);
    assert_eq!(errors("[[allow]]\nactions = [\"s3:*\"]\nnot-resources = [\"*\"]\n").len(), 1);
}

#[test]
fn refuses_what_is_unknown_in_a_list_of_exceptions() {
    assert_eq!(errors("[[allow]]\nnot-actions = [\"s3:GetObjekt\"]\nresources = [\"*\"]\n").len(), 1);
    assert_eq!(errors("[[allow]]\nactions = [\"s3:*\"]\nnot-resources = [\"uploads\"]\n").len(), 1);
}
