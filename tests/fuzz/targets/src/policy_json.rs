//! IAM policy documents.

use innkeeper_policy::{Action, Arn, Context, Diagnostics, Policy, Request, Resource, Source};

/// Reads a document, writes the policy as one, and reads that: the same document comes of it again, and the two policies say the
/// same of some requests. What is wrong with a document is said without panicking.
pub fn policy_json(text: &str) {
    let policy = match read(text) {
        Ok(policy) => policy,
        Err(wrong) => {
            assert!(!wrong.to_string().is_empty());
            return;
        }
    };
    let written = policy.to_iam().to_string();
    let again =
        read(&written).unwrap_or_else(|wrong| panic!("what was written cannot be read: {wrong}\n{written}"));
    assert_eq!(again.to_iam().to_string(), written);
    let value: serde_json::Value = serde_json::from_str(&written).expect("it is JSON");
    assert!(value.get("Statement").is_some_and(serde_json::Value::is_array));

    for (action, resource) in [
        ("s3:GetObject", "arn:aws:s3:::uploads/incoming/a.jpg"),
        ("s3:PutObject", "arn:aws:s3:::uploads/a/../b"),
        ("s3:DeleteObject", "arn:aws:s3:::uploads/\u{fc}*?"),
        ("s3:ListBucket", "arn:aws:s3:::uploads"),
        ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:123456789012:jobs"),
        ("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:123456789012:function:resize"),
    ] {
        let action = Action::from_name(action).expect("an action");
        let arn: Arn = resource.parse().expect("an ARN");
        let resource = Resource::from_arn(&arn).expect("a resource");
        let request = Request { action, resource, context: Context::default() };
        assert_eq!(policy.allows(&request), again.allows(&request), "{written}");
        assert_eq!(policy.allows(&request), policy.decide(&request).is_allowed(), "{written}");
    }
}

fn read(text: &str) -> Result<Policy, Diagnostics> {
    let mut builder = Policy::builder("guest");
    builder.document(&Source::new("policy.json", text));
    builder.build()
}
