//! What would have to be granted.

use pretty_assertions::assert_eq;

use super::*;

fn missing(text: &str, asked: &[(Action, String)]) -> Missing {
    let arns: Vec<(Action, Arn)> =
        asked.iter().map(|(action, arn)| (*action, arn.parse().unwrap())).collect();
    let requests: Vec<_> = arns
        .iter()
        .map(|(action, arn)| Request {
            action: *action,
            resource: Resource::from_arn(arn).unwrap(),
            context: crate::Context::default(),
        })
        .collect();
    policy(text).missing(&requests)
}

fn key(key: impl std::fmt::Display) -> String {
    format!("arn:aws:s3:::uploads/{key}")
}

fn toml(missing: &Missing) -> String {
    missing.grants.iter().map(|grant| grant.to_toml("thumbnailer").to_string()).collect::<Vec<_>>().join("\n")
}

#[test]
fn nothing_is_missing_of_what_is_granted() {
    let asked = [(Action::S3GetObject, key("a"))];
    assert!(missing(&allow(&["s3:GetObject"], &[&key("*")]), &asked).is_empty());
}

#[test]
fn exact_resources_are_granted_by_what_is_done_on_them() {
    let asked = [
        (Action::S3GetObject, key("a/1")),
        (Action::S3PutObject, key("b*")),
        (Action::S3GetObject, key("a/2")),
        (Action::S3ListBucket, "arn:aws:s3:::uploads".to_owned()),
        (Action::S3GetObject, key("a/1")),
    ];
    let missing = missing("", &asked);
    assert_eq!(
        toml(&missing),
        r#"[[guest.thumbnailer.allow]]
actions = ["s3:GetObject"]
resources = [
    "arn:aws:s3:::uploads/a/1",
    "arn:aws:s3:::uploads/a/2",
]

[[guest.thumbnailer.allow]]
actions = ["s3:PutObject"]
resources = ["arn:aws:s3:::uploads/b${*}"]

[[guest.thumbnailer.allow]]
actions = ["s3:ListBucket"]
resources = ["arn:aws:s3:::uploads"]
"#
    );
}

#[test]
fn many_keys_of_a_folder_are_a_wildcard_that_says_why() {
    let mut asked: Vec<_> = (0..9).map(|n| (Action::S3GetObject, key(format_args!("in/{n}")))).collect();
    asked.push((Action::S3GetObject, key("out/1")));
    assert_eq!(
        toml(&missing("", &asked)),
        r#"[[guest.thumbnailer.allow]]
actions = ["s3:GetObject"]
resources = [
    "arn:aws:s3:::uploads/in/*", # a wildcard: 9 keys were used that begin so
    "arn:aws:s3:::uploads/out/1",
]
"#
    );
}

#[test]
fn what_is_denied_cannot_be_granted() {
    let text = "[[deny]]\nactions = [\"s3:*\"]\nresources = [\"arn:aws:s3:::uploads/private/*\"]\n";
    let missing = missing(text, &[(Action::S3GetObject, key("private/a"))]);
    assert!(missing.grants.is_empty());
    assert_eq!(
        missing.denied,
        [
            "s3:GetObject on arn:aws:s3:::uploads/private/a: denied by `arn:aws:s3:::uploads/private/*` at innkeeper.toml:3:14"
        ]
    );
}

#[test]
fn with_what_was_missing_the_requests_are_allowed() {
    let asked: Vec<_> =
        (0..20).map(|n| (Action::S3PutObject, key(format_args!("{}/$ {{{n}}}?\u{1b}", n % 2)))).collect();
    let grants = toml(&missing("", &asked)).replace("guest.thumbnailer.", "");
    assert!(missing(&grants, &asked).is_empty(), "{grants}");
}
