//! ARNs of every kind that a manifest or a guest can name.

use std::fmt::Display;
use std::str::FromStr;

use innkeeper_policy::{AccountRegion, Arn, BucketArn, FunctionReference, QueueArn, Resource};

/// Reads a text as each kind of ARN. What is read is written as it was, and read again as the same; an ARN of a special kind is an
/// ARN too.
pub fn arn(text: &str) {
    if let Ok(arn) = text.parse::<Arn>() {
        assert_eq!(arn.as_str(), text, "an ARN is written as it was read");
        assert!(!arn.service().is_empty() && !arn.resource().is_empty());
        let fields =
            [arn.partition().to_string(), arn.service().into(), arn.region().into(), arn.account().into()];
        let joined = format!("arn:{}:{}", fields.join(":"), arn.resource());
        assert_eq!(joined, text, "the fields make up the whole");
        if let Some(resource) = Resource::from_arn(&arn) {
            assert!(!resource.to_string().is_empty());
        }
    }
    for written in [again::<BucketArn>(text), again::<QueueArn>(text)].into_iter().flatten() {
        assert_eq!(written, text, "an ARN is written as it was read");
        assert!(text.parse::<Arn>().is_ok(), "`{text}` is of a kind, and no ARN");
    }
    // Names, partial ARNs and qualifiers are references too; what they stand for is an ARN, and a whole ARN stands for itself.
    if let Ok(function) = text.parse::<FunctionReference>() {
        let account = "123456789012".parse().expect("an account");
        let stands_for =
            function.resolve(&AccountRegion::new("eu-west-1", account).expect("a region")).to_string();
        assert!(stands_for.parse::<Arn>().is_ok(), "`{text}` stands for `{stands_for}`, which is no ARN");
        assert!(!text.starts_with("arn:") || stands_for == text, "`{text}` stands for `{stands_for}`");
    }
}

/// What a text is written as after it was read, if it can be.
fn again<T: FromStr + Display>(text: &str) -> Option<String> {
    text.parse::<T>().ok().map(|read| read.to_string())
}
