//! Conditions, from the manifest to the decision.

use std::time::{Duration, SystemTime};

use pretty_assertions::assert_eq;

use super::*;
use crate::{ConditionKey, Context, CopiedTags, StoredAs};

/// Whether listing the bucket is allowed with this prefix, and `max-keys` of 100.
fn lists(policy: &Policy, prefix: Option<&str>) -> bool {
    let bucket = &"arn:aws:s3:::uploads".parse::<BucketArn>().unwrap();
    let operation = S3Operation::ListObjects { bucket, prefix, delimiter: None, max_keys: Some(100) };
    Operation::from(operation).requests().all(|request| policy.allows(&request))
}

/// A manifest that allows listing the bucket on one condition.
fn allow_if(condition: &str) -> String {
    allow(&["s3:ListBucket"], &["arn:aws:s3:::uploads"]) + &format!("condition.{condition}\n")
}

#[test]
fn a_listing_is_allowed_below_a_prefix_only() {
    let policy = policy(&allow_if("StringLike.\"s3:prefix\" = [\"incoming/*\", \"thumbs/*\"]"));
    assert!(lists(&policy, Some("incoming/")));
    assert!(lists(&policy, Some("thumbs/2026/")));
    assert!(!lists(&policy, Some("incoming")));
    assert!(!lists(&policy, Some("private/")));
    assert!(!lists(&policy, Some("")));
    assert!(!lists(&policy, None), "no prefix lists everything");
}

#[test]
fn all_conditions_have_to_hold() {
    let text = allow_if("StringEquals.\"s3:prefix\" = \"a/\"")
        + "condition.NumericLessThanEquals.\"s3:max-keys\" = 100\n";
    assert!(lists(&policy(&text), Some("a/")));
    assert!(!lists(&policy(&text.replace("100", "99")), Some("a/")));
    assert!(!lists(&policy(&text), Some("b/")));
}

#[test]
fn a_table_is_read_as_well() {
    let text = r#"
[[allow]]
actions = ["s3:ListBucket"]
resources = ["arn:aws:s3:::uploads"]

[allow.condition.StringLike]
"S3:Prefix" = "incoming/*"
"#;
    assert!(lists(&policy(text), Some("incoming/")));
    assert!(!lists(&policy(text), Some("private/")));
}

#[test]
fn a_deny_on_a_condition_denies_where_it_holds() {
    let text = allow(&["s3:ListBucket"], &["arn:aws:s3:::uploads"])
        + "[[deny]]\nactions = [\"s3:ListBucket\"]\nresources = [\"*\"]\ncondition.StringNotLike.\"s3:prefix\" = \"a/*\"\n";
    let policy = policy(&text);
    assert!(lists(&policy, Some("a/")));
    assert!(!lists(&policy, Some("b/")));
    assert!(!lists(&policy, None), "in IAM a missing key differs from every value");
}

#[test]
fn the_guest_is_known_to_its_policy() {
    assert!(lists(&policy(&allow_if("StringEquals.\"innkeeper:Guest\" = \"thumbnailer\"")), None));
    assert!(!lists(&policy(&allow_if("StringEquals.\"innkeeper:Guest\" = \"other\"")), None));
}

#[test]
fn an_unmet_condition_is_what_is_suggested() {
    let policy = policy(&allow_if("StringLike.\"s3:prefix\" = \"incoming/*\""));
    let suggestion = suggestion(&policy, Action::S3ListBucket, "arn:aws:s3:::uploads");
    assert_eq!(
        suggestion.to_string(),
        "the condition `StringLike` of `s3:prefix` at innkeeper.toml:4:22 does not hold"
    );
}

#[test]
fn refuses_what_is_not_enforced_at_its_place() {
    let error = |condition| errors(&allow_if(condition)).join("\n");
    assert_eq!(
        error("StringEqual.\"s3:prefix\" = \"a\""),
        "innkeeper.toml:4:11: unknown condition operator `StringEqual`; did you mean `StringEquals`?"
    );
    assert_eq!(
        error("IpAddress.\"aws:SourceIp\" = \"10.0.0.0/8\""),
        "innkeeper.toml:4:11: the condition operator `IpAddress` is not enforced by this host"
    );
    assert_eq!(
        error("StringEquals.\"s3:prefixes\" = \"a\""),
        "innkeeper.toml:4:24: the condition key `s3:prefixes` is not enforced by this host; did you mean `s3:prefix`?"
    );
    assert_eq!(
        error("StringEquals.\"aws:PrincipalTag/team\" = \"a\""),
        "innkeeper.toml:4:24: the condition key `aws:PrincipalTag/team` is not enforced by this host; it is about who calls AWS, \
         and for AWS that is the host, whichever guest asks; `innkeeper:Guest` is the guest's name"
    );
    assert_eq!(
        error("StringEquals.\"ec2:Vpc\" = \"a\""),
        "innkeeper.toml:4:24: the condition key `ec2:Vpc` is not enforced by this host; enforced are `s3:prefix`, \
         `s3:delimiter`, `s3:max-keys`, `s3:VersionId`, `s3:x-amz-storage-class`, `s3:x-amz-server-side-encryption`, \
         `s3:x-amz-copy-source`, `s3:RequestObjectTag/<key>`, `s3:RequestObjectTagKeys`, `innkeeper:Guest`, `innkeeper:ContentLength`"
    );
    assert!(
        error("StringEquals.\"s3:max-keys\" = \"10\"")
            .contains("`StringEquals` compares strings, and `s3:max-keys` is a number")
    );
    assert!(
        error("NumericEquals.\"s3:max-keys\" = \"ten\"")
            .starts_with("innkeeper.toml:4:41: `ten` is no number")
    );
    assert!(error("StringLike.\"s3:prefix\" = \"${aws:username}/*\"").contains("has no value here"));
    assert!(error("StringLike.\"s3:prefix\" = []").contains("has no values"));
    assert!(error("StringLike.\"s3:prefix\" = [[\"a\"]]").contains("list in a list"));
    assert!(error("StringLike.\"s3:prefix\" = { a = 1 }").contains("expected a value or a list of values"));
    assert!(error("StringLike = \"a\"").starts_with("innkeeper.toml:4:"));
}

/// Whether a write of an object, or a copy to it, is allowed.
fn writes(policy: &Policy, stored: StoredAs<'_>, source: Option<&str>) -> bool {
    let bucket = &"arn:aws:s3:::uploads".parse::<BucketArn>().unwrap();
    let key = &ObjectKey::new("a").unwrap();
    let operation = match source {
        None => S3Operation::PutObject { bucket, key, tags: &[], stored, content_length: None },
        Some(source) => {
            let source_key = &ObjectKey::new(source).unwrap();
            let tags = CopiedTags::Given(&[]);
            let copy = S3Operation::CopyObject {
                source: bucket,
                source_key,
                source_version: None,
                bucket,
                key,
                tags,
                stored,
            };
            return Operation::from(copy).requests().all(|request| policy.allows(&request));
        }
    };
    Operation::from(operation).requests().all(|request| policy.allows(&request))
}

#[test]
fn a_write_is_allowed_for_how_it_stores() {
    let text = |condition: &str| {
        allow(&["s3:PutObject"], &["arn:aws:s3:::uploads/*"]) + &format!("condition.{condition}\n")
    };
    let class = |storage_class| StoredAs { storage_class, encryption: None };
    let one = policy(&text("StringEquals.\"s3:x-amz-storage-class\" = [\"STANDARD_IA\", \"GLACIER_IR\"]"));
    assert!(writes(&one, class(Some("GLACIER_IR")), None));
    assert!(!writes(&one, class(Some("GLACIER")), None));
    assert!(!writes(&one, class(None), None), "without the header there is no value");
    let or_none = policy(&text("StringEqualsIfExists.\"s3:x-amz-storage-class\" = \"STANDARD_IA\""));
    assert!(writes(&or_none, class(None), None) && !writes(&or_none, class(Some("GLACIER")), None));

    let encrypted = policy(&text("Null.\"s3:x-amz-server-side-encryption\" = \"false\""));
    let kms = StoredAs { storage_class: None, encryption: Some("aws:kms") };
    assert!(writes(&encrypted, kms, None) && !writes(&encrypted, StoredAs::default(), None));
}

#[test]
fn a_copy_is_allowed_from_where_it_comes() {
    let text = allow(&["s3:GetObject"], &["arn:aws:s3:::uploads/*"])
        + &allow(&["s3:PutObject"], &["arn:aws:s3:::uploads/*"])
        + "condition.StringLike.\"s3:x-amz-copy-source\" = \"uploads/public/*\"\n";
    let policy = policy(&text);
    assert!(writes(&policy, StoredAs::default(), Some("public/b")));
    assert!(!writes(&policy, StoredAs::default(), Some("private/b")));
    assert!(!writes(&policy, StoredAs::default(), None), "a write that is no copy has no source");
}

#[test]
fn a_version_is_named_or_it_is_not() {
    let versions = ["s3:GetObject", "s3:GetObjectVersion"];
    let text = allow(&versions, &["arn:aws:s3:::uploads/*"])
        + "condition.StringEqualsIfExists.\"s3:VersionId\" = \"v1\"\n";
    let policy = policy(&text);
    let bucket = &"arn:aws:s3:::uploads".parse::<BucketArn>().unwrap();
    let key = &ObjectKey::new("a").unwrap();
    let reads = |version| {
        Operation::from(S3Operation::GetObject { bucket, key, version })
            .requests()
            .all(|request| policy.allows(&request))
    };
    assert!(reads(None) && reads(Some("v1")) && !reads(Some("v2")));
}

#[test]
fn refuses_a_key_that_none_of_the_actions_carries() {
    let text = allow(&["s3:GetObject"], &["arn:aws:s3:::uploads/*"])
        + "condition.StringLike.\"s3:prefix\" = \"a/*\"\n";
    assert_eq!(
        errors(&text),
        [
            "innkeeper.toml:4:22: none of these actions carries the condition key `s3:prefix`; it is carried by \
             `s3:ListBucket`, `s3:ListBucketVersions`, `s3:ListBucketMultipartUploads`"
        ]
    );
}

#[test]
fn refuses_the_same_condition_in_two_spellings() {
    let text =
        allow_if("StringLike.\"s3:prefix\" = \"a/*\"") + "condition.StringLike.\"S3:Prefix\" = \"b/*\"\n";
    assert_eq!(errors(&text).len(), 1);
}

#[test]
fn what_the_host_knows_can_be_asked_about_if_it_promised() {
    let text = allow_if("DateLessThan.\"aws:CurrentTime\" = 2026-01-01T00:00:00Z");
    assert!(errors(&text).join("").contains("the condition key `aws:CurrentTime` is not enforced"));

    let source = Source::new("innkeeper.toml", text.as_str());
    let manifest: Manifest = toml::from_str(&text).unwrap();
    let mut builder = Policy::builder("thumbnailer");
    builder.provides([ConditionKey::CurrentTime]).statement(Effect::Allow, &manifest.allow[0], &source);
    let policy = builder.build().unwrap();
    let new_year = SystemTime::UNIX_EPOCH + Duration::from_hours(490_896);
    decide(&policy, Action::S3ListBucket, "arn:aws:s3:::uploads", |_, request| {
        let at =
            |time| Request { context: Context { current_time: Some(time), ..request.context }, ..*request };
        assert!(policy.allows(&at(new_year - Duration::from_secs(1))));
        assert!(!policy.allows(&at(new_year)));
        assert!(!policy.allows(request), "without the time nothing is allowed");
    });
}
