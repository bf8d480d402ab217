mod attacks;
mod conditions;
mod documents;
mod missing;
mod negation;
mod operations;
mod properties;
mod review;
mod role;
mod tags;

use pretty_assertions::assert_eq;
use serde::Deserialize;
use toml::Spanned;

use super::*;
use crate::{
    Arn, BucketArn, ConditionKey, Diagnostics, ObjectKey, Operation, Resource, S3Operation, Source,
    Statement, source::Colour,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    #[serde(default)]
    allow: Vec<Spanned<Statement>>,
    #[serde(default)]
    deny: Vec<Spanned<Statement>>,
}

fn build(text: &str) -> Result<Policy, Diagnostics> {
    build_on(&[], text)
}

/// On a host that provides these keys.
fn build_on(provided: &[ConditionKey], text: &str) -> Result<Policy, Diagnostics> {
    let source = Source::new("innkeeper.toml", text);
    let manifest: Manifest =
        toml::from_str(text).map_err(|error| crate::Diagnostic::from_toml(&source, &error))?;
    let mut builder = Policy::builder("thumbnailer");
    builder.provides(provided.iter().copied());
    for statement in &manifest.allow {
        builder.statement(Effect::Allow, statement, &source);
    }
    for statement in &manifest.deny {
        builder.statement(Effect::Deny, statement, &source);
    }
    builder.build()
}

fn policy(text: &str) -> Policy {
    build(text).unwrap_or_else(|error| panic!("{}", error.render(Colour::Never)))
}

/// What is wrong with a manifest, one line each, with the help.
fn errors(text: &str) -> Vec<String> {
    let found = build(text).expect_err("the manifest should be refused");
    found
        .iter()
        .map(|found| found.to_string() + &found.help().map_or(String::new(), |help| format!("; {help}")))
        .collect()
}

/// The manifest of one allow statement.
fn allow(actions: &[&str], resources: &[&str]) -> String {
    format!("[[allow]]\nactions = [{}]\nresources = [{}]\n", list(actions), list(resources))
}

/// Strings as TOML writes them, with a comma between.
fn list(texts: &[impl AsRef<str>]) -> String {
    texts.iter().map(|text| suggestion::quote(text.as_ref())).collect::<Vec<_>>().join(", ")
}

fn decide(policy: &Policy, action: Action, arn: &str, then: impl FnOnce(Decision<'_>, &Request<'_>)) {
    let arn: Arn = arn.parse().unwrap();
    let resource = Resource::from_arn(&arn).unwrap();
    let request = Request { action, resource, context: crate::Context::default() };
    then(policy.decide(&request), &request);
}

fn is_allowed(policy: &Policy, action: Action, arn: &str) -> bool {
    let mut allowed = false;
    decide(policy, action, arn, |decision, _| allowed = decision.is_allowed());
    allowed
}

fn suggestion(policy: &Policy, action: Action, arn: &str) -> Suggestion {
    let mut suggestion = None;
    decide(policy, action, arn, |decision, request| match decision {
        Decision::Allow(rule) => panic!("allowed by {rule}"),
        Decision::Deny(denial) => suggestion = Some(denial.suggestion(request)),
    });
    suggestion.unwrap()
}

const THUMBNAILER: &str = r#"
[[allow]]
actions = ["s3:GetObject", "s3:ListBucket"]
resources = ["arn:aws:s3:::uploads/incoming/*", "arn:aws:s3:::uploads"]

[[allow]]
actions = ["s3:PutObject"]
resources = ["arn:aws:s3:::uploads/thumbs/*"]

[[deny]]
actions = ["s3:*"]
resources = ["arn:aws:s3:::uploads/incoming/private/*"]
"#;

#[test]
fn allows_what_is_granted_and_names_the_rule() {
    let policy = policy(THUMBNAILER);
    decide(&policy, Action::S3GetObject, "arn:aws:s3:::uploads/incoming/a.jpg", |decision, _| {
        let Decision::Allow(rule) = decision else { panic!("{decision:?}") };
        assert_eq!(rule.effect(), Effect::Allow);
        assert_eq!(rule.location().to_string(), "innkeeper.toml:2:1");
        assert_eq!(rule.action().text, "s3:GetObject");
        assert_eq!(rule.action().location.to_string(), "innkeeper.toml:3:12");
        assert_eq!(rule.resource().text, "arn:aws:s3:::uploads/incoming/*");
        assert_eq!(rule.to_string(), "allow at innkeeper.toml:4:14");
    });
    assert!(is_allowed(&policy, Action::S3ListBucket, "arn:aws:s3:::uploads"));
    assert!(is_allowed(&policy, Action::S3PutObject, "arn:aws:s3:::uploads/thumbs/a.jpg"));
}

#[test]
fn denies_what_is_not_granted() {
    let policy = policy(THUMBNAILER);
    for (action, arn) in [
        (Action::S3PutObject, "arn:aws:s3:::uploads/incoming/a.jpg"),
        (Action::S3GetObject, "arn:aws:s3:::uploads/thumbs/a.jpg"),
        (Action::S3GetObject, "arn:aws-cn:s3:::uploads/incoming/a.jpg"),
        (Action::S3GetObjectVersion, "arn:aws:s3:::uploads/incoming/a.jpg"),
        (Action::S3ListBucket, "arn:aws:s3:::uploads2"),
        (Action::SqsSendMessage, "arn:aws:sqs:eu-west-1:123456789012:uploads"),
    ] {
        decide(&policy, action, arn, |decision, _| {
            let Decision::Deny(denial) = decision else { panic!("{action} {arn}: {decision:?}") };
            assert!(matches!(denial.cause(), DenialCause::NotGranted));
            assert_eq!(denial.to_string(), "not granted");
        });
    }
}

#[test]
fn denies_everything_without_statements() {
    let policy = policy("");
    for &action in Action::ALL {
        assert!(!is_allowed(&policy, action, "arn:aws:s3:::uploads/a"));
    }
}

#[test]
fn an_explicit_deny_wins_and_is_named() {
    let policy = policy(THUMBNAILER);
    decide(
        &policy,
        Action::S3GetObject,
        "arn:aws:s3:::uploads/incoming/private/a.jpg",
        |decision, request| {
            let Decision::Deny(denial) = decision else { panic!("{decision:?}") };
            let DenialCause::ExplicitDeny(rule) = denial.cause() else { panic!("{denial:?}") };
            assert_eq!(rule.action().text, "s3:*");
            assert_eq!(rule.location().to_string(), "innkeeper.toml:10:1");
            assert_eq!(
                denial.to_string(),
                "denied by `arn:aws:s3:::uploads/incoming/private/*` at innkeeper.toml:12:14"
            );
            assert_eq!(
                denial.suggestion(request).to_string(),
                "remove or narrow the deny of `arn:aws:s3:::uploads/incoming/private/*` at innkeeper.toml:12:14"
            );
            let rules: Vec<String> = policy.rules(request).map(|rule| rule.to_string()).collect();
            assert_eq!(rules, ["deny at innkeeper.toml:12:14", "allow at innkeeper.toml:4:14"]);
        },
    );
}

#[test]
fn suggests_to_add_a_resource_where_the_action_is_granted() {
    let policy = policy(THUMBNAILER);
    let suggestion = suggestion(&policy, Action::S3PutObject, "arn:aws:s3:::uploads/other/a.jpg");
    assert_eq!(
        suggestion.to_string(),
        "add `\"arn:aws:s3:::uploads/other/a.jpg\"` to `resources` at innkeeper.toml:8:13"
    );
}

#[test]
fn suggests_the_statement_that_grants_least_besides() {
    let text = allow(&["s3:*"], &["arn:aws:s3:::one/*"]) + &allow(&["s3:GetObject"], &["arn:aws:s3:::two/*"]);
    let suggestion = suggestion(&policy(&text), Action::S3GetObject, "arn:aws:s3:::three/a");
    assert_eq!(suggestion.location().map(|at| at.line), Some(6));
}

#[test]
fn suggests_to_add_an_action_where_the_resource_is_granted() {
    let policy = policy(THUMBNAILER);
    let suggestion = suggestion(&policy, Action::S3DeleteObject, "arn:aws:s3:::uploads/thumbs/a.jpg");
    assert_eq!(suggestion.to_string(), "add `\"s3:DeleteObject\"` to `actions` at innkeeper.toml:7:11");
}

#[test]
fn suggests_a_statement_where_nothing_comes_near() {
    let suggestion = suggestion(&policy(""), Action::S3GetObject, "arn:aws:s3:::uploads/a.jpg");
    let expected = "\
[[guest.thumbnailer.allow]]
actions = [\"s3:GetObject\"]
resources = [\"arn:aws:s3:::uploads/a.jpg\"]";
    assert_eq!(suggestion.text(), Some(expected));
    assert_eq!(suggestion.location(), None);
}

#[test]
fn refuses_unknown_actions_at_their_place() {
    assert_eq!(
        errors(&allow(&["s3:GetObject", "s3:PutObjekt", "s3:Wibble*"], &["arn:aws:s3:::uploads/*"])),
        [
            "innkeeper.toml:2:28: unknown action `s3:PutObjekt`; did you mean `s3:PutObject`?",
            "innkeeper.toml:2:44: `s3:Wibble*` could never match: there is no such action",
        ]
    );
}

#[test]
fn refuses_malformed_resources_at_their_place() {
    assert_eq!(
        errors(&allow(&["s3:GetObject"], &["arn:aws:s3:::uploads/*", "uploads"])),
        ["innkeeper.toml:3:40: `uploads` is no resource: an ARN begins with `arn:`; a bucket is \
             `arn:aws:s3:::uploads`, its objects are `arn:aws:s3:::uploads/*`"]
    );
}

#[test]
fn refuses_empty_lists() {
    assert_eq!(
        errors("[[allow]]\nactions = []\nresources = []\n"),
        [
            "innkeeper.toml:2:11: `actions` is empty, so the statement could never match; name something, or remove \
             the statement",
            "innkeeper.toml:3:13: `resources` is empty, so the statement could never match; name something, or remove \
             the statement",
        ]
    );
}

#[test]
fn refuses_resources_and_actions_that_do_not_fit() {
    assert_eq!(
        errors(&allow(&["s3:ListBucket"], &["arn:aws:s3:::uploads/*"])),
        [
            "innkeeper.toml:3:14: `arn:aws:s3:::uploads/*` could never match: none of these actions is about an object, \
             `arn:aws:s3:::BUCKET/KEY`; they are about a bucket, `arn:aws:s3:::BUCKET`",
            "innkeeper.toml:2:12: `s3:ListBucket` could never match: it is about none of these resources; it is about a \
             bucket, `arn:aws:s3:::BUCKET`",
        ]
    );
    assert_eq!(errors(&allow(&["s3:GetObject"], &["arn:aws:s3:::uploads"])).len(), 2);
    assert_eq!(errors(&allow(&["s3:GetObject", "s3:ListBucket"], &["arn:aws:s3:::uploads"])).len(), 1);
    assert_eq!(errors(&allow(&["s3:*"], &["arn:aws:sqs:*:*:orders"])).len(), 2);
    assert_eq!(errors(&allow(&["s3:ListAllMyBuckets"], &["arn:aws:s3:::uploads"])).len(), 2);
    for (action, resource) in [
        ("s3:ListAllMyBuckets", "*"),
        ("s3:ListAllMyBuckets", "arn:aws:s3:::*"),
        ("s3:*", "arn:aws:s3:::uploads"),
        ("*", "arn:aws:sqs:*:*:orders"),
        ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:123456789012:orders"),
        ("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:123456789012:function:resize:live"),
        ("s3:GetObject", "*"),
    ] {
        policy(&allow(&[action], &[resource]));
    }
}

#[test]
fn refuses_unknown_keys_at_their_place() {
    let [error]: [String; 1] =
        errors("[[allow]]\nactions = [\"s3:GetObject\"]\nresource = [\"*\"]\n").try_into().unwrap();
    assert!(error.starts_with("innkeeper.toml:3:1: unknown field `resource`"), "{error}");
    assert!(error.ends_with("; did you mean `resources`?"), "{error}");
}

#[test]
fn a_wrong_statement_leaves_no_policy() {
    let text = allow(&["s3:*"], &["*"]) + "[[deny]]\nactions = [\"s3:PutObjekt\"]\nresources = [\"*\"]\n";
    assert_eq!(errors(&text).len(), 1);
}

/// Whether `s3:GetObject` on `uploads/PATTERN` lets a guest read this key.
fn reads(pattern: &str, key: &str) -> bool {
    let policy = policy(&allow(&["s3:GetObject"], &[&format!("arn:aws:s3:::uploads/{pattern}")]));
    let (bucket, key) =
        (&"arn:aws:s3:::uploads".parse::<BucketArn>().unwrap(), &ObjectKey::new(key).unwrap());
    Operation::from(S3Operation::GetObject { bucket, key, version: None })
        .requests()
        .all(|request| policy.allows(&request))
}
