//! What S3 refuses of a policy that IAM's language takes, in its words.

use std::collections::BTreeSet;

use super::known::{
    ACTIONS, CONDITION_KEYS, EXISTING_TAG, LISTING_ACTIONS, LISTING_KEYS, On, WITHOUT_EXISTING_TAGS,
};
use crate::pattern::fits;
use crate::resource_policy::{Malformed, Policy, Statement};

/// Refuses what is no policy of a bucket. The name of the bucket may not be known.
pub(super) fn check(policy: &Policy, bucket: Option<&str>) -> Result<(), Malformed> {
    let mut ids = BTreeSet::new();
    if policy.statements().is_empty() {
        return Err(Malformed::new("Could not parse the policy: Statement is empty!"));
    }
    for statement in policy.statements() {
        if statement.id().is_some_and(|id| !ids.insert(id)) {
            return Err(Malformed::new("Statement IDs (SID) in a single policy must be unique."));
        }
        check_statement(statement, bucket)?;
    }
    Ok(())
}

fn check_statement(statement: &Statement, bucket: Option<&str>) -> Result<(), Malformed> {
    let named = statement.named_actions();
    if named.iter().any(|action| kinds_of(action).is_empty()) {
        return Err(Malformed::action());
    }
    if !statement.named_resources().iter().all(|resource| is_of(resource, bucket)) {
        return Err(Malformed::resource());
    }
    for condition in statement.conditions() {
        if !is_condition_key(condition.key()) {
            return Err(Malformed::new("Policy has an invalid condition key"));
        }
    }
    let Some((actions, resources)) = statement.actions_and_resources() else { return Ok(()) };
    let on: Vec<On> = resources.iter().flat_map(|resource| on(resource)).copied().collect();
    if actions.iter().any(|action| !kinds_of(action).iter().any(|kind| on.contains(kind))) {
        return Err(Malformed::new("Action does not apply to any resource(s) in statement"));
    }
    let lists = |action: &String| LISTING_ACTIONS.iter().any(|listing| is_named(action, listing));
    let asks =
        |is_one: fn(&str) -> bool| statement.conditions().iter().any(|condition| is_one(condition.key()));
    let is_of_listings = |key: &str| LISTING_KEYS.contains(&key);
    let is_of_tags = |key: &str| key.starts_with(EXISTING_TAG);
    // A pattern may stand for others as well.
    let overwrites = |action: &String| {
        WITHOUT_EXISTING_TAGS.iter().any(|one| *action == format!("s3:{one}").to_ascii_lowercase())
    };
    if (asks(is_of_listings) && !actions.iter().any(lists))
        || (asks(is_of_tags) && actions.iter().all(overwrites))
    {
        return Err(Malformed::new(
            "Conditions do not apply to combination of actions and resources in statement",
        ));
    }
    Ok(())
}

/// What the actions that a pattern, in lower case, stands for are done on.
fn kinds_of(pattern: &str) -> Vec<On> {
    let named = ACTIONS.iter().filter(|(action, _)| is_named(pattern, action));
    named.map(|(_, on)| *on).collect()
}

fn is_named(pattern: &str, action: &str) -> bool {
    fits(pattern, &format!("s3:{action}").to_ascii_lowercase())
}

/// What a resource can be: only below a slash there are objects, but a wildcard may stand for one.
fn on(resource: &str) -> &'static [On] {
    match (resource.contains('/'), resource.contains('*')) {
        (true, _) => &[On::Object],
        (false, true) => &[On::Bucket, On::Object],
        (false, false) => &[On::Bucket],
    }
}

/// Whether a resource can be one of the bucket.
fn is_of(resource: &str, bucket: Option<&str>) -> bool {
    let name = resource.split_once(":s3:::").map(|(_, path)| path.split('/').next().unwrap_or_default());
    resource == "*"
        || name.is_some_and(|name| bucket.is_none_or(|bucket| name.contains('$') || fits(name, bucket)))
}

/// Whether there is such a condition key, as it is compared: in lower case. Any that begins with `aws:` is taken, as S3 takes it,
/// whether or not there is one.
fn is_condition_key(key: &str) -> bool {
    key.starts_with("aws:")
        || CONDITION_KEYS.iter().any(|known| match known.strip_suffix('/') {
            Some(name) => {
                key.split_once('/').is_some_and(|(of, tag)| of.eq_ignore_ascii_case(name) && !tag.is_empty())
            }
            None => key.eq_ignore_ascii_case(known),
        })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn checked(changes: &Value) -> Result<(), String> {
        let mut statement = json!({
            "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*",
        });
        for (key, value) in changes.as_object().unwrap() {
            statement[key] = value.clone();
        }
        let policy = Policy::parse(&json!({ "Statement": statement }).to_string()).unwrap();
        check(&policy, Some("b")).map_err(|reason| reason.to_string())
    }

    #[test]
    fn an_action_has_to_be_one_and_to_have_something_to_be_done_on() {
        let on = |action: Value, resource: Value| checked(&json!({ "Action": action, "Resource": resource }));
        let (bucket, objects) = ("arn:aws:s3:::b", "arn:aws:s3:::b/*");
        for (action, resource) in [
            (json!("*"), json!(bucket)),
            (json!("s3:*"), json!(objects)),
            (json!("S3:getobject"), json!(objects)),
            (json!(["s3:ListBucket", "s3:GetObject"]), json!([bucket, objects])),
            (json!("s3:Get*"), json!(bucket)),
            (json!("s3:ListBucket"), json!("*")),
            (json!("s3:GetObject"), json!("arn:aws:s3:::b*")),
        ] {
            assert_eq!(on(action.clone(), resource), Ok(()), "{action}");
        }
        for action in ["s3:Foo", "s3:GetObjects", "s3:Foo*", "sqs:SendMessage", "GetObject", "s3:", ""] {
            assert_eq!(
                on(json!(action), json!(objects)),
                Err("Policy has invalid action".to_owned()),
                "{action}"
            );
        }
        for (action, resource) in [
            (json!("s3:GetObject"), json!(bucket)),
            (json!("s3:ListBucket"), json!(objects)),
            (json!(["s3:GetObject", "s3:ListBucket"]), json!(objects)),
        ] {
            let refused = Err("Action does not apply to any resource(s) in statement".to_owned());
            assert_eq!(on(action.clone(), resource), refused, "{action}");
        }
        // What is left when some are taken out is not looked at.
        let statement =
            json!({ "Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "NotResource": bucket });
        let policy = Policy::parse(&json!({ "Statement": statement }).to_string()).unwrap();
        assert_eq!(check(&policy, Some("b")), Ok(()));
    }

    #[test]
    fn a_condition_is_on_a_key_that_the_actions_have() {
        let with = |key: &str| checked(&json!({ "Condition": { "StringEquals": { key: "x" } } }));
        for key in [
            "s3:x-amz-acl",
            "S3:ExistingObjectTag/team",
            "aws:SourceVpce",
            "aws:PrincipalTag/a",
            "aws:RequestTag/a",
            "aws:foo",
            "lambda:SourceFunctionArn",
        ] {
            assert_eq!(with(key), Ok(()), "{key}");
        }
        for key in
            ["s3:foo", "awss:foo", "foo", "s3:ExistingObjectTag", "s3:ExistingObjectTag/", "s3:x-amz-acl/a"]
        {
            assert_eq!(with(key), Err("Policy has an invalid condition key".to_owned()), "{key}");
        }
        let combination = "Conditions do not apply to combination of actions and resources in statement";
        assert_eq!(with("s3:prefix"), Err(combination.to_owned()));
        let tag = |action: Value| {
            let condition = json!({ "StringEquals": { "s3:ExistingObjectTag/team": "x" } });
            checked(&json!({ "Action": action, "Condition": condition }))
        };
        for action in [json!("s3:PutObject"), json!(["s3:DeleteObject", "s3:DeleteObjectVersion"])] {
            assert_eq!(tag(action.clone()), Err(combination.to_owned()), "{action}");
        }
        for action in [json!(["s3:PutObject", "s3:GetObject"]), json!("s3:PutObject*"), json!("s3:*")] {
            assert_eq!(tag(action.clone()), Ok(()), "{action}");
        }
        let listing = json!({ "Action": "s3:List*", "Resource": "arn:aws:s3:::b", "Condition": { "StringLike": { "s3:prefix": "a/*" } } });
        assert_eq!(checked(&listing), Ok(()));
    }

    #[test]
    fn a_resource_is_of_the_bucket() {
        let of = |resource: &str| checked(&json!({ "Resource": resource }));
        for resource in [
            "*",
            "arn:aws:s3:::b/*",
            "arn:aws:s3:::b/a",
            "arn:aws:s3:::?/a",
            "arn:aws-cn:s3:::b/*",
            "arn:aws:s3:::${aws:username}/a",
        ] {
            assert_eq!(of(resource), Ok(()), "{resource}");
        }
        for resource in ["arn:aws:s3:::c/*", "arn:aws:s3:::bb/a", "arn:aws:sqs:::b/a"] {
            assert_eq!(of(resource), Err("Policy has invalid resource".to_owned()), "{resource}");
        }
    }

    #[test]
    fn statements_have_ids_of_their_own() {
        let statement =
            json!({ "Sid": "one", "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*" });
        let of = |statements: Value| {
            let policy = Policy::parse(&json!({ "Statement": statements }).to_string()).unwrap();
            check(&policy, None).map_err(|reason| reason.to_string())
        };
        assert_eq!(of(json!([statement])), Ok(()));
        assert!(of(json!([statement, statement])).unwrap_err().contains("must be unique"));
        assert!(of(json!([])).unwrap_err().contains("Statement is empty"));
    }
}
