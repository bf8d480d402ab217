//! IAM policy documents in JSON, read and written.

use pretty_assertions::assert_eq;
use proptest::prelude::*;

use super::{
    properties::{ASKED, any_statement, manifest},
    *,
};

fn read(text: &str) -> Result<Policy, Diagnostics> {
    let mut builder = Policy::builder("thumbnailer");
    builder.document(&Source::new("policy.json", text));
    builder.build()
}

fn document(text: &str) -> Policy {
    read(text).unwrap_or_else(|error| panic!("{}", error.render(Colour::Never)))
}

fn wrong(text: &str) -> Vec<String> {
    read(text).expect_err("the document should be refused").iter().map(ToString::to_string).collect()
}

/// A document of one statement, with these members.
fn statement(members: &str) -> String {
    format!("{{\"Version\": \"2012-10-17\",\n\"Statement\": {{{members}}}}}")
}

const DOCUMENT: &str = r#"{
  "Version": "2012-10-17",
  "Id": "thumbnailer",
  "Statement": [
    {
      "Sid": "Read",
      "Effect": "Allow",
      "Action": ["s3:GetObject", "s3:ListBucket"],
      "Resource": ["arn:aws:s3:::uploads/incoming/*", "arn:aws:s3:::uploads"]
    },
    {
      "Effect": "Deny",
      "NotAction": "s3:ListBucket",
      "NotResource": "arn:aws:s3:::uploads/incoming/public/*",
      "Condition": { "StringNotEquals": { "innkeeper:Guest": ["admin"] } }
    }
  ]
}"#;

#[test]
fn a_document_decides_as_statements_do() {
    let policy = document(DOCUMENT);
    assert!(is_allowed(&policy, Action::S3GetObject, "arn:aws:s3:::uploads/incoming/public/a"));
    assert!(is_allowed(&policy, Action::S3ListBucket, "arn:aws:s3:::uploads"));
    decide(&policy, Action::S3GetObject, "arn:aws:s3:::uploads/incoming/a", |decision, _| {
        let rule = decision.rule().unwrap();
        assert_eq!(rule.effect(), Effect::Deny);
        assert_eq!(rule.location().to_string(), "policy.json:11:5");
        assert_eq!(rule.to_string(), "deny at policy.json:14:22");
    });
}

#[test]
fn a_suggestion_names_the_list_as_the_document_does() {
    let suggestion = suggestion(&document(DOCUMENT), Action::S3ListBucket, "arn:aws:s3:::downloads");
    assert_eq!(suggestion.to_string(), "add `\"arn:aws:s3:::downloads\"` to `Resource` at policy.json:9:19");
}

#[test]
fn a_policy_is_written_as_a_document() {
    let policy = policy(
        r#"
[[deny]]
not-actions = ["s3:GetObject"]
resources = ["*"]

[[allow]]
actions = ["s3:ListBucket"]
resources = ["arn:aws:s3:::uploads"]
condition.StringLike."s3:prefix" = ["a/*", "b/*"]
condition.NumericLessThan."s3:max-keys" = 10
"#,
    );
    let expected = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "s3:ListBucket"
      ],
      "Resource": [
        "arn:aws:s3:::uploads"
      ],
      "Condition": {
        "NumericLessThan": {
          "s3:max-keys": [
            "10"
          ]
        },
        "StringLike": {
          "s3:prefix": [
            "a/*",
            "b/*"
          ]
        }
      }
    },
    {
      "Effect": "Deny",
      "NotAction": [
        "s3:GetObject"
      ],
      "Resource": [
        "*"
      ]
    }
  ]
}"#;
    assert_eq!(format!("{:#}", policy.to_iam()), expected);
    let compact = policy.to_iam().to_string();
    assert!(!compact.contains([' ', '\n']));
    assert_eq!(document(&compact).to_iam().to_string(), compact);
}

#[test]
fn names_the_place_of_what_is_wrong() {
    assert_eq!(wrong(""), ["policy.json:1:1: EOF while parsing a value"]);
    assert_eq!(wrong("{\n  \"Version\": oops\n}"), ["policy.json:2:14: expected value"]);
    assert_eq!(wrong("[]"), ["policy.json:1:1: this is not an object"]);
    assert_eq!(wrong("{} {}"), ["policy.json:1:4: trailing characters"]);
    assert_eq!(wrong("{}"), ["policy.json:1:1: the policy document has no `Statement`"]);
    assert_eq!(
        wrong(&statement("\"Action\": \"s3:GetObject\", \"Resource\": \"*\"")),
        ["policy.json:2:14: the statement has no `Effect`"]
    );
    assert_eq!(
        wrong(&statement("\"Effect\": \"allow\", \"Action\": \"s3:GetObject\", \"Resource\": \"*\"")),
        ["policy.json:2:25: unknown effect `allow`: it is `Allow` or `Deny`"]
    );
    assert_eq!(
        wrong(&statement(
            "\"Effect\": \"Allow\", \"Action\": \"s3:GetObjekt\", \"Resource\": [\"*\", \"x\"]"
        )),
        [
            "policy.json:2:44: unknown action `s3:GetObjekt`",
            "policy.json:2:78: `x` is no resource: an ARN begins with `arn:`",
        ]
    );
    assert_eq!(
        wrong(&statement("\"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resources\": \"*\"")),
        ["policy.json:2:52: unknown key `Resources`", "policy.json:2:14: the statement has no `Resource`"]
    );
    assert_eq!(
        wrong(&statement("\"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resource\": [1, null]")),
        ["policy.json:2:68: this is not a string, nor an array of strings"]
    );
}

#[test]
fn a_document_without_statements_allows_nothing() {
    let policy = document("{\"Statement\": []}");
    assert!(!is_allowed(&policy, Action::S3GetObject, "arn:aws:s3:::uploads/a"));
}

#[test]
fn refuses_a_principal() {
    let members = "\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"s3:*\", \"Resource\": \"*\"";
    assert_eq!(wrong(&statement(members)), ["policy.json:2:34: a guest's policy names no principal"]);
}

#[test]
fn refuses_a_name_that_stands_twice() {
    // A parser that takes the last of two would drop the condition that the other one states.
    let members = "\"Effect\": \"Allow\", \"Action\": \"s3:ListBucket\", \"Resource\": \"*\", \"Condition\": {\
                   \"StringEquals\": {\"s3:prefix\": \"a/\"}, \"StringEquals\": {\"s3:delimiter\": \"/\"}}";
    let [error]: [String; 1] = wrong(&statement(members)).try_into().unwrap();
    assert!(error.ends_with("`StringEquals` stands here twice"), "{error}");
    let members = "\"Effect\": \"Deny\", \"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resource\": \"*\"";
    assert_eq!(wrong(&statement(members)), ["policy.json:2:33: `Effect` stands here twice"]);
}

#[test]
fn variables_belong_to_the_version_of_2012() {
    let with = |version: &str| {
        let members = "\"Effect\": \"Allow\", \"Action\": \"s3:GetObject\", \"Resource\": \"arn:aws:s3:::uploads/${*}\"";
        format!("{{{version}\"Statement\": [{{{members}}}]}}")
    };
    let policy = document(&with("\"Version\": \"2012-10-17\", "));
    assert!(is_allowed(&policy, Action::S3GetObject, "arn:aws:s3:::uploads/*"));
    assert!(!is_allowed(&policy, Action::S3GetObject, "arn:aws:s3:::uploads/a"));
    assert_eq!(wrong(&with("")).len(), 1);
    assert_eq!(wrong(&with("\"Version\": \"2008-10-17\", ")).len(), 1);
    assert!(wrong(&with("\"Version\": \"2026-01-01\", ")).join("").contains("unknown version `2026-01-01`"));
    let text = with("\"Version\": \"2012-10-17\", ").replace("${*}", "${aws:username}");
    assert!(wrong(&text).join("").contains("the policy variable `${aws:username}` has no value here"));
}

#[test]
fn a_deeply_nested_document_is_an_error() {
    assert_eq!(wrong(&"[".repeat(100_000)).len(), 1);
    assert_eq!(wrong(&format!("{{\"Statement\": {}", "{\"a\":".repeat(100_000))).len(), 1);
}

proptest! {
    #[test]
    fn what_is_written_reads_as_the_same_policy(
        statements in prop::collection::vec(any_statement(), 0..5),
        key in "[ab/]{1,5}",
    ) {
        let written = policy(&manifest(&statements));
        let text = format!("{:#}", written.to_iam());
        let read = document(&text);
        prop_assert_eq!(format!("{:#}", read.to_iam()), text);
        let arn = format!("arn:aws:s3:::uploads/{key}");
        for action in ASKED {
            prop_assert_eq!(is_allowed(&read, action, &arn), is_allowed(&written, action, &arn));
        }
    }

    #[test]
    fn any_json_is_a_policy_or_an_error(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "{", "}", "[", "]", ":", ",", "\"Statement\"", "\"Effect\"", "\"Allow\"", "\"Action\"", "\"s3:*\"",
                "\"Resource\"", "\"*\"", "\"Condition\"", "\"StringEquals\"", "\"s3:prefix\"", "1", "true", "null", "\n", "é",
                "\"\\u0041ction\"", "\"\\ud800\"", "${",
            ]),
            0..24,
        ),
    ) {
        if let Err(found) = read(&parts.concat()) {
            prop_assert!(found.iter().all(|found| found.location().is_some()));
            prop_assert!(!found.render(Colour::Never).is_empty());
        }
    }

    #[test]
    fn any_statement_in_json_is_a_policy_or_an_error(
        name in "Action|NotAction|Resource|NotResource|Condition|Sid|Effect",
        value in "\"[*?a-z:${}]{0,12}\"|\\[(\"s3:.{0,5}\",?){0,3}\\]|\\{(\"[A-Za-z]{0,12}\":\\{\"s3:prefix\":.{0,6}\\})?\\}|.{0,12}",
    ) {
        let members = format!("\"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resource\": \"*\", \"{name}\": {value}");
        if let Err(found) = read(&statement(&members)) {
            prop_assert!(!found.render(Colour::Never).is_empty());
        }
    }
}
