//! The rights that a guest's role needs.

use pretty_assertions::assert_eq;
use proptest::prelude::*;

use super::{
    properties::{ASKED, any_statement, manifest},
    *,
};

fn role(text: &str) -> String {
    policy(text).to_role().to_string()
}

#[test]
fn what_others_contain_is_left_out_and_what_differs_in_one_list_is_joined() {
    let text = allow(&["s3:GetObject"], &["arn:aws:s3:::uploads/a/*", "arn:aws:s3:::uploads/a/b"])
        + &allow(&["s3:PutObject"], &["arn:aws:s3:::uploads/a/*"])
        + &allow(&["s3:GetObject"], &["arn:aws:s3:::uploads/a/c/*"])
        + &allow(&["s3:ListBucket"], &["arn:aws:s3:::uploads"])
        + &allow(&["s3:ListBucket"], &["arn:aws:s3:::downloads"]);
    assert_eq!(
        role(&text),
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::uploads/a/*"},{"Effect":"Allow","Action":"s3:ListBucket","Resource":["arn:aws:s3:::downloads","arn:aws:s3:::uploads"]}]}"#
    );
}

#[test]
fn wildcards_are_the_actions_that_this_host_has() {
    let document = role(&allow(&["sqs:*Visibility", "sqs:Send*"], &["*"]));
    assert!(document.contains(r#""Action":["sqs:SendMessage","sqs:ChangeMessageVisibility"]"#), "{document}");
}

#[test]
fn a_deny_stays_where_it_takes_something_away() {
    let deny = |resource: &str| format!("[[deny]]\nactions = [\"s3:*\"]\nresources = [\"{resource}\"]\n");
    let text = allow(&["s3:GetObject"], &["arn:aws:s3:::uploads/*"]);
    assert!(role(&(text.clone() + &deny("arn:aws:s3:::uploads/private/*"))).contains("Deny"));
    assert!(!role(&(text + &deny("arn:aws:s3:::downloads/*"))).contains("Deny"));
}

#[test]
fn conditions_of_ours_are_left_out_and_told() {
    let condition = |operator: &str| format!("condition.{operator}.\"innkeeper:Guest\" = \"thumbnailer\"\n");
    let text = allow(&["s3:GetObject"], &["arn:aws:s3:::uploads/*"])
        + &condition("StringEquals")
        + "[[deny]]\nactions = [\"s3:*\"]\nresources = [\"*\"]\n"
        + &condition("StringNotEquals");
    let document = policy(&text).to_role();
    assert!(
        !document.to_string().contains("innkeeper") && !document.to_string().contains("Deny"),
        "{document}"
    );
    assert_eq!(
        document.notes(),
        [
            "AWS does not check `innkeeper:Guest`: what is allowed at innkeeper.toml:4:24 is not held to it there, but by this \
             host alone",
            "AWS does not check `innkeeper:Guest`: the deny at innkeeper.toml:8:27 is left out, and done by this host alone",
        ]
    );
}

#[test]
fn conditions_that_aws_has_not_for_an_action_are_left_out_of_it_and_told() {
    let listings = allow(&["s3:ListBucket", "s3:ListBucketMultipartUploads"], &["arn:aws:s3:::uploads"])
        + "condition.StringLike.\"s3:prefix\" = \"a/*\"\n";
    let document = policy(&listings).to_role();
    assert_eq!(
        document.to_string(),
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::uploads","Condition":{"StringLike":{"s3:prefix":"a/*"}}},{"Effect":"Allow","Action":"s3:ListBucketMultipartUploads","Resource":"arn:aws:s3:::uploads"}]}"#
    );
    assert_eq!(
        document.notes(),
        [
            "AWS does not check `s3:prefix` of s3:ListBucketMultipartUploads: what is allowed at innkeeper.toml:4:22 is not held to \
          it there, but by this host alone"
        ]
    );
    let function = "arn:aws:lambda:eu-west-1:123456789012:function:price";
    let invoke = allow(&["lambda:InvokeFunction"], &[function])
        + "[[deny]]\nactions = [\"lambda:InvokeFunction\"]\nresources = [\"*\"]\n"
        + &format!("condition.ArnNotLike.\"lambda:FunctionArn\" = \"{function}\"\n");
    let source = Source::new("innkeeper.toml", invoke.as_str());
    let manifest: Manifest = toml::from_str(&invoke).unwrap();
    let mut builder = Policy::builder("guest");
    builder.provides([ConditionKey::FunctionArn]);
    builder.statement(Effect::Allow, &manifest.allow[0], &source);
    builder.statement(Effect::Deny, &manifest.deny[0], &source);
    let document = builder.build().unwrap().to_role();
    assert!(!document.to_string().contains("Deny"), "{document}");
    assert!(
        document.notes()[0].starts_with("AWS does not check `lambda:FunctionArn`: the deny at"),
        "{document:?}"
    );
}

#[test]
fn a_session_policy_has_2048_characters_at_most() {
    let resources = |count: usize, last: &str| {
        let mut resources: Vec<_> = (0..count).map(|n| format!("arn:aws:s3:::uploads/{n:02}/é")).collect();
        resources.push(format!("arn:aws:s3:::uploads/{last}"));
        let resources: Vec<&str> = resources.iter().map(String::as_str).collect();
        policy(&allow(&["s3:GetObject"], &resources)).to_role()
    };
    let length = |document: &RoleDocument| document.to_string().chars().count();
    let room = MAX_SESSION_POLICY_CHARACTERS - length(&resources(60, "x"));
    let fits = resources(60, &"x".repeat(room + 1));
    assert_eq!(fits.to_session_policy().unwrap().chars().count(), MAX_SESSION_POLICY_CHARACTERS);
    let error = resources(60, &"x".repeat(room + 2)).to_session_policy().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the policy has 2049 characters, 1 more than the 2048 that a session policy may have"
    );
}

proptest! {
    /// The document is read back as a policy, and asked the same.
    #[test]
    fn a_role_can_do_what_the_guest_may_and_nothing_else(
        statements in prop::collection::vec(any_statement(), 1..6),
        key in "[ab/]{1,5}",
    ) {
        let Ok(policy) = build(&manifest(&statements)) else { return Ok(()) };
        let document = policy.to_role();
        prop_assume!(document.notes().is_empty() && !document.is_empty());
        let mut builder = Policy::builder("thumbnailer");
        builder.document(&Source::new("role.json", document.to_string()));
        let role = builder.build().map_err(|error| TestCaseError::fail(format!("{document}: {error}")))?;
        let arn = format!("arn:aws:s3:::uploads/{key}");
        for action in ASKED {
            prop_assert_eq!(is_allowed(&policy, action, &arn), is_allowed(&role, action, &arn), "{} {} {}", document, action, arn);
        }
    }
}
