//! Conditions on the tags of objects: those that a write sets, and those that an object has.

use pretty_assertions::assert_eq;

use super::*;
use crate::{ConditionKey, Context, CopiedTags, StoredAs};

const OBJECTS: &[&str] = &["arn:aws:s3:::uploads/*"];

type Tags = Vec<(String, String)>;

fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// A policy of a host that looks at the tags of objects.
fn asking(text: &str) -> Policy {
    build_asking(text).unwrap_or_else(|error| panic!("{}", error.render(Colour::Never)))
}

fn build_asking(text: &str) -> Result<Policy, Diagnostics> {
    let source = Source::new("innkeeper.toml", text);
    let manifest: Manifest = toml::from_str(text).unwrap();
    let mut builder = Policy::builder("thumbnailer");
    builder.provides([ConditionKey::ExistingObjectTag]);
    for (effect, statements) in [(Effect::Allow, &manifest.allow), (Effect::Deny, &manifest.deny)] {
        for statement in statements {
            builder.statement(effect, statement, &source);
        }
    }
    builder.build()
}

fn deny(actions: &[&str], condition: &str) -> String {
    format!("[[deny]]\nactions = [{}]\nresources = [\"*\"]\ncondition.{condition}\n", list(actions))
}

/// Whether an object of these tags may be stored, with the right to tag granted for any.
fn stores(policy: &Policy, tags: &Tags) -> bool {
    let bucket = &"arn:aws:s3:::uploads".parse::<BucketArn>().unwrap();
    let (key, stored) = (&ObjectKey::new("a").unwrap(), StoredAs::default());
    let put = S3Operation::PutObject { bucket, key, tags, stored, content_length: None };
    let begin = S3Operation::CreateMultipartUpload { bucket, key, tags, stored };
    let copy = S3Operation::CopyObject {
        source: bucket,
        source_key: key,
        source_version: None,
        bucket,
        key,
        tags: CopiedTags::Given(tags),
        stored,
    };
    let [put, begin, copy] =
        [put, begin, copy].map(|operation| Operation::from(operation).requests().all(|r| policy.allows(&r)));
    assert!(put == begin && put == copy, "{put} {begin} {copy}");
    put
}

fn stores_if(condition: &str, pairs: &[(&str, &str)]) -> bool {
    let text = allow(&["s3:PutObject"], OBJECTS)
        + &format!("condition.{condition}\n")
        + &allow(&["s3:GetObject", "s3:PutObjectTagging"], OBJECTS);
    stores(&policy(&text), &tags(pairs))
}

#[test]
fn a_write_is_allowed_for_the_value_of_a_tag() {
    let red = "StringEquals.\"s3:RequestObjectTag/team\" = [\"red\", \"green\"]";
    assert!(stores_if(red, &[("team", "red")]));
    assert!(stores_if(red, &[("other", "x"), ("team", "green")]));
    assert!(!stores_if(red, &[("team", "blue")]));
    assert!(!stores_if(red, &[("teams", "red")]));
    assert!(!stores_if(red, &[]), "without the tag there is no value");
    let some = "Null.\"s3:RequestObjectTag/team\" = \"false\"";
    assert!(stores_if(some, &[("team", "")]) && !stores_if(some, &[]));
}

#[test]
fn the_right_to_tag_is_asked_about_the_tags_as_well() {
    let text = allow(&["s3:PutObject", "s3:GetObject"], OBJECTS)
        + &allow(&["s3:PutObjectTagging"], OBJECTS)
        + "condition.StringLike.\"s3:RequestObjectTag/project/id\" = \"p-*\"\n";
    let policy = policy(&text);
    assert!(stores(&policy, &tags(&[("project/id", "p-1")])), "a tag's key may have slashes");
    assert!(!stores(&policy, &tags(&[("project/id", "q-1")])));
    assert!(stores(&policy, &tags(&[])));
}

#[test]
fn the_keys_of_a_writes_tags_are_several_values() {
    let all = "\"ForAllValues:StringEquals\".\"s3:RequestObjectTagKeys\" = [\"team\", \"cost\"]";
    assert!(stores_if(all, &[("team", "a"), ("cost", "b")]));
    assert!(!stores_if(all, &[("team", "a"), ("secret", "b")]));
    assert!(stores_if(all, &[]), "in IAM all of none are");
    let any = "\"ForAnyValue:StringLike\".\"s3:RequestObjectTagKeys\" = \"te*\"";
    assert!(stores_if(any, &[("cost", "b"), ("team", "a")]));
    assert!(!stores_if(any, &[("cost", "b")]) && !stores_if(any, &[]));
    let none = "\"ForAllValues:StringNotEquals\".\"s3:RequestObjectTagKeys\" = \"secret\"";
    assert!(stores_if(none, &[("team", "a")]) && !stores_if(none, &[("team", "a"), ("secret", "b")]));
    assert!(stores_if("Null.\"s3:RequestObjectTagKeys\" = \"true\"", &[]));

    let one =
        allow(&["s3:PutObject"], OBJECTS) + "condition.StringEquals.\"s3:RequestObjectTagKeys\" = \"a\"\n";
    assert_eq!(
        errors(&one),
        ["innkeeper.toml:4:11: `s3:RequestObjectTagKeys` may have several values in a request; use \
             `ForAllValues:StringEquals` or `ForAnyValue:StringEquals`"]
    );
}

/// Whether an object with these tags may be read.
fn reads(policy: &Policy, pairs: &[(&str, &str)]) -> bool {
    let existing_tags = &tags(pairs);
    let mut allowed = false;
    decide(policy, Action::S3GetObject, "arn:aws:s3:::uploads/a", |_, request| {
        allowed =
            policy.allows(&Request { context: Context { existing_tags, ..request.context }, ..*request });
    });
    allowed
}

#[test]
fn a_read_is_allowed_for_the_tags_that_the_object_has() {
    let text = allow(&["s3:GetObject"], OBJECTS)
        + "condition.StringEquals.\"s3:ExistingObjectTag/class\" = \"public\"\n";
    let policy = asking(&text);
    assert!(reads(&policy, &[("class", "public")]));
    assert!(!reads(&policy, &[("class", "secret")]) && !reads(&policy, &[]));
    assert!(errors(&text).join("").contains("is not enforced by this host"), "a host has to promise it");
}

#[test]
fn a_document_in_json_says_the_same() {
    let document = r#"{"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::uploads/*",
        "Condition": {"StringEquals": {"s3:ExistingObjectTag/class": "public"}}
    }}"#;
    let mut builder = Policy::builder("thumbnailer");
    builder.provides([ConditionKey::ExistingObjectTag]);
    builder.document(&Source::new("policy.json", document));
    let policy = builder.build().unwrap();
    assert!(reads(&policy, &[("class", "public")]) && !reads(&policy, &[("class", "secret")]));
    assert!(policy.to_iam().to_string().contains("s3:ExistingObjectTag/class"));
}

#[test]
fn of_tags_that_differ_in_case_the_one_that_forbids_counts() {
    let both = [("class", "public"), ("CLASS", "secret")];
    let text = allow(&["s3:GetObject"], OBJECTS)
        + "condition.StringEquals.\"S3:existingobjecttag/Class\" = \"public\"\n";
    assert!(reads(&asking(&text), &[("class", "public")]), "IAM's names have no case");
    assert!(!reads(&asking(&text), &both));
    let text = allow(&["s3:GetObject"], OBJECTS)
        + &deny(&["s3:Get*"], "StringEquals.\"s3:ExistingObjectTag/class\" = \"secret\"");
    assert!(!reads(&asking(&text), &both) && reads(&asking(&text), &[("class", "public")]));
}

/// Whether the tags have to be known.
fn depends(text: &str, action: Action, arn: &str) -> bool {
    let policy = asking(text);
    let mut depends = false;
    decide(&policy, action, arn, |_, request| depends = policy.depends_on_existing_tags(request));
    depends
}

#[test]
fn tags_are_asked_for_only_where_a_decision_depends_on_them() {
    const ARN: &str = "arn:aws:s3:::uploads/a";
    let public = "condition.StringEquals.\"s3:ExistingObjectTag/class\" = \"public\"\n";
    let conditional = allow(&["s3:GetObject"], OBJECTS) + public;
    assert!(depends(&conditional, Action::S3GetObject, ARN));
    assert!(!depends(&conditional, Action::S3GetObject, "arn:aws:s3:::other/a"));
    assert!(!depends(&conditional, Action::S3GetObjectVersion, ARN));
    assert!(!depends(&allow(&["s3:GetObject"], OBJECTS), Action::S3GetObject, ARN));

    let free = conditional.clone() + &allow(&["s3:GetObject"], OBJECTS);
    assert!(!depends(&free, Action::S3GetObject, ARN), "it is allowed anyway");
    let secret = "StringEquals.\"s3:ExistingObjectTag/class\" = \"secret\"";
    assert!(depends(&(free.clone() + &deny(&["s3:GetObject"], secret)), Action::S3GetObject, ARN));
    assert!(!depends(&deny(&["s3:GetObject"], secret), Action::S3GetObject, ARN), "nothing allows it");
    let never =
        free + &deny(&["s3:GetObject"], secret) + "[[deny]]\nactions = [\"s3:*\"]\nresources = [\"*\"]\n";
    assert!(!depends(&never, Action::S3GetObject, ARN), "it is denied anyway");
    let other = conditional + "condition.StringEquals.\"innkeeper:Guest\" = \"somebody\"\n";
    assert!(!depends(&other, Action::S3GetObject, ARN), "another condition does not hold");
}

#[test]
fn a_condition_that_some_actions_pass_over_is_found() {
    let secret = "StringEquals.\"s3:ExistingObjectTag/class\" = \"secret\"";
    let found = |text: &str| {
        let found = asking(text).review(std::time::SystemTime::now());
        found.iter().map(|finding| format!("{} {finding}", finding.kind.as_str())).collect::<Vec<_>>()
    };
    let text = allow(&["s3:GetObject", "s3:DeleteObject"], OBJECTS) + &deny(&["s3:*"], secret);
    assert_eq!(
        found(&text),
        [
            "tags-not-known innkeeper.toml:7:24: `StringEquals` of `s3:ExistingObjectTag/class` does not restrict \
             `s3:DeleteObject`, on which AWS decides without the tags of the object: say by the key, or by the bucket, for \
             which objects"
        ]
    );
    assert_eq!(found(&(allow(&["s3:GetObject"], OBJECTS) + &deny(&["s3:*"], secret))), [""; 0]);
    let not = "condition.StringNotEquals.\"s3:ExistingObjectTag/class\" = \"secret\"\n";
    assert_eq!(found(&(allow(&["s3:*Object"], OBJECTS) + not)).len(), 1);
    let equals = "condition.StringEquals.\"s3:ExistingObjectTag/class\" = \"public\"\n";
    assert_eq!(found(&(allow(&["s3:*Object"], OBJECTS) + equals)), [""; 0], "it allows nothing more");
}

#[test]
fn refuses_tags_where_no_action_has_them_and_keys_without_a_tag() {
    let text = allow(&["s3:DeleteObject"], OBJECTS)
        + "condition.StringEquals.\"s3:ExistingObjectTag/class\" = \"public\"\n";
    let found = build_asking(&text).unwrap_err();
    assert!(found.to_string().contains("none of these actions carries the condition key"), "{found}");
    for name in ["s3:RequestObjectTag", "s3:RequestObjectTag/", "s3:RequestObjectTags/a"] {
        let text = allow(&["s3:PutObject"], OBJECTS) + &format!("condition.StringEquals.{name:?} = \"a\"\n");
        assert!(errors(&text).join("").contains("is not enforced by this host"), "{name}");
    }
    let text = allow(&["s3:PutObject"], OBJECTS)
        + "condition.StringEquals.\"s3:RequestObjectTag/a\" = \"1\"\n"
        + "condition.StringEquals.\"s3:requestobjecttag/A\" = \"2\"\n";
    assert!(errors(&text).join("").contains("stands here twice"));
    let text = text.replace("requestobjecttag/A", "RequestObjectTag/b");
    assert!(build(&text).is_ok(), "another tag is another key");
}

#[test]
fn the_role_can_read_the_tags_that_the_host_looks_at() {
    let text = allow(&["s3:GetObject"], &["arn:aws:s3:::uploads/*"])
        + "condition.StringEquals.\"s3:ExistingObjectTag/class\" = \"public\"\n"
        + &allow(&["s3:GetObjectVersion", "s3:PutObject"], &["arn:aws:s3:::archive/*"])
        + &deny(&["s3:GetObjectVersion"], "StringEquals.\"s3:ExistingObjectTag/class\" = \"secret\"")
        + "[[deny]]\nactions = [\"s3:*Tagging\"]\nresources = [\"*\"]\n";
    let role = asking(&text).to_role();
    assert_eq!(
        role.to_string(),
        concat!(
            r#"{"Version":"2012-10-17","Statement":["#,
            r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::uploads/*","Condition":{"StringEquals":{"s3:ExistingObjectTag/class":"public"}}},"#,
            r#"{"Effect":"Allow","Action":["s3:GetObjectVersion","s3:GetObjectVersionTagging","s3:PutObject"],"Resource":"arn:aws:s3:::archive/*"},"#,
            r#"{"Effect":"Allow","Action":"s3:GetObjectTagging","Resource":"arn:aws:s3:::uploads/*"},"#,
            r#"{"Effect":"Deny","Action":"s3:GetObjectVersion","Resource":"*","Condition":{"StringEquals":{"s3:ExistingObjectTag/class":"secret"}}}]}"#,
        )
    );
    let [host, deny] = role.notes() else { panic!("{:?}", role.notes()) };
    assert!(host.starts_with("a condition is about the tags that an object has"), "{host}");
    assert!(deny.starts_with("the deny at innkeeper.toml:12:1 would keep the host from"), "{deny}");
}
